"""``/s/<token>``: one order on an officer's phone: read, sign, answer, transfer, give back.

The link is the officer's own and lasts 72 hours. Whether they are still in charge is asked each time;
whoever is not learns nothing of the inquiry. Works without JavaScript.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, url_for

from handlers import orders
from web.headers import page
from web.staff_media import send_stored
from web.staff_view import Visit, find_visit, note_view, parting, transfer_choices, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from handlers.deps import Deps
    from store.engine import Tx
    from store.rows import Record
    from web.staff_view import Gone

SHORTEST_ANSWER = 2
FLASHES = frozenset({"signed", "answered", "returned", "transferred"})
"""What ``?m=`` may say; the words are in ``templates/pages/flash.html``."""
INVALID = frozenset({"staff.bad_text", "staff.bad_reason", "staff.bad_unit", "staff.same_unit"})
"""What the officer can put right in the form: shown again with what was typed."""


def make_staff_pages(deps: Deps) -> Blueprint:
    """The officers' signed pages."""
    pages = Blueprint("staff", __name__, url_prefix="/s/<token>")

    @pages.get("")
    def order(token: str) -> Response:
        return _read(deps, token)

    @pages.post("/<any(sign, answer, back, transfer):action>")
    def act(token: str, action: str) -> AnyResponse:
        link = deps.signer.read_staff(token)
        return _stale(deps, token) if link is None else _posted(deps, token, link, action)

    @pages.get("/media/<int:media_id>")
    def media(token: str, media_id: int) -> Response:
        found = _visit(deps, token)
        return send_stored(deps, found.inquiry.id, media_id) if isinstance(found, Visit) else found

    return pages


def _visit(deps: Deps, token: str) -> Visit | Response:
    """The officer in charge behind a link, or what to answer anybody else."""
    link = deps.signer.read_staff(token)
    if link is None:
        return _stale(deps, token)
    found = deps.store.read(lambda tx: find_visit(tx, link))
    return found if isinstance(found, Visit) else _gone(deps, found)


def _read(deps: Deps, token: str) -> Response:
    found = _visit(deps, token)
    if not isinstance(found, Visit):
        return found
    note_view(deps, found)
    flash = request.args.get("m", "")
    return _show(deps, token, (found.inquiry.id, found.officer.id), flash=flash if flash in FLASHES else "")


def _posted(deps: Deps, token: str, link: tuple[int, int], action: str) -> AnyResponse:
    filled = _filled()
    if not deps.signer.form_sealed(token, f"{action}:{filled.order}", request.form.get("seal", "")):
        return _show(deps, token, link, flash="form", status=403, draft=filled.text)
    outcome = deps.store.write(lambda tx: _act(deps, tx, link, action, filled))
    flash = outcome.key.removeprefix("staff.")
    if not outcome.done:
        status = 422 if outcome.key in INVALID else 409
        return _show(deps, token, link, flash=flash, status=status, draft=filled.text, outcome=outcome)
    for queue in ("outbox-urgent", "outbox"):
        deps.wake(queue)
    return redirect(url_for("staff.order", token=token, m=flash), 303)


@dataclass(frozen=True, slots=True)
class Filled:
    """The form, read before the write: that runs in the store's own thread, where there is no request."""

    order: str
    text: str
    reason: str
    unit: str


def _filled() -> Filled:
    """Browsers send line ends as CR LF; 2000 characters are counted without."""
    fields = (request.form.get(name, "") for name in ("order", "text", "reason", "unit"))
    return Filled(*(value.replace("\r\n", "\n").replace("\r", "\n") for value in fields))


def _act(deps: Deps, tx: Tx, link: tuple[int, int], action: str, filled: Filled) -> orders.Outcome:
    """Do it on the order as it is now."""
    # Sealed, so it is what our own page wrote: digits.
    found = find_visit(tx, link, order_id=int(filled.order))
    if not isinstance(found, Visit) or found.order is None:
        return orders.Outcome(done=False, key="staff.gone")
    desk = orders.Desk(tx, deps, found.officer, deps.clock.now())
    return ACTIONS[action](desk, found.order, filled)


def _sign(desk: orders.Desk, order: Record, _filled: Filled) -> orders.Outcome:
    return orders.sign(desk, order)


def _answer(desk: orders.Desk, order: Record, filled: Filled) -> orders.Outcome:
    if len(filled.text.strip()) < SHORTEST_ANSWER:
        return desk.refuse("staff.bad_text", longest=orders.LONGEST_ANSWER)
    return orders.answer(desk, order, filled.text)


def _back(desk: orders.Desk, order: Record, filled: Filled) -> orders.Outcome:
    return orders.give_back(desk, order, filled.reason)


def _transfer(desk: orders.Desk, order: Record, filled: Filled) -> orders.Outcome:
    wanted = filled.unit.strip()
    named = [unit for unit in transfer_choices(desk, order) if wanted in {unit.name, unit.code, *unit.short_names}]
    return orders.transfer(desk, order, named[0]) if len(named) == 1 else desk.refuse("staff.bad_unit")


ACTIONS: dict[str, Callable[[orders.Desk, Record, Filled], orders.Outcome]] = {
    "sign": _sign, "answer": _answer, "back": _back, "transfer": _transfer,
}


def _show(deps: Deps, token: str, link: tuple[int, int], *, flash: str, status: int = 200, draft: str = "",
          outcome: orders.Outcome | None = None) -> Response:
    """The page over what is true now, with a line on what just happened."""
    found = deps.store.read(lambda tx: _fresh(deps, tx, link))
    said = outcome.params if outcome else {}
    if isinstance(found, dict):
        return page("staff.html", status, token=token, flash=flash, said=said, draft=draft,
                    seal=lambda action, order: deps.signer.form_seal(token, f"{action}:{order}"),
                    site=deps.texts.site, hotline=deps.texts.hotline, **found)
    return _gone(deps, found, draft=draft)


def _fresh(deps: Deps, tx: Tx, link: tuple[int, int]) -> dict[str, object] | Gone:
    found = find_visit(tx, link)
    return view(deps, tx, found) if isinstance(found, Visit) else found


def _gone(deps: Deps, gone: Gone, *, draft: str = "") -> Response:
    """Not in charge (any more): only who took it away, never which inquiry it is."""
    return page("gone.html", 200 if gone.mine else 403, site=deps.texts.site, hotline=deps.texts.hotline,
                draft=draft, **parting(gone))


def _stale(deps: Deps, token: str) -> Response:
    status = 410 if deps.signer.expired(token) else 403
    return page("stale.html", status, site=deps.texts.site, hotline=deps.texts.hotline, whose="staff")
