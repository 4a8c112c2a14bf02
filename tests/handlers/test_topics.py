"""Hot topics over a real store: found as inquiries come, told once, kept over restarts and rebuilt at night."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask, render_template
from sqlalchemy import func, select, update

from bot.directory import Directory
from bot.messages import Address
from bot.routing import KeywordRouter
from handlers import topics
from handlers.topic_keeping import covered
from handlers.topic_memory import PATIENCE, TopicMemory
from handlers.topic_view import topics_view
from handlers.waking import sweep
from store import inquiries
from store import topics as stored
from store.engine import Store
from store.routing_tables import metadata
from store.routing_tables import topics as topics_table
from store.rows import update_row
from store.tables import counters
from store.tables import inquiries as inquiries_table
from store.tables import outbox as outbox_table
from store.vault import Vault
from tests.handlers.deadline_kit import china, district
from tests.world import ROOT, SECRET, add_directory

PLANT = [
    "云栖雅苑旁边修建了搅拌站,灰尘很大,孩子一直咳嗽",
    "请问云栖雅苑东门的搅拌站有没有环评?",
    "每天凌晨被吵醒,云栖雅苑北侧搅拌站通宵开工",
    "搅拌站离云栖雅苑只有五十米,水泥车进进出出",
    "云栖雅苑业主要求搬走搅拌站",
    "云栖雅苑的搅拌站还在扬尘",
    "反映云栖雅苑隔壁搅拌站噪音",
    "云栖雅苑搅拌站污水流到路上",
    "什么时候关掉云栖雅苑旁的搅拌站",
    "云栖雅苑楼下搅拌站没有手续",
]
OTHERS = ["路灯坏了三天", "公交车不到站就走了", "楼上漏水物业不管", "社保卡怎么补办", "菜市场门口乱停车"]
MONDAY = china(23, 10)


def make(folder, url, *, again=False):
    """A world over the database; ``again``: a second worker's."""
    store = Store(url, Vault(SECRET), pool_size=8)
    if not again:
        metadata.create_all(store.engine)
        store.write(add_directory)
    return district(folder, store=store)


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


def write(world, *texts, first=0, citizen=None):
    """An inquiry of each text, each by a citizen of their own unless said; the ids."""
    return [world.inquiry(text, citizen=Address("console", citizen or f"citizen-{first + n}"))
            for n, text in enumerate(texts)]


def look(world, at=None):
    if at is not None:
        world.clock.time = at
    return topics.drain(world.deps)


def kept(world):
    """(first word, citizens, size) of every stored topic."""
    rows = world.deps.store.read(lambda tx: tx.conn.execute(select(topics_table).order_by(topics_table.c.id)).all())
    return [(row.words[0], row.citizens, row.size) for row in rows]


def belonging(world):
    return world.deps.store.read(lambda tx: stored.members(tx, 0))


def pushed(world):
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(select(outbox_table).where(outbox_table.c.key == "topic.new")).all())
    codes = {number: code for code, number in world.officers.items()}
    return [(codes[row.officer_id], row.params["title"], row.params["citizens"]) for row in rows]


def restart(world):
    """As a worker that begins: nothing in memory."""
    world.deps.topics = TopicMemory(world.deps.topics.settings)


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


def change(world, inquiry_id, **values):
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, inquiry_id, **values))


def test_the_place_and_the_unit_of_most_are_the_topics(small):
    for inquiry_id in write(small, *PLANT[:4]):
        change(small, inquiry_id, routing={"places": ["翠湖路"]})
    look(small)
    topic, = view(small)
    assert (topic.place, topic.unit) == ("翠湖路", "区城市管理局")


ESTATES = ["云栖雅苑", "江畔书香", "翠湖", "南山里", "东湖湾", "星河", "晴川阁", "听松"]


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
        lambda tx: tx.conn.execute(select(outbox_table).where(outbox_table.c.key == "topic.new")).all())
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
    threads = [threading.Thread(target=lambda w=w: counts.append(topics.drain(w.deps))) for w in (world, other)]
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


def view(world, limit=10):
    return world.deps.store.read(lambda tx: topics_view(tx, world.clock.now(), limit))


def test_the_view_tells_what_where_who_and_how_it_goes(small):
    ids = write(small, *PLANT[:5])
    look(small)
    topic, = view(small)
    assert (topic.title, topic.citizens, topic.size, topic.hot) == ("云栖雅苑 搅拌站", 5, 5, True)
    assert (topic.unit, topic.trend, topic.this_week, topic.last_week) == ("区城市管理局", "up", 5, 0)
    assert topic.period == "11月23日(周一)"
    assert topic.numbers == tuple(small.get(inquiry_id).number for inquiry_id in reversed(ids))
    assert "云栖雅苑" in topic.sample


def test_the_view_shows_the_newest_numbers_and_how_many_more(small):
    write(small, *PLANT, *PLANT)
    look(small)
    topic, = view(small)
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
