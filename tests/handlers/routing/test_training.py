"""The router learns from the desk's decisions; a model that cannot be read stops nothing."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.classifier.model import Classifier
from bot.edge.messages import Address
from handlers.routing import training, training_hours
from handlers.routing.model import ALARM, LearnedModel
from store import decisions, inquiries, models
from store.tables.routing import models as models_table
from tests.kit.world import make_world

pytestmark = pytest.mark.integration

TOPICS = {
    "D01": (("灯杆", "垃圾桶", "摊贩", "广告牌", "井盖"), ("倒了", "没人清", "堵着路", "坏了", "歪了")),
    "D02": (("自来水", "水压", "水表", "水管", "河道"), ("发黄", "太低", "不走字", "爆了", "发臭")),
    "S01": (("楼道", "邻居", "电瓶车", "门禁", "快递柜"), ("堆东西", "太吵", "占通道", "打不开", "挡门")),
}
WHERE = ("小区东门", "幼儿园旁", "菜市场后面", "三号楼下", "公交站边", "学校门口", "广场上", "桥头")
NIGHT = timedelta(hours=17)  # the worlds' clock stands at ten in the morning


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


def letters(unit, count, *, seed=0):
    """Texts a unit of that kind gets, no two alike."""
    things, troubles = TOPICS[unit]
    found = [
        f"{where}的{thing}{trouble}，请派人看看" for where, thing, trouble in itertools.product(WHERE, things, troubles)
    ]
    random.Random(f"{unit}{seed}").shuffle(found)
    return found[:count]


def decide(world, unit, texts, *, source="desk", to=None):
    """The desk sends these to a unit; a moment passes."""
    for number, text in enumerate(texts):
        inquiry_id = world.inquiry(text, unit="D00", citizen=Address("console", f"citizen-{unit}-{number}"))
        world.clock.forward(1)
        world.deps.store.write(
            lambda tx, i=inquiry_id: decisions.record(
                tx,
                inquiries.get(tx, i),
                world.units[to or unit],
                source=source,
                now=world.clock.now(),
                officer_id=world.officers["duty"],
            )
        )


def taught(world, count=40):
    for unit in TOPICS:
        decide(world, unit, letters(unit, count))
    return training.retrain(world.deps)


def learned(world):
    return LearnedModel(world.deps.store, world.alarms, Classifier.from_bytes)


def in_use(world):
    row = world.deps.store.read(models.active)
    return row.id if row is not None else None


def damage(world, data):
    world.deps.store.write(lambda tx: tx.conn.execute(update(models_table).values(data=data)))


def test_the_first_model_is_used_when_it_is_better_than_the_keywords(world):
    outcome = taught(world)
    assert outcome.done == "taken"
    card = outcome.card
    assert card["decisions"] == 120
    assert card["sources"] == {"desk": 120}
    assert card["compared"]["with"] == "keywords"
    assert card["compared"]["held_back"] == 24
    assert card["compared"]["right"] > card["compared"]["right_before"]
    (guesses,) = learned(world).get().guesser.guess([("", "菜市场后面水管坏了发黄")])
    assert guesses[0].label == "D02"


def test_too_few_decisions_make_no_model(world):
    decide(world, "D01", letters("D01", 5))
    outcome = training.retrain(world.deps)
    assert (outcome.done, in_use(world)) == ("too_few", None)
    assert outcome.card["decisions"] == 5


def test_a_model_that_is_worse_on_what_neither_saw_is_kept_but_not_used(world):
    first = taught(world).model_id
    # Two slips of the finger, then a right one; every third is held back.
    wrong = {"D01": "D02", "D02": "S01", "S01": "D01"}
    for unit in TOPICS:
        for number, text in enumerate(letters(unit, 100)[40:]):
            decide(world, unit, [text], to=unit if number % 3 == 2 else wrong[unit])
    outcome = training.retrain(world.deps)
    compared = outcome.card["compared"]
    assert (outcome.done, compared["with"], compared["held_back"]) == ("refused", f"model:{first}", 60)
    assert compared["right"] < compared["right_before"] == 60
    assert in_use(world) == first
    states = {row.id: row.state for row in world.deps.store.read(models.listed)}
    assert states == {first: "active", outcome.model_id: "refused"}


def test_what_a_model_is_compared_on_was_seen_by_neither(world):
    taught(world)
    decide(world, "D01", letters("D01", 70)[40:])
    outcome = training.retrain(world.deps)
    assert outcome.card["decisions"] == 150
    assert outcome.card["compared"]["held_back"] == 10  # every third of the thirty that are new


def test_decisions_for_a_merged_unit_teach_its_successor(world):
    taught(world)

    def merge(tx):
        tx.conn.exec_driver_sql("UPDATE units SET active = false, merged_into = 'D02' WHERE code = 'S01'")

    world.deps.store.write(merge)
    outcome = training.retrain(world.deps)
    assert outcome.card["model"]["labels"] == {"D01": 40, "D02": 80}


def test_secret_and_accusing_letters_are_not_learned_from(world):
    for unit in TOPICS:
        decide(world, unit, letters(unit, 20))

    def flag(tx):
        tx.conn.exec_driver_sql("UPDATE inquiries SET flags = '[\"secret\"]' WHERE id <= 5")
        tx.conn.exec_driver_sql('UPDATE inquiries SET flags = \'["accusation", "personal"]\' WHERE id > 55')

    world.deps.store.write(flag)
    assert training.retrain(world.deps).card["decisions"] == 50


def test_no_phone_number_is_kept_in_a_model(world):
    for unit in TOPICS:
        decide(world, unit, [f"{text}，我的电话19900001234" for text in letters(unit, 30)])
    outcome = training.retrain(world.deps)
    data = world.deps.store.read(lambda tx: models.data_of(tx, outcome.model_id))
    assert b"1990" not in data
    assert b"0001" not in data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"not a model at all", "corrupt"),
        (None, "corrupt"),
    ],
)
def test_a_model_missing_or_corrupt_leaves_the_keywords_and_an_alarm(world, data, why):
    model_id = taught(world).model_id
    whole = world.deps.store.read(lambda tx: models.data_of(tx, model_id))
    damage(world, data if data is not None else whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    assert learned(world).get() is None
    assert world.alarms.raised == [(ALARM, {"model": model_id, "why": why})]


def test_a_model_of_another_version_leaves_the_keywords_and_an_alarm(world, monkeypatch):
    model_id = taught(world).model_id
    monkeypatch.setattr("bot.classifier.model_file.VERSION", 99)
    assert learned(world).get() is None
    assert world.alarms.raised == [(ALARM, {"model": model_id, "why": "other_version"})]


def test_the_alarm_is_taken_back_once_a_good_model_is_in_use(world, monkeypatch):
    taught(world)
    monkeypatch.setattr("handlers.routing.model.LOOK_SECONDS", -1.0)
    model = learned(world)
    damage(world, b"")
    assert model.get() is None
    training.retrain(world.deps)
    assert model.get() is not None
    assert ALARM not in world.alarms.standing


def test_an_unreadable_model_is_replaced_by_one_compared_with_the_keywords(world):
    taught(world)
    damage(world, b"")
    assert training.retrain(world.deps).card["compared"]["with"] == "keywords"


def test_rolling_back_goes_to_the_model_before_and_at_last_to_the_keywords(world):
    first = taught(world).model_id
    decide(world, "D02", letters("D02", 70)[40:])
    second = training.retrain(world.deps).model_id
    assert in_use(world) == second
    back = lambda: world.deps.store.write(lambda tx: models.roll_back(tx, world.clock.now()))  # noqa: E731
    assert (back(), in_use(world)) == (first, first)
    assert (back(), in_use(world)) == (0, None)
    assert back() is None
    assert learned(world).get() is None


def test_training_is_due_at_night_once_and_only_with_enough_that_is_new(world):
    decide(world, "D01", letters("D01", 30))
    assert not training_hours.due(world.deps)  # in the morning
    world.clock.forward(NIGHT.total_seconds())
    assert training_hours.due(world.deps)
    assert not training_hours.due(world.deps)  # another worker, the same night
    decide(world, "D02", letters("D02", 30))
    training.retrain(world.deps)
    world.clock.forward(timedelta(days=1).total_seconds())
    assert not training_hours.due(world.deps)  # nothing was decided since


def test_models_of_long_ago_go_and_the_one_in_use_stays(world):
    model_id = taught(world).model_id
    for _ in range(models.KEPT + 5):
        world.deps.store.write(lambda tx: models.add(tx, b"x", {}, state="refused", now=world.clock.now()))
    kept = [row.id for row in world.deps.store.read(lambda tx: models.listed(tx, 100))]
    assert len(kept) == models.KEPT + 1
    assert kept[-1] == model_id
