"""``/duty``: the duty desk on a phone. It shows what waits with three suggestions; two taps send it on.

Everything is behind the cookie of ``web/duty_desk/sign_in.py``, and each request asks whether the officer still
has the right. The pages work without JavaScript.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, redirect, request, url_for
from jinja2 import UndefinedError

from bot.inquiry.rejection import Reason
from handlers.inquiry.acting_officer import GONE, ActingOfficer, Outcome
from handlers.notices.phrases import shorten
from handlers.topics.view import topics_view
from web.duty_desk import view
from web.duty_desk.buttons import Filled, Seen, act, filled, preview
from web.duty_desk.sign_in import add_door, closed, signed_in, still_in
from web.kit.headers import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord
    from web.duty_desk.sign_in import Session

    Show = Callable[[Deps, Tx, StaffRecord], dict[str, Any]]

T = TypeVar("T")
TOPICS = 12
TOLD = 240
LONGEST_ID = 18
FORM: TextKey = "staff.form"
"""The answer to a form that was not made for this officer, this order and this action."""
PART_OF = {"correct": "sent"}
"""The part of the page to which an action belongs; the queue for any other."""
DONE = frozenset({"send", "other", "reject", "merge", "correct", "apart"})
INVALID: frozenset[TextKey] = frozenset(
    {"staff.bad_unit", "staff.bad_reject", "staff.bad_reject_text", "staff.same_unit", "staff.bad_reason"}
)
"""Mistakes that can be put right in the form."""


def make_duty_pages(deps: Deps, *, public_url: str) -> Blueprint:
    """The duty desk's pages."""
    pages = Blueprint("duty", __name__, url_prefix="/duty")
    add_door(pages, deps, secure=public_url.startswith("https:"))

    @pages.get("")
    def queue() -> Response:
        return _part(deps, "queue")

    @pages.get("/<any(requests, topics, sent):part>")
    def part(part: str) -> Response:
        return _part(deps, part)

    @pages.get("/order/<int:order_id>")
    def order(order_id: int) -> AnyResponse:
        session = signed_in(deps)
        return _order(deps, session, order_id) if session is not None else closed(deps, "out")

    @pages.post("/act/<any(send, other, reject, merge, correct, apart):action>")
    def act(action: str) -> AnyResponse:
        session = signed_in(deps)
        return _posted(deps, session, action) if session is not None else closed(deps, "out")

    @pages.post("/look/<any(reject, merge):action>")
    def look(action: str) -> AnyResponse:
        session = signed_in(deps)
        return _looked(deps, session, action) if session is not None else closed(deps, "out")

    return pages


def _topics(_deps: Deps, tx: Tx, _officer: StaffRecord) -> dict[str, Any]:
    return {"topics": topics_view(tx, _deps.clock.now(), TOPICS)}


PARTS: dict[str, Show] = {"queue": view.queue, "requests": view.to_decide, "topics": _topics, "sent": view.sent}


def _part(deps: Deps, name: str) -> Response:
    session = signed_in(deps)
    return _show(deps, session, name, flash=_flash(deps)) if session is not None else closed(deps, "out")


def _show(
    deps: Deps, session: Session, name: str, *, flash: dict[str, Any] | None = None, status: int = 200
) -> Response:
    values = deps.store.read(lambda tx: PARTS[name](deps, tx, session.officer) | view.figures_beside(deps, tx))
    return _page(deps, session, "duty.html", status, part=name, flash=flash, **values)


def _order(
    deps: Deps,
    session: Session,
    order_id: int,
    *,
    flash: dict[str, Any] | None = None,
    status: int = 200,
    typed: Filled | None = None,
    tried: str = "",
) -> AnyResponse:
    values = deps.store.read(lambda tx: view.one(deps, tx, session.officer, order_id))
    if values is None:
        return _show(deps, session, "queue", flash=flash or _gone(deps, session, order_id), status=409)
    return _page(
        deps,
        session,
        "duty_order.html",
        status,
        flash=flash,
        typed=typed or Filled(),
        tried=tried,
        reasons=list(Reason),
        **values,
    )


