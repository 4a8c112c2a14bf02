"""The state machine: every path an inquiry takes, and every one it must not."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inquiry import states
from bot.inquiry.states import (
    ACTORS,
    ASSIGNMENT_TABLE,
    FINAL,
    OPEN,
    OPEN_ASSIGNMENT,
    REQUEST_TABLE,
    TABLE,
    Actor,
    AssignmentEvent,
    AssignmentState,
    Event,
    IllegalTransition,
    RequestEvent,
    RequestState,
    State,
    after,
    after_assignment,
    after_request,
    may,
    state_before_asking,
)
from handlers.notices.phrases import STATES
from store.tables.inquiries import assignments, requests
from store.tables.inquiries import inquiries as inquiry_table


def known(table, state):
    """The events a table knows for a state."""
    return {event for source, event, _target in table if source is state}


PATHS = {
    "the router sends it out, the unit answers": [
        "received",
        "dispatch",
        "dispatched",
        "sign",
        "in_progress",
        "answer",
        "answered",
        "close",
        "closed",
        "archive",
        "archived",
    ],
    "by the office, with review": [
        "received",
        "accept",
        "accepted",
        "dispatch",
        "dispatched",
        "sign",
        "in_progress",
        "submit",
        "in_review",
        "revise",
        "in_progress",
        "submit",
        "in_review",
        "approve",
        "answered",
    ],
    "answered without being signed for": ["received", "dispatch", "dispatched", "answer", "answered"],
    "sent on twice": [
        "received",
        "dispatch",
        "dispatched",
        "redispatch",
        "dispatched",
        "sign",
        "in_progress",
        "redispatch",
        "dispatched",
    ],
    "reworked after the answer, and by the office after closing": [
        "answered",
        "rework",
        "dispatched",
        "answer",
        "answered",
        "close",
        "closed",
        "rework",
        "dispatched",
    ],
    "rejected, objected to, taken": ["received", "reject", "rejected", "appeal", "received", "accept", "accepted"],
    "not ours, found by the duty desk": ["received", "dispatch", "dispatched", "reject", "rejected"],
    "merged, and by itself again": ["dispatched", "merge", "merged", "unmerge", "received", "dispatch", "dispatched"],
    "withdrawn while the citizen is asked": ["received", "ask", "need_info", "withdraw", "withdrawn"],
    "answered while the citizen is asked": ["in_progress", "ask", "need_info", "answer", "answered"],
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_an_inquiry_takes_this_path(path):
    states, events = [State(s) for s in path[::2]], [Event(e) for e in path[1::2]]
    assert [after(state, event) for state, event in zip(states, events, strict=False)] == states[1:]


@pytest.mark.parametrize("event", ["supply", "lapse"])
@pytest.mark.parametrize("state", ["received", "accepted", "dispatched", "in_progress"])
def test_after_asking_the_citizen_it_goes_back_where_it_was(state, event):
    assert after(State(state), Event.ASK) is State.NEED_INFO
    assert after(State.NEED_INFO, Event(event), back_to=State(state)) is State(state)


@pytest.mark.parametrize("back_to", [None, State.ANSWERED, State.NEED_INFO, State.CLOSED])
def test_the_way_back_must_be_told_and_be_a_state_one_can_ask_from(back_to):
    with pytest.raises(IllegalTransition):
        after(State.NEED_INFO, Event.SUPPLY, back_to=back_to)


@pytest.mark.parametrize(
    ("lead", "state"),
    [
        (None, State.RECEIVED),
        (AssignmentState.PENDING, State.DISPATCHED),
        (AssignmentState.SIGNED, State.IN_PROGRESS),
        (AssignmentState.DRAFTED, State.IN_PROGRESS),
    ],
)
def test_the_open_order_tells_where_it_goes_on_after_asking(lead, state):
    assert state_before_asking(lead) is state
    assert after(State.NEED_INFO, Event.LAPSE, back_to=state) is state


def test_a_way_back_is_only_for_the_end_of_asking():
    with pytest.raises(IllegalTransition):
        after(State.RECEIVED, Event.ACCEPT, back_to=State.CLOSED)


FORBIDDEN = [
    ("archived", "rework"),
    ("answered", "withdraw"),
    ("closed", "withdraw"),
    ("answered", "merge"),
    ("answered", "answer"),
    ("closed", "answer"),
    ("withdrawn", "dispatch"),
    ("merged", "dispatch"),
    ("received", "answer"),
    ("received", "sign"),
    ("received", "rework"),
    ("in_progress", "sign"),
    ("in_progress", "dispatch"),
    ("rejected", "dispatch"),
    ("answered", "archive"),
    ("in_review", "answer"),
    ("in_review", "ask"),
    ("answered", "reject"),
    ("need_info", "ask"),
    ("dispatched", "close"),
]


@pytest.mark.parametrize(("state", "event"), FORBIDDEN)
def test_this_is_not_a_move_and_the_error_names_both(state, event):
    with pytest.raises(IllegalTransition, match=f"'{state}' by '{event}'") as caught:
        after(State(state), Event(event))
    assert (caught.value.state, caught.value.event) == (State(state), Event(event))


def test_after_takes_every_row_of_the_table():
    for state, event in product(State, Event):
        for target in {target for s, e, target in TABLE if (s, e) == (state, event)}:
            assert after(state, event, back_to=target) is target


def test_there_is_no_way_out_of_archived_and_withdrawn():
    for state in (State.ARCHIVED, State.WITHDRAWN):
        assert not known(TABLE, state)


def test_what_was_merged_only_comes_back_to_be_decided_by_itself():
    assert known(TABLE, State.MERGED) == {Event.UNMERGE}
    assert after(State.MERGED, Event.UNMERGE) is State.RECEIVED


def test_no_row_of_a_table_is_there_twice():
    for table in (TABLE, ASSIGNMENT_TABLE, REQUEST_TABLE):
        assert len(set(table)) == len(table)


def test_the_citizen_may_withdraw_whatever_is_open_and_nothing_else():
    assert {state for state in State if Event.WITHDRAW in known(TABLE, state)} == OPEN
    assert {state for state in State if Event.MERGE in known(TABLE, state)} == OPEN


def test_open_and_final_leave_only_the_answered_between():
    assert not OPEN & FINAL
    assert set(State) - OPEN - FINAL == {State.ANSWERED}


def test_every_state_is_reached_from_receipt():
    reached = {State.RECEIVED}
    for _ in State:
        reached |= {target for state, _event, target in TABLE if state in reached}
    assert reached == set(State)


def test_every_event_has_its_actors_and_its_place():
    assert set(ACTORS) == set(Event) == {event for _, event, _ in TABLE}
    assert all(ACTORS.values())


@pytest.mark.parametrize(
    ("actor", "event", "answer"),
    [
        (Actor.UNIT, Event.REJECT, False),
        (Actor.OFFICE, Event.REJECT, True),
        (Actor.UNIT, Event.APPROVE, False),
        (Actor.UNIT, Event.WITHDRAW, False),
        (Actor.CITIZEN, Event.WITHDRAW, True),
        (Actor.UNIT, Event.CLOSE, False),
        (Actor.LEADER, Event.REJECT, True),
        (Actor.LEADER, Event.MERGE, True),
        (Actor.UNIT, Event.MERGE, False),
        (Actor.OFFICE, Event.UNMERGE, False),
        (Actor.SYSTEM, Event.UNMERGE, True),
        (Actor.HEAD, Event.REJECT, False),
        (Actor.UNIT, Event.REWORK, False),
        (Actor.SYSTEM, Event.DISPATCH, True),
        (Actor.CITIZEN, Event.SIGN, False),
    ],
)
def test_who_may(actor, event, answer):
    assert may(actor, event) is answer


@given(st.lists(st.tuples(st.sampled_from(Event), st.sampled_from([None, *State]))))
def test_random_events_never_lead_out_of_the_table(events):
    state, seen = State.RECEIVED, [State.RECEIVED]
    for event, back_to in events:
        try:
            state = after(state, event, back_to=back_to)
        except IllegalTransition:
            continue
        seen.append(state)
    known = {(source, target) for source, _event, target in TABLE}
    assert all(step in known for step in pairwise(seen))
    assert State.ARCHIVED not in seen[:-1]


@pytest.mark.parametrize(
    ("state", "event", "target"),
    [
        ("pending", "sign", "signed"),
        ("pending", "finish", "done"),
        ("signed", "finish", "done"),
        ("signed", "draft", "drafted"),
        ("drafted", "revise", "signed"),
        ("drafted", "finish", "done"),
        ("pending", "return", "returned"),
        ("done", "reopen", "signed"),
        ("signed", "return", "returned"),
        ("drafted", "cancel", "cancelled"),
    ],
)
def test_an_order_moves(state, event, target):
    assert after_assignment(AssignmentState(state), AssignmentEvent(event)) is AssignmentState(target)


def test_a_finished_order_does_not_move_and_an_open_one_can_always_be_cancelled():
    for state in set(AssignmentState) - OPEN_ASSIGNMENT - {AssignmentState.DONE}:
        assert not known(ASSIGNMENT_TABLE, state)
    assert known(ASSIGNMENT_TABLE, AssignmentState.DONE) == {AssignmentEvent.REOPEN}, "its answer can be taken back"
    for state in OPEN_ASSIGNMENT:
        assert AssignmentEvent.CANCEL in known(ASSIGNMENT_TABLE, state)


@pytest.mark.parametrize(("state", "event"), [("signed", "sign"), ("done", "finish"), ("drafted", "return")])
def test_an_order_does_not_move(state, event):
    with pytest.raises(IllegalTransition, match="AssignmentState"):
        after_assignment(AssignmentState(state), AssignmentEvent(event))


def test_a_request_is_decided_once_but_an_undecided_one_may_still_be_approved():
    assert after_request(RequestState.PENDING, RequestEvent.EXPIRE) is RequestState.EXPIRED
    assert after_request(RequestState.EXPIRED, RequestEvent.APPROVE) is RequestState.APPROVED
    assert known(REQUEST_TABLE, RequestState.EXPIRED) == {RequestEvent.APPROVE}
    assert not known(REQUEST_TABLE, RequestState.APPROVED)
    assert not known(REQUEST_TABLE, RequestState.REFUSED)


def test_every_state_has_its_chinese_word_and_fits_its_column():
    assert set(STATES) == set(State)
    assert max(map(len, State)) <= inquiry_table.c.state.type.length
    assert max(map(len, AssignmentState)) <= assignments.c.state.type.length
    assert max(map(len, RequestState)) <= requests.c.state.type.length
    assert max(map(len, states.RequestKind)) <= requests.c.kind.type.length
