"""A new directory in the store: a new phone keeps its officer, who left loses every access."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.edge.messages import Address
from handlers.directory import apply_directory
from store import directory, people
from tests.kit.world import make_world

DESK = UnitRow("D00", "区问政办公室", Tier.DISTRICT)
LAMPS = UnitRow("D01", "区城市管理局", Tier.DISTRICT, keywords=("路灯",))
DUTY = OfficerRow("温予舟", "D00", Role.DUTY, "+8619900000001")
LAMP = OfficerRow("骆星屿", "D01", Role.OFFICER, "+8619900000002")
NEW_PHONE = "+8619900000009"


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    apply(made, Directory((DESK, LAMPS), (DUTY, LAMP)))
    yield made
    made.close()


def apply(world, wanted):
    world.deps.store.write(lambda tx: apply_directory.apply(tx, wanted, world.clock.now(), sms_channel="twilio"))


def by_name(world, name):
    rows = world.deps.store.read(directory.all_officers)
    return next((row for row in rows if row.name == name), None)


def of_phone(world, phone):
    row = world.deps.store.write(lambda tx: people.find(tx, "twilio", Address("sms", phone)))
    return row.officer_id if row is not None else None


def test_the_same_directory_twice_changes_nobody(world):
    before = by_name(world, "骆星屿")
    apply(world, Directory((DESK, LAMPS), (DUTY, LAMP)))
    assert by_name(world, "骆星屿").id == before.id
    assert len(world.deps.store.read(directory.all_officers)) == 2


def test_a_new_phone_keeps_the_officer_and_the_former_one_is_nobodys(world):
    before = by_name(world, "骆星屿").id
    apply(world, Directory((DESK, LAMPS), (DUTY, replace(LAMP, phone=NEW_PHONE))))
    assert by_name(world, "骆星屿").id == before
    assert (of_phone(world, NEW_PHONE), of_phone(world, LAMP.phone)) == (before, None)


def test_another_post_with_the_same_phone_is_the_same_officer(world):
    before = by_name(world, "骆星屿").id
    apply(world, Directory((DESK, LAMPS), (DUTY, replace(LAMP, unit_code="D00", role=Role.DUTY))))
    after = by_name(world, "骆星屿")
    assert (after.id, after.role, after.unit_code) == (before, "duty", "D00")


def test_who_left_opens_no_page_any_more_and_comes_back_as_the_same(world):
    before = by_name(world, "骆星屿").id
    inquiry = world.inquiry("路灯坏了", unit="D01")
    path = world.deps.signer.staff_url(inquiry, before).partition("8000")[2]
    client = world.client()
    assert client.get(path).status_code == 200
    apply(world, Directory((DESK, LAMPS), (DUTY,)))
    assert by_name(world, "骆星屿") is None
    assert client.get(path).status_code in {403, 404, 410}
    apply(world, Directory((DESK, LAMPS), (DUTY, LAMP)))
    assert by_name(world, "骆星屿").id == before
    assert client.get(path).status_code == 200


def test_a_citizens_phone_that_becomes_an_officers_keeps_her_inquiries(world):
    contact = world.deps.store.write(
        lambda tx: people.ensure(tx, "twilio", Address("sms", NEW_PHONE), world.clock.now())
    ).contact_id
    apply(world, Directory((DESK, LAMPS), (DUTY, LAMP, OfficerRow("云予岚", "D01", Role.OFFICER, NEW_PHONE))))
    row = world.deps.store.write(lambda tx: people.find(tx, "twilio", Address("sms", NEW_PHONE)))
    assert (row.contact_id, row.officer_id) == (contact, by_name(world, "云予岚").id)
