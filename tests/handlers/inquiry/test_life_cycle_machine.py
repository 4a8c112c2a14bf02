"""Random lives of inquiries over the real handlers and store: nobody can make the record lie.

Citizens and officers write their words as on a phone, the clock jumps and sometimes steps back, days
are declared off or worked, the deadline run comes twice or not for weeks, the far end sometimes
fails. After every step ``life_kit.Watch`` compares the stored rows with those before.
HYPOTHESIS_PROFILE=thorough draws more and longer lives.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from bot.clocks.workdays import CHINA
from bot.edge.errors import Ambiguous, RateLimited, RecipientGone, Refused, Temporary
from bot.edge.messages import Address, InboundMessage, Kind
from handlers.clocks import charges
from handlers.deadlines import recomputation
from handlers.delivery import outbox
from handlers.duty_desk import dispatch
from handlers.inbound import receive
from handlers.jobs import timers
from handlers.services.cache import read_calendar
from store import calendar as calendar_table
from store import directory, people, scores
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.tables.inquiries import assignments, inquiries
from store.tables.whole import metadata
from tests.kit.deadline_kit import HEADS
from tests.kit.life_kit import Watch, use_far_end
from tests.kit.world import OFFICERS, SECRET, add_directory, make_world

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Whether the disk keeps its word is tests/faults' affair: here its waits are most of the time."""
CITIZENS = ("ann", "bob", "cai")
STAFF = ("duty", "lamp", "lamp2", "lamphead", "water", "street", "community", "chief", "duty2")
MATTERS = (
    "建设路12号门前的路灯坏了三天",
    "春晓路口停水一天了，水管也漏",
    "三单元楼道堆满杂物",
    "想问一下养老金的事情怎么办理",
)
CITIZENS_WORDS = (
    "催 {}",
    "补充 {} 在12号门前，靠近公交站",
    "撤回 {}",
    "在12号门前，靠近公交站",
    "在12号门前，靠近公交站",
    "谢谢",
    "1",
    "2",
    "3",
    "满意 {}",
    "不满意 {}",
    "不满意 {} 根本没有修好",
    "不满意 {} 根本没有修好",
    "根本没有人来过现场",
    "Y",
    "有异议 {}",
)
WHY_LATER = "需要现场检测并更换配件，供货方称要一周才能到货安装"
OFFICERS_WORDS = (
    "收 {}",
    "收 {}",
    "复 {} 已经派人到现场修好，今晚亮灯，请您查看。",
    "复 {} 已经派人到现场修好，今晚亮灯，请您查看。",
    f"延 {{}} 3 {WHY_LATER}",
    f"延 {{}} {WHY_LATER}",
    f"延 {{}} 10 {WHY_LATER}",
    "退 {} 这不是我们的职责范围 区水务局",
    "退 {} 不归我们管",
    "问 {} 请问具体在几号门前？",
    "问 {} 是哪一盏路灯？",
    "协 {} 区水务局",
    "协 {} 杏花街道办事处",
)
ANSWERS_WORDS = (
    "更正 {} 应为明日修好，今晚还不亮。",
    "更正 {} 应为后日修好，这两晚还不亮。",
    "撤答 {} 误发了另一件的答复",
)
OFFICES_WORDS = tuple(
    (who, word)
    for who in ("duty", "duty", "chief", "lamp")
    for word in ("准 {}", "准 {}", "准 {} 区水务局", "驳 {} 理由不充分")
) + tuple(
    (who, f"转 {{}} {unit}")
    for who, unit in (
        ("duty", "区城市管理局"),
        ("duty", "杏花街道办事处"),
        ("street", "春晓社区"),
        ("duty", "春晓社区"),
    )
)
DESKS_WORDS = (
    "派 {} 1",
    "派 {} 2",
    "派 {} 区水务局",
    "派 {} 区城市管理局",
    "派 {} 区城市管理局 协 区水务局",
    "派 {} 区问政办公室",
    "不受理 {} 诉讼",
    "不受理 {} 4",
    "不受理 {} 其他 属于小区业主自治的事",
    "不受理 {} 在办",
    "并 {} {other}",
    "并 {} {other}",
    "待办",
)
DESK = ("duty", "duty2", "chief", "lamp")
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800
JUMPS = st.one_of(
    st.integers(1, 50 * MINUTE), st.integers(HOUR, 30 * HOUR), st.integers(DAY, 6 * DAY), st.integers(WEEK, 7 * WEEK)
)
FAULTS = (
    Temporary("busy"),
    Ambiguous("timeout"),
    RateLimited("limited", retry_after=30),
    Refused("no"),
    RecipientGone("gone"),
)
SLOTS = st.integers(0, 11)
STRANGER = 10
"""From here on a slot means that somebody acts whose matter it is not."""
DECADES = st.sampled_from(
    [
        datetime(2026, 11, 23, 2, tzinfo=UTC),
        datetime(2026, 12, 30, 8, 59, 59, tzinfo=UTC),
        datetime(2026, 2, 13, 15, 59, 59, tzinfo=UTC),
        datetime(2012, 4, 27, 6, tzinfo=UTC),
    ]
)
"""A Monday, the end of a year whose next is not announced, the eve of a Spring Festival, make-up days in 2012."""


