"""What an inquiry, an order and a request may become: three tables, which nothing else decides.

Handlers ask ``after(state, event)`` before they store a state; a move the table does not know raises
``IllegalTransition``. ``ACTORS`` says who may do it; when and why it may be done is in
``bot/inquiry/request_rules.py``. Overdue is not a state: ``bot/clocks/steps.py`` computes it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar


class State(StrEnum):
    """Where an inquiry stands. There is no way out of ARCHIVED."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    ANSWERED = "answered"
    CLOSED = "closed"
    ARCHIVED = "archived"
    NEED_INFO = "need_info"
    REJECTED = "rejected"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What happens to an inquiry.

    DISPATCH is the first order, REDISPATCH a later one (transfer, approved return). SUPPLY and LAPSE
    end a wait for the citizen: she wrote, or the time for it passed. REVISE is the reviewer's,
    REWORK the dissatisfied citizen's or the office's. RETRACT takes an answer back: the order goes on as if
    it had not been given. APPEAL is the citizen's objection to a rejection.
    UNMERGE: what it was merged into ended without an answer, so it stands by itself again.
    """

    ACCEPT = "accept"
    REJECT = "reject"
    APPEAL = "appeal"
    DISPATCH = "dispatch"
    REDISPATCH = "redispatch"
    SIGN = "sign"
    ASK = "ask"
    SUPPLY = "supply"
    LAPSE = "lapse"
    SUBMIT = "submit"
    REVISE = "revise"
    APPROVE = "approve"
    ANSWER = "answer"
    REWORK = "rework"
    RETRACT = "retract"
    CLOSE = "close"
    ARCHIVE = "archive"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    UNMERGE = "unmerge"


class AssignmentState(StrEnum):
    """The state of one unit's order."""

    PENDING = "pending"
    SIGNED = "signed"
    DRAFTED = "drafted"
    RETURNED = "returned"
    DONE = "done"
    CANCELLED = "cancelled"


class AssignmentEvent(StrEnum):
    """What happens to an order. RETURN is a return that was granted; asking for it changes nothing.

    REOPEN: its answer was taken back. The clock is then what it would be without that answer.
    """

    SIGN = "sign"
    DRAFT = "draft"
    REVISE = "revise"
    RETURN = "return"
    FINISH = "finish"
    CANCEL = "cancel"
    REOPEN = "reopen"


class AssignmentRole(StrEnum):
    """LEAD answers the citizen; ASSIST helps the lead and replies to it by an earlier date."""

    LEAD = "lead"
    ASSIST = "assist"


class RequestKind(StrEnum):
    """What a unit may ask for; REWORK is what a citizen asks for who is not satisfied again."""

    EXTENSION = "extension"
    RETURN = "return"
    SUPPLEMENT = "supplement"
    REWORK = "rework"


class RequestState(StrEnum):
    """The state of a request. EXPIRED: nobody decided it in time, which counts as refused."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


class RequestEvent(StrEnum):
    """How a request is decided."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"


class Actor(StrEnum):
    """Who makes a move. SYSTEM is the timer or the router."""

    CITIZEN = "citizen"
    UNIT = "unit"
    HEAD = "head"
    OFFICE = "office"
    LEADER = "leader"
    SYSTEM = "system"


class LoggedActor(StrEnum):
    """Who did it, as the event log has it: whoever acts for the office or a unit is an officer there."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    SYSTEM = "system"


class IllegalTransition(Exception):
    """There is no move from ``state`` by ``event``. The message names both and contains nothing else."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        super().__init__(f"no {type(state).__name__} {state.value!r} by {event.value!r}")
        self.state = state
        self.event = event


