"""An officer before ``/duty``, without JavaScript, and inquiries as the router leaves them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from bot.edge.messages import Address
from handlers.inquiry import hand_over
from store import inquiries
from tests.kit.world import PUBLIC_URL

SURE = [["D01", 0.62, ["摆摊", "占道"]], ["S01", 0.21, ["春晓"]], ["D02", 0.06, ["水"]]]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def routed(
    world,
    text="小区门口天天有人摆摊",
    *,
    unit="D00",
    citizen="ann",
    ago=0,
    candidates=SURE,
    chosen=None,
    why="unsure",
    source="model:1",
    places=(),
    **values,
):
    """An inquiry the router has looked at, with the order it opened ``ago`` minutes before; its id."""
    world.clock.time -= timedelta(minutes=ago)
    inquiry_id = world.inquiry(text, unit=None, citizen=Address("console", f"citizen-{citizen}"))
    routing = {
        "chosen": chosen,
        "why": why,
        "places": list(places),
        "category": "",
        "source": source,
        "candidates": candidates,
    }

    def work(tx):
        row = inquiries.get(tx, inquiry_id)
        inquiries.change(tx, row, state="dispatched", unit_id=world.units[unit], routing=routing, **values)
        inquiries.log(tx, inquiry_id, "dispatched", world.clock.now(), unit=unit, why=why)
        hand_over.dispatch(world.deps, tx, inquiries.get(tx, inquiry_id), world.units[unit], now=world.clock.now())

    world.deps.store.write(work)
    world.clock.time += timedelta(minutes=ago)
    return inquiry_id


def number(world, inquiry_id):
    return world.get(inquiry_id).number


def link_of(world, officer="duty"):
    return world.deps.signer.duty_url(world.officers[officer]).removeprefix(PUBLIC_URL)


class Browser:
    """One device. ``page`` is what was shown last."""

    def __init__(self, world, officer="", app=None):
        self.world, self.client = world, (app or world.app()).test_client()
        self.page = None
        if officer:
            assert self.sign_in(link_of(world, officer)).status_code == 303

    def sign_in(self, link):
        """Open the link, press the button."""
        self.page = self.client.get(link)
        return self.client.post(link) if self.page.status_code == 200 else self.page

    def open(self, path="/duty"):
        self.page = self.client.get(path)
        return self.page

    def order(self, inquiry_id):
        return self.open(f"/duty/order/{self.world.order(inquiry_id).id}")

    def form(self, address, inquiry_id=None):
        """(address, hidden fields) of a form on the page."""
        order = str(self.world.order(inquiry_id).id) if inquiry_id else None
        for action, inside in re.findall(
            r'<form method="post" action="([^"]+)".*?>(.*?)</form>', self.page.text, re.DOTALL
        ):
            hidden = {
                name: unescape(value)
                for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside)
            }
            if action.endswith(address) and order in {None, hidden.get("order")}:
                return action, hidden
        raise AssertionError(f"no form for {address}")

    def press(self, address, inquiry_id=None, **fields):
        """Submit a form; the page after it, redirects followed."""
        return self.submit(self.form(address, inquiry_id), **fields)

    def submit(self, form, **fields):
        """A form that was read before: the page as somebody left it open."""
        action, hidden = form
        self.page = self.client.post(action, data=hidden | fields, follow_redirects=True)
        return self.page

    def numbers(self, mark="queue-item"):
        return re.findall(rf'data-testid="{mark}" data-number="([^"]+)"', self.page.text)

    def said(self):
        """The line on what just happened."""
        found = re.search(r'data-testid="flash">(.*?)</p>', self.page.text, re.DOTALL)
        return unescape(found[1].strip()) if found else ""
