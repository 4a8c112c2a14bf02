"""A district whose officers and citizens write messages: what they say goes through ``handlers.inbound.receive.take``.

Over SQLite, or over any store given. Nothing is patched; the console is everybody's channel.
"""

from __future__ import annotations

import itertools
import re

from bot.edge.messages import Address, InboundMessage, Kind
from handlers.duty_desk import decide
from handlers.inbound import receive
from store import inquiries, people, requests
from store import outbox as store_outbox
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.tables.whole import metadata
from tests.kit.deadline_kit import district
from tests.kit.world import CITIZEN, SECRET, add_directory

GOOD = "路面塌陷需第三方现场检测，检测机构排期到下周二才能进场"
_IDS = itertools.count(1)


def town(folder, url=""):
    """The world, with a leader, heads, and an address for every officer."""
    store = None
    if url:
        store = Store(url, Vault(SECRET), pool_size=4)
        if url.startswith("postgresql"):
            metadata.create_all(store.engine)
        store.write(add_directory)
    world = district(folder, store=store)

    def work(tx):
        for code, number in world.officers.items():
            row = people.ensure(tx, "console", officer_address(code), world.clock.now(), officer_id=number)
            people.change(tx, row.id, officer_id=number)

    world.deps.store.write(work)
    return world


def officer_address(code):
    return Address("console", f"officer-{code}")


def say(world, who, text):
    """What the person reads at once. ``who``: an officer's code, or an Address."""
    sender = who if isinstance(who, Address) else officer_address(who)
    number = next(_IDS)
    event = InboundMessage("console", f"m{number}", sender, Kind.TEXT, text)
    return (
        receive.take(
            world.deps, world.deps.channels["console"], event, replay_key=f"r{number}", raw=b"{}", now=world.clock.now()
        )
        or ""
    )


def citizen_says(world, text):
    return say(world, CITIZEN, text)


def page(world, officer, inquiry_id, action, **fields):
    """Press a button on the page as it is, without JavaScript; the answer."""
    client, path = world.client(), world.staff_path(inquiry_id, officer)
    shown = client.get(path).text
    form = re.search(rf'action="[^"]*/{action}".*?</form>', shown, re.DOTALL)
    assert form, f"no form for {action}"
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    return client.post(f"{path}/{action}", data=hidden | fields)


def shown(world, officer, inquiry_id):
    return world.client().get(world.staff_path(inquiry_id, officer)).text


def forms(world, officer, inquiry_id):
    return set(re.findall(r'action="[^"]*/(\w+)"', shown(world, officer, inquiry_id)))


def asked(world, inquiry_id):
    """(kind, state) of every request."""
    rows = world.deps.store.read(lambda tx: requests.of_inquiry(tx, inquiry_id))
    return [(row.kind, row.state) for row in rows]


def last_request(world, inquiry_id):
    return world.deps.store.read(lambda tx: requests.of_inquiry(tx, inquiry_id))[-1]


def expire(world, inquiry_id):
    """What the deadline run does with the newest request."""
    row = last_request(world, inquiry_id)
    world.deps.store.write(lambda tx: decide.expire(world.deps, tx, row, world.clock.now()))


def notices(world, inquiry_id, key):
    """What was put into the outbox under a key: the params, in order."""
    rows = world.deps.store.read(lambda tx: store_outbox.of_inquiry(tx, inquiry_id))
    return [row.params for row in rows if row.key == key]


def rendered(world, inquiry_id, key):
    return [world.deps.texts.render(key, params) for params in notices(world, inquiry_id, key)]


def logged(world, inquiry_id):
    """Names of the events that tell a move or a request."""
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id))
    return [event.name for event in events if event.name not in {"clock_set", "viewed", "received"}]


def event(world, inquiry_id, name):
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id))
    return next(event for event in events if event.name == name)
