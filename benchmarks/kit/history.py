"""A district's past, quickly: answered inquiries with all their rows, and the few that are open."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.clocks.workdays import Calendar
from bot.edge.messages import Address
from bot.inquiry.numbers import format_number
from kit import bulk
from store import people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.engine.transactions import Store

UNITS = 55
DAYS = 900
EACH = 3
"""Inquiries of one citizen."""
OPEN = 400
"""Whatever is stored, so many are open: what a district has in hand does not grow with its past."""
PAGE = 5000
COLUMNS = {
    "contacts": "id created_at",
    "addresses": "id contact_id channel scheme hash cipher created_at last_inbound_at message_at",
    "conversations": "address_id state updated_at",
    "inquiries": "id number query_code contact_id address_id channel state summary unit_id received_at due_at "
    "derivation provisional answered_at closed_at next_state_at",
    "messages": "id inquiry_id address_id officer_id direction kind text created_at",
    "assignments": "id inquiry_id unit_id role state created_at due_at signed_at signed_by ended_at ended_by "
    "checked_at next_check_at",
    "events": "inquiry_id at name actor actor_id data",
    "outbox": "id once created_at key params inquiry_id contact_id officer_id priority can_wait state way failed_ways "
    "not_before attempts updated_at",
    "deliveries": "outbox_id at channel way outcome external_id parts",
    "inbox": "id channel external_id received_at kind raw address_id inquiry_id outbox_id",
}
NUMBERED = tuple(table for table in COLUMNS if table != "conversations")
TEXT = "幸福路12号楼下路灯三天不亮，晚上老人出门看不见路，请派人来修一修"
ANSWER = "您反映的路灯已于今日修复，感谢您的监督。"


@dataclass(slots=True)
class _Made:
    """One inquiry and when things happened to it."""

    n: int
    opened: datetime
    stored: int
    rows: dict[str, list[tuple[Any, ...]]]

    @property
    def is_open(self) -> bool:
        return self.n > self.stored - OPEN


def fill(store: Store, stored: int, now: datetime) -> None:
    """So many inquiries, evenly over the last ``DAYS`` days, the newest ``OPEN`` open."""
    bulk.directory(store, units=UNITS)
    sealed = store.vault.seal(json.dumps({"text": TEXT}))
    per_day = -(-stored // DAYS)
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for n in range(1, stored + 1):
        back, of_day = divmod(stored - n, per_day)
        opened = (now - timedelta(days=back + 1)).replace(hour=2) + timedelta(seconds=(per_day - of_day) % 20000)
        made = _Made(n, opened, stored, rows)
        _citizen(store, made)
        _inquiry(made, format_number(opened.date(), per_day - of_day), sealed)
        _told(made)
        if n % PAGE == 0:
            _flush(store, rows)
    _flush(store, rows)
    _settle(store)


def _flush(store: Store, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, columns in COLUMNS.items():  # in the order of their references
        if rows[table]:
            bulk.insert(store, table, tuple(columns.split()), rows[table])
    rows.clear()


def citizen(n: int) -> Address:
    """Who wrote the inquiry with this number."""
    return Address("console", f"citizen-{(n - 1) // EACH + 1}")


def _citizen(store: Store, made: _Made) -> None:
    if (made.n - 1) % EACH:
        return
    who, address = (made.n - 1) // EACH + 1, str(citizen(made.n))
    made.rows["contacts"].append((who, made.opened))
    made.rows["addresses"].append(
        (
            who,
            who,
            "console",
            "console",
            store.vault.digest(address),
            store.vault.seal(address),
            made.opened,
            made.opened,
            made.opened,
        )
    )
    made.rows["conversations"].append((who, "{}", made.opened))


def _inquiry(made: _Made, number: str, sealed: str) -> None:
    n, opened, rows = made.n, made.opened, made.rows
    who, unit = (n - 1) // EACH + 1, n % UNITS + 1
    officer, due = officer_of(unit), opened + timedelta(days=6)
    answered = None if made.is_open else opened + timedelta(days=3)
    state = "in_progress" if made.is_open else "archived"
    rows["inquiries"].append(
        (
            n,
            number,
            "384712",
            who,
            who,
            "console",
            state,
            TEXT[:20],
            unit,
            opened,
            due,
            _derivation(opened),
            False,
            answered,
            answered,
            None,
        )
    )
    rows["messages"].append((2 * n - 1, n, who, None, "in", "text", TEXT, opened))
    rows["assignments"].append(
        (
            n,
            n,
            unit,
            "lead",
            "signed" if made.is_open else "done",
            opened,
            due,
            opened,
            officer,
            answered,
            officer if answered else None,
            opened,
            due if made.is_open else None,
        )
    )
    happened = [
        ("received", "citizen", who, opened),
        ("dispatched", "system", None, opened),
        ("signed", "officer", officer, opened),
    ]
    if answered is not None:
        rows["messages"].append((2 * n, n, None, officer, "out", "text", ANSWER, answered))
        happened += [("answered", "officer", officer, answered), ("closed", "system", None, answered)]
    rows["events"] += [(n, at, name, actor, by, '{"unit":"第2局"}') for name, actor, by, at in happened]
    rows["inbox"].append((n, "console", f"past-{n}", opened, "text", sealed, who, n, 3 * n - 2))


def _told(made: _Made) -> None:
    """The receipt, the officer's notice, the answer."""
    n, rows = made.n, made.rows
    who, officer = (n - 1) // EACH + 1, officer_of(n % UNITS + 1)
    params = json.dumps({"number": "26-1123-0001", "code": "384712", "due": "11月27日(周五)17:00", "text": TEXT})
    for place, (key, contact, to) in enumerate(
        (("receipt", who, None), ("order.new", None, officer), ("answer", who, None))
    ):
        row_id = 3 * n - 2 + place
        rows["outbox"].append(
            (
                row_id,
                f"past:{row_id}",
                made.opened,
                key,
                params,
                n,
                contact,
                to,
                1,
                False,
                "sent",
                "console",
                "[]",
                made.opened,
                1,
                made.opened,
            )
        )
        rows["deliveries"].append((row_id, made.opened, "console", "console", "sent", f"past:{row_id}", 1))


