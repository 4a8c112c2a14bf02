"""Edge cases 15, 16 and 38: a platform repeats what it is not sure we have, at any moment and at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.inbound import receive
from store.tables.inquiries import inquiries
from tests.edge.rig import LAMP, Rig, said
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

THREADS = 8


def wechat(rig: Rig) -> str:
    return said(rig.push(kit.xml(Content=LAMP, MsgId="42")))


def sms(rig: Rig) -> str:
    return said(rig.sms_call(twilio_calls.message(Body=LAMP)))


both = pytest.mark.parametrize("send", [wechat, sms])


@dataclass
class Crashing:
    """The store of a process that dies ``before`` or ``after`` the commit of its first write."""

    store: Any
    when: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def write(self, work: Any, **options: Any) -> Any:
        if self.when == "before":
            return self.store.write(lambda tx: (work(tx), self.die()), **options)
        done = self.store.write(work, **options)
        return done, self.die()

    def die(self) -> None:
        raise SystemError("the process ends here")


@both
def test_edge_15_eight_repeats_at_once_make_one_inquiry_and_get_the_same_answer(rig_on_each, send):
    rig = rig_on_each
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: send(rig), range(THREADS)))
    assert len(set(answers)) == 1
    assert rig.rows(inquiries)[0].number.replace("-", "") in answers[0].replace("-", "")
    count = rig.count()
    assert (count["inbox"], count["inquiries"], count["messages"], count["outbox"]) == (1, 1, 1, 1)


def test_edge_15_first_messages_of_one_person_at_once_make_one_contact(rig_on_each):
    rig = rig_on_each
    texts = [f"建设路{n}号门前的路灯坏了" for n in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(rig.wechat, texts))
    assert all(answers)
    count = rig.count()
    assert (count["addresses"], count["inbox"], count["messages"]) == (1, THREADS, THREADS)
    assert count["inquiries"] == 1, "parts sent within the quiet interval are one matter"


def test_edge_15_many_people_at_once_get_a_number_each(rig_on_each):
    rig = rig_on_each
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda n: rig.wechat(LAMP, who=f"oPERSON{n}"), range(24)))
    numbers = [row.number for row in rig.rows(inquiries)]
    assert sorted(numbers) == [f"26-1123-{n:04}" for n in range(1, 25)]


@both
def test_edge_15_a_repeat_two_minutes_later_gets_the_answer_of_the_first_time(rig_on_each, send):
    rig = rig_on_each
    first = send(rig)
    rig.clock.forward(120)
    assert send(rig) == first
    assert rig.count()["inquiries"] == 1


@both
@pytest.mark.parametrize("when", ["before", "after"])
def test_edge_15_after_a_crash_around_the_commit_the_repeat_has_one_inquiry_and_its_number(rig_on_each, send, when):
    rig = rig_on_each
    whole = rig.deps.store
    rig.deps.store = Crashing(whole, when)
    with pytest.raises(SystemError):
        send(rig)
    rig.deps.store = whole
    assert rig.count()["inquiries"] == (when == "after")
    answer = send(rig)
    (inquiry,) = rig.rows(inquiries)
    assert inquiry.number.replace("-", "") in answer.replace("-", "")
    assert rig.count()["messages"] == rig.count()["inbox"] == 1


def test_edge_16_two_texts_of_one_second_are_both_kept(rig):
    rig.wechat("建设路的路灯坏了")
    rig.wechat("就是12号门前那一盏")
    assert rig.texts() == ["建设路的路灯坏了", "就是12号门前那一盏"]


def test_edge_16_the_same_text_meant_twice_is_two_messages(rig):
    rig.wechat(LAMP)
    assert rig.wechat(LAMP)
    assert rig.texts() == [LAMP, LAMP]
    assert rig.wechat("好的")
    assert rig.wechat("好的")
    assert rig.count()["inbox"] == 4


def test_edge_38_one_message_sid_twice_at_once_is_one_message(rig_on_each):
    rig = rig_on_each
    form = twilio_calls.signed(
        twilio_calls.message(Body=LAMP, **{"I-Twilio-Idempotency-Token": "1"}),
        url="https://wz.example.gov.cn/hooks/twilio",
    )
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: receive.receive(rig.deps, "twilio", form), range(2))
    assert first == second
    assert rig.count()["messages"] == rig.count()["inquiries"] == 1
