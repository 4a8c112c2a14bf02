"""Puts a checked directory into the store: all of it or nothing; who left is kept, inactive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.messages import Address
from store import directory, inquiries, people
from store.rows import update_row
from store.tables import officers

if TYPE_CHECKING:
    from datetime import datetime

    from bot.directory import Directory, OfficerRow
    from store.engine import Tx

NO_SMS_CHANNEL = "sms"
"""Phones are known by this name until an SMS account is configured."""


def apply(tx: Tx, wanted: Directory, now: datetime, *, sms_channel: str) -> None:
    """The directory becomes ``wanted``. Officers are known again by their phones."""
    channel = sms_channel or NO_SMS_CHANNEL
    unit_ids = {
        unit.code: directory.save_unit(
            tx,
            unit.code,
            name=unit.name,
            short_names=list(unit.short_names),
            tier=unit.tier.value,
            parent_code=unit.parent_code,
            keywords=list(unit.keywords),
            places=list(unit.places),
            phone=unit.phone,
            active=unit.active,
        )
        for unit in wanted.units
    }
    present = {_officer(tx, row, unit_ids[row.unit_code], channel, now) for row in wanted.officers}
    gone = [o.code for o in directory.all_officers(tx) if o.id not in present]
    codes = {unit.code for unit in wanted.units}
    directory.deactivate(
        tx, unit_codes=[u.code for u in directory.all_units(tx) if u.code not in codes], officer_codes=gone
    )
    inquiries.log(tx, None, "directory_imported", now, units=len(wanted.units), officers=len(wanted.officers))


def _officer(tx: Tx, row: OfficerRow, unit_id: int, channel: str, now: datetime) -> int:
    address = Address("sms", row.phone)
    known = people.find(tx, channel, address)
    values = {"name": row.name, "unit_id": unit_id, "role": row.role.value, "active": row.active}
    if known is not None and known.officer_id is not None:
        update_row(tx, officers, known.officer_id, **values)
        return int(known.officer_id)
    officer_id = directory.save_officer(tx, f"P{inquiries.next_count(tx, 'officer'):04d}", **values)
    if known is None:
        people.ensure(tx, channel, address, now, officer_id=officer_id)
    else:
        people.change(tx, known.id, officer_id=officer_id)
    return officer_id
