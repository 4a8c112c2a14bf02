"""A notice on days off: read, stored, and every open due time counted anew."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.clocks.steps import DueChange
from bot.clocks.workdays import Calendar
from handlers.clocks import charges
from handlers.deadlines import holidays, recomputation
from handlers.services.cache import read_calendar
from store import calendar as table
from store import inquiries
from store.engine.writes import update_row
from store.tables.inquiries import assignments
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.deadline_kit import china, district, ledger, names, order, run, sign, told

EXTENSION = """国务院办公厅关于延长2020年春节假期的通知
一、延长2020年春节假期至2月2日(农历正月初九,星期日),2月3日(星期一)起正常上班。"""
FIRST_NOTICE = {date(2020, 1, 31): True, date(2020, 2, 1): True}
"""2020 as announced in 2019: the holiday ended on 30 January, Saturday 1 February was worked."""
NOTICE_2027 = """国务院办公厅关于2027年部分节假日安排的通知
一、元旦:1月1日(周五)至3日(周日)放假,共3天。
二、春节:2月5日(周五)至11日(周四)放假调休,共7天。1月31日(周日)、2月20日(周六)上班。
三、清明节:4月3日(周六)至5日(周一)放假,共3天。
四、劳动节:5月1日(周六)至5日(周三)放假调休,共5天。4月25日(周日)、5月8日(周六)上班。
五、端午节:6月9日(周三)放假,共1天。
六、中秋节:9月15日(周三)放假,共1天。
七、国庆节:10月1日(周五)至7日(周四)放假调休,共7天。9月26日(周日)、10月9日(周六)上班。"""


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


def enter(world, days):
    """Days as the office had them; the process's calendar follows."""
    world.deps.store.write(lambda tx: table.put(tx, days, author="t", source="t", now=world.clock.now()))
    use(world)


def use(world):
    known = world.deps.store.read(read_calendar)
    world.deps.calendar = lambda: known


def take_over(world, text, *, source="notice"):
    before = world.deps.calendar()
    wanted = holidays.plan(text, before)
    now = world.clock.now()
    after = world.deps.store.write(lambda tx: holidays.store(tx, wanted, author="ops", source=source, now=now))
    report = recomputation.recompute(world.deps, recomputation.Calendars(before, after, world.deps.due_rule, source))
    use(world)
    return report


@pytest.fixture
def spring(world):
    """Received on Wednesday 2020-01-22, due on Monday 3 February by the notice of 2019."""
    enter(world, FIRST_NOTICE)
    world.clock.time = china(22, 10, month=1, year=2020)
    inquiry_id = order(world)
    sign(world, inquiry_id)
    assert world.get(inquiry_id).due_at == china(3, 17, month=2, year=2020)
    return inquiry_id


def test_edge_46_the_extension_of_2020_moves_the_third_of_february_to_the_fifth(world, spring):
    world.clock.time = china(27, 12, month=1, year=2020)
    report = take_over(world, EXTENSION, source="国办发明电〔2020〕1号")
    found = world.get(spring)
    assert found.due_at == world.order(spring).due_at == china(5, 17, month=2, year=2020)
    assert [step[0] for step in found.derivation if step[1]] == ["2020-01-23", "2020-02-03", "2020-02-04", "2020-02-05"]
    assert (report.looked, report.count(DueChange.LATER)) == (1, 2)
    assert told(world) == []
    assert names(world, spring)[-1] == "due_recomputed"


def test_edge_46_the_moved_due_time_has_its_reminders_and_the_old_one_none(world, spring):
    world.clock.time = china(27, 12, month=1, year=2020)
    take_over(world, EXTENSION)
    run(world, china(3, 18, month=2, year=2020))
    assert told(world, key="overdue.unit") == []
    run(world, china(5, 17, 1, month=2, year=2020))
    assert len(told(world, key="overdue.unit")) == 2


def test_points_for_a_day_that_turned_out_to_be_off_are_given_back_with_the_reason(world, spring):
    run(world, china(3, 17, 1, month=2, year=2020))
    assert ledger(world) == [("overdue", -50)]
    take_over(world, EXTENSION, source="国办发明电〔2020〕1号")
    assert ledger(world) == [("overdue", -50), ("overdue", 50)]
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert (replayed.missing, replayed.surplus) == ((), ())


def test_points_of_an_answered_inquiry_are_given_back_too(world, spring):
    run(world, china(3, 17, 1, month=2, year=2020))
    world.clock.time = china(4, 9, month=2, year=2020)
    world.act("answer", spring, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, china(4, 17, 1, month=2, year=2020))
    take_over(world, EXTENSION)
    assert ledger(world) == [("overdue", -50), ("overdue", 50)]
    run(world, china(20, 9, month=2, year=2020))
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert (replayed.missing, replayed.surplus) == ((), ())


def test_an_earlier_due_time_is_told_to_the_unit_and_to_the_citizen(world):
    enter(world, {date(2026, 11, 27): False})
    inquiry_id = order(world)
    sign(world, inquiry_id)
    assert world.get(inquiry_id).due_at == china(30, 17)
    before = world.deps.calendar()
    report = recomputation.recompute(world.deps, recomputation.Calendars(before, Calendar(), "A", "taken back"))
    assert world.get(inquiry_id).due_at == world.order(inquiry_id).due_at == china(27, 17)
    assert report.count(DueChange.EARLIER) == 2
    assert sorted(told(world)) == [
        ("due.earlier.citizen", "citizen"),
        ("due.earlier.unit", "lamp"),
        ("due.earlier.unit", "lamp2"),
    ]
    again = recomputation.recompute(world.deps, recomputation.Calendars(Calendar(), Calendar(), "A", "again"))
    assert again.changes == []


