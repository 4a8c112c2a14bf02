"""Limits for senders who write too much, and the end of loops between answering machines.

Nothing a person says is dropped, and danger is always answered. Beyond the limit the sender gets one notice and
then no more answers. Whoever goes on is not answered for a day (the cool-down) unless a person at the office
lifts it. Insults do not lead to it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from bot.conversation.acts import (
    Act,
    AddPart,
    CoolDown,
    Emergency,
    EndDraft,
    Hint,
    Ignore,
    Keep,
    Objection,
    OpenInquiry,
    OptIn,
    OptOut,
    Rate,
    RatingReason,
    Supplement,
    Withdraw,
)
from bot.edge.messages import Kind
from bot.text import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.conversation.state import ConversationState
    from bot.edge.messages import InboundMessage

# Acts that are carried out however much the person wrote before.
_ALWAYS = (Emergency, OpenInquiry, EndDraft, Supplement, Withdraw, Rate, RatingReason, Objection, OptOut, OptIn)
_WITH_WORDS = (OpenInquiry, AddPart, Supplement, RatingReason)
"""Acts whose message contains words of a matter. In the cool-down these messages are kept, though nothing is done
with them.
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits. Intervals are in seconds, counts are per sender; all of them are settings.

    ``flood_limit`` is the number of messages beyond the day's limit after which the cool-down of ``cool_seconds``
    begins.
    """

    quiet_seconds: float = 90
    hard_cap_seconds: float = 600
    max_parts: int = 12
    rate_per_minute: int = 10
    rate_per_day: int = 30
    notice_seconds: float = 3600
    loop_seconds: float = 600
    loop_limit: int = 2
    # A person in panic repeats the same words; a machine does not stop at five.
    emergency_loop_limit: int = 5
    flood_limit: int = 60
    cool_seconds: float = 86400


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state to store and the acts to carry out, in this order."""

    state: ConversationState
    acts: tuple[Act, ...]


def unlooped(
    before: ConversationState, decision: Decision, message: InboundMessage, now: datetime, *, rules: Rules
) -> Decision:
    """Stop answering the same text from the third time on: two machines answering each other would never end."""
    text = reading.bare(message.text)
    if not text:
        return decision
    # A digest and not the text: a conversation's state must contain nothing of what was said.
    mark = hashlib.blake2s(text.encode(), digest_size=6).hexdigest()
    near = [(m, at) for m, at in before.recent if abs(now - at) < timedelta(seconds=rules.loop_seconds)]
    times = sum(m == mark for m, _ in near)
    recent = (*near, (mark, now))[-2 * rules.emergency_loop_limit :]
    limit = rules.emergency_loop_limit if _urgent(decision.acts) else rules.loop_limit
    empty = all(isinstance(act, Hint | OpenInquiry | AddPart | Emergency | Ignore) for act in decision.acts)
    if times >= limit and empty:
        return Decision(replace(before, recent=recent), (Ignore("loop"),))
    return Decision(replace(decision.state, recent=recent), decision.acts)


def limited(
    before: ConversationState, decision: Decision, message: InboundMessage, now: datetime, *, rules: Rules
) -> Decision:
    """Apply the rate limits. Beyond them there is one notice; after it only the acts of ``_ALWAYS`` are carried
    out, and parts of an open matter are kept without an answer. Pictures that join an open matter cost no answer
    and do not count.
    """
    state, acts = decision.state, decision.acts
    if _urgent(acts):
        return Decision(_counted(state, now, rules), acts)
    if is_cooled(before, now):
        return _silent(before, decision)
    over = is_over(state, now, rules)
    # People send nine pictures at once, and none of them is answered.
    if acts == (AddPart(),) and message.kind is not Kind.TEXT and not over:
        return decision
    state = _counted(state, now, rules)
    if not over:
        return Decision(state, acts)
    kept = _kept(acts)
    if state.day_count >= rules.rate_per_day + rules.flood_limit:
        until = now + timedelta(seconds=rules.cool_seconds)
        return Decision(replace(state, cooled_until=until), (*kept, CoolDown(until)))
    gap = timedelta(seconds=rules.notice_seconds)
    if state.last_notice_at is None or abs(now - state.last_notice_at) >= gap:
        return Decision(replace(state, last_notice_at=now), (*kept, Hint("hint.slow_down")))
    return Decision(state, kept or (Ignore("rate_limited"),))


def _kept(acts: Sequence[Act]) -> tuple[Act, ...]:
    """Of the acts those carried out beyond the limits; a part is kept without an answer."""
    return tuple(AddPart(quiet=True) if isinstance(act, AddPart) else act for act in acts if _is_kept(act))


def is_cooled(state: ConversationState, now: datetime) -> bool:
    """Whether the cool-down of this sender lasts at ``now``."""
    return state.cooled_until is not None and now < state.cooled_until


def unblocked(state: ConversationState) -> ConversationState:
    """The state after a person at the office lifted the cool-down: the sender is answered again."""
    return replace(state, cooled_until=None, day_count=0, minute=(), last_notice_at=None)


def _silent(before: ConversationState, decision: Decision) -> Decision:
    """What is done in the cool-down: words of a matter are kept, nothing is opened, counted or answered. Stop and
    start always work.
    """
    wanted = tuple(act for act in decision.acts if isinstance(act, OptOut | OptIn))
    if wanted:
        return Decision(decision.state, wanted)
    has_words = any(isinstance(act, _WITH_WORDS) for act in decision.acts)
    return Decision(before, (Keep(),) if has_words else (Ignore("cooled"),))


def _urgent(acts: Iterable[Act]) -> bool:
    return any(isinstance(act, Emergency) for act in acts)


def _is_kept(act: Act) -> bool:
    return isinstance(act, (*_ALWAYS, AddPart))


def is_over(state: ConversationState, now: datetime, rules: Rules) -> bool:
    """Whether the sender has written too much in the last minute, or today."""
    today = state.day_count if state.day == _day(now) else 0
    return len(_last_minute(state.minute, now)) >= rules.rate_per_minute or today >= rules.rate_per_day


def _counted(state: ConversationState, now: datetime, rules: Rules) -> ConversationState:
    minute = (*_last_minute(state.minute, now), now)[-rules.rate_per_minute :]
    count = state.day_count + 1 if state.day == _day(now) else 1
    return replace(state, minute=minute, day=_day(now), day_count=count)


def _last_minute(moments: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """The moments within a minute of ``now`` in either direction, so that a clock set back silences nobody."""
    return tuple(at for at in moments if abs(now - at) < timedelta(minutes=1))


def _day(now: datetime) -> str:
    return now.astimezone(CHINA).date().isoformat()
