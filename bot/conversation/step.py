"""Decides what a message means: moves one person's conversation on by one step.

``step`` is called inside the transaction that stores the message, with the state of the sender's address; the
handlers carry out the acts and store the new state. Parts sent within the quiet interval become one inquiry.
Nothing a person says about a matter is dropped: beyond the rate limit it is kept without an answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.conversation.acts import (
    Act,
    AddPart,
    Emergency,
    EndDraft,
    Hint,
    Human,
    Ignore,
    Objection,
    OpenInquiry,
    OptIn,
    OptOut,
    Progress,
    Rate,
    RatingReason,
    Supplement,
    Withdraw,
)
from bot.conversation.citizen_words import HINT_KEYS, parse_citizen
from bot.conversation.flood_limits import Decision, Rules, is_over, limited, unlooped
from bot.conversation.state import ConversationState, Draft
from bot.edge.messages import Contact, ContactEvent, InboundMessage, Kind
from bot.text import reading
from bot.text.emergency import EMERGENCY_KEYS, emergency

TEXT_KEYS = (*HINT_KEYS, *EMERGENCY_KEYS)

if TYPE_CHECKING:
    from bot.conversation.officer_words import OfficerWords

REASON_LIFE = timedelta(days=1)
SUPPLEMENT_LIFE = timedelta(minutes=10)
SHORTEST_MATTER = 3  # characters; a shorter answer to "1, 2 or 3?" is asked again

_SPOKEN = (Kind.TEXT, Kind.VOICE)
_MENU: dict[str, Act] = {
    "progress": Progress(None),
    "write": Hint("hint.write"),
    "human": Human(),
    "help": Hint("help"),
    "rate": Hint("hint.rate_how"),
}
_EVENTS: dict[Contact, Act] = {
    Contact.FOLLOW: Hint("hint.welcome"),
    Contact.SCAN: Hint("hint.welcome"),
}


def step(
    state: ConversationState,
    event: InboundMessage | ContactEvent,
    now: datetime,
    *,
    rules: Rules,
    officer: OfficerWords | None,
) -> Decision:
    """The new state and the acts for one event.

    ``officer``: the words that count, where the address belongs to an active officer.
    """
    if isinstance(event, ContactEvent):
        return Decision(state, (_contact(event),))
    state = _without_expired(state, now)
    # Only typed text: what a machine heard in a recording could be a command nobody gave.
    if officer and event.kind is Kind.TEXT and (ordered := officer.parse(event.text)) is not None:
        return Decision(state, (ordered,))
    # Danger is looked for in every message, whatever else it means; it is answered past every limit.
    kinds = emergency(event.text)
    decision = _meant(state, event, now, rules)
    if kinds:
        decision = Decision(decision.state, (Emergency(kinds), *decision.acts))
    return limited(state, unlooped(state, decision, event, now, rules=rules), event, now, rules=rules)


# --- helpers for the handlers ---


def opened(state: ConversationState, inquiry_id: int) -> ConversationState:
    """The state after the draft that was just begun was stored as this inquiry."""
    if state.draft is None:
        raise ValueError("no draft is open")
    return replace(state, draft=replace(state.draft, inquiry_id=inquiry_id))


def answered(state: ConversationState, number: str, until: datetime) -> ConversationState:
    """The state after an answer was delivered: until ``until`` a lone 1, 2 or 3 and looser words count as its
    rating.
    """
    return _awaiting(state, "rating", number, until)


def rating_reason_asked(state: ConversationState, number: str, now: datetime) -> ConversationState:
    """The state after we asked why the citizen is not satisfied: the next text is the reason."""
    return _awaiting(state, "rating_reason", number, now + REASON_LIFE)


def supplement_asked(state: ConversationState, number: str, until: datetime) -> ConversationState:
    """The state after the unit asked the citizen something: until ``until`` the next message that is no command
    is the answer.
    """
    return _awaiting(state, "supplement", number, until)


def waits_no_more(state: ConversationState, number: str) -> ConversationState:
    """The state after the unit's question about this inquiry was settled: the next message is read as any other."""
    if state.awaiting == "supplement" and state.awaiting_number == number:
        return _awaiting_nothing(state)
    return state


