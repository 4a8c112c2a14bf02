"""The values with which pages are filled: the due date in words, the steps an inquiry went through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.inquiry.states import FINAL, LoggedActor, State
from handlers.notices.phrases import CHINA, STATES, UNSEEN, say_due, say_time
from store import inquiries

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clocks.workdays import Calendar
    from store.engine.transactions import Tx
    from store.records.inquiries import EventRecord, InquiryRecord

INTERNAL = frozenset({"late_sign", "yellow", "red"})
"""Steps between the office and a unit. The citizen is only told that it is overdue, as in her progress text."""
ENDED = FINAL | {State.ANSWERED}


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as shown. ``days`` are the working days left, negative when it is over; ``clock`` is ok, today,
    paused, overdue or ended.
    """

    text: str
    days: int
    clock: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history. ``name`` is that of the event; the template has its words."""

    name: str
    at: str
    unit: str = ""
    from_unit: str = ""
    who: str = ""
    reason: str = ""


def due_of(calendar: Calendar, inquiry: InquiryRecord, now: datetime) -> Due:
    """The due date and how far away it is."""
    today, last = now.astimezone(CHINA).date(), inquiry.due_at.astimezone(CHINA).date()
    days = calendar.workdays_between(today, last)
    if inquiry.state in ENDED:
        clock = "ended"
    elif inquiry.paused_at is not None:
        clock = "paused"
    elif now > inquiry.due_at:
        clock = "overdue"
    else:
        clock = "today" if today == last else "ok"
    return Due(say_due(inquiry), days, clock, bool(inquiry.provisional))


def state_of(inquiry: InquiryRecord) -> str:
    """The state in words."""
    return STATES.get(inquiry.state, str(inquiry.state))


def steps_of(tx: Tx, inquiry_id: int, *, names: bool) -> list[Step]:
    """The history in order. With ``names`` false no officer's name and no reason is shown, as for the citizen."""
    unseen = UNSEEN if names else UNSEEN | INTERNAL
    return [_step(tx, event, names=names) for event in inquiries.events_of(tx, inquiry_id) if event.name not in unseen]


def _step(tx: Tx, event: EventRecord, *, names: bool) -> Step:
    data = event.data or {}
    who = inquiries.officer_name(tx, event.actor_id) if names and event.actor == LoggedActor.OFFICER else ""
    reason = (
        data.get("reason", "") if names and event.name in {"returned", "contact_opened", "answer_retracted"} else ""
    )
    return Step(
        event.name, say_time(event.at), str(data.get("unit", "")), str(data.get("from_unit", "")), who, str(reason)
    )
