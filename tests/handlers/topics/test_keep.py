"""Hot topics kept: over restarts, by several workers, rebuilt at night, and shown on the page."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask, render_template
from sqlalchemy import func, select, update

from handlers.services.topic_memory import PATIENCE
from handlers.topics import index
from store import topics as stored
from store.tables.inquiries import inquiries as inquiries_table
from store.tables.operations import counters
from tests.kit.deadline_kit import china, district
from tests.kit.topic_kit import (
    MONDAY,
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
from tests.kit.world import ROOT


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


# --- restarts, several workers ---


def test_a_restarted_worker_goes_on_with_the_same_topics(world):
    write(world, *PLANT[:5])
    look(world)
    before = (kept(world), belonging(world))
    restart(world)
    assert look(world) == 0
    write(world, PLANT[5], first=5)
    look(world)
    assert kept(world) == [("云栖雅苑", 6, 6)]
    assert set(belonging(world).values()) == set(before[1].values())


def test_two_workers_at_once_store_and_tell_once(database_url, tmp_path):
    world = make(tmp_path, database_url)
    other = make(tmp_path, database_url, again=True)
    other.officers, other.clock.time = world.officers, world.clock.time
    write(world, *PLANT[:5])
    counts: list[int] = []
    threads = [threading.Thread(target=lambda w=w: counts.append(index.drain(w.deps))) for w in (world, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 5]
    assert kept(world) == [("云栖雅苑", 5, 5)]
    assert len(pushed(world)) == 2
    other.close()
    world.close()


def test_the_second_worker_waits_and_takes_over_when_the_first_is_gone(database_url, tmp_path):
    first, second = make(tmp_path, database_url), make(tmp_path, database_url, again=True)
    write(first, *PLANT[:3])
    look(first)
    second.deps.topics.was_second()
    second.deps.topics.rebuilt_on = first.deps.topics.rebuilt_on
    write(first, PLANT[3], first=3)
    assert look(second, first.clock.now()) == 0
    assert look(second, first.clock.now() + PATIENCE - timedelta(seconds=1)) == 0
    assert look(second, first.clock.now() + PATIENCE) == 4
    assert kept(first) == [("云栖雅苑", 4, 4)]
    write(first, PLANT[4], first=4)
    assert look(first) == 5, "its index was behind: read anew"
    assert kept(first) == [("云栖雅苑", 5, 5)]
    second.close()
    first.close()


def test_findings_of_a_worker_that_was_overtaken_are_not_stored(small):
    write(small, *PLANT[:5])
    plain = small.deps.store.write

    def overtaken(work):
        plain(lambda tx: stored.move_looked(tx, seen=0, to=99))
        return plain(work)

    small.deps.topics.rebuilt_on = small.clock.now().date()
    small.deps.store.write = overtaken
    assert look(small) == 0
    small.deps.store.write = plain
    assert kept(small) == []
    assert pushed(small) == []
    assert small.deps.topics.index is None


# --- at night ---


def rebuilds(world):
    names = select(func.count()).select_from(counters).where(counters.c.name.like("topics:2%"))
    return world.deps.store.read(lambda tx: tx.conn.execute(names).scalar_one())


def test_the_nightly_rebuild_gives_the_same_answer_and_runs_once(world):
    look(world, MONDAY)
    for number, text in enumerate(PLANT[:7]):
        write(world, text, first=number)
        look(world)
        world.clock.forward(3600)
    before = (kept(world), belonging(world))
    assert rebuilds(world) == 1
    look(world, china(24, 3, 29))
    assert rebuilds(world) == 1
    look(world, china(24, 3, 30))
    look(world, china(24, 3, 31))
    assert rebuilds(world) == 2
    assert (kept(world), belonging(world)) == before
    assert world.alarms.raised == []


def test_an_index_that_went_wrong_is_told_of_and_replaced(small):
    look(small, MONDAY)
    write(small, *PLANT[:5])
    look(small)
    index = small.deps.topics.index
    next(iter(index.seen.values())).cut = ""
    index._namings.clear()
    look(small, china(24, 3, 30))
    assert [key for key, _ in small.alarms.raised] == ["topics_differ"]
    assert kept(small) == [("云栖雅苑", 5, 5)]
    assert small.deps.topics.index is not index


def test_what_changed_in_the_inquiries_meanwhile_is_no_difference(small):
    look(small, MONDAY)
    ids = write(small, *PLANT[:6])
    look(small)
    change(small, ids[0], flags=["secret"])
    change(small, ids[1], unit_id=small.units["D02"])
    change(small, ids[2], state="withdrawn")
    look(small, china(24, 3, 30))
    assert small.alarms.raised == []
    assert kept(small) == [("云栖雅苑", 4, 4)]
    assert sorted(belonging(small)) == [ids[1], *ids[3:]]


def test_a_topic_all_of_whose_inquiries_were_closed_to_view_is_gone(small):
    look(small, MONDAY)
    ids = write(small, *PLANT[:4])
    look(small)
    for inquiry_id in ids:
        change(small, inquiry_id, flags=["secret"])
    look(small, china(24, 3, 30))
    assert (kept(small), belonging(small)) == ([], {})


def test_a_worker_without_an_index_leaves_the_night_to_the_one_that_has_it(small):
    look(small, MONDAY)
    restart(small)
    small.deps.topics.was_second()
    look(small, china(24, 4, 29))
    assert rebuilds(small) == 1
    look(small, china(24, 4, 30))
    assert rebuilds(small) == 2


# --- the page ---


def test_the_view_tells_what_where_who_and_how_it_goes(small):
    ids = write(small, *PLANT[:5])
    look(small)
    (topic,) = view(small)
    assert (topic.title, topic.citizens, topic.size, topic.hot) == ("云栖雅苑 搅拌站", 5, 5, True)
    assert (topic.unit, topic.trend, topic.this_week, topic.last_week) == ("区城市管理局", "up", 5, 0)
    assert topic.period == "11月23日(周一)"
    assert topic.numbers == tuple(small.get(inquiry_id).number for inquiry_id in reversed(ids))
    assert "云栖雅苑" in topic.sample


def test_the_view_shows_the_newest_numbers_and_how_many_more(small):
    write(small, *PLANT, *PLANT)
    look(small)
    (topic,) = view(small)
    assert (len(topic.numbers), topic.more) == (10, 10)


def test_a_sample_that_became_secret_is_not_shown(small):
    write(small, *PLANT[:5])
    look(small)
    small.deps.store.write(lambda tx: tx.conn.execute(update(inquiries_table).values(flags=["secret"])))
    assert view(small)[0].sample == ""


def test_a_topic_nobody_writes_of_any_more_is_not_hot(small):
    write(small, *PLANT[:5])
    look(small)
    small.clock.forward(73 * 3600)
    assert [topic.hot for topic in view(small)] == [False]


def page(topics_shown):
    app = Flask("topics", root_path=str(ROOT), template_folder="templates/pages")
    with app.app_context():
        return render_template("_topics.html", topics=topics_shown)


def test_the_page_shows_a_topic_and_says_so_when_there_is_none(small):
    assert "没有多人反映" in page([])
    write(small, *PLANT[:5])
    look(small)
    shown = page(view(small))
    for words in ("云栖雅苑 搅拌站", "5 人", "共 5 件", "区城市管理局", "上升", small.get(1).number):
        assert words in shown
