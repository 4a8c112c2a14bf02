"""A citizen tells a matter: the inquiry is opened with number and due date, and parts are added to it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.clocks.workdays import CHINA
from bot.conversation.step import fold_closes_at, opened
from bot.edge.messages import InboundMessage, Kind
from bot.inquiry.directions import Direction
from bot.inquiry.kinds import kind_of
from bot.inquiry.numbers import format_number, new_code
from bot.inquiry.states import LoggedActor, State
from bot.text.emergency import ANSWERS
from handlers.notices.notify import to_officer
from handlers.notices.phrases import about, say_time, shorten
from handlers.notices.privacy import summary_of, text_for
from handlers.notices.recipients import duty_staff
from store import inquiries, people

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn

MOST_ALERTS, ALERTED_WITHIN = 5, timedelta(minutes=10)
"""The most alerts about one inquiry within this time. What is written after them can be read on its page."""
SUMMARY_LENGTH = 20
"""Characters of a summary. A ``thing`` field of a WeChat template takes no more (rules as users report them:
community doc/00066407b58fc04dade12a65a6b000, read 2026-11-23).
"""

WORDLESS = {
    Kind.IMAGE: "[图片]",
    Kind.VOICE: "[语音]",
    Kind.VIDEO: "[视频]",
    Kind.LOCATION: "[位置]",
    Kind.FILE: "[文件]",
    Kind.UNSUPPORTED: "[无法显示的内容]",
    Kind.LINK: "[链接]",
    Kind.TEXT: "",
}


def open_inquiry(
    turn: Turn, state: ConversationState, act: acts.OpenInquiry, event: InboundMessage
) -> ConversationState:
    """Open an inquiry: store it with its first part, and answer with number, code and due date."""
    tx, deps, now = turn.tx, turn.deps, turn.now
    contact_id = people.ensure_contact(tx, turn.address, now)
    day = now.astimezone(CHINA).date()
    kind = kind_of(event.text)
    due = deps.calendar().due(now, deps.limits.reply_days_for(kind), rule=deps.due_rule)
    inquiry = inquiries.open_new(
        tx,
        number=format_number(day, inquiries.next_of_day(tx, day)),
        query_code=new_code(secrets.randbelow),
        contact_id=contact_id,
        address_id=turn.address.id,
        channel=turn.channel.account,
        state=State.RECEIVED,
        kind=kind,
        summary=_summary(event),
        received_at=now,
        due_at=due.at,
        provisional=due.provisional,
        derivation=[[s.day.isoformat(), s.counted, s.why, s.status] for s in due.derivation],
        fold_until=fold_closes_at(state, deps.rules),
    )
    _add_part(turn, inquiry.id, event)
    inquiries.log(
        tx, inquiry.id, "received", now, actor=LoggedActor.CITIZEN, actor_id=contact_id, channel=turn.channel.account
    )
    turn.inquiry_id = inquiry.id
    turn.reply("receipt.ask" if act.ask_place else "receipt", **about(inquiry), code=inquiry.query_code)
    return opened(state, inquiry.id)


def add_part(turn: Turn, state: ConversationState, act: acts.AddPart, event: InboundMessage) -> ConversationState:
    """Add one more part to the open draft."""
    inquiry_id = state.draft.inquiry_id if state.draft is not None else None
    if inquiry_id is None:
        raise RuntimeError("a part came without a draft")
    _add_part(turn, inquiry_id, event)
    inquiries.set_fold(turn.tx, inquiry_id, fold_closes_at(state, turn.deps.rules))
    turn.inquiry_id = inquiry_id
    inquiry = inquiries.get(turn.tx, inquiry_id)
    if inquiry.summary.startswith("[") and event.text:
        inquiries.change(turn.tx, inquiry, summary=_summary(event))
    if act.quiet:
        return state
    if not turn.by_sms or act.ask_place:  # each SMS costs money, and the receipt with the number was sent already
        turn.reply("part.ask" if act.ask_place else "part", **about(inquiry))
    return state


def _add_part(turn: Turn, inquiry_id: int, event: InboundMessage) -> None:
    place = event.location
    inquiries.add_message(
        turn.tx,
        inquiry_id=inquiry_id,
        direction=Direction.IN,
        kind=event.kind.value,
        text=event.text or (place.label if place else ""),
        now=turn.now,
        media_refs=event.media,
        channel=turn.channel.account,
        address_id=turn.address.id,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
    )
    if event.media:
        turn.wakes.add("bulk")


def end_draft(turn: Turn, state: ConversationState, _act: acts.EndDraft, _event: Any) -> ConversationState:
    """完: the matter is told, so routing starts now."""
    latest = _latest(turn)
    if latest is None or latest.fold_until is None:
        turn.reply("end.nothing")
        return state
    inquiries.set_fold(turn.tx, latest.id, turn.now)
    turn.wakes.add("routing")
    turn.inquiry_id = latest.id
    turn.reply("end", **about(latest))
    return state


def _latest(turn: Turn) -> Any:
    if turn.address.contact_id is None:
        return None
    rows = inquiries.of_contact(turn.tx, turn.address.contact_id, only_open=True, limit=1)
    return rows[0] if rows else None


def emergency(turn: Turn, state: ConversationState, act: acts.Emergency, event: InboundMessage) -> ConversationState:
    """Answer with the right emergency call at once, and alert the duty officers' phones, day or night."""
    for kind in act.kinds[:2]:
        turn.reply(ANSWERS[kind])
    # The inquiry is opened by the next act of the same message. The alert names its number, so that the officer
    # finds who wrote.
    turn.later.append(lambda: _alert(turn, act, event))
    return state


def _alert(turn: Turn, act: acts.Emergency, event: InboundMessage) -> None:
    tx, inquiry_id = turn.tx, turn.inquiry_id
    inquiry = inquiries.get(tx, inquiry_id) if inquiry_id is not None else None
    if inquiry is not None:
        inquiries.change(tx, inquiry, urgent=True)
    inquiries.log(
        tx,
        inquiry_id,
        "emergency",
        turn.now,
        actor=LoggedActor.CITIZEN,
        actor_id=turn.address.contact_id,
        kinds=list(act.kinds),
    )
    if inquiry is not None and _told_enough(turn, inquiry.id):
        return
    for officer in duty_staff(tx):
        url = turn.deps.signer.staff_url(inquiry.id, officer.id) if inquiry is not None else ""
        text = text_for(officer, inquiry, event.text, keeper=turn.deps.secrets_officer)
        to_officer(
            tx,
            officer.id,
            key="alert.emergency",
            urgent=True,
            inquiry_id=inquiry_id,
            now=turn.now,
            once=f"emergency:{event.channel}:{event.external_id}:{officer.id}",
            params={
                "kinds": list(act.kinds),
                "text": shorten(text, 60),
                "time": say_time(turn.now),
                "number": inquiry.number if inquiry is not None else "",
                "url": url,
            },
        )
    turn.wakes.add("outbox-urgent")


def _told_enough(turn: Turn, inquiry_id: int) -> bool:
    """Whether the officers had enough alerts of one sender: a flood of calls for help must not bury somebody
    else's. The citizen is answered each time.
    """
    since = turn.now - ALERTED_WITHIN
    alerts = [e for e in inquiries.events_of(turn.tx, inquiry_id) if e.name == "emergency" and e.at > since]
    return len(alerts) > MOST_ALERTS


def _summary(event: InboundMessage) -> str:
    return summary_of(event.text, SUMMARY_LENGTH) or WORDLESS[event.kind]
