"""Units and officers, and who stands in for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack, cast

from sqlalchemy import literal_column, select, update
from sqlalchemy.exc import NoResultFound

from store.engine.prepared import Prepared, named
from store.engine.writes import insert_row, update_row
from store.tables.directory import officers, units

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Table

    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord, OfficerValues, StaffRecord, UnitRecord, UnitValues

STAFF = select(officers, units.c.name.label("unit_name"), units.c.code.label("unit_code"), units.c.tier).join(
    units, units.c.id == officers.c.unit_id
)
_OFFICER: Prepared[StaffRecord] = Prepared(
    lambda _: STAFF.where(officers.c.id == named("officer_id"), officers.c.active)
)
_ALL_OFFICERS: Prepared[StaffRecord] = Prepared(lambda _: STAFF.where(officers.c.active).order_by(officers.c.code))
_UNIT: Prepared[UnitRecord] = Prepared(lambda _: select(units).where(units.c.id == named("unit_id")))
_BY_CODE: Prepared[UnitRecord] = Prepared(lambda _: select(units).where(units.c.code == named("code")))
_DUTY: Prepared[UnitRecord] = Prepared(
    lambda _: (
        select(units)
        .join(officers, officers.c.unit_id == units.c.id)
        .where(officers.c.role == literal_column("'duty'"), officers.c.active, units.c.active)
        .order_by(units.c.id)
        .limit(literal_column("1"))
    )
)
_CHILDREN: Prepared[UnitRecord] = Prepared(
    lambda _: select(units).where(units.c.parent_code == named("code"), units.c.active)
)
_OFFICERS_OF: Prepared[OfficerRecord] = Prepared(
    lambda _: select(officers).where(officers.c.unit_id == named("unit_id"), officers.c.active).order_by(officers.c.id)
)


def all_units(tx: Tx, *, active: bool = True) -> Sequence[UnitRecord]:
    """Units by code."""
    query = select(units).order_by(units.c.code)
    return cast("Sequence[UnitRecord]", tx.conn.execute(query.where(units.c.active) if active else query).all())


def all_officers(tx: Tx, *, active: bool = True) -> Sequence[StaffRecord]:
    """Officers by code, with their units."""
    if active:
        return _ALL_OFFICERS.rows(tx)
    return cast("Sequence[StaffRecord]", tx.conn.execute(STAFF.order_by(officers.c.code)).all())


def officer(tx: Tx, officer_id: int | None) -> StaffRecord | None:
    """An active officer with the unit, or None."""
    return _OFFICER.first(tx, officer_id=officer_id) if officer_id is not None else None


def officer_by_code(tx: Tx, code: str) -> OfficerRecord | None:
    """An active officer by directory code."""
    return cast(
        "OfficerRecord | None",
        tx.conn.execute(select(officers).where(officers.c.code == code, officers.c.active)).first(),
    )


def unit(tx: Tx, unit_id: int) -> UnitRecord:
    """One unit."""
    row = _UNIT.first(tx, unit_id=unit_id)
    if row is None:
        raise NoResultFound("no such unit")
    return row


def unit_by_code(tx: Tx, code: str) -> UnitRecord | None:
    """One unit by code."""
    return _BY_CODE.first(tx, code=code)


def standing(tx: Tx, unit: UnitRecord) -> UnitRecord | None:
    """The unit itself, or the one that has its work since it was merged, over any number of mergers; None when
    there is none.
    """
    seen: set[int] = set()
    found: UnitRecord | None = unit
    while found is not None and not found.active and found.id not in seen:
        seen.add(found.id)
        found = unit_by_code(tx, found.merged_into) if found.merged_into else None
    return found if found is not None and found.active else None


def children(tx: Tx, code: str) -> Sequence[UnitRecord]:
    """Active units directly under a unit."""
    return _CHILDREN.rows(tx, code=code)


def officers_of(tx: Tx, unit_id: int) -> Sequence[OfficerRecord]:
    """Active officers of a unit."""
    return _OFFICERS_OF.rows(tx, unit_id=unit_id)


def duty_unit(tx: Tx) -> UnitRecord | None:
    """The unit of the duty desk: the one that has officers with role ``duty``."""
    return _DUTY.first(tx)


def set_bind_code(tx: Tx, officer_id: int, code: str, until: datetime) -> None:
    """Give an officer a one-time code to bind a phone or WeChat with."""
    update_row(tx, officers, officer_id, bind_hash=tx.vault.digest(f"officer:{code}"), bind_until=until)


def use_bind_code(tx: Tx, code: str, now: datetime) -> OfficerRecord | None:
    """The officer to whom the code was given. The code cannot be used again."""
    row = tx.conn.execute(
        select(officers).where(
            officers.c.bind_hash.in_(tx.vault.digests(f"officer:{code}")),
            officers.c.bind_until > now,
            officers.c.active,
        )
    ).first()
    if row is not None:
        update_row(tx, officers, row.id, bind_hash=None, bind_until=None)
    return row


def code_in_use(tx: Tx, code: str, now: datetime) -> bool:
    """Whether a code is waiting to be used: two officers must never have the same one."""
    return (
        tx.conn.execute(
            select(officers.c.id).where(
                officers.c.bind_hash == tx.vault.digest(f"officer:{code}"), officers.c.bind_until > now
            )
        ).first()
        is not None
    )


class LeaveTimes(TypedDict, total=False):
    """From when and until when an officer is away. None takes the leave back."""

    away_from: datetime | None
    away_until: datetime | None


def set_leave(tx: Tx, code: str, substitute: str | None, /, **times: Unpack[LeaveTimes]) -> str:
    """Store the substitute of an officer and the time (``away_from``, ``away_until``). Returns the first code
    that nobody has, or ``""``.
    """
    officer_row = officer_by_code(tx, code)
    stand_in = officer_by_code(tx, substitute) if substitute is not None else None
    if officer_row is None:
        return code
    if substitute is not None and stand_in is None:
        return substitute
    update_row(tx, officers, officer_row.id, substitute_id=stand_in.id if stand_in is not None else None, **times)
    return ""


def save_unit(tx: Tx, code: str, /, **values: Unpack[UnitValues]) -> int:
    """Insert or change a unit by code."""
    return _save(tx, units, code, dict(values))


def save_officer(tx: Tx, code: str, /, **values: Unpack[OfficerValues]) -> int:
    """Insert or change an officer by code."""
    return _save(tx, officers, code, dict(values))


def change_officer(tx: Tx, officer_id: int, /, **values: Unpack[OfficerValues]) -> None:
    """Change some columns of one officer."""
    update_row(tx, officers, officer_id, **values)


def deactivate(tx: Tx, *, unit_codes: Sequence[str] = (), officer_codes: Sequence[str] = ()) -> None:
    """Mark units and officers that the directory no longer has. Their history stays."""
    tx.conn.execute(update(units).where(units.c.code.in_(unit_codes)).values(active=False))
    tx.conn.execute(update(officers).where(officers.c.code.in_(officer_codes)).values(active=False))


def _save(tx: Tx, table: Table, code: str, values: dict[str, object]) -> int:
    row_id = tx.conn.execute(select(table.c.id).where(table.c.code == code)).scalar()
    if row_id is None:
        return insert_row(tx, table, code=code, **values)
    update_row(tx, table, row_id, **values)
    return int(row_id)


def gone_unit_ids(tx: Tx) -> Sequence[int]:
    """The ids of units that are abolished."""
    return tx.conn.execute(select(units.c.id).where(~units.c.active).order_by(units.c.id)).scalars().all()
