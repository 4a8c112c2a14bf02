"""Each import that changes something is a version: kept, compared, and imported again to roll back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.directory.catalogue import Catalogue, Category
from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from handlers.directory import import_run
from handlers.directory.export import write
from handlers.directory.plan import plan_import
from handlers.directory.read import read_directory as read_file
from handlers.directory.versions import restored, snapshot, stored, version
from handlers.services.cache import read_catalogue, read_directory
from store import catalogue, directory
from tests.kit.town import town

DESK = UnitRow("D00", "区问政办公室", Tier.DISTRICT)
LAMPS = UnitRow("D01", "区城市管理局", Tier.DISTRICT, ("城管局",), keywords=("路灯",))
PARKS = UnitRow("D02", "区公园局", Tier.DISTRICT, places=("公园路",))
STAFF = (
    OfficerRow("温予舟", "D00", Role.DUTY, "+8619900000001"),
    OfficerRow("骆星屿", "D01", Role.OFFICER, "+8619900000002"),
    OfficerRow("苏桐", "D02", Role.OFFICER, "+8619900000003"),
)
CATALOGUE = Catalogue((Category("01", "城市管理", unit_code="D01"), Category("0101", "照明", keywords=("路灯",))))
FIRST = Directory((DESK, LAMPS, PARKS), STAFF, CATALOGUE)


@pytest.fixture
def world(tmp_path, database_url):
    made = town(tmp_path, database_url) if database_url.startswith("postgresql") else town(tmp_path)
    yield made
    made.close()


def change(world, wanted, **given):
    return import_run.change(world.deps, wanted, **({"author": "温予舟", "source": "名单.xlsx"} | given))


def now(world):
    return world.deps.store.read(stored)


def test_an_import_is_a_version_with_who_when_what_and_how_it_stood_then(world):
    done = change(world, FIRST)
    row, kept = world.deps.store.read(lambda tx: version(tx, done.version))
    assert (row.author, row.source, row.at) == ("温予舟", "名单.xlsx", world.clock.now())
    assert row.changes["categories"] == {"added": ["01", "0101"], "changed": [], "removed": []}
    assert row.changes["units"]["changed"] == ["D00", "D01", "D02"]
    assert row.changes["units"]["removed"] == ["S01", "S01C1", "S02"]
    assert (kept.units, kept.catalogue) == (FIRST.units, CATALOGUE)


def test_a_version_holds_no_officer_and_no_phone(world):
    done = change(world, FIRST)
    row = world.deps.store.read(lambda tx: catalogue.version(tx, done.version))
    kept = str(row.content) + str(row.changes)
    assert not [officer for officer in STAFF if officer.name in kept or officer.phone[3:] in kept]
    assert sum(row.changes["officers"][what] for what in ("added", "changed")) == 3


def test_the_same_file_again_is_no_new_version(world):
    change(world, FIRST)
    again = change(world, FIRST)
    assert (again.version, again.plan.empty) == (None, True)
    assert len(world.deps.store.read(catalogue.versions)) == 1


def test_officers_alone_may_change(world):
    change(world, FIRST)
    done = change(world, replace(FIRST, officers=(*STAFF[:2], replace(STAFF[2], name="苏小桐"))))
    row = world.deps.store.read(lambda tx: catalogue.version(tx, done.version))
    assert row.changes["officers"] == {"added": 0, "changed": 1, "removed": 0}
    assert row.changes["units"] == {"added": [], "changed": [], "removed": []}


def test_a_file_without_categories_leaves_them_alone(world):
    change(world, FIRST)
    done = change(world, replace(FIRST, units=(DESK, LAMPS), officers=STAFF[:2], catalogue=None))
    assert world.deps.store.read(read_catalogue) == CATALOGUE
    assert done.plan.categories is None


def test_a_category_that_is_gone_is_kept_inactive_and_comes_back_as_the_same(world):
    change(world, FIRST)
    change(world, replace(FIRST, catalogue=Catalogue(CATALOGUE.categories[:1])))
    assert [row.code for row in world.deps.store.read(catalogue.all_categories)] == ["01"]
    rows = world.deps.store.read(lambda tx: catalogue.all_categories(tx, active=False))
    change(world, FIRST)
    assert [row.id for row in world.deps.store.read(catalogue.all_categories)] == [row.id for row in rows]


def test_an_export_of_how_it_stands_imports_again_unchanged(world, tmp_path):
    change(world, FIRST)
    change(
        world,
        replace(
            FIRST,
            units=(DESK, LAMPS, replace(PARKS, active=False, merged_into="D01")),
            officers=(*STAFF[:2], replace(STAFF[2], unit_code="D01")),
        ),
    )
    write(now(world), tmp_path / "out.xlsx", with_phones=True)
    wanted, errors = read_file(tmp_path / "out.xlsx")
    assert [error.message for error in errors] == []
    assert import_run.plan(world.deps, wanted).empty


def test_importing_an_old_version_rolls_back_and_leaves_officers_alone(world, tmp_path):
    first = change(world, FIRST)
    merged = replace(
        FIRST,
        units=(DESK, replace(LAMPS, keywords=("路灯", "灯杆")), replace(PARKS, active=False, merged_into="D01")),
        officers=(*STAFF[:2], replace(STAFF[2], unit_code="D01")),
        catalogue=Catalogue(CATALOGUE.categories[:1]),
    )
    change(world, merged)
    officers = [(row.code, row.unit_code) for row in world.deps.store.read(directory.all_officers)]
    write(world.deps.store.read(lambda tx: version(tx, first.version))[1], tmp_path / "old.xlsx")
    wanted, _ = read_file(tmp_path / "old.xlsx")
    done = change(world, wanted)
    known = world.deps.store.read(read_directory)
    assert (known.units, known.catalogue) == (FIRST.units, CATALOGUE)
    assert done.version is not None
    assert [(row.code, row.unit_code) for row in world.deps.store.read(directory.all_officers)] == officers


def test_two_versions_are_told_apart(world):
    first, second = (
        change(world, FIRST),
        change(world, replace(FIRST, units=(DESK, replace(LAMPS, phone="028-00000001"), PARKS))),
    )
    before, after = (world.deps.store.read(lambda tx, n=done.version: version(tx, n))[1] for done in (first, second))
    plan = plan_import(before, after)
    assert [after.code for _before, after in plan.units.changed] == ["D01"]
    assert plan.categories.unchanged == CATALOGUE.categories


def test_people_of_a_merged_unit_follow_it_when_the_file_names_nobody(world):
    change(world, FIRST)
    change(
        world,
        replace(
            FIRST, units=(DESK, LAMPS, replace(PARKS, active=False, merged_into="D01")), officers=(), staff_given=False
        ),
    )
    assert {row.name: row.unit_code for row in world.deps.store.read(directory.all_officers)} == {
        "温予舟": "D00",
        "骆星屿": "D01",
        "苏桐": "D01",
    }


@pytest.mark.parametrize(
    ("units", "code"), [((DESK, replace(LAMPS, active=False, merged_into="D02"), PARKS), "D02"), ((DESK, PARKS), "")]
)
def test_the_matters_of_a_unit_that_is_gone_follow_it_when_the_file_names_none(world, tmp_path, units, code):
    change(world, FIRST)
    change(world, replace(FIRST, units=units, officers=(), catalogue=None, staff_given=False))
    assert world.deps.store.read(read_catalogue).by_code["01"].unit_code == code
    write(now(world), tmp_path / "out.xlsx")
    assert import_run.plan(world.deps, read_file(tmp_path / "out.xlsx")[0]).empty


def test_an_officer_who_bound_a_second_phone_is_not_taken_for_changed(world):
    from bot.edge.messages import Address
    from store import people

    change(world, FIRST)
    officer = next(row for row in world.deps.store.read(directory.all_officers) if row.name == "苏桐")
    world.deps.store.write(
        lambda tx: people.ensure(tx, "sms", Address("sms", "+8619900000099"), world.clock.now(), officer_id=officer.id)
    )
    assert import_run.plan(world.deps, FIRST).empty


def test_a_snapshot_restores_to_what_it_was_taken_of():
    merged = replace(
        FIRST, units=(*FIRST.units, UnitRow("D09", "旧局", Tier.DISTRICT, active=False, merged_into="D01"))
    )
    again = restored(snapshot(merged))
    assert (again.units, again.catalogue, again.staff_given) == (merged.units, CATALOGUE, False)
