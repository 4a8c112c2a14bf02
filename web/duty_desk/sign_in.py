"""How an officer gets into ``/duty``: a signed link for one sign-in, then a signed cookie for twelve hours.

The link shows a page with one button, and only the button uses it up, because messengers open the links they
carry to preview them. After that the token is in no address bar and no Referer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import redirect, request, url_for

from bot.directory.units import Role
from handlers.services.signed_links import DUTY_SECONDS
from store import directory, sign_ins
from web.kit.headers import page

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Blueprint, Response
    from werkzeug.wrappers import Response as AnyResponse

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord

COOKIE = "wenzheng_duty"
# The cookie is sent only to the desk's own pages.
PATH = "/duty"
ROLES = (Role.DUTY, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Session:
    """An officer who is signed in. ``key`` is the value of the cookie, with which forms are sealed."""

    officer: StaffRecord
    nonce: str
    key: str


def add_door(pages: Blueprint, deps: Deps, *, secure: bool) -> None:
    """The routes in and out. ``secure``: the site is reached by https only."""

    @pages.get("/in/<token>")
    def door(token: str) -> AnyResponse:
        link = deps.signer.read_duty_link(token)
        if link is None:
            return closed(deps, "stale")
        session = signed_in(deps)
        if session is not None and session.officer.id == link[0]:
            # A reload or a second tap on the same link by the officer who is signed in leads to the queue and not
            # to "used up".
            return redirect(url_for("duty.queue"), 303)
        officer, used = deps.store.read(lambda tx: (entitled(tx, link[0]), sign_ins.was_used(tx, link[1])))
        if officer is None or used:
            return closed(deps, "used" if used else "nobody")
        return page("duty_door.html", site=deps.texts.site, hotline=deps.texts.hotline, officer=officer, token=token)

    @pages.post("/in/<token>")
    def enter(token: str) -> AnyResponse:
        link = deps.signer.read_duty_link(token)
        refused = _enter(deps, link)
        return _entered(deps, link, secure=secure) if link is not None and not refused else closed(deps, refused)

    @pages.post("/out")
    def leave() -> AnyResponse:
        session = signed_in(deps)
        if session is None or not deps.signer.form_sealed(session.key, "out:0", request.form.get("seal", "")):
            return closed(deps, "out" if session is None else "form")
        deps.store.write(lambda tx: sign_ins.end(tx, session.nonce, deps.clock.now()))
        response = closed(deps, "left", 200)
        response.delete_cookie(COOKIE, path=PATH, secure=secure, httponly=True, samesite="Strict")
        return response


def signed_in(deps: Deps) -> Session | None:
    """Who the request's cookie belongs to, if they still have the right and have not signed out."""
    key = request.cookies.get(COOKIE, "")
    found = deps.signer.read_duty_cookie(key)
    if found is None:
        return None
    officer = deps.store.read(lambda tx: still_in(tx, found, deps.clock.now()))
    return Session(officer, found[1], key) if officer is not None else None


def still_in(tx: Tx, who: tuple[int, str], now: datetime) -> StaffRecord | None:
    """The officer of a cookie, asked for each time, because rights end with the next import of the directory."""
    officer_id, nonce = who
    return entitled(tx, officer_id) if sign_ins.is_open(tx, nonce, officer_id, now) else None


def entitled(tx: Tx, officer_id: int) -> StaffRecord | None:
    """Whether this is an active officer of the duty desk, or a leader."""
    officer = directory.officer(tx, officer_id)
    return officer if officer is not None and officer.role in ROLES else None


def closed(deps: Deps, why: str, status: int = 403) -> Response:
    """The page that says how to get in, and nothing else."""
    return page("duty_closed.html", status, site=deps.texts.site, hotline=deps.texts.hotline, why=why)


def _enter(deps: Deps, link: tuple[int, str] | None) -> str:
    """Sign in by a link. Returns ``""``, or why not."""
    if link is None:
        return "stale"
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # Another site's page could otherwise sign in its own officer here, for this one to work under that name.
        return "form"
    now = deps.clock.now()
    return deps.store.write(lambda tx: _use(tx, link, now))


def _use(tx: Tx, link: tuple[int, str], now: datetime) -> str:
    officer_id, nonce = link
    if entitled(tx, officer_id) is None:
        return "nobody"
    until = now + timedelta(seconds=DUTY_SECONDS)
    return "" if sign_ins.use(tx, nonce, officer_id, now=now, until=until) else "used"


def _entered(deps: Deps, link: tuple[int, str], *, secure: bool) -> AnyResponse:
    response = redirect(url_for("duty.queue"), 303)
    # Strict: the browser does not send the cookie with requests that another site starts. The button above is on
    # our own page.
    response.set_cookie(
        COOKIE,
        deps.signer.duty_cookie(*link),
        max_age=DUTY_SECONDS,
        path=PATH,
        secure=secure,
        httponly=True,
        samesite="Strict",
    )
    response.headers["Cache-Control"] = "no-store"
    return response