def fold_closes_at(state: ConversationState, rules: Rules) -> datetime:
    """The moment the open draft is complete and routing may start, if nothing more comes."""
    draft = state.draft
    if draft is None:
        raise ValueError("no draft is open")
    cap = draft.opened_at + timedelta(seconds=rules.hard_cap_seconds)
    # A picture came without words and we asked what it shows. Writing that takes longer than sending a second
    # picture, so the whole time until the cap is given.
    if draft.asked and not draft.has_words:
        return cap
    return min(cap, draft.last_part_at + timedelta(seconds=rules.quiet_seconds))


# --- events other than messages ---


def _contact(event: ContactEvent) -> Act:
    if event.event is Contact.MENU:
        return _MENU.get(event.key, Hint("help"))
    if event.event is Contact.OPT_OUT:
        return OptOut(by_platform=event.key == "platform")
    if event.event is Contact.OPT_IN:
        return OptIn(by_platform=event.key == "platform")
    return _EVENTS.get(event.event, Ignore(event.event.value))


# --- meaning ---


def _meant(state: ConversationState, message: InboundMessage, now: datetime, rules: Rules) -> Decision:
    if message.kind is Kind.UNSUPPORTED or reading.is_placeholder(message.text):
        return Decision(state, (Hint("hint.unsupported"),))
    if message.kind in _SPOKEN and not reading.is_blank(message.text):
        return _said(state, message, now, rules)
    if message.kind is Kind.TEXT:
        return Decision(state, (Hint("hint.blank"),))
    return _matter(state, message, now, rules)


def _said(state: ConversationState, message: InboundMessage, now: datetime, rules: Rules) -> Decision:
    text, rating = message.text, state.awaiting == "rating"
    joining = _joinable(state, now, rules)
    act = parse_citizen(text, rating_awaited=rating)
    if isinstance(act, Hint) and act.key == "hint.rating_again":
        return _rating_again(state, message, now, rules)
    if (
        act is not None
        and not _is_answer(state, act, text)
        and not (joining and _belongs_to_draft(act, text, rating=rating))
    ):
        return _commanded(state, act, now)
    hint = _put_aside(state, message, joining=joining)
    if hint is not None:
        return Decision(state, (hint,))
    if rating and len(reading.bare(text)) < SHORTEST_MATTER:
        return _rating_again(state, message, now, rules)
    return _matter(state, message, now, rules)


def _is_answer(state: ConversationState, act: Act, text: str) -> bool:
    """While a question of the unit waits for its answer ("which building?"), a lone "3" is that answer and no
    rating, and a lone "Y" is no objection.
    """
    return state.awaiting == "supplement" and isinstance(act, Rate | Objection) and len(reading.bare(text)) == 1


def _put_aside(state: ConversationState, message: InboundMessage, *, joining: bool) -> Hint | Ignore | None:
    """The hint to answer to small talk. Words that a machine recognised in a recording may be all wrong, so a
    recording is never put aside; nor is the short answer to a question of the unit.
    """
    if message.kind is not Kind.TEXT or (state.awaiting == "supplement" and reading.is_noise(message.text)):
        return None
    return _small_talk(message.text, joining=joining)


def _belongs_to_draft(act: Act, text: str, *, rating: bool) -> bool:
    """Whether a command is part of the matter being told: "补充：…" without a number, and a bare digit."""
    if isinstance(act, Supplement):
        return act.number is None and bool(act.text)
    return isinstance(act, Rate) and not rating and len(reading.bare(text)) == 1


def _rating_again(state: ConversationState, message: InboundMessage, now: datetime, rules: Rules) -> Decision:
    """Ask once more for a clear rating. After that the text is taken for what it says."""
    if not state.asked_again:
        return Decision(replace(state, asked_again=True), (Hint("hint.rating_again"),))
    if reading.is_noise(message.text):
        return Decision(state, (Hint("hint.noise"),))
    return _matter(state, message, now, rules)