def test_a_due_time_never_moves_into_the_past(world):
    enter(world, {date(2026, 11, 27): False})
    inquiry_id = order(world)
    sign(world, inquiry_id)
    before = world.deps.calendar()
    world.clock.time = china(30, 9)
    report = recomputation.recompute(world.deps, recomputation.Calendars(before, Calendar(), "A", "taken back"))
    assert world.get(inquiry_id).due_at == world.order(inquiry_id).due_at == china(30, 17)
    assert {each.change for each in report.changes} == {DueChange.KEPT}
    assert told(world) == []


def test_a_promised_extension_keeps_its_day_unless_nobody_works_on_it(world):
    kept, moved = order(world, citizen=1), order(world, citizen=2)
    for inquiry_id, day in ((kept, china(3, 17, month=12)), (moved, china(4, 17, month=12))):
        world.deps.store.write(
            lambda tx, i=inquiry_id, d=day: (
                update_row(tx, inquiries_table, i, due_at=d),
                update_row(tx, assignments, world.order(i).id, due_at=d),
            )
        )
    before = world.deps.calendar()
    after = Calendar({date(2026, 12, 4): holidays_off()})
    recomputation.recompute(world.deps, recomputation.Calendars(before, after, "A", "a day off"))
    assert world.get(kept).due_at == china(3, 17, month=12)
    assert world.get(moved).due_at == world.order(moved).due_at == china(7, 17, month=12)


def holidays_off():
    from bot.clocks.workdays import Override

    return Override(working=False, note="a day off")


def test_a_units_own_clock_counts_from_dispatch(world):
    inquiry_id = order(world, due=china(30, 17))  # dispatched a day after receipt, say
    world.deps.store.write(lambda tx: update_row(tx, assignments, world.order(inquiry_id).id, created_at=china(24, 9)))
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, inquiry_id, due_at=china(27, 17)))
    after = Calendar({date(2026, 11, 26): holidays_off()})
    recomputation.recompute(world.deps, recomputation.Calendars(Calendar(), after, "A", "a day off"))
    assert world.get(inquiry_id).due_at == china(30, 17)
    assert world.order(inquiry_id).due_at == china(1, 17, month=12)


# --- a year nobody knew ---


def test_edge_46_received_on_the_last_working_day_of_the_year_the_due_time_is_provisional_until_the_notice(world):
    world.clock.time = china(31, 23, 59, 59, month=12)
    inquiry_id = order(world)
    assert world.get(inquiry_id).provisional
    take_over(world, NOTICE_2027)
    found = world.get(inquiry_id)
    assert not found.provisional
    assert found.due_at == china(7, 17, month=1, year=2027)
    assert {step[3] for step in found.derivation[1:]} == {"override"}


def test_a_whole_notice_makes_the_year_announced_every_day_of_it(world):
    world.clock.time = china(20, 9, month=12)
    take_over(world, NOTICE_2027)
    known = world.deps.store.read(read_calendar)
    assert holidays.announced(known, 2027)
    assert {known.status(day) for day in holidays.days_of(2027)} == {"override"}
    assert known.is_workday(date(2027, 1, 31))
    assert not known.is_workday(date(2027, 2, 11))
    assert known.is_workday(date(2027, 7, 15))
    assert not known.is_workday(date(2027, 7, 17))
    rows = world.deps.store.read(lambda tx: table.of_span(tx, date(2027, 1, 1), date(2027, 12, 31)))
    assert (len(rows), rows[0].author, rows[0].source) == (365, "ops", "notice")


def test_single_days_do_not_make_a_year_announced(world):
    with_one = Calendar({date(2027, 1, 4): holidays_off()})
    assert not holidays.announced(with_one, 2027)
    extension = "关于2027年春节假期的通知\n2月12日(星期五)放假。"
    wanted = holidays.plan(extension, Calendar())
    assert not wanted.whole_year
    assert set(wanted.days) == {date(2027, 2, 12)}


def test_a_notice_that_says_what_is_known_changes_nothing(world):
    world.clock.time = china(20, 9, month=12)
    take_over(world, NOTICE_2027)
    assert holidays.plan(NOTICE_2027, world.deps.calendar()).days == {}


def test_more_inquiries_than_a_batch_are_all_counted(world, monkeypatch):
    monkeypatch.setattr(recomputation, "BATCH", 3)
    ids = [order(world, citizen=number) for number in range(7)]
    after = Calendar({date(2026, 11, 26): holidays_off()})
    report = recomputation.recompute(world.deps, recomputation.Calendars(Calendar(), after, "A", "a day off"))
    assert report.looked == 7
    assert {world.get(inquiry_id).due_at for inquiry_id in ids} == {china(30, 17)}


@pytest.mark.parametrize("seconds", [0, 1])
def test_edge_46_a_second_before_midnight_and_midnight_are_different_days(world, seconds):
    world.clock.time = china(23, 23, 59, 59) + timedelta(seconds=seconds)
    inquiry_id = order(world)
    assert world.get(inquiry_id).due_at == (china(30, 17) if seconds else china(27, 17))


def test_open_orders_of_an_answered_inquiry_are_left_alone(world):
    inquiry_id = order(world)
    world.act("answer", inquiry_id, "lamp", "路灯已经修好,今晚起正常照明。")
    after = Calendar({date(2026, 11, 26): holidays_off()})
    report = recomputation.recompute(world.deps, recomputation.Calendars(Calendar(), after, "A", "a day off"))
    assert (report.looked, report.changes) == (0, [])
    assert world.deps.store.read(lambda tx: inquiries.get(tx, inquiry_id)).due_at == china(27, 17)
