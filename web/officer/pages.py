"""``/s/<token>``: one order on an officer's phone: read, sign, answer, hand on, ask for something, decide.

The link is the officer's own and lasts 72 hours. Whether they are still in charge is asked each time;
whoever is not learns nothing of the inquiry. Works without JavaScript.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, request, url_for
from jinja2 import UndefinedError

from handlers.duty_desk import decide
from handlers.inquiry import answers, pause
from handlers.inquiry.acting_officer import ActingOfficer, Outcome
from handlers.notices.privacy import may_read
from handlers.officer import contact_details, corrections, orders, unit_requests
from store import directory
from store import requests as store_requests
from web.duty_desk.buttons import send_pick
from web.kit.forms import typed
from web.kit.headers import page
from web.officer.linked import split
from web.officer.media import send_stored
from web.officer.view import Visit, find_visit, note_view, parting, transfer_choices, view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord, UnitRequestRecord
    from web.officer.view import Gone

SHORTEST_ANSWER = 2
FLASHES = frozenset(
    {
        "signed",
        "answered",
        "transferred",
        "requested",
        "asked",
        "assist_asked",
        "assist_answered",
        "decided",
        "sent_on",
        "unlinked",
        "contact_opened",
        "corrected",
        "retracted",
    }
)
"""What ``?m=`` may say; the words are in ``templates/pages/flash.html``."""
INVALID = frozenset(
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

    @pages.post(
        "/<any(sign, answer, back, transfer, extend, ask, assist, split, contact, correct, retract, approve, "
        "refuse, send):action>"
    )
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
    return _show(deps, token, (found.inquiry.id, found.officer.id), flash=flash if flash in FLASHES else "")


def _posted(deps: Deps, token: str, link: tuple[int, int], action: str) -> AnyResponse:
    filled = typed(Filled)
    if not deps.signer.form_sealed(token, f"{action}:{filled.order}", request.form.get("seal", "")):
        return _show(deps, token, link, flash="form", status=403, filled=filled, tried=action)
    outcome = deps.store.write(lambda tx: _act(deps, tx, link, action, filled))
    flash = outcome.key.removeprefix("staff.")
    if not outcome.done:
        status = 422 if outcome.key in INVALID else 409
        return _show(deps, token, link, flash=flash, status=status, filled=filled, tried=action, outcome=outcome)
    for queue in ("outbox-urgent", "outbox"):
        deps.wake(queue)
    return redirect(url_for("staff.order", token=token, m=flash), 303)


@dataclass(frozen=True, slots=True)
class Filled:
    """What the page's forms hold."""

    order: str = ""
    text: str = ""
    reason: str = ""
    unit: str = ""
    days: str = ""
    category: str = ""
    question: str = ""
    note: str = ""
    request: str = ""
    linked: str = ""
    pick: str = ""


def _act(deps: Deps, tx: Tx, link: tuple[int, int], action: str, filled: Filled) -> Outcome:
    """Do it on the order as it is now."""
    # Sealed, so it is what our own page wrote: digits.
    found = find_visit(tx, link, order_id=int(filled.order))
    decides = action in {"approve", "refuse"}
    if not isinstance(found, Visit) or found.order is None or (found.only_decides and not decides):
        return Outcome(done=False, key="staff.gone")
    acting = ActingOfficer(tx, deps, found.officer, deps.clock.now())
    return ACTIONS[action](acting, found.order, filled)


def _sign(acting: ActingOfficer, order: OrderRecord, _filled: Filled) -> Outcome:
    return orders.sign(acting, order)


def _answer(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return _too_short(acting, filled) or orders.answer(acting, order, filled.text)


def _correct(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return _too_short(acting, filled) or corrections.correct(acting, order, filled.text)


def _too_short(acting: ActingOfficer, filled: Filled) -> Outcome | None:
    if len(filled.text.strip()) >= SHORTEST_ANSWER:
        return None
    return acting.refuse("staff.bad_text", longest=answers.LONGEST_ANSWER)


def _retract(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return corrections.retract(acting, order, filled.reason)


def _back(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    wanted = filled.unit.strip()
    unit = _named(_staffed(acting), wanted)
    if wanted and unit is None:
        return acting.refuse("staff.bad_unit")
    return unit_requests.give_back(acting, order, filled.reason, unit)


def _transfer(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    unit = _named(transfer_choices(acting, order), filled.unit)
    return orders.transfer(acting, order, unit) if unit is not None else acting.refuse("staff.bad_unit")


def _assist(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    unit = _named(_staffed(acting), filled.unit)
    return orders.assist(acting, order, unit) if unit is not None else acting.refuse("staff.bad_unit")


def _staffed(acting: ActingOfficer) -> list[UnitRecord]:
    staffed = {officer.unit_id for officer in directory.all_officers(acting.tx)}
    return [unit for unit in directory.all_units(acting.tx) if unit.id in staffed]


def _named(units: Sequence[UnitRecord], typed: str) -> UnitRecord | None:
    wanted = typed.strip()
    named = [unit for unit in units if wanted in {unit.name, unit.code, *unit.short_names}]
    return named[0] if len(named) == 1 else None


def _extend(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    days = (
        int(filled.days) if filled.days.isascii() and filled.days.isdecimal() and len(filled.days) <= MOST_DIGITS else 0
    )
    return unit_requests.extend(acting, order, days, filled.reason, filled.category or "none")


def _ask(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return pause.ask(acting, order, filled.question)


def _decide(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> UnitRequestRecord | Outcome:
    """The request the form was made for, of this inquiry and no other."""
    rows = store_requests.of_inquiry(acting.tx, order.inquiry_id)
    found = next((row for row in rows if str(row.id) == filled.request), None)
    return found if found is not None else acting.refuse("staff.gone")


def _approve(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    found = _decide(acting, order, filled)
    return found if isinstance(found, Outcome) else decide.approve(acting, found, filled.note)


def _refuse(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    found = _decide(acting, order, filled)
    return found if isinstance(found, Outcome) else decide.refuse(acting, found, filled.note)


def _send(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return send_pick(acting, order, filled.pick)


def _contact(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return contact_details.ask(acting, order, filled.reason)


def _split(acting: ActingOfficer, order: OrderRecord, filled: Filled) -> Outcome:
    return split(acting, order, filled.linked)


MOST_DIGITS = 3
ACTIONS: dict[str, Callable[[ActingOfficer, OrderRecord, Filled], Outcome]] = {
    "sign": _sign,
    "answer": _answer,
    "back": _back,
    "transfer": _transfer,
    "extend": _extend,
    "ask": _ask,
    "correct": _correct,
    "retract": _retract,
    "assist": _assist,
    "split": _split,
    "contact": _contact,
    "approve": _approve,
    "refuse": _refuse,
    "send": _send,
}


def _show(
    deps: Deps,
    token: str,
    link: tuple[int, int],
    *,
    flash: str,
    status: int = 200,
    filled: Filled | None = None,
    tried: str = "",
    outcome: Outcome | None = None,
) -> Response:
    """The page over what is true now, with a line on what just happened."""
    found = deps.store.read(lambda tx: _fresh(deps, tx, link))
    said = outcome.params if outcome else {}
    filled = filled or Filled()
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
            told=_told(deps, outcome),
            seal=lambda action, order: deps.signer.form_seal(token, f"{action}:{order}"),
            site=deps.texts.site,
            hotline=deps.texts.hotline,
            **found,
        )
    return _gone(deps, found, draft=filled.text)


def _told(deps: Deps, outcome: Outcome | None) -> str:
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