TABLE: tuple[tuple[State, Event, State], ...] = (
    (State.RECEIVED, Event.ACCEPT, State.ACCEPTED),
    # The router dispatches what it is sure of by itself: accepted and dispatched in one.
    (State.RECEIVED, Event.DISPATCH, State.DISPATCHED),
    (State.ACCEPTED, Event.DISPATCH, State.DISPATCHED),
    (State.RECEIVED, Event.REJECT, State.REJECTED),
    (State.ACCEPTED, Event.REJECT, State.REJECTED),
    # What the router cannot place is dispatched to the duty desk, which may find it is not ours.
    (State.DISPATCHED, Event.REJECT, State.REJECTED),
    (State.IN_PROGRESS, Event.REJECT, State.REJECTED),
    (State.NEED_INFO, Event.REJECT, State.REJECTED),
    (State.REJECTED, Event.APPEAL, State.RECEIVED),
    (State.MERGED, Event.UNMERGE, State.RECEIVED),
    (State.DISPATCHED, Event.SIGN, State.IN_PROGRESS),
    (State.DISPATCHED, Event.REDISPATCH, State.DISPATCHED),
    (State.IN_PROGRESS, Event.REDISPATCH, State.DISPATCHED),
    (State.RECEIVED, Event.ASK, State.NEED_INFO),
    (State.ACCEPTED, Event.ASK, State.NEED_INFO),
    (State.DISPATCHED, Event.ASK, State.NEED_INFO),
    (State.IN_PROGRESS, Event.ASK, State.NEED_INFO),
    *(
        (State.NEED_INFO, event, back)
        for event in (Event.SUPPLY, Event.LAPSE)
        for back in (State.RECEIVED, State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS)
    ),
    (State.DISPATCHED, Event.SUBMIT, State.IN_REVIEW),
    (State.IN_PROGRESS, Event.SUBMIT, State.IN_REVIEW),
    (State.IN_REVIEW, Event.REVISE, State.IN_PROGRESS),
    (State.IN_REVIEW, Event.APPROVE, State.ANSWERED),
    (State.DISPATCHED, Event.ANSWER, State.ANSWERED),
    (State.IN_PROGRESS, Event.ANSWER, State.ANSWERED),
    # The officer may find out without the citizen: waiting must not keep an answer back.
    (State.NEED_INFO, Event.ANSWER, State.ANSWERED),
    (State.ANSWERED, Event.REWORK, State.DISPATCHED),
    (State.CLOSED, Event.REWORK, State.DISPATCHED),
    (State.ANSWERED, Event.RETRACT, State.IN_PROGRESS),
    (State.ANSWERED, Event.CLOSE, State.CLOSED),
    (State.CLOSED, Event.ARCHIVE, State.ARCHIVED),
    *(
        (state, event, target)
        for state in (
            State.RECEIVED,
            State.ACCEPTED,
            State.DISPATCHED,
            State.IN_PROGRESS,
            State.IN_REVIEW,
            State.NEED_INFO,
        )
        for event, target in ((Event.WITHDRAW, State.WITHDRAWN), (Event.MERGE, State.MERGED))
    ),
)

ASSIGNMENT_TABLE: tuple[tuple[AssignmentState, AssignmentEvent, AssignmentState], ...] = (
    (AssignmentState.PENDING, AssignmentEvent.SIGN, AssignmentState.SIGNED),
    (AssignmentState.PENDING, AssignmentEvent.DRAFT, AssignmentState.DRAFTED),
    (AssignmentState.SIGNED, AssignmentEvent.DRAFT, AssignmentState.DRAFTED),
    (AssignmentState.DRAFTED, AssignmentEvent.REVISE, AssignmentState.SIGNED),
    (AssignmentState.PENDING, AssignmentEvent.RETURN, AssignmentState.RETURNED),
    (AssignmentState.SIGNED, AssignmentEvent.RETURN, AssignmentState.RETURNED),
    (AssignmentState.DONE, AssignmentEvent.REOPEN, AssignmentState.SIGNED),
    *(
        (state, event, target)
        for state in (AssignmentState.PENDING, AssignmentState.SIGNED, AssignmentState.DRAFTED)
        for event, target in (
            (AssignmentEvent.FINISH, AssignmentState.DONE),
            (AssignmentEvent.CANCEL, AssignmentState.CANCELLED),
        )
    ),
)

REQUEST_TABLE: tuple[tuple[RequestState, RequestEvent, RequestState], ...] = (
    (RequestState.PENDING, RequestEvent.APPROVE, RequestState.APPROVED),
    (RequestState.PENDING, RequestEvent.REFUSE, RequestState.REFUSED),
    (RequestState.PENDING, RequestEvent.EXPIRE, RequestState.EXPIRED),
    # The office was late, not the unit: its later approval is answered by a counter-entry.
    (RequestState.EXPIRED, RequestEvent.APPROVE, RequestState.APPROVED),
)

