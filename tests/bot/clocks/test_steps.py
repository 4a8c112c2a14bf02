"""The clock of an order: when each step falls, how a pause moves it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clocks.steps import (
    JUST_AFTER,
    DueChange,
    Limits,
    StepName,
    assist_due,
    fired,
    next_check,
    recomputed,
    resumed,
    steps,
    unit_due,
    urgent_due,
)
from bot.clocks.workdays import CHINA, Calendar, Override
from tests.kit.clock_colour import ClockState, clock_state

PLAIN = Calendar()
ORDER = list(StepName)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def local(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return moment.astimezone(CHINA).strftime("%m-%d %H:%M")


def told(start: str, due: str, **how: bool) -> dict[str, str]:
    return {step.name.value: local(step.at) for step in steps(at(start), at(due), PLAIN, **how)}


# --- steps ---

FULL = {
    "half": "11-20 14:00",
    "day_left": "11-23 17:00",
    "hours_left": "11-24 13:00",
    "overdue": "11-24 17:00",
    "yellow": "11-26 17:00",
    "red": "12-01 17:00",
}
STEPS = [
    ("four working days", "2026-11-18 10:00", "2026-11-24 17:00", FULL),
    # 34 h of office time: 6 on the first day, 7 on each of four others; half is 6 + 7 + 4.
    (
        "over a make-up Saturday and the Golden Week",
        "2012-09-28 10:00",
        "2012-10-10 17:00",
        {
            "half": "10-08 14:00",
            "day_left": "10-09 17:00",
            "hours_left": "10-10 13:00",
            "overdue": "10-10 17:00",
            "yellow": "10-12 17:00",
            "red": "10-17 17:00",
        },
    ),
    (
        "one working day: half of it comes after its day is left",
        "2026-11-18 16:00",
        "2026-11-19 17:00",
        {
            "day_left": "11-18 17:00",
            "hours_left": "11-19 13:00",
            "overdue": "11-19 17:00",
            "yellow": "11-23 17:00",
            "red": "11-26 17:00",
        },
    ),
    (
        "same day: half of it comes after four hours are left",
        "2026-11-19 09:00",
        "2026-11-19 17:00",
        {"hours_left": "11-19 13:00", "overdue": "11-19 17:00", "yellow": "11-23 17:00", "red": "11-26 17:00"},
    ),
    (
        "three hours",
        "2026-11-19 14:00",
        "2026-11-19 17:00",
        {"half": "11-19 15:30", "overdue": "11-19 17:00", "yellow": "11-23 17:00", "red": "11-26 17:00"},
    ),
    (
        "due before it starts: only what is still to come",
        "2026-11-25 09:00",
        "2026-11-24 17:00",
        {"yellow": "11-26 17:00", "red": "12-01 17:00"},
    ),
    (
        "at night, no office time at all",
        "2026-11-18 20:00",
        "2026-11-19 06:00",
        {"overdue": "11-19 06:00", "yellow": "11-23 06:00", "red": "11-26 06:00"},
    ),
]


@pytest.mark.parametrize(("start", "due", "expected"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_each_step_falls_here(start, due, expected):
    assert told(start, due) == expected


def test_an_urgent_matter_is_warned_of_by_the_clock_on_the_wall():
    assert told("2026-11-20 20:00", "2026-11-21 20:00", wall_clock=True) == {
        "half": "11-21 08:00",
        "hours_left": "11-21 16:00",
        "overdue": "11-21 20:00",
        "yellow": "11-24 20:00",
        "red": "11-27 20:00",
    }


def test_two_steps_never_fall_together_and_none_on_the_start():
    assert list(told("2026-11-20 08:00", "2026-11-20 16:00", wall_clock=True)) == [
        "hours_left",
        "overdue",
        "yellow",
        "red",
    ]
    assert list(told("2026-11-23 17:00", "2026-11-24 17:00")) == ["hours_left", "overdue", "yellow", "red"]


def test_half_of_a_microsecond_of_office_time_is_no_step():
    start = at("2026-11-19 17:00") - timedelta(microseconds=1)
    assert [s.name for s in steps(start, at("2026-11-19 17:00"), PLAIN)] == ["overdue", "yellow", "red"]


def test_a_day_off_decided_later_moves_the_steps_with_it():
    closed = Calendar({date(2026, 11, 23): Override(working=False, note="typhoon")})
    found = {s.name: local(s.at) for s in steps(at("2026-11-18 10:00"), at("2026-11-24 17:00"), closed)}
    assert found["day_left"] == "11-20 17:00"


def test_overdue_begins_just_after_the_last_moment():
    due = at("2026-11-24 17:00")
    assert not fired(at("2026-11-18 10:00"), due, PLAIN, after=due - timedelta(seconds=1), until=due)
    (step,) = fired(at("2026-11-18 10:00"), due, PLAIN, after=due, until=due + JUST_AFTER)
    assert step.name is StepName.OVERDUE


def test_the_next_check_is_the_next_step_until_the_red_card():
    start, due = at("2026-11-18 10:00"), at("2026-11-24 17:00")
    moments, moment = [], next_check(start, due, PLAIN, after=start)
    while moment is not None:
        moments.append(moment)
        moment = next_check(start, due, PLAIN, after=moment)
    assert moments == [step.at for step in steps(start, due, PLAIN)]
    assert len(moments) == 6


def test_after_an_outage_all_that_was_missed_comes_at_once_and_in_order():
    start, due = at("2026-11-18 10:00"), at("2026-11-24 17:00")
    missed = fired(start, due, PLAIN, after=at("2026-11-20 12:00"), until=at("2026-11-30 08:30"))
    assert [step.name for step in missed] == ["half", "day_left", "hours_left", "overdue", "yellow"]


MOMENTS = st.datetimes(datetime(2012, 1, 1), datetime(2027, 6, 30), timezones=st.just(CHINA))
SPANS = st.timedeltas(timedelta(minutes=1), timedelta(days=30))


@given(MOMENTS, SPANS, st.booleans())
def test_steps_are_strictly_in_order_and_never_at_or_before_the_start(start, length, wall_clock):
    found = steps(start, start + length, PLAIN, wall_clock=wall_clock)
    assert all(a.at < b.at and ORDER.index(a.name) < ORDER.index(b.name) for a, b in pairwise(found))
    assert all(step.at > start for step in found)
    assert [s.name for s in found[-3:]] == ["overdue", "yellow", "red"]


@given(MOMENTS, SPANS, st.lists(SPANS, min_size=1, max_size=12))
def test_runs_over_consecutive_spans_fire_every_step_exactly_once(start, length, gaps):
    due = start + length
    cuts = [start]
    for gap in gaps:
        cuts.append(cuts[-1] + gap)
    cuts.append(due + timedelta(days=60))
    cuts.sort()
    seen = [s for a, b in pairwise(cuts) for s in fired(start, due, PLAIN, after=a, until=b)]
    assert tuple(seen) == steps(start, due, PLAIN)


@given(MOMENTS, SPANS)
def test_following_next_check_misses_nothing(start, length):
    due, after, seen = start + length, start, []
    while (moment := next_check(start, due, PLAIN, after=after)) is not None:
        seen += fired(start, due, PLAIN, after=after, until=moment)
        after = moment
    assert tuple(seen) == steps(start, due, PLAIN)


# --- the clock's colour ---

DUE = "2026-11-24 17:00"
STATES = [
    ("2026-11-23 16:59", ClockState.OK),
    ("2026-11-23 17:00", ClockState.WARNING),
    ("2026-11-24 17:00", ClockState.WARNING),
    ("2026-11-24 17:01", ClockState.OVERDUE),
    ("2026-11-26 17:00", ClockState.OVERDUE),
    ("2026-11-26 17:01", ClockState.YELLOW),
    ("2026-12-01 17:00", ClockState.YELLOW),
    ("2026-12-01 17:01", ClockState.RED),
    ("2027-12-01 17:01", ClockState.RED),
]


@pytest.mark.parametrize(("now", "state"), STATES)
def test_the_clock_shows(now, state):
    assert clock_state(at(DUE), at(now), PLAIN) is state


@given(MOMENTS, SPANS, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_the_last_step_fired_and_the_clock_agree(start, length, later):
    due, now = start + length, start + later
    names = [step.name.value for step in fired(start, due, PLAIN, after=start, until=now)]
    last = next((name for name in reversed(names) if name in {"overdue", "yellow", "red"}), None)
    shown = clock_state(due, now, PLAIN)
    assert (last or "none") == (shown.value if shown.value not in {"ok", "warning"} else "none")


# --- pauses ---

PAUSES = [
    ("a whole day and the night", "2026-11-19 10:00", "2026-11-20 10:00", "11-25 17:00"),
    ("an hour is rounded up to closing time", "2026-11-19 10:00", "2026-11-19 11:00", "11-25 17:00"),
    ("at night only", "2026-11-19 18:00", "2026-11-20 08:00", "11-24 17:00"),
    ("over lunch only", "2026-11-19 12:00", "2026-11-19 13:00", "11-24 17:00"),
    ("over a weekend only", "2026-11-20 17:00", "2026-11-23 09:00", "11-24 17:00"),
    ("a day and an hour", "2026-11-19 10:00", "2026-11-20 11:00", "11-26 17:00"),
    ("three days", "2026-11-18 17:00", "2026-11-23 17:00", "11-27 17:00"),
    ("a month: no more than three days", "2026-11-18 17:00", "2026-12-18 17:00", "11-27 17:00"),
    ("asked on the last moment", "2026-11-24 17:00", "2026-11-25 10:00", "11-25 17:00"),
    ("asked when it was over already", "2026-11-25 09:00", "2026-11-26 09:00", "11-24 17:00"),
    ("answered before asked, by a clock set back", "2026-11-20 09:00", "2026-11-19 09:00", "11-24 17:00"),
]


@pytest.mark.parametrize(
    ("paused_at", "resumed_at", "due"), [row[1:] for row in PAUSES], ids=[row[0] for row in PAUSES]
)
def test_a_pause_moves_the_due_time_by_its_office_time(paused_at, resumed_at, due):
    assert local(resumed(at(DUE), at(paused_at), at(resumed_at), PLAIN)) == due


def test_a_due_time_at_another_hour_keeps_its_minutes():
    moved = resumed(at("2026-11-24 10:30"), at("2026-11-19 10:00"), at("2026-11-19 11:00"), PLAIN)
    assert local(moved) == "11-24 11:30"


def test_without_a_cap_in_days_nothing_moves():
    moved = resumed(at(DUE), at("2026-11-19 10:00"), at("2026-11-20 10:00"), PLAIN, cap_days=0)
    assert moved == at(DUE)


@given(MOMENTS, SPANS, SPANS, st.integers(0, 5))
def test_a_pause_never_brings_it_forward_and_never_beyond_the_cap(due, before, pause, cap):
    moved = resumed(due, due - before, due - before + pause, PLAIN, cap_days=cap)
    latest = PLAIN.add_workdays(due.astimezone(CHINA).date(), cap)
    assert due <= moved <= datetime.combine(latest, due.astimezone(CHINA).time(), CHINA)


@given(st.dates(date(2012, 1, 1), date(2026, 11, 30)), SPANS, SPANS, SPANS)
def test_a_longer_pause_moves_no_less_and_closing_time_stays_closing_time(day, before, one, other):
    due = datetime.combine(day, time(17), CHINA)
    moved = [resumed(due, due - before, due - before + pause, PLAIN) for pause in sorted((one, other))]
    assert moved[0] <= moved[1]
    assert {m.astimezone(CHINA).time() for m in moved} == {time(17)}


# --- other due times ---


def test_an_assist_unit_is_due_one_working_day_earlier():
    assert local(assist_due(at("2026-11-23 17:00"), PLAIN)) == "11-20 17:00"
    assert local(assist_due(at("2012-10-08 17:00"), PLAIN)) == "09-29 17:00"


def test_an_assist_unit_asked_on_the_last_day_has_the_leads_time():
    assert local(assist_due(at(DUE), PLAIN, opened_at=at("2026-11-23 17:00"))) == "11-24 17:00"
    assert local(assist_due(at(DUE), PLAIN, opened_at=at("2026-11-23 16:59"))) == "11-23 17:00"


def test_the_unit_counts_from_dispatch_with_a_derivation():
    due = unit_due(at("2026-11-18 17:30"), 4, PLAIN)
    assert local(due.at) == "11-24 17:00"
    assert [step.counted for step in due.derivation if step.counted] == [1, 2, 3, 4]
    assert local(unit_due(at("2026-11-18 17:30"), 4, PLAIN, rule="B").at) == "11-25 17:00"


def test_an_urgent_matter_has_a_day_and_a_night_whatever_the_calendar():
    assert local(urgent_due(at("2012-10-01 03:12"))) == "10-02 03:12"
    assert local(urgent_due(at("2012-10-01 03:12"), hours=2)) == "10-01 05:12"


def test_the_limits_are_what_the_rules_say_unless_set():
    limits = Limits(per_kind={"consult": 2})
    assert (limits.reply_days_for("consult"), limits.reply_days_for("complaint")) == (2, 4)
    assert (limits.sign_hours, limits.return_days, limits.decide_hours) == (4, 1, 4)
    assert (limits.extension_max_days, limits.extension_default_days, limits.rework_days) == (10, 4, 2)
    assert (limits.supplement_days, limits.reason_length, limits.close_days) == (3, 20, 5)
    assert (limits.archive_days, limits.urgent_hours) == (30, 24)


# --- the calendar's own way back ---


@pytest.mark.parametrize(
    ("end", "hours", "start"),
    [
        ("2026-11-24 17:00", 4, "11-24 13:00"),
        ("2026-11-24 17:00", 5, "11-24 11:00"),
        ("2026-11-24 13:00", 1, "11-24 11:00"),
        ("2026-11-24 10:00", 4, "11-23 14:00"),
        ("2026-11-23 09:00", 7, "11-20 09:00"),
        ("2026-11-22 12:00", 0.5, "11-20 16:30"),
        ("2012-10-08 10:00", 4, "09-29 14:00"),
    ],
)
def test_office_hours_are_counted_backwards(end, hours, start):
    assert local(PLAIN.subtract_working_hours(at(end), hours)) == start


@pytest.mark.parametrize(("hours", "office"), [(0, None), (-1, None), (1, ((time(9), time(9)),))])
def test_backwards_too_there_must_be_hours(hours, office):
    with pytest.raises(ValueError, match="more than none"):
        PLAIN.subtract_working_hours(at(DUE), hours, **({"office": office} if office else {}))


@given(MOMENTS, st.integers(1, 80))
def test_backwards_undoes_forwards(end, half_hours):
    hours = half_hours / 2
    start = PLAIN.subtract_working_hours(end, hours)
    assert PLAIN.working_time_between(start, end) == timedelta(hours=hours)


def test_the_previous_working_day_may_be_a_make_up_saturday():
    assert PLAIN.previous_workday(date(2012, 10, 8)) == date(2012, 9, 29)
    assert PLAIN.previous_workday(date(2026, 11, 23)) == date(2026, 11, 20)


# --- edge cases 46 to 48 ---


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-18 23:59:59", "11-24 17:00"),
        ("2026-11-19 00:00:00", "11-25 17:00"),
        ("2026-11-21 12:00", "11-26 17:00"),
        ("2012-09-29 12:00", "10-11 17:00"),
        ("2020-01-28 12:00", "02-06 17:00"),
    ],
)
def test_edge_46_the_second_before_midnight_a_saturday_a_make_up_saturday_the_spring_festival(received, due):
    assert local(unit_due(at(received), 4, PLAIN).at) == due


def test_edge_46_the_last_working_day_of_a_year_with_the_next_unpublished_is_provisional():
    due = unit_due(at("2026-12-31 16:00"), 4, PLAIN)
    assert due.provisional
    assert local(due.at) == "01-07 17:00"
    assert clock_state(due.at, at("2027-01-08 09:00"), PLAIN) is ClockState.OVERDUE


@pytest.mark.parametrize(
    ("new", "now", "kept", "change"),
    [
        ("2020-02-05 17:00", "2020-01-27 09:00", "02-05 17:00", DueChange.LATER),
        ("2020-02-03 17:00", "2020-01-27 09:00", "02-03 17:00", DueChange.SAME),
        ("2020-02-01 17:00", "2020-01-27 09:00", "02-01 17:00", DueChange.EARLIER),
        ("2020-02-01 17:00", "2020-02-02 09:00", "02-03 17:00", DueChange.KEPT),
        ("2020-02-05 17:00", "2020-02-04 09:00", "02-05 17:00", DueChange.LATER),
        ("2020-02-01 17:00", "2020-02-01 17:00", "02-03 17:00", DueChange.KEPT),
    ],
)
def test_edge_46_the_state_council_changes_a_day_afterwards(new, now, kept, change):
    moved, what = recomputed(at("2020-02-03 17:00").astimezone(UTC), at(new).astimezone(UTC), now=at(now))
    assert (local(moved), what) == (kept, change)


def test_edge_46_the_servers_own_zone_does_not_matter():
    start, due = at("2026-11-18 10:00"), at(DUE)
    assert steps(start.astimezone(UTC), due.astimezone(UTC), PLAIN) == steps(start, due, PLAIN)
    assert clock_state(due.astimezone(UTC), at("2026-11-23 17:00").astimezone(UTC), PLAIN) is ClockState.WARNING


def test_edge_46_a_clock_stepped_back_fires_nothing():
    start, due = at("2026-11-18 10:00"), at(DUE)
    assert not fired(start, due, PLAIN, after=at("2026-11-24 18:00"), until=at("2026-11-24 16:00"))


def test_edge_47_the_day_of_receipt_is_day_zero_and_the_last_day_belongs_to_the_limit():
    due = unit_due(at("2026-11-18 08:00"), 4, PLAIN).at
    assert due == at("2026-11-24 17:00")
    assert clock_state(due, at("2026-11-24 17:00"), PLAIN) is not ClockState.OVERDUE
    assert unit_due(at("2026-11-18 23:00"), 4, PLAIN).at == due
