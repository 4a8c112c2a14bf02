"""The same citizen tells the same again: a merge proposed to the desk, nothing dropped or merged by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.edge.messages import Address
from handlers.duty_desk import dispatch
from store import inquiries, people
from tests.kit.desk_kit import BOB, desk_town
from tests.kit.town import logged, say
from tests.kit.world import CITIZEN

LAMP = "建设路12号门前的路灯坏了三天"


@pytest.fixture
def world(tmp_path, database_url):
    made = desk_town(tmp_path, database_url) if database_url.startswith("postgresql") else desk_town(tmp_path)
    yield made
    made.close()


def told(world, text, who=CITIZEN):
    """Written, routed; the inquiry's row."""
    say(world, who, text)
    world.clock.forward(700)
    dispatch.drain(world.deps)
    return world.deps.store.read(lambda tx: inquiries.newest(tx, limit=1))[0]


def unit_of(world, row):
    return {number: code for code, number in world.units.items()}[row.unit_id]


def test_a_repeat_waits_at_the_desk_with_the_earlier_one_noted(world):
    first, second = told(world, LAMP), told(world, f"您好，{LAMP}，还没有修")
    assert unit_of(world, first) == "D01"
    assert (second.repeat_of_id, unit_of(world, second)) == (first.id, "D00")
    assert second.routing["why"] == "repeat"
    assert second.number != first.number
    assert second.state == "dispatched"
    assert "repeat_suggested" in logged(world, second.id)


def test_one_word_merges_it(world):
    first, second = told(world, LAMP), told(world, LAMP)
    assert "已并入" in say(world, "duty", f"并 {second.number} {first.number}")
    assert world.get(second.id).merged_into_id == first.id


def test_or_one_word_sends_it_on(world):
    told(world, LAMP)
    second = told(world, LAMP)
    say(world, "duty", f"派 {second.number} 城市管理局")
    assert unit_of(world, world.get(second.id)) == "D01"


@pytest.mark.parametrize(
    "text", ["建设路48号门前的路灯坏了三天", "人民路12号门前的路灯坏了三天", "建设路12号门前的水管爆了"]
)
def test_another_lamp_is_another_matter(world, text):
    told(world, LAMP)
    second = told(world, text)
    assert second.repeat_of_id is None
    assert unit_of(world, second) != "D00"


def test_somebody_elses_lamp_is_no_repeat(world):
    told(world, LAMP)
    assert told(world, LAMP, BOB).repeat_of_id is None


def test_after_thirty_days_it_is_a_new_matter(world):
    told(world, LAMP)
    world.clock.forward(timedelta(days=31).total_seconds())
    assert told(world, LAMP).repeat_of_id is None


def test_the_open_one_counts_before_a_newer_that_is_answered(world):
    first = told(world, LAMP)
    second = told(world, LAMP)
    say(world, "duty", f"派 {second.number} 城市管理局")
    say(world, "lamp", f"复 {second.number} 已经修好，请您查看。")
    assert told(world, LAMP).repeat_of_id == first.id


def test_a_repeat_of_an_answered_one_still_goes_to_the_desk(world):
    first = told(world, LAMP)
    say(world, "lamp", f"复 {first.number} 已经修好，请您查看。")
    second = told(world, LAMP)
    assert (second.repeat_of_id, unit_of(world, second)) == (first.id, "D00")


def test_what_was_withdrawn_is_told_anew(world):
    first = told(world, LAMP)
    say(world, CITIZEN, f"撤回 {first.number}")
    second = told(world, LAMP)
    assert (second.repeat_of_id, unit_of(world, second)) == (None, "D01")


def test_a_repeat_of_one_that_is_closed_is_routed_and_only_noted(world):
    first = told(world, LAMP)
    say(world, "lamp", f"复 {first.number} 已经修好，请您查看。")
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, first.id), state="closed"))
    second = told(world, LAMP)
    assert (second.repeat_of_id, unit_of(world, second)) == (first.id, "D01")


def test_a_repeat_of_a_merged_one_points_to_what_it_was_merged_into(world):
    first, second = told(world, LAMP), told(world, LAMP)
    say(world, "duty", f"并 {second.number} {first.number}")
    say(world, "lamp", f"收 {first.number}")
    assert told(world, LAMP).repeat_of_id == first.id


def test_one_person_on_two_bound_addresses_is_one_citizen(world):
    first = told(world, LAMP)

    def bind(tx):
        phone = people.ensure(tx, "console", Address("console", "phone-of-ann"), world.clock.now())
        people.merge_contacts(tx, first.contact_id, phone.contact_id)

    world.deps.store.write(bind)
    assert told(world, LAMP, Address("console", "phone-of-ann")).repeat_of_id == first.id


def test_a_short_word_repeats_nothing(world):
    told(world, "路灯")
    assert told(world, "路灯").repeat_of_id is None
