"""回访: the duty desk's own word on an answer."""

from __future__ import annotations

import pytest

from bot.conversation.acts import StaffBad, StaffCallBack
from handlers.duty_desk.call_backs import call_back
from handlers.inquiry.acting_officer import ActingOfficer
from store import directory, inquiries
from tests.kit.officer_words import parse_staff
from tests.kit.world import make_world

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("回访 1024 满意", StaffCallBack("1024", 1)),
        ("回访1024 不满意 灯还是不亮", StaffCallBack("1024", 3, "灯还是不亮")),
        ("回访 26-1123-0042 基本满意，来得慢", StaffCallBack("2611230042", 2, "来得慢")),
        ("回访 1024 384712 未接通", StaffCallBack("1024", 0, "", "384712")),
        ("回访 1024 还行吧", StaffBad("staff.bad_call_back")),
    ],
)
def test_what_the_desk_writes_is_understood(said, meant):
    assert parse_staff(said) == meant


@pytest.fixture
def world(tmp_path):
    return make_world(tmp_path)


def called(world, number, score, note="", role="duty"):
    def work(tx):
        officer = next(o for o in directory.all_officers(tx) if o.role == role)
        desk = ActingOfficer(tx, world.deps, directory.officer(tx, officer.id), world.deps.clock.now())
        order = inquiries.assignments_of(tx, number)[-1]
        return call_back(desk, order, score, note)

    return world.deps.store.write(work)


@pytest.fixture
def answered(world):
    inquiry = world.inquiry("路灯坏了", unit="D01")
    world.act("sign", inquiry, "lamp")
    world.act("answer", inquiry, "lamp", "已经修好，请您查看。")
    return inquiry


def test_a_call_is_in_the_log_and_changes_nothing_when_she_is_satisfied(world, answered):
    assert called(world, answered, 1).done
    assert world.get(answered).state == "answered"
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, answered))
    assert [(e.data["score"], e.actor) for e in events if e.name == "called_back"] == [(1, "officer")]


def test_not_satisfied_with_the_reason_is_done_again(world, answered):
    assert called(world, answered, 3, "灯还是不亮").done
    assert world.get(answered).state == "dispatched"
    assert world.get(answered).reopened == 1


def test_not_satisfied_without_a_reason_is_asked_for_it(world, answered):
    outcome = called(world, answered, 3)
    assert (outcome.done, outcome.key) == (False, "staff.bad_call_back")


def test_the_unit_itself_cannot_call_back(world, answered):
    assert called(world, answered, 1, role="officer").key == "staff.no_call_back"


def test_nobody_is_called_before_there_is_an_answer(world):
    inquiry = world.inquiry("路灯坏了", unit="D01")
    assert called(world, inquiry, 1).key == "staff.not_now"
