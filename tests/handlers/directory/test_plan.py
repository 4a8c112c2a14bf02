from __future__ import annotations

import re
from dataclasses import replace

from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from handlers.directory.plan import describe, plan_import

LAMPS = UnitRow("D01", "区城管局", Tier.DISTRICT, keywords=("路灯",))
WATER = UnitRow("D02", "区水务局", Tier.DISTRICT)
ANNA = OfficerRow("云予岚", "D01", Role.HEAD, "+8619900000001")
BEN = OfficerRow("苏桐", "D02", Role.OFFICER, "+8619900000002")
NOW = Directory((LAMPS, WATER), (ANNA, BEN))


def test_the_same_file_twice_changes_nothing() -> None:
    plan = plan_import(NOW, Directory(NOW.units, NOW.officers))
    assert plan.empty
    assert plan.units.unchanged == NOW.units
    assert plan.officers.unchanged == NOW.officers


def test_a_first_import_adds_everything() -> None:
    plan = plan_import(Directory(), NOW)
    assert (plan.units.added, plan.officers.added) == (NOW.units, NOW.officers)


def test_who_is_missing_is_deactivated_once() -> None:
    plan = plan_import(NOW, Directory((LAMPS,), (ANNA,)))
    assert (plan.units.removed, plan.officers.removed) == ((WATER,), (BEN,))
    gone = Directory((LAMPS, replace(WATER, active=False)), (ANNA, replace(BEN, active=False)))
    assert plan_import(gone, Directory((LAMPS,), (ANNA,))).empty


def test_who_comes_back_is_a_change() -> None:
    gone = replace(BEN, active=False)
    plan = plan_import(Directory(NOW.units, (ANNA, gone)), NOW)
    assert plan.officers.changed == ((gone, BEN),)


def test_a_new_number_is_a_change_of_the_same_person() -> None:
    moved = replace(BEN, phone="+8619900000009")
    plan = plan_import(NOW, Directory(NOW.units, (ANNA, moved)))
    assert plan.officers.changed == ((BEN, moved),)
    assert (plan.officers.added, plan.officers.removed) == ((), ())


def test_two_people_swapping_numbers_are_told_by_their_numbers() -> None:
    swapped = (replace(ANNA, phone=BEN.phone), replace(BEN, phone=ANNA.phone))
    plan = plan_import(NOW, Directory(NOW.units, swapped))
    assert {(a.phone, b.phone) for a, b in plan.officers.changed} == {(p.phone, p.phone) for p in (ANNA, BEN)}


def test_namesakes_with_new_numbers_are_not_guessed_at() -> None:
    twins = (replace(BEN, phone="+8619900000003"), replace(BEN, phone="+8619900000004"))
    plan = plan_import(NOW, Directory(NOW.units, (ANNA, *twins)))
    assert plan.officers.added == twins
    assert plan.officers.removed == (BEN,)


def test_the_dry_run_names_sums_rows_and_fields_but_no_number() -> None:
    wanted = Directory(
        (replace(LAMPS, keywords=("路灯", "井盖")), UnitRow("D03", "区教育局", Tier.DISTRICT)),
        (replace(ANNA, role=Role.LEADER, unit_code="D03"),),
    )
    lines = describe(plan_import(NOW, wanted))
    text = "\n".join(lines)
    assert len(lines) == 2 + 3 + 2
    for word in ("D03 区教育局", "D02 区水务局", "关键词", "角色", "…0001"):
        assert word in text
    assert not re.search(r"\d{5}", text)