def _small_talk(text: str, *, joining: bool) -> Hint | Ignore | None:
    """The hint to answer to a text that opens no inquiry. While a matter is being told, noise such as "12" may be
    a house number.
    """
    if reading.is_automatic(text):
        return Ignore("automatic")
    if reading.is_greeting(text):
        return Hint("hint.draft_open" if joining else "hint.greeting")
    if reading.is_thanks(text):
        return Hint("hint.thanks")
    if reading.is_only_emoji(text):
        return Hint("hint.draft_open" if joining else "hint.blank")
    return Hint("hint.noise") if reading.is_noise(text) and not joining else None


def _commanded(state: ConversationState, act: Act, now: datetime) -> Decision:
    """Carry out a citizen's command and note what we wait for afterwards."""
    if isinstance(act, Supplement) and not act.text:
        state = _awaiting(state, "supplement", act.number or "", now + SUPPLEMENT_LIFE)
    elif isinstance(act, Rate):
        state = _after_rating(state, act, now)
    elif isinstance(act, EndDraft) and state.awaiting == "supplement":
        return Decision(_awaiting_nothing(state), (Hint("hint.thanks"),))
    elif isinstance(act, EndDraft | Withdraw):
        state = replace(state, draft=None)
    return Decision(state, (act,))


def _after_rating(state: ConversationState, act: Rate, now: datetime) -> ConversationState:
    known = state.awaiting_number if act.number is None else ""
    if act.score == 3 and not act.reason and known:
        return rating_reason_asked(state, known, now)
    return _awaiting_nothing(state)


# --- a matter: a new inquiry, one more part, or the answer to our question ---


def _matter(state: ConversationState, message: InboundMessage, now: datetime, rules: Rules) -> Decision:
    if state.awaiting == "rating_reason" and message.text:
        return Decision(_awaiting_nothing(state), (RatingReason(state.awaiting_number, message.text),))
    if state.awaiting == "supplement":
        until = now + timedelta(seconds=rules.quiet_seconds)
        act = Supplement(state.awaiting_number or None, _words_of(message))
        return Decision(_awaiting(state, "supplement", state.awaiting_number, until), (act,))
    spoken = not reading.is_blank(message.text)
    draft = state.draft
    if draft is not None and _joinable(state, now, rules):
        part = replace(draft, last_part_at=now, parts=draft.parts + 1, has_words=draft.has_words or spoken)
        return Decision(replace(state, draft=part), (AddPart(),))
    draft = Draft(opened_at=now, last_part_at=now, has_words=spoken, asked=not spoken)
    return Decision(replace(state, draft=draft), (OpenInquiry(ask_place=not spoken),))


def _words_of(message: InboundMessage) -> str:
    place = message.location
    if message.text or place is None:
        return message.text
    return place.label or f"{place.latitude:.6f},{place.longitude:.6f}"


def _joinable(state: ConversationState, now: datetime, rules: Rules) -> bool:
    """Whether a part sent now belongs to the open draft. Beyond the rate limit the number of parts is not
    limited, so that a flood makes one inquiry and not hundreds.
    """
    draft = state.draft
    if draft is None or draft.inquiry_id is None:
        return False
    room = draft.parts < rules.max_parts or is_over(state, now, rules)
    return room and now <= fold_closes_at(state, rules)


# --- what we wait for ---


def _awaiting(state: ConversationState, what: str, number: str, until: datetime) -> ConversationState:
    return replace(state, awaiting=what, awaiting_number=number, awaiting_until=until, asked_again=False)


def _awaiting_nothing(state: ConversationState) -> ConversationState:
    return replace(state, awaiting="", awaiting_number="", awaiting_until=None, asked_again=False)


def _without_expired(state: ConversationState, now: datetime) -> ConversationState:
    expired = state.awaiting_until is not None and now > state.awaiting_until
    return _awaiting_nothing(state) if expired else state
