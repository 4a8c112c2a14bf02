"""Stores a checked directory: all of it or nothing. Officers who left stay stored, but inactive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.edge.messages import Address
from store import catalogue, directory, inquiries, people

if TYPE_CHECKING:
    from datetime import datetime

    from bot.directory.catalogue import Catalogue
    from bot.directory.units import Directory, OfficerRow, UnitRow
    from store.engine.transactions import Tx
    from store.records.directory import OfficerValues

NO_SMS_CHANNEL = "sms"
"""The channel name under which phones are stored until an SMS account is configured."""


def apply(tx: Tx, wanted: Directory, now: datetime, *, sms_channel: str) -> None:
    """Make ``wanted`` the directory. Officers are recognised by their phones.

    Orders of units that are gone afterwards are moved in ``handlers/directory/succession.py``.
    """
    unit_ids = {unit.code: _save_unit(tx, unit) for unit in wanted.units}
    # The file is the whole truth: a unit it does not name is gone.
    gone = [row.code for row in directory.all_units(tx) if row.code not in unit_ids]
    directory.deactivate(tx, unit_codes=gone)
    if wanted.staff_given:
        _apply_officers(tx, wanted, unit_ids, now=now, channel=sms_channel or NO_SMS_CHANNEL)
    else:
        _follow_units(tx, wanted, unit_ids)
    if wanted.catalogue is not None:
        _apply_catalogue(tx, wanted.catalogue)
    else:
        _follow_matters(tx, wanted)
    counted: dict[str, Any] = {"officers": len(wanted.officers)} if wanted.staff_given else {}
    if wanted.catalogue is not None:
        counted["categories"] = len(wanted.catalogue.categories)
    inquiries.log(tx, None, "directory_imported", now, units=len(wanted.units), **counted)


def _save_unit(tx: Tx, unit: UnitRow) -> int:
    return directory.save_unit(
        tx,
        unit.code,
        name=unit.name,
        short_names=list(unit.short_names),
        tier=unit.tier,
        parent_code=unit.parent_code,
        keywords=list(unit.keywords),
        places=list(unit.places),
        phone=unit.phone,
        active=unit.active,
        merged_into=unit.merged_into,
    )


def _apply_officers(tx: Tx, wanted: Directory, unit_ids: dict[str, int], *, now: datetime, channel: str) -> None:
    present = {_officer(tx, row, unit_ids[row.unit_code], channel, now) for row in wanted.officers}
    directory.deactivate(tx, officer_codes=[o.code for o in directory.all_officers(tx) if o.id not in present])


def _follow_units(tx: Tx, wanted: Directory, unit_ids: dict[str, int]) -> None:
    """For a file without officers: the officers of a merged unit move to its successor."""
    for officer in directory.all_officers(tx):
        successor = wanted.successor(officer.unit_code)
        if successor is not None and successor.code != officer.unit_code:
            directory.change_officer(tx, officer.id, unit_id=unit_ids[successor.code])


def _follow_matters(tx: Tx, wanted: Directory) -> None:
    """For a file without categories: the categories of a unit that is gone move to its successor, or take the
    unit of the category above.
    """
    for row in catalogue.all_categories(tx):
        successor = wanted.successor(row.unit_code)
        code = successor.code if successor is not None else ""
        if code != row.unit_code:
            catalogue.save_category(tx, row.code, unit_code=code)


def _apply_catalogue(tx: Tx, wanted: Catalogue) -> None:
    for category in wanted.categories:
        catalogue.save_category(
            tx,
            category.code,
            name=category.name,
            parent_code=category.parent_code,
            keywords=list(category.keywords),
            unit_code=category.unit_code,
            standard_code=category.standard_code,
            active=True,
        )
    gone = [row.code for row in catalogue.all_categories(tx) if row.code not in wanted.by_code]
    catalogue.deactivate(tx, gone)


def _officer(tx: Tx, row: OfficerRow, unit_id: int, channel: str, now: datetime) -> int:
    address = Address("sms", row.phone)
    by_phone = people.find(tx, channel, address)
    values: OfficerValues = {"name": row.name, "unit_id": unit_id, "role": row.role, "active": row.active}
    known = by_phone.officer_id if by_phone is not None else None
    known = known or _same_person(tx, row, unit_id, channel)
    if known is None:
        known = directory.save_officer(tx, f"P{inquiries.next_count(tx, 'officer'):04d}", **values)
    else:
        directory.change_officer(tx, known, **values)
    # The phone is bound at once: an officer can be told by SMS before she has ever written.
    if by_phone is None:
        people.ensure(tx, channel, address, now, officer_id=known)
    elif by_phone.officer_id is None:
        people.change(tx, by_phone.id, officer_id=known)
    return int(known)


def _same_person(tx: Tx, row: OfficerRow, unit_id: int, channel: str) -> int | None:
    """The only active officer with the same unit and name: then the phone is new and the person is not.

    The former number no longer belongs to the officer, because a number given back may soon be somebody else's.
    """
    namesakes = [o for o in directory.officers_of(tx, unit_id) if o.name == row.name]
    if len(namesakes) != 1:
        return None
    for address in people.of_officer(tx, namesakes[0].id):
        if address.channel == channel:
            people.change(tx, address.id, officer_id=None)
    return int(namesakes[0].id)