def officer_of(unit: int) -> int:
    """The officer of a unit who works on everything; of the first unit, one of the duty desk."""
    return (unit - 1) * bulk.OFFICERS + 3


_DERIVATIONS: dict[Any, str] = {}


def _derivation(opened: datetime) -> str:
    day = opened.date()
    if day not in _DERIVATIONS:
        due = Calendar().due(opened.astimezone(UTC), 4)
        _DERIVATIONS[day] = json.dumps([[s.day.isoformat(), s.counted, s.why, s.status] for s in due.derivation])
    return _DERIVATIONS[day]


def _settle(store: Store) -> None:
    """Identities behind what was loaded, and the planner's figures."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        if store.engine.dialect.name != "sqlite":
            for table in NUMBERED:
                conn.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            conn.exec_driver_sql("VACUUM ANALYZE")


def reach_officers(store: Store, now: datetime) -> None:
    """One officer of each unit has an address to write from."""

    def work(tx: Any) -> None:
        for unit in range(1, UNITS + 1):
            people.ensure(tx, "console", officer_address(unit), now, officer_id=officer_of(unit))

    store.write(work)


def officer_address(unit: int) -> Address:
    return Address("console", f"officer-{unit}")


def open_order(stored: int, turn: int) -> tuple[int, int]:
    """(inquiry, its officer) of one of the open ones."""
    n = stored - turn % OPEN
    return n, officer_of(n % UNITS + 1)


def pages(stored: int) -> Iterator[int]:
    """Inquiries from all over the past."""
    step = max(1, stored // 97)
    while True:
        yield from range(1, stored + 1, step)