def _page(deps: Deps, session: Session, template: str, status: int, **values: Any) -> Response:
    return page(
        template,
        status,
        site=deps.texts.site,
        hotline=deps.texts.hotline,
        officer=session.officer,
        seal=lambda action, order=0: deps.signer.form_seal(session.key, f"{action}:{order}"),
        **values,
    )


def _flash(deps: Deps) -> dict[str, Any] | None:
    """What just happened, told from how the order stands now: the address contains only its id."""
    done, order_id = request.args.get("m", ""), request.args.get("o", "")
    if done not in DONE or not order_id.isascii() or not order_id.isdecimal() or len(order_id) > LONGEST_ID:
        return None
    found = deps.store.read(lambda tx: view.what_became_of(tx, int(order_id)))
    return {"done": done} | found if found is not None else None


def _posted(deps: Deps, session: Session, action: str) -> AnyResponse:
    form = filled()
    if not _sealed(deps, session, action, form):
        return _refused(deps, session, action, form, Outcome(done=False, key=FORM))
    outcome = deps.store.write(lambda tx: _at_work(deps, tx, session, lambda acting: act(acting, action, form)))
    if not outcome.done:
        return _refused(deps, session, action, form, outcome)
    for name in ("outbox-urgent", "outbox"):
        deps.wake(name)
    where = (
        url_for("duty.part", part="sent", m=action, o=form.order)
        if action == "correct"
        else url_for("duty.queue", m=action, o=form.order)
    )
    return redirect(where, 303)


def _looked(deps: Deps, session: Session, action: str) -> AnyResponse:
    """The page before an action is done: what the citizen will be told and, for a merger, both texts."""
    form = filled()
    if not _sealed(deps, session, action, form):
        return _refused(deps, session, action, form, Outcome(done=False, key=FORM))
    seen = deps.store.write(lambda tx: _at_work(deps, tx, session, lambda acting: preview(acting, action, form)))
    if not isinstance(seen, Seen):
        return _refused(deps, session, action, form, seen)
    item = deps.store.read(lambda tx: view.one(deps, tx, session.officer, int(form.order)))
    if item is None:
        return _order(deps, session, int(form.order))
    return _page(
        deps, session, "duty_confirm.html", 200, action=action, form=form, told=seen.told, other=seen.other, **item
    )


def _at_work(deps: Deps, tx: Tx, session: Session, work: Callable[[ActingOfficer], T]) -> T | Outcome:
    """The officer at work. Inside the write the right is asked for once more."""
    now = deps.clock.now()
    officer = still_in(tx, (session.officer.id, session.nonce), now)
    return work(ActingOfficer(tx, deps, officer, now)) if officer is not None else Outcome(done=False, key=GONE)


def _sealed(deps: Deps, session: Session, action: str, form: Filled) -> bool:
    return deps.signer.form_sealed(session.key, f"{action}:{form.order}", request.form.get("seal", ""))


def _refused(deps: Deps, session: Session, action: str, form: Filled, outcome: Outcome) -> AnyResponse:
    """The page after a refusal: with what was typed if it can be put right, else the list as it is now."""
    flash = {"bad": outcome.key, "told": _outcome_in_words(deps, outcome)}
    if outcome.key == FORM:
        return _show(deps, session, PART_OF.get(action, "queue"), flash=flash, status=403)
    if outcome.key in INVALID and action in {"other", "reject", "merge"}:
        return _order(deps, session, int(form.order), flash=flash, status=422, typed=form, tried=action)
    return _show(deps, session, PART_OF.get(action, "queue"), flash=flash, status=409)


def _outcome_in_words(deps: Deps, outcome: Outcome) -> str:
    """What the officer would be told by word."""
    if outcome.key == GONE:
        return ""  # the page has words of its own for it
    with suppress(KeyError, UndefinedError):
        return shorten(deps.texts.render(outcome.key, outcome.params), TOLD)
    return ""


def _gone(deps: Deps, session: Session, order_id: int) -> dict[str, Any]:
    """Who was first, shown when an order is opened that no longer lies at the desk."""
    outcome = deps.store.read(
        lambda tx: view.why_out_of_reach(ActingOfficer(tx, deps, session.officer, deps.clock.now()), order_id)
    )
    return {"bad": outcome.key, "told": _outcome_in_words(deps, outcome)}