def open_world(store, folder):
    """A district with heads, everybody's terminal known, at the newest schema."""
    world = make_world(folder, store=store)
    use_far_end(world)

    def work(tx):
        for code, name, unit, role in (*HEADS, ("duty2", "艾一诺", "D00", "duty")):
            directory.save_officer(tx, code, name=name, unit_id=world.units[unit], role=role)
        world.officers.update({row.code: row.id for row in directory.all_officers(tx)})
        for code in STAFF:
            people.ensure(tx, "console", Address("console", code), world.clock.now(), officer_id=world.officers[code])

    world.deps.store.write(work)
    return world


def at_work(world):
    """An officer of each unit."""
    return {world.units[unit]: code for code, _, unit, _ in reversed(OFFICERS)}


class Life(RuleBasedStateMachine):
    """``make(folder)`` gives the database of one example."""

    make = None

    @initialize(start=DECADES)
    def begin(self, start):
        self.folder = Path(tempfile.mkdtemp(prefix="life", dir=MEMORY))
        self.world = open_world(type(self).make(self.folder), self.folder)
        self.world.clock.time = start
        self.use_calendar()
        self.at_work = at_work(self.world)
        self.contacts = self.world.deps.store.write(self.known)
        self.watch = Watch(self.world)
        self.calendar_changed = False
        self.messages = 0
        self.comes_in("ann", MATTERS[0])

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- how a step is done ----------------------------------------------------------------------

    def known(self, tx):
        """The citizens by name, as if each had written before."""
        rows = {who: people.ensure(tx, "console", Address("console", who), self.world.clock.now()) for who in CITIZENS}
        return {who: people.ensure_contact(tx, row, self.world.clock.now()) for who, row in rows.items()}

    def use_calendar(self):
        known = self.world.deps.store.read(read_calendar)
        self.world.deps.calendar = lambda: known

    def say(self, who, words):
        """A message through the front door; what was answered."""
        self.messages += 1
        self.world.clock.forward(7)
        message = InboundMessage("console", f"m{self.messages}", Address("console", who), Kind.TEXT, words)
        return receive.take(
            self.world.deps,
            self.world.deps.channels["console"],
            message,
            replay_key="",
            raw=b"",
            now=self.world.clock.now(),
        )

    def pick(self, slot):
        """One of the newest inquiries."""
        rows = list(self.watch.rows[inquiries].values())[-3:]
        return rows[slot % len(rows)]

    def owner(self, slot):
        """She whose inquiry it is; now and then somebody else tries."""
        named = {contact_id: who for who, contact_id in self.contacts.items()}
        return CITIZENS[slot % len(CITIZENS)] if slot >= STRANGER else named[self.pick(slot).contact_id]

    def officer(self, slot):
        """Somebody of the unit that has it; now and then anybody."""
        leads = [row for row in self.watch.rows[assignments].values() if row.inquiry_id == self.pick(slot).id]
        if slot >= STRANGER or not leads:
            return STAFF[slot % len(STAFF)]
        return self.at_work[leads[-1].unit_id]

    def of(self, slot, word):
        """A word with the number of an inquiry in it."""
        return word.format(self.pick(slot).number)

    def comes_in(self, who, matter):
        """Told in full and dispatched."""
        self.say(who, matter)
        self.say(who, "完")
        dispatch.drain(self.world.deps)
        self.watch.look()

    # -- citizens --------------------------------------------------------------------------------

    @rule(who=st.sampled_from(CITIZENS), matter=st.sampled_from(MATTERS), ends=st.sampled_from([True, True, False]))
    def writes(self, who, matter, ends):
        if ends:
            self.comes_in(who, matter)
        else:
            self.say(who, matter)

    @rule(slot=SLOTS, word=st.sampled_from(CITIZENS_WORDS))
    def says_of_it(self, slot, word):
        self.say(self.owner(slot), self.of(slot, word))

    # -- officers --------------------------------------------------------------------------------

    @rule(slot=SLOTS, word=st.sampled_from(OFFICERS_WORDS))
    def works_on_it(self, slot, word):
        self.say(self.officer(slot), self.of(slot, word))

    @rule(slot=SLOTS, does=st.sampled_from(OFFICES_WORDS))
    def decides(self, slot, does):
        who, word = does
        self.say(who, self.of(slot, word))

    @rule(slot=SLOTS, other=SLOTS, who=st.sampled_from(DESK), word=st.sampled_from(DESKS_WORDS))
    def decides_for_the_desk(self, slot, other, who, word):
        self.say(who, word.format(self.pick(slot).number, other=self.pick(other).number))

    @rule(slot=SLOTS, ending=st.sampled_from(["撤回 {}", "不受理 {} 诉讼"]))
    def a_rejection_is_objected_to_and_a_merge_loses_its_head(self, slot, ending):
        """Chains single draws seldom hit upon."""
        self.comes_in(self.owner(slot), MATTERS[3])
        self.say("duty", self.of(-1, "不受理 {} 诉讼"))
        self.look()
        self.say(self.owner(-1), "Y")
        self.look()
        self.say("duty2", self.of(-1, "派 {} 区水务局" if slot % 2 else "不受理 {} 信访"))
        self.look()
        self.comes_in(self.owner(slot + 1), MATTERS[1])
        self.say("duty2", f"并 {self.pick(-1).number} {self.pick(slot).number}")
        self.look()
        self.say(self.owner(slot) if ending[0] == "撤" else "duty2", self.of(slot, ending))

    @rule(slot=SLOTS, words=st.lists(st.sampled_from(ANSWERS_WORDS), min_size=1, max_size=3), goes_out=st.booleans())
    def an_answer_does_not_hold(self, slot, words, goes_out):
        """Put right or taken back, before it went out or after."""
        who = self.officer(slot)
        for word in (OFFICERS_WORDS[2], *words):
            self.say(who, self.of(slot, word))
            if goes_out:
                outbox.drain(self.world.deps)
            self.look()

    @rule(pick=st.integers(0, 20))
    def returns_points(self, pick):
        """The desk grants an appeal; what it took back is not charged again."""

        def work(tx):
            rows = scores.all_entries(tx)
            if rows:
                duty = directory.officer(tx, self.world.officers["duty"])
                charges.appeal(
                    tx,
                    rows[pick % len(rows)].id,
                    reason="凭证齐全",
                    officer=duty,
                    grant=True,
                    now=self.world.clock.now(),
                )

        self.world.deps.store.write(work)

    # -- time ------------------------------------------------------------------------------------

    @rule(seconds=JUMPS, runs=st.sampled_from([1, 1, 2, 0]))
    def time_passes(self, seconds, runs):
        """The deadline run may be down, or come twice."""
        self.world.clock.forward(seconds)
        dispatch.drain(self.world.deps)
        for _ in range(runs):
            timers.drain(self.world.deps)
        self.look()
        if runs:
            self.watch.nothing_waits()

    @rule(seconds=st.integers(1, 90 * MINUTE))
    def clock_steps_back(self, seconds):
        self.world.clock.forward(-seconds)
        timers.drain(self.world.deps)

    @rule(ahead=st.integers(2, 12), works=st.booleans())
    def a_day_changes(self, ahead, works):
        day = (self.world.clock.now() + timedelta(days=ahead)).astimezone(CHINA).date()
        before = self.world.deps.calendar()
        self.world.deps.store.write(
            lambda tx: calendar_table.put(tx, {day: works}, author="ops", source="notice", now=self.world.clock.now())
        )
        self.use_calendar()
        recomputation.recompute(
            self.world.deps,
            recomputation.Calendars(before, self.world.deps.calendar(), self.world.deps.due_rule, "notice"),
        )
        self.calendar_changed = True

    @rule(faults=st.lists(st.sampled_from([None, *FAULTS]), max_size=6))
    def messages_go_out(self, faults):
        self.world.deps.channels["console"].faults = list(faults)
        outbox.drain(self.world.deps)

    # -- all of it -------------------------------------------------------------------------------

    @rule(seed=st.integers(0, 2**32 - 1))
    def a_busy_week(self, seed):
        """A dozen steps likely to come to something: single draws seldom meet in one inquiry's life."""
        draw = random.Random(seed)
        slot = draw.randrange(3)
        for _ in range(12):
            does, (who, office_word) = draw.random(), draw.choice(OFFICES_WORDS)
            desk, desk_word = draw.choice(DESK), draw.choice(DESKS_WORDS)
            if does < 0.25:
                self.say(self.owner(slot), self.of(slot, draw.choice(CITIZENS_WORDS)))
            elif does < 0.55:
                self.say(self.officer(slot), self.of(slot, draw.choice(OFFICERS_WORDS)))
            elif does < 0.72:
                self.say(who, self.of(slot, office_word))
            elif does < 0.77:
                self.decides_for_the_desk(slot, draw.randrange(3), desk, desk_word)
            elif does < 0.95:
                self.world.clock.forward(draw.choice([HOUR, 5 * HOUR, DAY, 3 * DAY]))
                timers.drain(self.world.deps)
            else:
                outbox.drain(self.world.deps)
            self.look()

    # -- what must hold --------------------------------------------------------------------------

    def look(self):
        self.watch.look(calendar_changed=self.calendar_changed)
        self.calendar_changed = False

    @invariant()
    def holds(self):
        if hasattr(self, "watch"):
            self.look()


