"""The routing drain: what goes by itself, what waits at the desk, and what is written down about it."""

from __future__ import annotations

from functools import partial

import pytest

from bot.classifier.model import Classifier, Example, train
from bot.edge.messages import Address
from bot.routing.triage import Learned
from handlers.duty_desk import dispatch
from store import inquiries, outbox
from tests.handlers.routing.test_training import TOPICS, letters
from tests.kit.world import make_world

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def model():
    examples = [Example(text, unit) for unit in TOPICS for text in letters(unit, 60)]
    return Learned("model:7", Classifier.from_bytes(train(examples).to_bytes()))


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


def told(world, text, citizen="ann"):
    """An inquiry whose quiet interval is over."""
    inquiry_id = world.inquiry(text, unit=None, citizen=Address("console", citizen))
    world.deps.store.write(lambda tx: inquiries.set_fold(tx, inquiry_id, world.clock.now()))
    return inquiry_id


def unit_of(world, inquiry_id):
    codes = {number: code for code, number in world.units.items()}
    return codes[world.get(inquiry_id).unit_id]


def routed(world, text, **more):
    inquiry_id = told(world, text, **more)
    assert dispatch.drain(world.deps) == 1
    return inquiry_id


def notices(world, inquiry_id):
    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))
    return {row.key: row.params for row in rows if row.officer_id is not None}


def test_keywords_dispatch_without_a_model_and_the_officer_reads_why(world):
    inquiry = routed(world, "门口的路灯三天不亮了")
    assert unit_of(world, inquiry) == "D01"
    assert notices(world, inquiry)["order.new"]["grounds"] == {"words": "路灯", "percent": 0}
    page = world.client().get(world.staff_path(inquiry, "lamp")).text
    assert '<dd data-testid="grounds">系统自动派单：路灯</dd>' in page


def test_the_model_dispatches_what_it_is_sure_of_and_the_officer_reads_how_sure(world, model):
    world.deps.learned = lambda: model
    inquiry = routed(world, "菜市场后面的水管爆了，请派人看看")
    assert unit_of(world, inquiry) == "D02"
    row = world.get(inquiry)
    assert (row.routing["why"], row.routing["source"]) == ("learned", "model:7")
    grounds = notices(world, inquiry)["order.new"]["grounds"]
    assert grounds["percent"] >= 95
    assert "水管" in grounds["words"]


def test_what_the_model_is_not_sure_of_waits_at_the_desk_with_its_proposals(world, model):
    world.deps.learned = lambda: model
    inquiry = routed(world, "放露天电影的事")
    assert unit_of(world, inquiry) == "D00"
    notice = notices(world, inquiry)["desk.new"]
    percents = [row["percent"] for row in notice["rows"]]
    assert len(percents) == 3
    assert percents == sorted(percents, reverse=True)
    assert notice["why"] == "把握不够"


def test_danger_goes_to_a_person_though_the_words_are_clear(world):
    inquiry = routed(world, "路灯漏电起火了，快来人")
    assert unit_of(world, inquiry) == "D00"
    row = world.get(inquiry)
    assert "emergency" in row.flags
    assert row.routing["why"] == "flagged"


def test_an_accused_unit_never_gets_the_letter(world):
    inquiry = routed(world, "举报区城市管理局王局长收受贿赂，路灯工程吃回扣")
    assert unit_of(world, inquiry) == "D00"
    row = world.get(inquiry)
    assert "accusation" in row.flags
    assert row.routing["accused"] == ["D01"]
    assert "区城市管理局" not in [row["name"] for row in notices(world, inquiry)["desk.new"]["rows"]]


def test_personal_data_keeps_nobody_waiting_and_is_flagged(world):
    inquiry = routed(world, "路灯坏了，我的电话19900001234")
    assert (unit_of(world, inquiry), world.get(inquiry).flags) == ("D01", ["personal"])
    assert "19900001234" not in str(notices(world, inquiry))


def test_what_is_added_while_the_router_thinks_is_thought_of_too(world, monkeypatch):
    inquiry = told(world, "门口的事")
    judge = dispatch._judge
    calls = []

    def interrupted(deps, found):
        judged = judge(deps, found)
        if not calls:
            world.deps.store.write(
                partial(
                    inquiries.add_message,
                    inquiry_id=inquiry,
                    direction="in",
                    kind="text",
                    text="停水了",
                    now=world.clock.now(),
                )
            )
        calls.append(len(found))
        return judged

    monkeypatch.setattr(dispatch, "_judge", interrupted)
    dispatch.drain(world.deps)
    assert unit_of(world, inquiry) == "D02"
    assert len(calls) == 2


def test_a_batch_is_drained_whole_and_each_once(world):
    found = [told(world, f"第{n}盏路灯坏了", citizen=f"c{n}") for n in range(dispatch.BATCH + 20)]
    assert dispatch.drain(world.deps) == len(found)
    assert {unit_of(world, inquiry) for inquiry in found} == {"D01"}
    assert dispatch.drain(world.deps) == 0


def test_an_empty_directory_leaves_the_inquiry_waiting_with_an_alarm(world):
    world.deps.store.write(lambda tx: tx.conn.exec_driver_sql("UPDATE officers SET active = false"))
    inquiry = told(world, "门口的路灯")
    dispatch.drain(world.deps)
    assert world.get(inquiry).state == "received"
    assert world.get(inquiry).fold_until > world.clock.now()
    assert "no_duty_desk" in world.alarms.standing
