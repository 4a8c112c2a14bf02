"""``/``: what this service is and how to write to it. ``/i/<token>``: the progress of one inquiry, for its
citizen.

The page shows nothing the citizen wrote: a link sent by SMS may be read by whoever holds the phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from bot.inquiry.directions import Direction
from store import directory, inquiries
from web.kit.headers import page
from web.kit.values import due_of, state_of, steps_of

if TYPE_CHECKING:
    from flask import Response

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx


def make_citizen_pages(deps: Deps) -> Blueprint:
    """The public pages."""
    pages = Blueprint("citizen", __name__)

    @pages.get("/")
    def home() -> Response:
        return page(
            "home.html",
            site=deps.texts.site,
            hotline=deps.texts.hotline,
            hours=deps.texts.hours,
            days=deps.limits.reply_days,
        )

    @pages.get("/i/<token>")
    def progress(token: str) -> Response:
        inquiry_id = deps.signer.read_citizen(token)
        shown = deps.store.read(lambda tx: _shown(deps, tx, inquiry_id)) if inquiry_id is not None else None
        if shown is None:
            return page("stale.html", 403, site=deps.texts.site, hotline=deps.texts.hotline, whose="citizen")
        return page("citizen.html", site=deps.texts.site, hotline=deps.texts.hotline, **shown)

    return pages


def _shown(deps: Deps, tx: Tx, inquiry_id: int) -> dict[str, Any] | None:
    inquiry = inquiries.find(tx, inquiry_id)
    if inquiry is None:
        return None
    unit = directory.unit(tx, inquiry.unit_id) if inquiry.unit_id is not None else None
    answers = [m.text for m in inquiries.messages_of(tx, inquiry_id) if m.direction == Direction.OUT and m.officer_id]
    return {
        "number": inquiry.number,
        "state": state_of(inquiry),
        "unit": unit,
        "due": due_of(deps.calendar(), inquiry, deps.clock.now()),
        "answers": answers,
        "steps": list(reversed(steps_of(tx, inquiry_id, names=False))),
        "rating": inquiry.rating,
    }
