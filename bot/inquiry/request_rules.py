"""What a unit may ask for: more time, to give an order back, a question to the citizen.

Each ``…_problem`` returns why the request is not possible, or None. The limits are the office's
(``bot.clocks.steps.Limits``). That nobody asks twice at once is also kept by a unique index in the database.
Called by the officer's word and page, and by the duty desk before it decides.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.clocks.steps import DEFAULT_LIMITS
from bot.clocks.workdays import CHINA, CLOSING
from bot.inquiry.states import OPEN, OPEN_ASSIGNMENT, Actor, AssignmentState, State

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import time

    from bot.clocks.steps import Limits
    from bot.clocks.workdays import Calendar, Rule

MOST_RETURNS = 2
MOST_EXTENSIONS = 2
SHORTEST_REASON = 2


class ReasonCategory(StrEnum):
    """The objective reasons for more time that are supplied. An office may set a list of its own."""

    FIELD_TEST = "field_test"
    JOINT_CONSULTATION = "joint_consultation"
    STATUTORY_PROCEDURE = "statutory_procedure"
    CONSTRUCTION_PERIOD = "construction_period"
    AWAITING_APPROVAL = "awaiting_approval"
    WEATHER = "weather"


class Problem(StrEnum):
    """Why a request is not taken. The values are the keys of the texts the officer is told."""

    CLOSED = "closed"
    OVER = "over"
    PENDING = "pending"
    USED_UP = "used_up"
    LEADER_ONLY = "leader_only"
    NOT_LATER = "not_later"
    DAY_OFF = "day_off"
    TOO_FAR = "too_far"
    CATEGORY = "category"
    REASON_SHORT = "reason_short"
    REASON_PADDED = "reason_padded"
    PASSED = "passed"
    RETURNED_BEFORE = "returned_before"
    UNIT_FIXED = "unit_fixed"
    SAME_UNIT = "same_unit"
    ASKED_BEFORE = "asked_before"


@dataclass(frozen=True, slots=True)
class ExtensionAsk:
    """A request for more time, until closing time of ``wanted``.

    ``granted``: how many extensions this inquiry has had. ``paused_at``: since when the citizen is being asked a
    question.
    """

    order: AssignmentState
    due_at: datetime
    wanted: date
    category: str
    reason: str
    granted: int = 0
    pending: bool = False
    actor: Actor = Actor.UNIT
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReturnAsk:
    """A request to give an order back. ``by_unit`` and ``in_all`` count the returns of the inquiry by this unit
    and by all units.
    """

    order: AssignmentState
    dispatched_at: datetime
    unit: str
    reason: str
    proposed: str | None = None
    by_unit: int = 0
    in_all: int = 0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class SupplementAsk:
    """A question to the citizen. ``asked`` counts the questions already put in this stage: before dispatch, or by
    this unit.
    """

    state: State
    question: str
    asked: int = 0


def extension_problem(
    ask: ExtensionAsk,
    now: datetime,
    calendar: Calendar,
    *,
    limits: Limits = DEFAULT_LIMITS,
    categories: Collection[str] = tuple(ReasonCategory),
) -> Problem | None:
    """Why more time cannot be asked for; the gravest reason if there are several."""
    if ask.order not in OPEN_ASSIGNMENT:
        return Problem.CLOSED
    if extension_expired(ask.due_at, now, paused_at=ask.paused_at):
        return Problem.OVER
    return (
        _turn_problem(ask)
        or wanted_problem(ask.due_at, ask.wanted, calendar, days=limits.extension_max_days)
        or (None if ask.category in categories else Problem.CATEGORY)
        or reason_problem(ask.reason, shortest=limits.reason_length)
    )


def _turn_problem(ask: ExtensionAsk) -> Problem | None:
    if ask.pending:
        return Problem.PENDING
    if ask.granted >= MOST_EXTENSIONS:
        return Problem.USED_UP
    return Problem.LEADER_ONLY if ask.granted and ask.actor is not Actor.LEADER else None


def wanted_problem(due_at: datetime, wanted: date, calendar: Calendar, *, days: int) -> Problem | None:
    """Why a new date is not possible: it must be a working day after the due day and within ``days`` working days
    of it.
    """
    due_day = due_at.astimezone(CHINA).date()
    if wanted <= due_day:
        return Problem.NOT_LATER
    if wanted > calendar.add_workdays(due_day, days):
        return Problem.TOO_FAR
    return None if calendar.is_workday(wanted) else Problem.DAY_OFF


def reason_problem(reason: str, *, shortest: int) -> Problem | None:
    """Why a reason is too short, or says nothing.

    Blanks and invisible characters do not count. What is left after repetition is removed must be three quarters
    of the required length, of at least half as many different characters: a real sentence of twenty Chinese
    characters has some fifteen different ones, two words said seven times have six.
    """
    text = "".join(c for c in unicodedata.normalize("NFKC", reason) if not _is_blank(c))
    if len(text) < shortest:
        return Problem.REASON_SHORT
    kernel = re.sub(r"(.{1,40}?)\1+", r"\1", "".join(c for c in text[:500] if c.isalnum()))
    if len(kernel) * 4 < shortest * 3 or len(set(kernel)) * 2 < shortest:
        return Problem.REASON_PADDED
    return None


def _is_blank(char: str) -> bool:
    """Spaces, controls, and what has no width of its own (categories Z and C)."""
    return unicodedata.category(char)[0] in "ZC"


def extension_due(due_at: datetime, wanted: int | date, calendar: Calendar, *, closing: time = CLOSING) -> datetime:
    """The new due time (UTC): closing time of the ``wanted`` day, or of that many working days on."""
    if isinstance(wanted, int):
        wanted = calendar.add_workdays(due_at.astimezone(CHINA).date(), wanted)
    return datetime.combine(wanted, closing, CHINA).astimezone(UTC)


def extension_expired(due_at: datetime, now: datetime, *, paused_at: datetime | None = None) -> bool:
    """Whether it is too late to ask for more time; a request that nobody decided counts as refused from then on.

    The due moment itself is not too late. While the citizen is asked a question the clock stands.
    """
    return (now if paused_at is None else min(now, paused_at)) > due_at


def approval_problem(new_due: datetime, now: datetime) -> Problem | None:
    """Why an extension cannot be approved late: it still has to give time, and a date that is over gives none."""
    return None if new_due > now else Problem.PASSED


def return_by(
    dispatched_at: datetime, calendar: Calendar, *, limits: Limits = DEFAULT_LIMITS, rule: Rule = "A"
) -> datetime:
    """The last moment to give an order back. Days are counted as for the reply: the first day does not count."""
    return calendar.due(dispatched_at, limits.return_days, rule=rule).at


def return_problem(
    ask: ReturnAsk, now: datetime, calendar: Calendar, *, limits: Limits = DEFAULT_LIMITS, rule: Rule = "A"
) -> Problem | None:
    """Why an order cannot be given back. The officer may propose a unit, but not the own one."""
    if ask.order not in {AssignmentState.PENDING, AssignmentState.SIGNED}:
        return Problem.CLOSED
    return (
        _return_turn_problem(ask)
        or (Problem.OVER if now > return_by(ask.dispatched_at, calendar, limits=limits, rule=rule) else None)
        or (Problem.SAME_UNIT if ask.proposed == ask.unit else None)
        or _said(ask.reason)
    )


def _return_turn_problem(ask: ReturnAsk) -> Problem | None:
    if ask.pending:
        return Problem.PENDING
    # After two returns the office fixes the unit: a third unit that says "not us" ends nothing.
    if ask.in_all >= MOST_RETURNS:
        return Problem.UNIT_FIXED
    return Problem.RETURNED_BEFORE if ask.by_unit else None


def supplement_problem(ask: SupplementAsk) -> Problem | None:
    """Why the citizen cannot be asked: one question in each stage, and only while the inquiry is worked on."""
    if ask.state is State.NEED_INFO:
        return Problem.PENDING
    if ask.state not in OPEN or ask.state is State.IN_REVIEW:
        return Problem.CLOSED
    return Problem.ASKED_BEFORE if ask.asked else _said(ask.question)


def supplement_until(asked_at: datetime, calendar: Calendar, *, limits: Limits = DEFAULT_LIMITS) -> datetime:
    """The moment until which the citizen may answer. After it the inquiry goes on without the answer."""
    return calendar.due(asked_at, limits.supplement_days).at


def decide_by(
    opened_at: datetime,
    calendar: Calendar,
    *,
    due_at: datetime | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> datetime:
    """The moment by which the office must have decided; for an extension never later than ``due_at``, after which
    it has no use.
    """
    at = calendar.add_working_hours(opened_at, limits.decide_hours)
    return at if due_at is None else max(min(at, due_at.astimezone(UTC)), opened_at.astimezone(UTC))


def _said(text: str) -> Problem | None:
    said = sum(not _is_blank(c) for c in text)
    return None if said >= SHORTEST_REASON else Problem.REASON_SHORT
