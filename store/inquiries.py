"""Inquiries with their messages, orders and events. Events are only ever added."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Unpack, cast

from sqlalchemy import func, insert, literal_column, select
from sqlalchemy.exc import NoResultFound

from bot.inquiry.directions import Direction
from bot.inquiry.numbers import NumberQuery, read_number
from bot.inquiry.states import AssignmentRole, AssignmentState, LoggedActor, State
from store.engine.prepared import Prepared, named
from store.engine.transactions import Conflict
from store.engine.writes import change_version, insert_row, update_row
from store.tables.delivery import media
from store.tables.directory import officers, units
from store.tables.inquiries import assignments, events, inquiries, messages
from store.tables.operations import counters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from bot.edge.messages import MediaRef
    from store.engine.transactions import Tx
    from store.records.delivery import MediaRecord
    from store.records.inquiries import (
        AssignmentDetails,
        AssignmentRecord,
        EventRecord,
        InquiryRecord,
        InquiryValues,
        ListedInquiryRecord,
        MessageRecord,
        MessageReferences,
    )
    from store.records.joined import OrderRecord


class Numbered(Protocol):
    """A row that has an inquiry's number."""

    @property
    def number(self) -> str: ...


N = TypeVar("N", bound=Numbered)
OPEN = (
    State.RECEIVED,
    State.ACCEPTED,
    State.DISPATCHED,
    State.IN_PROGRESS,
    State.IN_REVIEW,
    State.NEED_INFO,
)
OPEN_ASSIGNMENT = (AssignmentState.PENDING, AssignmentState.SIGNED)

_COUNT: Prepared[object] = Prepared(
    lambda dialect: (
        dialect.insert(counters)
        .on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
        .returning(counters.c.value)
    ),
    ("name", "value"),
)
_BY_ID: Prepared[InquiryRecord] = Prepared(lambda _: select(inquiries).where(inquiries.c.id == named("inquiry_id")))


_MESSAGES: Prepared[MessageRecord] = Prepared(
    lambda _: select(messages).where(messages.c.inquiry_id == named("inquiry_id")).order_by(messages.c.id)
)
_EVENTS: Prepared[EventRecord] = Prepared(
    lambda _: select(events).where(events.c.inquiry_id == named("inquiry_id")).order_by(events.c.id)
)


def next_count(tx: Tx, name: str) -> int:
    """The next value of a counter, from 1."""
    return int(_COUNT.scalar(tx, name=name, value=1))


def counted(tx: Tx, name: str) -> int:
    """The value of a counter, 0 if it was never used."""
    return int(tx.conn.execute(select(counters.c.value).where(counters.c.name == name)).scalar() or 0)


def next_of_day(tx: Tx, day: date) -> int:
    """The next inquiry number of a day. On PostgreSQL it is taken in blocks, outside of the transaction."""
    # A counter for each day, so that numbers stay short enough to be read aloud.
    name = f"number:{day:%y%m%d}"
    return tx.numbers.take(name) if tx.numbers is not None else next_count(tx, name)


def add(tx: Tx, /, **values: Unpack[InquiryValues]) -> int:
    """Store a new inquiry. Returns its id."""
    return insert_row(tx, inquiries, **values)


def open_new(tx: Tx, /, **values: Unpack[InquiryValues]) -> InquiryRecord:
    """Store a new inquiry. Returns the row as stored."""
    row = _opening(tuple(values)).first(tx, **values)
    if row is None:
        raise NoResultFound("an inquiry vanished while it was being stored")
    return row


@cache
def _opening(names: tuple[str, ...]) -> Prepared[InquiryRecord]:
    return Prepared(lambda _: insert(inquiries).returning(*inquiries.c), names)


def get(tx: Tx, inquiry_id: int) -> InquiryRecord:
    """One inquiry by id."""
    found = find(tx, inquiry_id)
    if found is None:
        raise NoResultFound("no such inquiry")
    return found


def find(tx: Tx, inquiry_id: int) -> InquiryRecord | None:
    """One inquiry by id, or None."""
    return _BY_ID.first(tx, inquiry_id=inquiry_id)


def by_number(tx: Tx, number: str) -> InquiryRecord | None:
    """One inquiry by its canonical number."""
    return cast("InquiryRecord | None", tx.conn.execute(select(inquiries).where(inquiries.c.number == number)).first())


def of_contact(tx: Tx, contact_id: int, *, only_open: bool = False, limit: int = 50) -> Sequence[InquiryRecord]:
    """A citizen's inquiries, the newest first."""
    query = select(inquiries).where(inquiries.c.contact_id == contact_id)
    if only_open:
        query = query.where(inquiries.c.state.in_(OPEN))
    return cast("Sequence[InquiryRecord]", tx.conn.execute(query.order_by(inquiries.c.id.desc()).limit(limit)).all())


