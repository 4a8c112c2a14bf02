"""``/s/<token>``: one order on an officer's phone: read, sign, answer, hand on, ask for something, decide.

The link is the officer's own and lasts 72 hours. Whether they are still in charge is asked each time;
whoever is not learns nothing of the inquiry. Works without JavaScript.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, request, url_for
from jinja2 import UndefinedError

from handlers.inquiry.acting_officer import ActingOfficer, Outcome
from handlers.inquiry.officer_action import OrderForm
from handlers.notices.privacy import may_read
from handlers.officer import table
from web.kit.forms import typed
from web.kit.headers import page
from web.officer.media import send_stored
from web.officer.view import view
from web.officer.visit import Visit, find_visit, note_view, parting

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from web.officer.visit import Gone

DONE: dict[TextKey, str] = {
    "staff.signed": "signed",
    "staff.answered": "answered",
    "staff.transferred": "transferred",
    "staff.requested": "requested",
    "staff.asked": "asked",
    "staff.assist_asked": "assist_asked",
    "staff.assist_answered": "assist_answered",
    "staff.decided": "decided",
    "staff.sent_on": "sent_on",
    "staff.unlinked": "unlinked",
    "staff.contact_opened": "contact_opened",
    "staff.corrected": "corrected",
    "staff.retracted": "retracted",
}
"""What ``?m=`` may say; the words are in ``templates/pages/flash.html``."""
REFUSED: dict[TextKey, str] = {
    "staff.bad_retraction": "bad_retraction",
    "staff.bad_contact": "bad_contact",
    "staff.already_signed": "already_signed",
    "staff.already_done": "already_done",
    "staff.already_returned": "already_returned",
    "staff.already_cancelled": "already_cancelled",
    "staff.bad_text": "bad_text",
    "staff.bad_reason": "bad_reason",
    "staff.bad_unit": "bad_unit",
    "staff.same_unit": "same_unit",
    "staff.bad_refusal": "bad_refusal",
    "staff.no_transfer": "no_transfer",
    "staff.no_return": "no_return",
}
"""Outcomes the page has words of its own for, by their names in ``templates/pages/flash.html``."""
INVALID: frozenset[TextKey] = frozenset(
    {
        "staff.bad_text",
        "staff.bad_reason",
        "staff.bad_unit",
        "staff.same_unit",
        "staff.no_extension",
        "staff.return_refused",
        "staff.no_question",
        "staff.bad_refusal",
        "staff.bad_contact",
        "staff.bad_retraction",
    }
)
"""What the officer can put right in the form: shown again with what was typed."""


def make_staff_pages(deps: Deps) -> Blueprint:
    """The officers' signed pages."""
    pages = Blueprint("staff", __name__, url_prefix="/s/<token>")

    @pages.get("")
    def order(token: str) -> Response:
        return _read(deps, token)

    @pages.post(f"/<any({', '.join(table.TABLE.forms)}):action>")
    def act(token: str, action: str) -> AnyResponse:
        link = deps.signer.read_staff(token)
        return _stale(deps, token) if link is None else _posted(deps, token, link, action)

    @pages.get("/media/<int:media_id>")
    def media(token: str, media_id: int) -> Response:
        found = _visit(deps, token)
        if not isinstance(found, Visit):
            return found
        if not may_read(found.officer, found.inquiry, keeper=deps.secrets_officer):
            abort(404)
        return send_stored(deps, found.inquiry.id, media_id)

    return pages


def _visit(deps: Deps, token: str) -> Visit | Response:
    """The officer in charge behind a link, or what to answer anybody else."""
    link = deps.signer.read_staff(token)
    if link is None:
        return _stale(deps, token)
    found = deps.store.read(lambda tx: find_visit(tx, link, keeper=deps.secrets_officer))
    return found if isinstance(found, Visit) else _gone(deps, found)


def _read(deps: Deps, token: str) -> Response:
    found = _visit(deps, token)
    if not isinstance(found, Visit):
        return found
    note_view(deps, found)
    flash = request.args.get("m", "")
    return _show(deps, token, (found.inquiry.id, found.officer.id), flash=flash if flash in DONE.values() else "")


def _posted(deps: Deps, token: str, link: tuple[int, int], action: str) -> AnyResponse:
    filled = typed(OrderForm)
    if not deps.signer.form_sealed(token, f"{action}:{filled.order}", request.form.get("seal", "")):
        return _show(deps, token, link, flash="form", status=403, filled=filled, tried=action)
    outcome = deps.store.write(lambda tx: _act(deps, tx, link, action, filled))
    flash = (DONE if outcome.done else REFUSED).get(outcome.key, "other")
    if not outcome.done:
        status = 422 if outcome.key in INVALID else 409
        return _show(deps, token, link, flash=flash, status=status, filled=filled, tried=action, outcome=outcome)
    for queue in ("outbox-urgent", "outbox"):
        deps.wake(queue)
    return redirect(url_for("staff.order", token=token, m=flash), 303)


def _act(deps: Deps, tx: Tx, link: tuple[int, int], action: str, filled: OrderForm) -> Outcome:
    """Do it on the order as it is now."""
    # Sealed, so it is what our own page wrote: digits.
    found = find_visit(tx, link, order_id=int(filled.order))
    entry = table.TABLE.forms[action]
    if not isinstance(found, Visit) or found.order is None or (found.only_decides and not entry.on_request):
        return Outcome(done=False, key="staff.gone")
    acting = ActingOfficer(tx, deps, found.officer, deps.clock.now())
    if entry.form is None:
        raise LookupError(action)
    return entry.form(acting, found.order, filled)


def _show(
    deps: Deps,
    token: str,
    link: tuple[int, int],
    *,
    flash: str,
    status: int = 200,
    filled: OrderForm | None = None,
    tried: str = "",
    outcome: Outcome | None = None,
) -> Response:
    """The page over what is true now, with a line on what just happened."""
    found = deps.store.read(lambda tx: _fresh(deps, tx, link))
    said = outcome.params if outcome else {}
    filled = filled or OrderForm()
    if isinstance(found, dict):
        return page(
            "staff.html",
            status,
            token=token,
            flash=flash,
            said=said,
            draft=filled.text,
            tried=tried,
            typed=filled,
            told=_outcome_in_words(deps, outcome),
            seal=lambda action, order: deps.signer.form_seal(token, f"{action}:{order}"),
            site=deps.texts.site,
            hotline=deps.texts.hotline,
            **found,
        )
    return _gone(deps, found, draft=filled.text)


def _outcome_in_words(deps: Deps, outcome: Outcome | None) -> str:
    """What the officer would be told by word, for outcomes the page has no words of its own for."""
    with suppress(KeyError, UndefinedError):
        if outcome is not None:
            return deps.texts.render(outcome.key, outcome.params).partition("\n")[0]
    return ""


def _fresh(deps: Deps, tx: Tx, link: tuple[int, int]) -> dict[str, object] | Gone:
    found = find_visit(tx, link, keeper=deps.secrets_officer)
    return view(deps, tx, found) if isinstance(found, Visit) else found


def _gone(deps: Deps, gone: Gone, *, draft: str = "") -> Response:
    """Not in charge (any more): only who took it away, never which inquiry it is."""
    return page(
        "gone.html",
        200 if gone.mine else 403,
        site=deps.texts.site,
        hotline=deps.texts.hotline,
        draft=draft,
        **parting(gone),
    )


def _stale(deps: Deps, token: str) -> Response:
    status = 410 if deps.signer.expired(token) else 403
    return page("stale.html", status, site=deps.texts.site, hotline=deps.texts.hotline, whose="staff")
