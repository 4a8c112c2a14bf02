"""The points ledger: what is charged, when, with what evidence; and that it can be replayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clocks.charges import (
    DEFAULT_RULES,
    Charge,
    Entry,
    Facts,
    PointRules,
    charges,
    month_of,
    month_score,
    reversal,
    satisfaction,
    settle,
)
from bot.clocks.workdays import CHINA, Calendar, Override
from store.tables.points import scores
from tests.kit.clock_colour import ClockState, clock_state
from tests.kit.examples import examples

PLAIN = Calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def local(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return moment.astimezone(CHINA).strftime("%m-%d %H:%M")


def facts(**change) -> Facts:
    return replace(
        Facts(
            assignment_id=7,
            dispatched_at=at("2026-11-18 10:00"),
            due_at=at("2026-11-24 17:00"),
            until=at("2027-01-04 09:00"),
            signed_at=at("2026-11-18 11:00"),
            ended_at=at("2026-11-20 10:00"),
            due_events=(3, 9),
        ),
        **change,
    )


def entered(charge: Charge) -> Entry:
    return Entry(charge.once, charge.rule, charge.hundredths, charge.month, charge.version, None, charge.evidence)


def points(found) -> list[tuple[str, int, str]]:
    return [(c.rule, c.hundredths, local(c.at)) for c in found]


CASES = [
    ("answered in time", {}, []),
    ("answered on the last moment", {"ended_at": at("2026-11-24 17:00")}, []),
    (
        "a day and a half late",
        {"ended_at": at("2026-11-26 10:00")},
        [("overdue", -50, "11-24 17:00"), ("overdue_day", -10, "11-25 17:00")],
    ),
    (
        "over a weekend",
        {"ended_at": at("2026-11-30 09:00")},
        [
            ("overdue", -50, "11-24 17:00"),
            ("overdue_day", -10, "11-25 17:00"),
            ("overdue_day", -10, "11-26 17:00"),
            ("overdue_day", -10, "11-27 17:00"),
        ],
    ),
    ("signed on the last moment", {"signed_at": at("2026-11-18 15:00")}, []),
    ("signed late", {"signed_at": at("2026-11-18 15:00:01")}, [("late_sign", -10, "11-18 15:00")]),
    ("never signed, answered in time", {"signed_at": None}, [("late_sign", -10, "11-18 15:00")]),
    ("never signed, answered at once", {"signed_at": None, "ended_at": at("2026-11-18 12:00")}, []),
    (
        "a return refused",
        {"returns_refused": ((12, at("2026-11-19 10:00")),)},
        [("refused_return", -20, "11-19 10:00")],
    ),
    (
        "reworked twice, after it ended",
        {"reworks": ((20, at("2026-11-26 10:00")), (31, at("2026-12-03 10:00")))},
        [("rework", -30, "11-26 10:00"), ("rework", -30, "12-03 10:00")],
    ),
    (
        "a fake closing and the same reply as others",
        {"fake_closings": ((40, at("2026-12-01 10:00")),), "identical_replies": ((41, at("2026-12-01 11:00")),)},
        [("fake_closing", -100, "12-01 10:00"), ("identical_reply", -30, "12-01 11:00")],
    ),
    ("what comes after the cut-off", {"reworks": ((20, at("2027-01-05 10:00")),)}, []),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_this_costs(change, expected):
    assert points(charges(facts(**change), DEFAULT_RULES, PLAIN)) == expected


def test_a_red_card_costs_one_more_after_five_working_days():
    found = charges(facts(ended_at=at("2026-12-01 17:01")), DEFAULT_RULES, PLAIN)
    assert [(c.rule, c.hundredths) for c in found] == [
        ("overdue", -50),
        *[("overdue_day", -10)] * 5,
        ("red_card", -100),
    ]
    before = charges(facts(ended_at=at("2026-12-01 17:00")), DEFAULT_RULES, PLAIN)
    assert "red_card" not in {c.rule for c in before}


def test_lateness_stops_at_its_cap_and_the_card_comes_on_top():
    found = charges(facts(ended_at=None, until=at("2027-06-01 09:00")), DEFAULT_RULES, PLAIN)
    assert sum(c.hundredths for c in found if c.rule != "red_card") == -200
    assert sum(c.hundredths for c in found) == -300


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (PointRules(overdue=40, overdue_day=0), [-40]),
        (PointRules(overdue_cap=55), [-50, -5]),
        (PointRules(overdue_cap=0), []),
        (PointRules(overdue=300), [-200]),
    ],
)
def test_the_points_are_the_rules_to_set(rules, expected):
    found = charges(facts(ended_at=at("2026-11-30 09:00")), rules, PLAIN)
    assert [c.hundredths for c in found] == expected


def test_a_charge_names_its_rule_its_version_and_its_evidence():
    over, day = charges(facts(ended_at=at("2026-11-26 10:00")), PointRules(version="2026-3"), PLAIN)
    assert over.evidence == {
        "dispatched_at": "2026-11-18T02:00:00+00:00",
        "due_at": "2026-11-24T09:00:00+00:00",
        "due_events": "3,9",
    }
    assert day.evidence == over.evidence | {"days_late": 1}
    assert (over.rule, over.version, over.month) == ("overdue", "2026-3", "2026-11")
    (sign,) = charges(facts(signed_at=None), DEFAULT_RULES, PLAIN)
    assert sign.evidence["sign_by"] == "2026-11-18T07:00:00+00:00"
    (rework,) = charges(facts(reworks=((20, at("2026-11-26 10:00")),)), DEFAULT_RULES, PLAIN)
    assert rework.evidence == {"event": 20}


def test_each_charge_has_a_name_of_its_own_that_fits_its_column():
    change = {
        "assignment_id": 2**62,
        "ended_at": None,
        "signed_at": None,
        "identical_replies": ((2**62, at("2026-12-01 10:00")), (2**62 + 1, at("2026-12-01 10:00"))),
    }
    names = [c.once for c in charges(facts(**change), DEFAULT_RULES, PLAIN)]
    assert len(set(names)) == len(names) > 10
    assert max(len(f"reverse:{name}") for name in names) <= scores.c.once.type.length
    assert max(len(name.split(":")[0]) for name in names) <= scores.c.rule.type.length


def test_a_unit_is_not_charged_for_days_on_which_the_citizen_was_asked():
    # Asked when it was over already: the clock stands again, what was charged stays.
    pause = (at("2026-11-25 09:00"), at("2026-11-27 09:00"))
    found = charges(facts(ended_at=at("2026-11-30 09:00"), pauses=(pause,)), DEFAULT_RULES, PLAIN)
    assert points(found) == [("overdue", -50, "11-24 17:00"), ("overdue_day", -10, "11-27 17:00")]


def test_nothing_falls_due_while_a_pause_is_open():
    pause = (at("2026-11-23 09:00"), None)
    assert not charges(facts(ended_at=None, pauses=(pause,)), DEFAULT_RULES, PLAIN)
    late = (at("2026-11-25 09:00"), None)
    found = charges(facts(ended_at=None, pauses=(late,)), DEFAULT_RULES, PLAIN)
    assert points(found) == [("overdue", -50, "11-24 17:00")]


def test_a_red_card_that_fell_into_a_pause_comes_when_it_ends():
    pause = (at("2026-12-01 09:00"), at("2026-12-03 09:00"))
    found = charges(facts(ended_at=at("2026-12-04 09:00"), pauses=(pause,)), DEFAULT_RULES, PLAIN)
    assert [local(c.at) for c in found if c.rule == "red_card"] == ["12-03 09:00"]


JUST_AFTER = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        ("2026-11-24 17:00", "overdue"),
        ("2026-11-25 17:00", "overdue_day"),
        ("2026-12-01 17:00", "red_card"),
    ],
)
def test_the_last_moment_is_in_time_and_the_next_is_not(limit, rule):
    count = [
        sum(c.rule == rule for c in charges(facts(ended_at=moment), DEFAULT_RULES, PLAIN))
        for moment in (at(limit), at(limit) + JUST_AFTER)
    ]
    assert count[1] == count[0] + 1


def test_what_happens_on_the_cut_off_is_charged():
    found = charges(facts(reworks=((20, at("2026-11-26 10:00")),), until=at("2026-11-26 10:00")), DEFAULT_RULES, PLAIN)
    assert points(found) == [("rework", -30, "11-26 10:00")]


def test_a_pause_holds_from_its_first_moment_to_before_its_last():
    over = at("2026-11-24 17:00") + JUST_AFTER
    for pause, charged in (
        ((over, None), False),
        ((over + JUST_AFTER, None), True),
        ((at("2026-11-20 10:00"), over), True),
    ):
        found = charges(facts(ended_at=None, until=at("2026-11-25 09:00"), pauses=(pause,)), DEFAULT_RULES, PLAIN)
        assert bool(found) is charged
    day = at("2026-11-25 17:00") + JUST_AFTER
    found = charges(
        facts(ended_at=at("2026-11-26 10:00"), pauses=((at("2026-11-25 10:00"), day),)), DEFAULT_RULES, PLAIN
    )
    assert [c.rule for c in found] == ["overdue", "overdue_day"]


MOMENTS = st.datetimes(datetime(2012, 1, 1), datetime(2026, 10, 30), timezones=st.just(CHINA))
SPANS = st.timedeltas(timedelta(0), timedelta(days=40))


@st.composite
def orders(draw):
    start = draw(MOMENTS)
    due = start + draw(SPANS)
    asked = start + draw(SPANS)
    return Facts(
        assignment_id=draw(st.integers(1, 9)),
        dispatched_at=start,
        due_at=due,
        until=start + timedelta(days=120),
        signed_at=draw(st.none() | SPANS.map(lambda s: start + s)),
        ended_at=None,
        pauses=draw(st.sampled_from([(), ((asked, asked + timedelta(days=3)),), ((asked, None),)])),
        reworks=tuple((n, due + timedelta(days=n)) for n in range(draw(st.integers(0, 3)))),
    )


@examples(40)
@given(orders(), SPANS, SPANS)
def test_being_later_never_costs_less(order, one, other):
    costs = [
        sum(c.hundredths for c in charges(replace(order, ended_at=order.dispatched_at + gone), DEFAULT_RULES, PLAIN))
        for gone in sorted((one, other))
    ]
    assert costs[0] >= costs[1]


@examples(40)
@given(orders(), SPANS, SPANS)
def test_a_later_run_only_adds_and_a_replay_gives_the_same(order, one, other):
    early, late = (
        charges(replace(order, until=order.dispatched_at + gone), DEFAULT_RULES, PLAIN) for gone in sorted((one, other))
    )
    assert set(c.once for c in early) <= set(c.once for c in late)  # noqa: C401
    assert [c for c in late if c in early] == list(early)
    again = charges(replace(order, until=order.dispatched_at + max(one, other)), DEFAULT_RULES, Calendar())
    assert again == late


@examples(40)
@given(orders(), st.lists(SPANS, max_size=6))
def test_runs_however_often_enter_what_one_run_would(order, gaps):
    ledger, moment = [], order.dispatched_at
    for gap in [*gaps, timedelta(0)]:
        moment += gap
        found = settle(ledger, charges(replace(order, until=moment), DEFAULT_RULES, PLAIN))
        assert not found.reverse
        ledger += map(entered, found.add)
    once = charges(replace(order, until=moment), DEFAULT_RULES, PLAIN)
    assert sorted(e.once for e in ledger) == sorted(c.once for c in once)


@examples(40)
@given(orders())
def test_overdue_is_charged_exactly_when_the_clock_says_so(order):
    order = replace(order, pauses=())
    shown = clock_state(order.due_at, order.until, PLAIN)
    rules = {c.rule for c in charges(order, DEFAULT_RULES, PLAIN)}
    assert ("overdue" in rules) is (shown not in {ClockState.OK, ClockState.WARNING})
    assert ("red_card" in rules) is (shown is ClockState.RED)


# --- the ledger ---


def test_a_day_off_declared_afterwards_takes_back_what_was_charged():
    before = charges(facts(ended_at=at("2026-11-26 10:00")), DEFAULT_RULES, PLAIN)
    closed = Calendar({date(2026, 11, 25): Override(working=False)})
    after = charges(facts(due_at=at("2026-11-26 17:00"), ended_at=at("2026-11-26 10:00")), DEFAULT_RULES, closed)
    ledger = list(map(entered, before))
    found = settle(ledger, after)
    assert not found.add
    assert list(found.reverse) == ledger
    ledger += [reversal(entry, {"calendar": "2026-11-25"}) for entry in found.reverse]
    assert sum(entry.hundredths for entry in ledger) == 0
    assert settle(ledger, after) == settle([], ())


def test_a_counter_entry_gives_back_the_same_points_in_the_same_month_and_is_itself_final():
    entry = Entry("overdue:7:0:x", "overdue", -50, "2026-11", "2012-1")
    back = reversal(entry, {"approved_by": 4})
    assert (back.hundredths, back.month, back.reverses, back.evidence) == (
        50,
        "2026-11",
        entry.once,
        {"approved_by": 4},
    )
    with pytest.raises(ValueError, match="counter-entry"):
        reversal(back, {})


def test_a_new_due_time_charges_by_its_own_name():
    first = charges(facts(ended_at=at("2026-12-03 10:00")), DEFAULT_RULES, PLAIN)
    later = charges(facts(ended_at=at("2026-12-03 10:00"), due_at=at("2026-11-30 17:00")), DEFAULT_RULES, PLAIN)
    found = settle(map(entered, first), later)
    assert {c.rule for c in found.add} == {"overdue", "overdue_day"}
    assert {e.rule for e in found.reverse} == {"overdue", "overdue_day", "red_card"}


def test_rules_changed_later_do_not_touch_what_stands():
    order = facts(ended_at=at("2026-11-26 10:00"))
    ledger = map(entered, charges(order, DEFAULT_RULES, PLAIN))
    found = settle(ledger, charges(order, PointRules(version="2027-1", overdue=90), PLAIN))
    assert found == settle([], ())


@pytest.mark.parametrize(
    ("hundredths", "orders", "score"),
    [
        ([], 3, 10000),
        ([-50, -10], 3, 9940),
        ([-50, 50], 3, 10000),
        ([], 0, None),
        ([-50], 0, 9950),
        ([-200] * 60, 60, 0),
    ],
)
def test_a_month_of_a_unit(hundredths, orders, score):
    entries = [Entry(str(n), "overdue", points, "2026-11") for n, points in enumerate(hundredths)]
    assert month_score(entries, orders).points == score


def test_a_month_starts_at_what_the_rules_say():
    assert month_score([], 1, PointRules(month_starts_at=2000)).points == 2000


@pytest.mark.parametrize(
    ("ratings", "satisfied", "n", "share"),
    [
        ([1, 2, 3, None], 2, 3, Fraction(2, 3)),
        ([None, None], 0, 0, None),
        ([], 0, 0, None),
        ([3], 0, 1, Fraction(0)),
        ([1, 1], 2, 2, Fraction(1)),
    ],
)
def test_satisfaction_is_of_those_who_rated(ratings, satisfied, n, share):
    found = satisfaction(ratings)
    assert (found.satisfied, found.n, found.share) == (satisfied, n, share)


def test_a_month_is_chinas():
    assert month_of(datetime(2012, 8, 31, 16, 0, tzinfo=UTC)) == "2012-09"
    assert month_of(datetime(2012, 8, 31, 15, 59, tzinfo=UTC)) == "2012-08"


# --- edge case 50 ---


def test_edge_50_overdue_by_one_minute_is_overdue():
    assert points(charges(facts(ended_at=at("2026-11-24 17:01")), DEFAULT_RULES, PLAIN)) == [
        ("overdue", -50, "11-24 17:00")
    ]


def test_edge_50_replied_in_time_counts_though_the_citizen_could_not_be_reached():
    # There is no time of delivery among the facts: the reply ends the order.
    assert not charges(facts(ended_at=at("2026-11-24 16:59")), DEFAULT_RULES, PLAIN)
    assert not [name for name in Facts.__slots__ if "deliver" in name]


def test_edge_50_corrected_after_an_appeal_stays_corrected():
    computed = charges(facts(ended_at=at("2026-11-24 17:01")), DEFAULT_RULES, PLAIN)
    ledger = list(map(entered, computed))
    ledger.append(reversal(ledger[0], {"appeal": 5}))
    assert settle(ledger, computed) == settle([], ())
    assert month_score(ledger, 1).points == 10000
    assert len(ledger) == 2