LISTED = select(inquiries, units.c.name.label("unit_name")).outerjoin(units, units.c.id == inquiries.c.unit_id)


def newest(tx: Tx, *, states: Sequence[State] = (), limit: int = 100) -> Sequence[ListedInquiryRecord]:
    """Rows for ``wenzheng inquiries`` with the names of their units, the newest first."""
    query = LISTED
    if states:
        query = query.where(inquiries.c.state.in_(states))
    return cast(
        "Sequence[ListedInquiryRecord]", tx.conn.execute(query.order_by(inquiries.c.id.desc()).limit(limit)).all()
    )


def pick(rows: Sequence[N], typed: str | None) -> list[N]:
    """Those of ``rows`` that the typed number means; all of them when no number was typed."""
    if typed is None:
        return list(rows)
    digits = read_number(typed)
    query = NumberQuery.of(digits) if digits else None
    return [row for row in rows if query is not None and query.matches(row.number)]


def change(tx: Tx, row: InquiryRecord, /, **values: Unpack[InquiryValues]) -> None:
    """Change an inquiry as it was read (optimistic lock on ``version``).

    Raises Conflict when somebody else changed it meanwhile: the whole piece of work is then run again.
    """
    if not change_version(tx, inquiries, row, **values):
        raise Conflict("an inquiry changed while it was worked on")


def set_fold(tx: Tx, inquiry_id: int, until: datetime | None) -> None:
    """Store when the quiet interval of a matter being told ends; None once it is routed."""
    update_row(tx, inquiries, inquiry_id, fold_until=until)


def stop_waiting_for_next_state(tx: Tx, inquiry_id: int) -> None:
    """Store that the inquiry's state is not to change by itself any more."""
    update_row(tx, inquiries, inquiry_id, next_state_at=None)


def set_head(tx: Tx, inquiry_id: int, head_id: int) -> None:
    """Store the inquiry in which this one is worked on, after the one it was merged into was merged itself."""
    update_row(tx, inquiries, inquiry_id, merged_into_id=head_id)


def add_message(
    tx: Tx,
    *,
    inquiry_id: int | None,
    direction: Direction,
    kind: str,
    text: str,
    now: datetime,
    media_refs: Sequence[MediaRef] = (),
    channel: str = "",
    **references: Unpack[MessageReferences],
) -> int:
    """Store a message of either side, with its media, which is still to be downloaded."""
    message_id = insert_row(
        tx, messages, inquiry_id=inquiry_id, direction=direction, kind=kind, text=text, created_at=now, **references
    )
    for ref in media_refs:
        insert_row(
            tx,
            media,
            message_id=message_id,
            channel=channel,
            kind=ref.kind.value,
            ref=tx.vault.seal(ref.ref),
            next_at=now,
        )
    return message_id


def set_aside(tx: Tx, message_id: int, kind: str) -> None:
    """Mark an answer that does not hold any more. It is kept for staff; ``kind`` says what became of it."""
    update_row(tx, messages, message_id, direction=Direction.ASIDE, kind=kind)


def messages_of(tx: Tx, inquiry_id: int) -> Sequence[MessageRecord]:
    """All messages of an inquiry in order."""
    return _MESSAGES.rows(tx, inquiry_id=inquiry_id)


def media_of(tx: Tx, inquiry_id: int) -> Sequence[MediaRecord]:
    """All media of an inquiry in order."""
    return cast(
        "Sequence[MediaRecord]",
        tx.conn.execute(
            select(media)
            .join(messages, messages.c.id == media.c.message_id)
            .where(messages.c.inquiry_id == inquiry_id)
            .order_by(media.c.id)
        ).all(),
    )


def log(
    tx: Tx,
    inquiry_id: int | None,
    name: str,
    now: datetime,
    *,
    actor: LoggedActor = LoggedActor.SYSTEM,
    actor_id: int | None = None,
    **data: Any,
) -> None:
    """Append to the event log."""
    insert_row(tx, events, inquiry_id=inquiry_id, at=now, name=name, actor=actor, actor_id=actor_id, data=data)


def events_of(tx: Tx, inquiry_id: int) -> Sequence[EventRecord]:
    """The event log of an inquiry in order."""
    return _EVENTS.rows(tx, inquiry_id=inquiry_id)


# -- assignments -----------------------------------------------------------------------------


def assign(
    tx: Tx,
    *,
    inquiry_id: int,
    unit_id: int,
    due_at: datetime,
    now: datetime,
    role: AssignmentRole = AssignmentRole.LEAD,
    reason: str = "",
    next_check_at: datetime | None = None,
) -> int:
    """Give a unit an order, which waits to be signed for."""
    return insert_row(
        tx,
        assignments,
        inquiry_id=inquiry_id,
        unit_id=unit_id,
        role=role,
        state=AssignmentState.PENDING,
        created_at=now,
        due_at=due_at,
        reason=reason,
        next_check_at=next_check_at,
    )


