"""值班: who gets a link to the duty desk, which way, and what it is good for."""

from __future__ import annotations

import re

import pytest

from bot.conversation.acts import StaffDuty
from bot.edge.messages import Address
from handlers.officer.duty_link import duty_link
from handlers.services.deps import Turn
from handlers.services.texts import Texts
from store import directory, people
from tests.kit.officer_words import parse_staff
from tests.kit.town import say


def link_in(text):
    return re.search(r"http://127\.0\.0\.1:8000(/duty/in/\S+)", text)


@pytest.mark.parametrize("word", ["值班", "值班。", " 派单台 ", "值班台", "值班臺"])
def test_the_word_is_understood(word):
    assert parse_staff(word) == StaffDuty()


@pytest.mark.parametrize("text", ["值班室电话是多少", "值班 1024", "昨晚值班的人态度很差"])
def test_a_sentence_with_the_word_in_it_is_none(text):
    assert parse_staff(text) != StaffDuty()


@pytest.mark.parametrize("officer", ["duty", "chief"])
def test_an_officer_of_the_desk_and_a_leader_get_a_link_that_opens_it(world, officer):
    told = say(world, officer, "值班")
    client = world.client()
    assert client.post(link_in(told)[1]).status_code == 303
    assert client.get("/duty").status_code == 200
    assert "11月23日(周一)22:00前点开" in told


def test_each_time_it_is_another_link(world):
    first, second = (link_in(say(world, "duty", "值班"))[1] for _ in range(2))
    assert first != second
    assert [world.client().post(link).status_code for link in (first, second, first)] == [303, 303, 403]


@pytest.mark.parametrize("officer", ["lamp", "lamphead", "street"])
def test_another_officer_is_told_whose_it_is_and_gets_no_link(world, officer):
    told = say(world, officer, "值班")
    assert "值班人员" in told
    assert link_in(told) is None


def test_of_a_citizen_the_word_is_a_word(world):
    assert link_in(say(world, Address("console", "somebody"), "值班")) is None


def test_who_left_the_directory_gets_no_link(world):
    world.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["duty"]))
    assert link_in(say(world, "duty", "值班")) is None


def test_over_sms_no_link_goes_out(world):
    def work(tx):
        address = people.ensure(tx, "console", Address("sms", "+12025550143"), world.clock.now())
        people.change(tx, address.id, officer_id=world.officers["duty"])
        turn = Turn(tx, world.deps, world.clock.now(), people.by_id(tx, address.id), world.deps.channels["console"])
        duty_link(turn, None, StaffDuty(), None)
        return turn.replies

    (reply,) = world.deps.store.write(work)
    texts: Texts = world.deps.texts
    assert "/duty/in/" not in texts.render(reply.key, reply.params, sms=True)
    assert "微信" in texts.render(reply.key, reply.params, sms=True)


def test_the_link_is_short_enough_to_be_read_out_and_holds_nothing_personal(world):
    path = link_in(say(world, "duty", "值班"))[1]
    assert len(path) < 90
    assert world.deps.signer.read_duty_link(path.rpartition("/")[2])[0] == world.officers["duty"]