# -- databases -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def furnished_sqlite(migrated_sqlite, tmp_path_factory):
    """A file at the newest schema with the directory in it, to be copied for each life."""
    path = tmp_path_factory.mktemp("life") / "template.db"
    shutil.copy(migrated_sqlite, path)
    store = Store(f"sqlite:///{path}", Vault(SECRET), pool_size=1)
    store.write(add_directory)
    store.close()
    return path


@pytest.fixture
def on_sqlite(furnished_sqlite):
    def make(folder):
        shutil.copy(furnished_sqlite, folder / "test.db")
        return Store(f"sqlite:///{folder / 'test.db'}", Vault(SECRET), pool_size=4)

    return type("LifeOnSqlite", (Life,), {"make": staticmethod(make)})


@pytest.fixture
def on_postgres(postgres_url):
    def make(_folder):
        store = Store(postgres_url, Vault(SECRET), pool_size=4)
        names = ", ".join(table.name for table in metadata.sorted_tables)
        store.write(lambda tx: tx.conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE")))
        store.write(add_directory)
        return store

    return type("LifeOnPostgres", (Life,), {"make": staticmethod(make)})


def lives(*, examples, steps):
    """``examples`` at a desk, more where nobody waits."""
    thorough = settings().max_examples >= 100
    return settings(
        max_examples=examples * (10 if thorough else 1),
        stateful_step_count=steps * (2 if thorough else 1),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_no_life_breaks_an_invariant_on_sqlite(on_sqlite):
    run_state_machine_as_test(on_sqlite, settings=lives(examples=8, steps=12))


@pytest.mark.integration
def test_no_life_breaks_an_invariant_on_postgresql(on_postgres):
    run_state_machine_as_test(on_postgres, settings=lives(examples=5, steps=8))


@pytest.mark.integration
def test_a_life_comes_to_everything_the_invariants_are_about(on_sqlite):
    """A watch over lives in which nothing happens would hold whatever the code does."""
    happened = Counter()
    for seed in range(14):
        life = on_sqlite()
        try:
            life.begin(datetime(2026, 11, 23, 2, tzinfo=UTC))
            life.works_on_it(0, "问 {} 是哪一盏路灯？")
            if seed % 4:
                life.says_of_it(0, "在12号门前，靠近公交站")
            else:
                life.time_passes(seconds=WEEK, runs=1)
            life.look()
            life.a_busy_week(seed)
            life.a_day_changes(ahead=2 + seed % 3, works=False)
            life.look()
            life.a_busy_week(seed + 1)
            if seed % 3 == 0:
                life.a_rejection_is_objected_to_and_a_merge_loses_its_head(seed % 2, "撤回 {}")
                life.look()
            if seed < 4:
                life.comes_in("ann", MATTERS[0])
                life.an_answer_does_not_hold(-1, [ANSWERS_WORDS[seed % 3]], goes_out=seed > 0)
            life.time_passes(seconds=6 * WEEK, runs=2)
            happened += life.watch.seen
        finally:
            life.teardown()
    assert happened.keys() >= {
        "received",
        "dispatched",
        "signed",
        "answered",
        "asked",
        "resumed",
        "lapsed",
        "extension_asked",
        "extended",
        "extension_expired",
        "return_asked",
        "returned",
        "transferred",
        "assist_asked",
        "rated",
        "reworked",
        "closed",
        "archived",
        "withdrawn",
        "late_sign",
        "overdue",
        "yellow",
        "red",
        "due_recomputed",
        "clock_set",
        "rejected",
        "objected",
        "objection_upheld",
        "merged",
        "joined",
        "unmerged",
        "answer_edited",
        "answer_corrected",
        "answer_retracted",
    }
