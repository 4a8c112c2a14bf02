"""Due dates: known examples, the edges of a day and a year, and what always holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clocks.workdays import CHINA, Calendar, Override

PLAIN = Calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def local(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


VECTORS = [
    ("2026-11-18 10:00", "2026-11-24", "2026-11-24"),
    ("2026-11-18 17:00", "2026-11-24", "2026-11-25"),
    ("2026-11-18 23:50", "2026-11-24", "2026-11-25"),
    ("2026-11-20 18:00", "2026-11-26", "2026-11-27"),
    ("2026-11-21 09:00", "2026-11-26", "2026-11-27"),
    ("2012-09-28 10:00", "2012-10-10", "2012-10-10"),
    ("2012-09-29 10:00", "2012-10-11", "2012-10-11"),
    ("2012-10-03 12:00", "2012-10-11", "2012-10-12"),
    ("2026-09-30 11:00", "2026-10-12", "2026-10-12"),
    ("2020-01-22 10:00", "2020-02-05", "2020-02-05"),
    ("2020-01-23 20:00", "2020-02-06", "2020-02-07"),
    ("2024-02-08 09:30", "2024-02-20", "2024-02-20"),
    ("2024-04-30 16:00", "2024-05-09", "2024-05-09"),
    ("2025-01-24 16:00", "2025-02-06", "2025-02-06"),
    ("2025-09-30 17:30", "2025-10-13", "2025-10-14"),
    ("2026-02-13 11:00", "2026-02-26", "2026-02-26"),
    ("2026-02-14 11:00", "2026-02-27", "2026-02-27"),
    # the edges of a day, the leap day, the last second before the next date
    ("2026-11-18 23:59:59", "2026-11-24", "2026-11-25"),
    ("2026-11-19 00:00:00", "2026-11-25", "2026-11-25"),
    ("2026-11-18 16:59:59", "2026-11-24", "2026-11-24"),
    ("2024-02-26 09:00", "2024-03-01", "2024-03-01"),
    ("2024-02-29 09:00", "2024-03-06", "2024-03-06"),
]


@pytest.mark.parametrize(("received", "rule_a", "rule_b"), VECTORS)
def test_due_is_closing_time_of_the_fourth_working_day(received, rule_a, rule_b):
    assert local(PLAIN.due(at(received)).at) == f"{rule_a} 17:00"
    assert local(PLAIN.due(at(received), rule="B").at) == f"{rule_b} 17:00"


def test_the_utc_date_of_receipt_does_not_matter():
    utc = datetime(2026, 11, 18, 16, 30, tzinfo=UTC)  # already the 19th in China
    assert PLAIN.due(utc) == PLAIN.due(at("2026-11-19 00:30"))


def test_derivation_names_each_day_and_why():
    due = PLAIN.due(at("2026-09-30 11:00"))
    lines = [(f"{s.day:%m-%d}", s.counted, s.why) for s in due.derivation]
    assert lines[0] == ("09-30", None, "received")
    assert lines[1:8] == [(f"10-0{n}", None, "holiday") for n in range(1, 8)]
    assert lines[8:] == [
        ("10-08", 1, "workday"),
        ("10-09", 2, "workday"),
        ("10-10", 3, "make_up_workday"),
        ("10-11", None, "weekend"),
        ("10-12", 4, "workday"),
    ]
    assert not due.provisional


def test_rule_b_says_from_which_day_it_counts():
    due = PLAIN.due(at("2026-11-20 18:00"), 1, rule="B")
    assert [(f"{s.day:%m-%d}", s.why) for s in due.derivation] == [
        ("11-20", "received"),
        ("11-21", "weekend"),
        ("11-22", "weekend"),
        ("11-23", "deemed_received"),
        ("11-24", "workday"),
    ]


def test_a_year_not_announced_is_provisional_and_keeps_the_statutory_days():
    due = PLAIN.due(at("2026-12-28 09:00"))
    assert local(due.at) == "2027-01-04 17:00"
    assert due.provisional
    assert [s.status for s in due.derivation[:4]] == ["official"] * 4
    assert due.derivation[4].day == date(2027, 1, 1)
    assert (due.derivation[4].why, due.derivation[4].status) == ("holiday", "provisional")


def test_a_date_within_the_announced_year_is_not_provisional():
    assert not PLAIN.due(at("2026-12-25 09:00")).provisional


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2027-02-04", True), ("2027-02-05", False), ("2027-02-08", False), ("2027-02-09", True),
        ("2027-04-05", False), ("2027-05-03", True), ("2027-06-09", False), ("2027-09-15", False),
        ("2027-10-01", False), ("2027-10-04", True), ("2028-01-25", False), ("2028-05-01", False),
        ("2029-02-12", False), ("2030-02-05", False), ("2030-02-06", True), ("2035-10-02", False),
        ("2035-10-08", True), ("2003-10-01", False), ("2003-10-06", True),
    ],
)  # fmt: skip
def test_provisional_years_know_fixed_and_lunar_days(day, works):
    assert PLAIN.status(date.fromisoformat(day)) == "provisional"
    assert PLAIN.is_workday(date.fromisoformat(day)) is works


def test_an_override_corrects_the_published_calendar():
    # Notice 35 of 2005 has people work on Saturday 31 December; chinesecalendar 1.11.0 misses it.
    day = date(2005, 12, 31)
    corrected = Calendar({day: Override(working=True, note="2005-35")})
    assert not PLAIN.is_workday(day)
    assert corrected.is_workday(day)
    assert corrected.status(day) == "override"
    assert corrected.why(day) == "make_up_workday"
    assert local(corrected.due(at("2005-12-30 10:00"), 1).at) == "2005-12-31 17:00"
    assert local(PLAIN.due(at("2005-12-30 10:00"), 1).at) == "2006-01-04 17:00"


def test_an_imported_notice_makes_the_year_official():
    notice = {date(2027, 2, 9): Override(working=False), date(2027, 2, 20): Override(working=True)}
    calendar = Calendar(notice, announced={2027})
    assert calendar.status(date(2027, 3, 1)) == "official"
    assert calendar.why(date(2027, 2, 9)) == "holiday"
    assert not calendar.due(at("2026-12-28 09:00")).provisional


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-18 11:30", 2, "2026-11-18 14:30"),
        ("2026-11-18 16:30", 2, "2026-11-19 10:30"),
        ("2026-11-18 18:00", 4, "2026-11-19 14:00"),
        ("2026-11-20 16:00", 7, "2026-11-23 16:00"),
        ("2026-09-30 16:00", 4, "2026-10-08 12:00"),
        ("2012-09-28 16:00", 28, "2012-10-10 16:00"),
        ("2026-11-18 12:30", 1, "2026-11-18 14:00"),
        ("2026-11-18 11:00", 1, "2026-11-18 12:00"),
        ("2026-11-21 09:00", 0.5, "2026-11-23 09:30"),
        ("2026-11-18 07:00", 7, "2026-11-18 17:00"),
    ],
)
def test_working_hours_run_only_while_the_office_is_open(start, hours, end):
    assert local(PLAIN.add_working_hours(at(start), hours)) == end


def test_other_office_hours_are_taken_as_given():
    summer = ((time(9), time(12)), (time(14), time(18)))
    assert local(PLAIN.add_working_hours(at("2026-11-18 11:30"), 1, office=summer)) == "2026-11-18 14:30"
    assert local(PLAIN.due(at("2026-11-18 11:30"), closing=time(18)).at) == "2026-11-24 18:00"


@pytest.mark.parametrize("call", [
    lambda: PLAIN.due(datetime(2026, 11, 18, 9)),
    lambda: PLAIN.due(at("2026-11-18 09:00"), 0),
    lambda: PLAIN.add_working_hours(datetime(2026, 11, 18, 9), 1),
    lambda: PLAIN.add_working_hours(at("2026-11-18 09:00"), 0),
    lambda: PLAIN.add_working_hours(at("2026-11-18 09:00"), 1, office=((time(9), time(9)),)),
])  # fmt: skip
def test_naive_times_and_empty_counts_are_refused(call):
    with pytest.raises(ValueError):
        call()


def test_workdays_between_counts_the_end_and_not_the_start():
    assert PLAIN.workdays_between(date(2026, 11, 18), date(2026, 11, 24)) == 4
    assert PLAIN.workdays_between(date(2026, 11, 24), date(2026, 11, 18)) == -4
    assert PLAIN.workdays_between(date(2026, 11, 21), date(2026, 11, 22)) == 0


MOMENTS = st.datetimes(datetime(2004, 1, 1), datetime(2031, 1, 1)).map(lambda t: t.replace(tzinfo=CHINA))
RULES = st.sampled_from(["A", "B"])


@given(MOMENTS, st.integers(1, 30), RULES)
def test_a_due_date_is_a_working_day_and_counts_exactly_its_days(received, days, rule):
    due = PLAIN.due(received, days, rule=rule)
    day = due.at.astimezone(CHINA).date()
    assert PLAIN.is_workday(day)
    assert due.at > received
    assert [s.counted for s in due.derivation if s.counted] == list(range(1, days + 1))
    assert [s.day for s in due.derivation] == [
        received.date() + timedelta(days=n) for n in range((day - received.date()).days + 1)
    ]


@given(MOMENTS, MOMENTS, st.integers(1, 10), RULES)
def test_who_writes_earlier_is_never_due_later(one, other, days, rule):
    first, second = sorted((one, other))
    assert PLAIN.due(first, days, rule=rule).at <= PLAIN.due(second, days, rule=rule).at


@given(MOMENTS, st.integers(1, 10))
def test_rule_b_never_gives_less_time_than_rule_a(received, days):
    assert PLAIN.due(received, days, rule="B").at >= PLAIN.due(received, days).at


@given(MOMENTS, st.integers(1, 60))
def test_hours_added_are_the_hours_between(start, hours):
    end = PLAIN.add_working_hours(start, hours)
    assert PLAIN.working_time_between(start, end) == timedelta(hours=hours)
    assert PLAIN.working_time_between(end, start) == timedelta(0)


@given(MOMENTS, st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.booleans())
def test_an_override_decides_its_own_day(received, day, works):
    calendar = Calendar({day: Override(working=works)})
    assert calendar.is_workday(day) is works
    assert calendar.due(received).at.astimezone(CHINA).date() != day or works


def test_only_the_days_after_receipt_can_make_a_date_provisional():
    assert PLAIN.status(date(2003, 12, 31)) == "provisional"
    assert not PLAIN.due(at("2003-12-31 10:00")).provisional
