"""A duty desk with two officers and a leader, inquiries waiting at it with what the router proposed."""

from __future__ import annotations

from bot.edge.messages import Address
from handlers.duty_desk import merge, moves, reject
from handlers.inquiry.acting_officer import ActingOfficer
from store import decisions, directory, inquiries, people
from store.engine.writes import update_row
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.town import officer_address, town

SUGGESTED = (("D02", 0.41, ["水管"]), ("D01", 0.33, ["路灯"]), ("S01", 0.1, []))
BOB = Address("console", "bob-19900008888")
CAI = Address("console", "cai-19900007777")


def desk_town(folder, url=""):
    """A town where a second officer, Ai, sits at the desk."""
    world = town(folder, url)

    def work(tx):
        number = directory.save_officer(tx, "duty2", name="艾一诺", unit_id=world.units["D00"], role="duty")
        world.officers["duty2"] = number
        row = people.ensure(tx, "console", officer_address("duty2"), world.clock.now(), officer_id=number)
        people.change(tx, row.id, officer_id=number)

    world.deps.store.write(work)
    return world


def waiting(world, text="门口的水管和路灯都有问题", *, citizen=None, candidates=SUGGESTED, flags=None, **routing):
    """An inquiry at the desk, of which the router was not sure; its id."""
    inquiry_id = world.inquiry(text, unit="D00", **({"citizen": citizen} if citizen is not None else {}))
    known = {
        "chosen": None,
        "why": "unsure",
        "places": [],
        "category": "",
        "source": "keywords",
        "candidates": [list(each) for each in candidates],
    }
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, inquiry_id, routing=known | routing, flags=flags))
    return inquiry_id


def put(world, inquiry_id, **values):
    """Change the row as another part of the system would have."""
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, inquiry_id, **values))


def act(world, action, inquiry_id, officer, *args, order=None, **named):
    """A move of the duty desk on the newest order; unit codes and inquiries' ids in ``args`` become rows."""

    def work(tx):
        desk = ActingOfficer(tx, world.deps, directory.officer(tx, world.officers[officer]), world.clock.now())
        given = [_row(tx, action, arg) for arg in args]
        does = next(getattr(module, action) for module in (moves, reject, merge) if hasattr(module, action))
        return does(desk, order or inquiries.assignments_of(tx, inquiry_id)[-1], *given, **named)

    return world.deps.store.write(work)


def _row(tx, action, arg):
    if action == "merge":
        return inquiries.get(tx, arg)
    if isinstance(arg, list):
        return [directory.unit_by_code(tx, code) for code in arg]
    return directory.unit_by_code(tx, arg) if action.startswith("send") else arg


def decision(world, inquiry_id):
    """(unit's code, source) of what is kept for the router, or None."""

    def work(tx):
        row = decisions.of_inquiry(tx, inquiry_id)
        return row and (directory.unit(tx, row.unit_id).code, row.source)

    return world.deps.store.read(work)


def lead(world, inquiry_id):
    """The code of the unit that has it, or None."""
    row = world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry_id))
    return row and row.unit_code


def orders_of(world, inquiry_id):
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))
    return [(row.unit_code, row.role, row.state) for row in rows]
