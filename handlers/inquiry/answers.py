"""An answer to a citizen: stored with the inquiry and sent by whichever way is open.

The answer that holds is the newest message of direction ``out`` that has an officer. One that was corrected or
taken back is not deleted: its direction becomes ``aside``, its ``kind`` says what became of it, and only staff
see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.inquiry.directions import Direction
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import inquiries

if TYPE_CHECKING:
    from datetime import datetime

    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord, MessageRecord

LONGEST_ANSWER = 2000
CORRECTED: TextKey = "answer.corrected"
ANSWERS: frozenset[TextKey] = frozenset({"answer", CORRECTED})
"""The text keys that hold an answer, which the citizen may rate."""
UNSENT, REPLACED, RETRACTED = "unsent", "replaced", "retracted"
"""The ``messages.kind`` of an answer that does not hold any more. UNSENT reached nobody."""


def give(
    deps: Deps,
    tx: Tx,
    inquiry: InquiryRecord,
    text: str,
    *,
    unit: str,
    officer_id: int | None,
    now: datetime,
    corrected: bool = False,
) -> None:
    """Store the answer and have it sent. ``inquiry`` must be as it is now; ``unit`` is the name of the unit that
    answers.

    ``corrected``: the citizen may have read another answer before.
    """
    message_id = inquiries.add_message(
        tx, inquiry_id=inquiry.id, direction=Direction.OUT, kind="text", text=text, now=now, officer_id=officer_id
    )
    params = about(inquiry) | {
        "unit": unit,
        "text": text,
        "time": say_time(now),
        "url": deps.signer.citizen_url(inquiry.id),
    }
    # The name contains the message's id and not the order's, because an order whose answer was taken back is
    # answered again.
    notify.to_citizen(
        tx,
        inquiry,
        key="answer.corrected" if corrected else "answer",
        once=f"answer:{message_id}",
        params=params,
        now=now,
        priority=0,
        can_wait=False,
    )


def given(tx: Tx, inquiry_id: int) -> MessageRecord | None:
    """The answer that holds."""
    found = [m for m in inquiries.messages_of(tx, inquiry_id) if m.direction == Direction.OUT and m.officer_id]
    return found[-1] if found else None
