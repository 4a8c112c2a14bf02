"""The delivery ladder: the order is fixed, every way not taken has its reason in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.console import Console
from adapters.twilio import Twilio
from adapters.wechat import WeChat
from bot.clocks.workdays import CHINA
from bot.delivery.ladder import BACKOFF, Route, Rung, Window, backoff, plan, quiet_until
from bot.edge.messages import Way
from bot.edge.ways import WayOut

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WINDOW = Window(message_hours=48, message_quota=5, event_minutes=1, event_quota=3)
LADDER = CS, SUB, TPL, CONSOLE, SMS = (*WeChat.ways, *Console.ways, *Twilio.ways)
OPEN = {CS: "", SUB: "", TPL: ""}


def ago(**length):
    return NOW - timedelta(**length)


def wechat(**known):
    return Route(**{"address_id": 1, "channel": "wechat", "cannot": OPEN, "window": WINDOW, **known})


def sms(**known):
    return Route(**{"address_id": 2, "channel": "twilio", "cannot": {SMS: ""}, **known})


def first(*routes, **options):
    """The rung that would be tried."""
    return next((rung for rung in plan(routes, NOW, **options) if not rung.skip), None)


def free_form(**known):
    """What the customer-service rung of a WeChat address says."""
    options = {name: known.pop(name) for name in ("spare_last",) if name in known}
    return next(rung for rung in plan([wechat(**known)], NOW, **options) if rung.out is CS)


# -- the window of free-form messages --------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({}, "window never opened"),
        ({"message_at": ago(hours=47, minutes=59)}, ""),
        ({"message_at": ago(hours=48)}, "window closed 00:00 ago"),
        ({"message_at": ago(hours=49, minutes=30)}, "window closed 01:30 ago"),
        ({"message_at": ago(days=10)}, "window closed 192:00 ago"),
        ({"message_at": ago(hours=1), "message_used": 4}, ""),
        ({"message_at": ago(hours=1), "message_used": 5}, "quota 5 of 5 used"),
        ({"message_at": ago(hours=1), "message_used": 9}, "quota 5 of 5 used"),
        ({"message_at": ago(hours=1), "closed_at": ago(minutes=5)}, "window closed by the platform"),
        ({"message_at": ago(hours=1), "closed_at": ago(hours=1)}, "window closed by the platform"),
        ({"message_at": ago(hours=1), "closed_at": ago(hours=2)}, ""),
        ({"event_at": ago(seconds=59)}, ""),
        ({"event_at": ago(seconds=59), "event_used": 2}, ""),
        ({"event_at": ago(seconds=59), "event_used": 3}, "quota 3 of 3 used"),
        ({"event_at": ago(minutes=1)}, "window closed 00:00 ago"),
        ({"event_at": ago(minutes=10)}, "window closed 00:09 ago"),
        ({"event_at": ago(seconds=1), "closed_at": NOW}, "window closed by the platform"),
        ({"message_at": ago(hours=50), "event_at": ago(minutes=10)}, "window closed 00:09 ago"),
        ({"message_at": ago(hours=50), "event_at": ago(hours=51)}, "window closed 02:00 ago"),
        ({"message_at": ago(hours=1), "message_used": 5, "event_at": ago(hours=2)}, "quota 5 of 5 used"),
    ],
)
def test_free_form_messages_need_an_open_window_with_something_left(known, says):
    assert free_form(**known).skip == says


@pytest.mark.parametrize(
    ("known", "by_event"),
    [
        ({"event_at": ago(seconds=30)}, True),
        ({"message_at": ago(hours=1), "event_at": ago(seconds=30)}, True),
        ({"message_at": ago(hours=1), "event_at": ago(seconds=30), "event_used": 3}, False),
        ({"message_at": ago(hours=1), "event_at": ago(minutes=2)}, False),
        ({"message_at": ago(hours=1)}, False),
    ],
)
def test_the_few_messages_after_an_event_are_spent_before_those_after_a_message(known, by_event):
    rung = free_form(**known)
    assert (rung.skip, rung.event_window) == ("", by_event)


def test_a_message_after_the_platforms_word_opens_the_window_again():
    refused = {"message_at": ago(hours=2), "closed_at": ago(hours=1)}
    assert free_form(**refused).skip == "window closed by the platform"
    assert free_form(**refused | {"message_at": ago(minutes=1)}).skip == ""


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"message_at": ago(hours=1), "message_used": 4}, "last message of the window is kept for an answer"),
        ({"message_at": ago(hours=1), "message_used": 3}, ""),
        ({"message_at": ago(hours=1), "message_used": 5}, "quota 5 of 5 used"),
        ({"message_at": ago(hours=1), "message_used": 4, "event_at": ago(seconds=5)}, ""),
    ],
)
def test_chatter_leaves_the_last_message_to_an_answer(known, says):
    assert free_form(**known, spare_last=True).skip == says


def test_a_channel_without_a_window_is_always_open():
    assert free_form(window=None).skip == ""


# -- the other reasons -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (sms(state="gone", state_code="21610"), "gone 21610"),
        (sms(state="opted_out", state_code="asked"), "opted_out asked"),
        (sms(state="gone"), "gone"),
        (sms(cannot={SMS: "no number to send from"}), "no number to send from"),
        (sms(state="gone", cannot={SMS: "no number to send from"}), "gone"),
        (sms(), ""),
    ],
)
def test_an_address_or_account_that_cannot_take_it_says_why(route, says):
    assert [rung.skip for rung in plan([route], NOW)] == [says]


def test_the_ladder_goes_by_way_first_and_by_address_second():
    console = Route(3, "console", {CONSOLE: ""})
    other = sms(address_id=4)
    names = [rung.name for rung in plan([sms(), other, console, wechat()], NOW)]
    assert names == ["customer_service:1", "subscription_notice:1", "template_message:1", "console:3", "sms:2", "sms:4"]


def test_a_way_refused_for_this_message_is_not_offered_again_at_that_address_alone():
    rungs = plan([sms(), sms(address_id=4)], NOW, failed=["sms:2"])
    assert [rung.name for rung in rungs] == ["sms:4"]


def test_a_message_for_one_address_goes_to_no_other():
    assert [rung.name for rung in plan([wechat(), sms()], NOW, only_address=2)] == ["sms:2"]


def test_past_the_window_the_notice_comes_first_and_sms_last():
    late = wechat(message_at=ago(days=3), cannot=OPEN | {SUB: "not subscribed"})
    assert first(late, sms()).name == "template_message:1"
    assert first(late, sms(), failed=["template_message:1"]).name == "sms:2"
    assert first(late, sms(state="gone"), failed=["template_message:1"]) is None


def test_a_rung_without_a_route_has_a_name_too():
    assert Rung(WayOut(Way.HELD, place=0), None).name == "held:0"


# -- what must hold for any ledger -----------------------------------------------------------------

moments = st.none() | st.integers(0, 72 * 60).map(lambda minutes: ago(minutes=minutes))
reasons = st.sampled_from(["", "", "unsupported", "not subscribed"])
routes = st.builds(
    Route, address_id=st.integers(1, 4), channel=st.just("any"),
    cannot=st.dictionaries(st.sampled_from(LADDER), reasons, max_size=5),
    state=st.sampled_from(["active", "gone", "opted_out"]), state_code=st.sampled_from(["", "21610"]),
    window=st.none() | st.just(WINDOW), message_at=moments, message_used=st.integers(0, 7),
    event_at=moments, event_used=st.integers(0, 4), closed_at=moments,
)  # fmt: skip
ledgers = st.lists(routes, max_size=4, unique_by=lambda route: route.address_id)
refused = st.lists(st.builds(lambda out, n: f"{out.way.value}:{n}", st.sampled_from(LADDER), st.integers(1, 4)))


@given(ledgers, st.booleans())
def test_no_rung_is_open_on_an_address_that_is_not_active(known, spare_last):
    for rung in plan(known, NOW, spare_last=spare_last):
        assert rung.skip or (rung.route.state == "active" and not rung.route.cannot[rung.out])


@given(ledgers, refused)
def test_the_order_is_always_the_ladders_and_nothing_is_offered_twice(known, failed):
    rungs = plan(known, NOW, failed=failed)
    places = [(LADDER.index(rung.out), known.index(rung.route)) for rung in rungs]
    assert places == sorted(set(places))
    assert not {rung.name for rung in rungs} & set(failed)


@given(ledgers)
def test_sparing_the_last_message_only_ever_closes_a_rung(known):
    free, spared = plan(known, NOW), plan(known, NOW, spare_last=True)
    for rung, other in zip(free, spared, strict=True):
        assert rung.name == other.name
        assert other.skip or not rung.skip


@given(routes)
def test_an_open_free_form_rung_has_something_left_and_was_not_closed_since(route):
    for rung in plan([route], NOW):
        if rung.out is not CS or rung.skip or route.window is None:
            continue
        opened = max(at for at in (route.message_at, route.event_at) if at)
        assert route.closed_at is None or route.closed_at < opened
        if rung.event_window:
            assert NOW - route.event_at < timedelta(minutes=1)
            assert route.event_used < 3
        else:
            assert NOW - route.message_at < timedelta(hours=48)
            assert route.message_used < 5


# -- quiet hours and waits -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ((23, 21, 59, 59), None), ((23, 22, 0, 0), (24, 7)), ((23, 23, 59, 59), (24, 7)), ((24, 0, 0, 0), (24, 7)),
        ((24, 6, 59, 59), (24, 7)), ((24, 7, 0, 0), None), ((24, 12, 0, 0), None), ((30, 22, 30, 0), (31, 7)),
    ],
)  # fmt: skip
def test_quiet_hours_end_at_seven_of_the_right_morning(clock, until):
    day, *time = clock
    local = datetime(2026, 12, day, *time, tzinfo=CHINA)
    expected = datetime(2026, 12, until[0], until[1], tzinfo=CHINA) if until else None
    assert quiet_until(local) == expected


def test_the_last_night_of_the_year_ends_in_the_next():
    assert quiet_until(datetime(2026, 12, 31, 23, 0, tzinfo=CHINA)) == datetime(2027, 1, 1, 7, tzinfo=CHINA)


def test_waits_grow_and_end():
    waits = [backoff(attempt) for attempt in range(1, len(BACKOFF) + 1)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=2)
    assert waits[-1] <= timedelta(hours=1)
    assert backoff(len(BACKOFF) + 1) is None
