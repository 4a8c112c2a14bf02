"""A citizen tells again what she told within the last thirty days: proposed to the desk as a merger.

Nothing is dropped, and nothing is merged automatically: the inquiry keeps its number and date; the desk sees both
texts and merges them with one tap, or sends the inquiry on. WeChat and SMS of one person count as one citizen
once they are bound.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry.states import OPEN, State
from bot.routing.repeats import matter, same_citizen_repeats
from store import decisions, inquiries, linked_inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord

LOOKED_BACK = timedelta(days=30)
MOST = 50
"""The number of a citizen's earlier inquiries looked at, so that one who writes a lot costs no more."""
ENDED_OTHERWISE = frozenset({"withdrawn"})
MERGEABLE = frozenset({*OPEN, State.ANSWERED})


def find_repeated(
    tx: Tx, inquiry: InquiryRecord, *, said: str, places: Sequence[str], now: datetime
) -> InquiryRecord | None:
    """The inquiry this one repeats: an open one first, the newest of those. It is noted with this one and logged.

    None also when that one is over for good: then this one is routed like any other, and the desk sees the note.
    """
    found = _repeated(tx, inquiry, said=said, places=places, since=now - LOOKED_BACK)
    if found is None:
        return None
    head = inquiries.get(tx, found.merged_into_id) if found.merged_into_id is not None else found
    if inquiry.repeat_of_id != head.id:
        inquiries.change(tx, inquiries.get(tx, inquiry.id), repeat_of_id=head.id)
        inquiries.log(tx, inquiry.id, "repeat_suggested", now, number=head.number)
    return head if head.state in MERGEABLE else None


def _repeated(
    tx: Tx, inquiry: InquiryRecord, *, said: str, places: Sequence[str], since: datetime
) -> InquiryRecord | None:
    """The inquiry in which the same was told before: an open one before others, the newest of those."""
    before = linked_inquiries.told_before(tx, inquiry, since=since, most=MOST)
    earlier = [row for row in before if row.state not in ENDED_OTHERWISE]
    if not earlier:
        return None
    new, texts = matter(said, places), decisions.texts(tx, [row.id for row in earlier])
    same = [row for row in earlier if same_citizen_repeats(new, matter(texts.get(row.id, ""), _places(row)))]
    return next((row for row in same if row.state in OPEN), same[0] if same else None)


def _places(inquiry: InquiryRecord) -> Sequence[str]:
    return tuple((inquiry.routing or {}).get("places", []))
