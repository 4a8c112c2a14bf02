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
    by_phone = people.find(tx, channel, address)
    values = {"name": row.name, "unit_id": unit_id, "role": row.role.value, "active": row.active}
    known = by_phone.officer_id if by_phone is not None else None
    known = known or _same_person(tx, row, unit_id, channel)
    if known is None:
        known = directory.save_officer(tx, f"P{inquiries.next_count(tx, 'officer'):04d}", **values)
    else:
        update_row(tx, officers, known, **values)
    if by_phone is None:
        people.ensure(tx, channel, address, now, officer_id=known)
    elif by_phone.officer_id is None:
        people.change(tx, by_phone.id, officer_id=known)
    return int(known)


def _same_person(tx: Tx, row: OfficerRow, unit_id: int, channel: str) -> int | None:
    """The one active officer of the same unit and name: the phone is new, the person is not.

    The former number stops being the officer's; a number given back may soon be somebody else's.
    """
    namesakes = [o for o in directory.officers_of(tx, unit_id) if o.name == row.name]
    if len(namesakes) != 1:
        return None
    for address in people.of_officer(tx, namesakes[0].id):
        if address.channel == channel:
            people.change(tx, address.id, officer_id=None)
    return int(namesakes[0].id)