OPEN = frozenset(
    {
        State.RECEIVED,
        State.ACCEPTED,
        State.DISPATCHED,
        State.IN_PROGRESS,
        State.IN_REVIEW,
        State.NEED_INFO,
    }
)
"""States in which the citizen waits for an answer. ANSWERED is neither open nor final, because a rating may still
come.
"""
FINAL = frozenset({State.CLOSED, State.ARCHIVED, State.REJECTED, State.MERGED, State.WITHDRAWN})
OPEN_ASSIGNMENT = frozenset({AssignmentState.PENDING, AssignmentState.SIGNED, AssignmentState.DRAFTED})

_UNIT = frozenset({Actor.UNIT, Actor.HEAD, Actor.OFFICE})
_DESK = frozenset({Actor.OFFICE, Actor.LEADER})
ACTORS: dict[Event, frozenset[Actor]] = {
    Event.ACCEPT: frozenset({Actor.OFFICE, Actor.SYSTEM}),
    Event.REJECT: _DESK,
    Event.APPEAL: frozenset({Actor.CITIZEN}),
    Event.DISPATCH: frozenset({Actor.OFFICE, Actor.SYSTEM}),
    # A subdistrict office hands on to its own communities.
    Event.REDISPATCH: _UNIT | _DESK,
    Event.SIGN: _UNIT,
    Event.ASK: _UNIT | {Actor.SYSTEM},
    Event.SUPPLY: frozenset({Actor.CITIZEN}),
    Event.LAPSE: frozenset({Actor.SYSTEM}),
    Event.SUBMIT: _UNIT,
    Event.REVISE: frozenset({Actor.HEAD, Actor.OFFICE}),
    Event.APPROVE: frozenset({Actor.HEAD, Actor.OFFICE}),
    Event.ANSWER: _UNIT,
    Event.REWORK: _DESK | {Actor.CITIZEN},
    Event.RETRACT: _UNIT,
    Event.CLOSE: frozenset({Actor.CITIZEN, Actor.OFFICE, Actor.SYSTEM}),
    Event.ARCHIVE: frozenset({Actor.SYSTEM}),
    Event.WITHDRAW: frozenset({Actor.CITIZEN}),
    Event.MERGE: _DESK,
    Event.UNMERGE: frozenset({Actor.SYSTEM}),
}

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class _Machine(Generic[S, E]):
    """A table of moves, read by its first two columns: the state and the event."""

    def __init__(self, table: tuple[tuple[S, E, S], ...]) -> None:
        self._targets: dict[tuple[S, E], frozenset[S]] = {}
        for state, event, target in table:
            self._targets[state, event] = self._targets.get((state, event), frozenset()) | {target}

    def after(self, state: S, event: E, back_to: S | None) -> S:
        targets = self._targets.get((state, event), frozenset())
        if back_to in targets:
            return back_to
        # A state named for a move that needs none is a mistake of the caller, not a choice.
        if len(targets) != 1 or back_to is not None:
            raise IllegalTransition(state, event)
        return next(iter(targets))


_INQUIRY = _Machine(TABLE)
_ASSIGNMENT = _Machine(ASSIGNMENT_TABLE)
_REQUEST = _Machine(REQUEST_TABLE)


def after(state: State, event: Event, *, back_to: State | None = None) -> State:
    """The state after ``event``. Raises IllegalTransition.

    Only SUPPLY and LAPSE lead to more than one state: they need ``back_to``, see ``state_before_asking``.
    """
    return _INQUIRY.after(state, event, back_to)


def may(actor: Actor, event: Event) -> bool:
    """Whether this kind of actor is allowed to make this move at all."""
    return actor in ACTORS[event]


def state_before_asking(lead: AssignmentState | None) -> State:
    """The state in which an inquiry goes on when the wait for its citizen is over; it follows from the state of
    the lead order.
    """
    if lead is None:
        return State.RECEIVED
    return State.DISPATCHED if lead is AssignmentState.PENDING else State.IN_PROGRESS


def after_assignment(state: AssignmentState, event: AssignmentEvent) -> AssignmentState:
    """The order's state after ``event``. Raises IllegalTransition."""
    return _ASSIGNMENT.after(state, event, None)


def after_request(state: RequestState, event: RequestEvent) -> RequestState:
    """The request's state after ``event``. Raises IllegalTransition."""
    return _REQUEST.after(state, event, None)