ASSIGNED = (
    select(
        assignments,
        inquiries.c.number,
        inquiries.c.summary,
        inquiries.c.state.label("inquiry_state"),
        inquiries.c.urgent,
        units.c.name.label("unit_name"),
        units.c.code.label("unit_code"),
        units.c.parent_code,
    )
    .join(inquiries, inquiries.c.id == assignments.c.inquiry_id)
    .join(units, units.c.id == assignments.c.unit_id)
)


_ASSIGNMENTS: Prepared[OrderRecord] = Prepared(
    lambda _: ASSIGNED.where(assignments.c.inquiry_id == named("inquiry_id")).order_by(assignments.c.id)
)
_OPEN_LEAD: Prepared[OrderRecord] = Prepared(
    lambda _: ASSIGNED.where(
        assignments.c.inquiry_id == named("inquiry_id"),
        assignments.c.role == literal_column("'lead'"),
        assignments.c.state.in_([literal_column(f"'{state}'") for state in OPEN_ASSIGNMENT]),  # as the index has it
    )
)


def assignments_of(tx: Tx, inquiry_id: int) -> Sequence[OrderRecord]:
    """All orders of an inquiry in order, with their units."""
    return _ASSIGNMENTS.rows(tx, inquiry_id=inquiry_id)


def open_lead(tx: Tx, inquiry_id: int) -> OrderRecord | None:
    """The open lead order, of which there is at most one; None if there is none."""
    return _OPEN_LEAD.first(tx, inquiry_id=inquiry_id)


def open_of_units(tx: Tx, unit_ids: Sequence[int], limit: int = 50) -> Sequence[OrderRecord]:
    """The open orders of some units, the most urgent first."""
    return cast(
        "Sequence[OrderRecord]",
        tx.conn.execute(
            ASSIGNED.where(assignments.c.unit_id.in_(unit_ids), assignments.c.state.in_(OPEN_ASSIGNMENT))
            .order_by(assignments.c.due_at, assignments.c.id)
            .limit(limit)
        ).all(),
    )


def count_open(tx: Tx, unit_ids: Sequence[int]) -> int:
    """How many open orders some units have."""
    return int(
        tx.conn.execute(
            select(func.count())
            .select_from(assignments)
            .where(assignments.c.unit_id.in_(unit_ids), assignments.c.state.in_(OPEN_ASSIGNMENT))
        ).scalar_one()
    )


def orders_of_tail(
    tx: Tx, unit_ids: Sequence[int] | None, typed: str, *, role: AssignmentRole = AssignmentRole.LEAD
) -> list[OrderRecord]:
    """The orders with a role whose inquiry has the typed number, the newest of each inquiry.

    A full number is looked up as it is. A tail is looked for only among the open work of ``unit_ids`` (None: of
    every unit).
    """
    digits = read_number(typed)
    if digits is None:
        return []
    query = NumberQuery.of(digits)
    wanted = ASSIGNED.where(assignments.c.role == role)
    if query.full:
        wanted = wanted.where(inquiries.c.number == query.full)
    else:
        wanted = wanted.where(
            assignments.c.state.in_(OPEN_ASSIGNMENT), inquiries.c.number.endswith(digits[-4:].lstrip("0") or "0")
        )
        if unit_ids is not None:
            wanted = wanted.where(assignments.c.unit_id.in_(unit_ids))
    rows = tx.conn.execute(wanted.order_by(assignments.c.id.desc()).limit(500)).all()
    newest: dict[int, OrderRecord] = {}
    for row in rows:
        if query.matches(row.number):
            newest.setdefault(row.inquiry_id, row)
    return list(newest.values())


def change_assignment(tx: Tx, row: AssignmentRecord, /, **values: Unpack[AssignmentDetails]) -> None:
    """Change an order as it was read (optimistic lock on ``version``). Raises Conflict."""
    if not move_assignment(tx, row, row.state, **values):
        raise Conflict("an order changed while it was worked on")


def move_assignment(
    tx: Tx, row: AssignmentRecord, state: AssignmentState, /, **values: Unpack[AssignmentDetails]
) -> bool:
    """Change an order's state unless somebody else did so meanwhile. Returns whether it was changed."""
    return change_version(tx, assignments, row, state=state, **values)


def officer_name(tx: Tx, officer_id: int | None) -> str:
    """The name of an officer, or ``""``."""
    return tx.conn.execute(select(officers.c.name).where(officers.c.id == officer_id)).scalar() or ""
