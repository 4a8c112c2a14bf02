"""Hot topics over a real store: found as inquiries come, told once, out of the window after a month."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.directory.units import Directory
from bot.routing.keywords import KeywordRouter
from handlers.jobs.queues import sweep
from handlers.topics import index
from handlers.topics.keep import covered
from store import inquiries
from store.tables.delivery import outbox as outbox_table
from tests.kit.deadline_kit import china, district
from tests.kit.topic_kit import (
    ESTATES,
    MONDAY,
    OTHERS,
    PLANT,
    belonging,
    change,
    kept,
    look,
    make,
    pushed,
    restart,
    view,
    write,
)


@pytest.fixture
def world(database_url, tmp_path):
    made = make(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def small(tmp_path):
    """On SQLite only."""
    made = district(tmp_path)
    yield made
    made.close()


# --- as inquiries come ---


def test_what_many_write_about_becomes_a_topic_with_its_inquiries(world):
    ids = write(world, *PLANT[:4])
    other = write(world, "建设路的路灯坏了三天", first=50)
    assert look(world) == 5
    assert kept(world) == [("云栖雅苑", 4, 4)]
    assert sorted(belonging(world)) == ids
    assert other[0] not in belonging(world)


def test_a_topic_grows_as_more_is_written_and_keeps_its_row(world):
    write(world, *PLANT[:3])
    look(world)
    before = set(belonging(world).values())
    write(world, *PLANT[3:7], first=3)
    assert look(world) == 4
    assert kept(world) == [("云栖雅苑", 7, 7)]
    assert set(belonging(world).values()) == before


def test_one_prolific_sender_makes_no_topic(small):
    write(small, *PLANT, citizen="same")
    look(small)
    assert kept(small) == []
    assert pushed(small) == []


def test_with_nothing_new_a_look_reads_and_does_nothing_more(small):
    write(small, *PLANT[:3])
    look(small)
    writes = []
    plain, small.deps.store.write = small.deps.store.write, writes.append
    assert [look(small) for _ in range(3)] == [0, 0, 0]
    small.deps.store.write = plain
    assert writes == []


def test_a_flood_is_looked_at_in_batches(small):
    look(small, MONDAY)
    write(small, *(OTHERS * 42)[: index.BATCH + 7])
    assert [look(small) for _ in range(3)] == [index.BATCH, 7, 0]


def test_the_sweep_looks_for_topics(small):
    write(small, *PLANT[:3])
    assert sweep(small.deps)["topics"] == 3


def test_what_is_still_being_told_waits_and_so_does_what_came_after(world):
    ids = write(world, *PLANT[:5])
    fold(world, ids[2], world.clock.now() + timedelta(seconds=90))
    assert look(world) == 2
    assert look(world) == 0
    fold(world, ids[2], None)
    assert look(world) == 3
    assert kept(world) == [("云栖雅苑", 5, 5)]


def test_what_never_gets_routed_holds_nobody_up(small):
    ids = write(small, *PLANT[:4])
    fold(small, ids[0], small.clock.now() + timedelta(seconds=90))
    assert look(small) == 0
    small.clock.forward(4 * 3600)
    assert look(small) == 3
    assert ids[0] not in belonging(small)


def fold(world, inquiry_id, until):
    world.deps.store.write(lambda tx: inquiries.set_fold(tx, inquiry_id, until))


@pytest.mark.parametrize("flag", ["secret", "accusation"])
def test_secrets_and_accusations_stay_out(small, flag):
    ids = write(small, *PLANT[:5])
    for inquiry_id in ids[:3]:
        change(small, inquiry_id, flags=[flag])
    look(small)
    assert kept(small) == []
    assert belonging(small) == {}


@pytest.mark.parametrize("state", ["withdrawn", "rejected"])
def test_what_was_taken_back_or_refused_is_no_matter(small, state):
    ids = write(small, *PLANT[:4])
    change(small, ids[0], state=state)
    look(small)
    assert kept(small) == [("云栖雅苑", 3, 3)]


def test_the_place_and_the_unit_of_most_are_the_topics(small):
    for inquiry_id in write(small, *PLANT[:4]):
        change(small, inquiry_id, routing={"places": ["翠湖路"]})
    look(small)
    (topic,) = view(small)
    assert (topic.place, topic.unit) == ("翠湖路", "区城市管理局")


def test_a_units_keyword_from_everywhere_at_once_is_a_topic(small):
    write(small, *OTHERS, first=50)
    small.clock.forward(11 * 86400)
    write(small, *[f"{estate}停水{number}小时没人管" for number, estate in enumerate(ESTATES)])
    look(small)
    assert kept(small) == [("停水", 8, 8)]
    assert len(pushed(small)) == 2


def test_a_changed_directory_is_learned_without_a_difference_at_night(small):
    look(small, MONDAY)
    write(small, *OTHERS, first=50)
    look(small)
    small.clock.forward(11 * 86400)
    write(small, *[f"{estate}停水{number}小时没人管" for number, estate in enumerate(ESTATES)])
    look(small)
    plain = small.deps.router
    other = KeywordRouter(Directory())
    small.deps.router = lambda: other
    look(small, china(6, 4, 30, month=12))
    assert (small.alarms.raised, kept(small)) == ([], [("停水", 0, 0)])
    small.deps.router = plain
    look(small, china(7, 3, 30, month=12))
    assert small.alarms.raised == []


# --- the window ---


def test_what_is_older_than_the_window_no_longer_counts_and_stays_as_history(world):
    early = write(world, *PLANT[:4])
    look(world)
    world.clock.forward(31 * 86400)
    write(world, *PLANT[4:6], first=4)
    look(world)
    assert kept(world) == [("云栖雅苑", 4, 4)]
    assert sorted(belonging(world)) == early
    assert view(world) == []


def test_the_same_matter_after_a_month_is_a_new_topic_and_told_again(world):
    write(world, *PLANT[:5])
    look(world)
    world.clock.forward(40 * 86400)
    write(world, *PLANT[5:], first=5)
    look(world)
    assert kept(world) == [("云栖雅苑", 5, 5), ("云栖雅苑", 5, 5)]
    assert len(pushed(world)) == 4


def test_a_topic_of_too_few_is_dropped_if_nobody_was_told(world):
    ids = write(world, *PLANT[:3])
    look(world)
    change(world, ids[0], state="withdrawn")
    restart(world)
    write(world, "建设路的路灯坏了三天", first=20)
    look(world)
    assert kept(world) == []
    assert belonging(world) == {}


# --- telling ---


def test_five_citizens_within_three_days_are_told_to_duty_desk_and_leaders_once(world):
    write(world, *PLANT[:4])
    look(world)
    assert pushed(world) == []
    write(world, PLANT[4], first=4)
    look(world)
    write(world, PLANT[5], first=5)
    look(world)
    restart(world)
    look(world, world.clock.now() + timedelta(hours=1))
    assert sorted(pushed(world)) == [("chief", "云栖雅苑 搅拌站", 5), ("duty", "云栖雅苑 搅拌站", 5)]
    assert "outbox" in world.woken


def test_five_citizens_over_a_month_are_a_topic_and_not_hot(small):
    for number, text in enumerate(PLANT[:5]):
        write(small, text, first=number)
        look(small)
        small.clock.forward(6 * 86400)
    assert kept(small) == [("云栖雅苑", 5, 5)]
    assert pushed(small) == []


def test_a_topic_that_doubled_is_told_again_a_day_later_at_the_soonest(world):
    write(world, *PLANT[:5])
    look(world)
    write(world, *PLANT[5:9], first=5)
    look(world)
    assert len(pushed(world)) == 2
    write(world, PLANT[9], first=9)
    look(world)
    assert len(pushed(world)) == 2
    world.clock.forward(86400)
    write(world, PLANT[0], first=10)
    look(world)
    assert [each for each in pushed(world) if each[2] == 11] != []
    write(world, PLANT[1], first=11)
    look(world)
    assert len(pushed(world)) == 4


def test_the_notice_names_no_person_and_no_number(small):
    write(small, *[f"{text},联系人李建国19900001234" for text in PLANT[:5]])
    look(small)
    rows = small.deps.store.read(
        lambda tx: tx.conn.execute(select(outbox_table).where(outbox_table.c.key == "topic.new")).all()
    )
    said = "".join(small.deps.texts.render("topic.new", row.params) for row in rows)
    shown = repr(view(small))
    for text in (said, shown):
        assert "云栖雅苑" in text
        assert "19900001234" not in text
        assert "李建国" not in text


def test_names_and_numbers_are_covered_before_a_text_is_cut_into_words(small):
    write(small, *[f"我叫李建国,{text},我叫李建国,电话19900001234" for text in PLANT[:5]])
    look(small)
    held = small.deps.topics.index.seen.values()
    assert len(held) == 5
    assert not [seen for seen in held if "李建" in seen.cut or "1990" in seen.cut]


COVERED = [
    ("云栖雅苑搅拌站", "云栖雅苑搅拌站"),
    ("李建国老师打人", "李**老师打人"),
    ("找欧阳明校长", "找欧阳*校长"),
    ("李局长您好", "李局长您好"),
    ("联系人李建国", "联系人李**"),
    ("电话19900001234", "电话" + "*" * 11),
]


@pytest.mark.parametrize(("text", "shown"), COVERED)
def test_a_topic_names_matters_and_not_people(text, shown):
    assert covered(text) == shown
