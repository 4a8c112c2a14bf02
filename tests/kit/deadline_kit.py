"""A district with heads and a leader, orders on a clock, and what the deadline run put into the outbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.edge.messages import Address
from handlers.clocks import schedule
from handlers.jobs import timers
from store import directory, inquiries, scores
from store.engine.writes import update_row
from store.tables.delivery import outbox
from store.tables.directory import officers
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.world import _inquiry, make_world

HEADS = (
    ("lamphead", "陆知远", "D01", "head"),
    ("waterhead", "白溪亭", "D02", "head"),
    ("chief", "顾言和", "D00", "leader"),
)
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday 2026-11-23 10:00 in China; four working days: due on Friday 11-27 at 17:00."""


def china(day, hour=0, minute=0, second=0, month=11, year=2026):
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


def district(folder, *, store=None):
    world = make_world(folder, store=store)

    def work(tx):
        for code, name, unit, role in HEADS:
            directory.save_officer(tx, code, name=name, unit_id=world.units[unit], role=role)
        world.officers.update({row.code: row.id for row in directory.all_officers(tx)})

    world.deps.store.write(work)
    return world


def order(world, text="建设路的路灯坏了三天", *, unit="D01", citizen=0, due=None, urgent=False):
    """An inquiry with its order on the clock; the inquiry's id."""
    inquiry_id = world.inquiry(text, unit=unit, citizen=Address("console", f"citizen-{citizen}"))

    def work(tx):
        if due is not None or urgent:
            row = world.order(inquiry_id)
            update_row(tx, inquiries_table, inquiry_id, urgent=urgent, due_at=due or row.due_at)
            inquiries.move_assignment(tx, row, "pending", due_at=due or row.due_at)
        schedule.reschedule(tx, inquiries.assignments_of(tx, inquiry_id)[-1], world.deps.calendar(), world.clock.now())

    world.deps.store.write(work)
    return inquiry_id


def many(world, count, *, unit="D01"):
    """So many orders of different citizens, in one transaction; their inquiries' ids."""
    return world.deps.store.write(
        lambda tx: [
            _inquiry(world, tx, "建设路的路灯坏了三天", unit=unit, media=(), citizen=Address("console", f"citizen-{n}"))
            for n in range(count)
        ]
    )


def run(world, at=None):
    """One look of the sweep at this time."""
    if at is not None:
        world.clock.time = at
    return timers.drain(world.deps)


def told(world, *, key=None, inquiry_id=None):
    """(key, officer's code or ``citizen``) of what was put into the outbox, without first notices and digests."""
    codes = {number: code for code, number in world.officers.items()}
    query = (
        select(outbox)
        .where(outbox.c.key.not_in(("order.new", "desk.new")), ~outbox.c.key.like("digest.%"))
        .order_by(outbox.c.id)
    )
    if inquiry_id is not None:
        query = query.where(outbox.c.inquiry_id == inquiry_id)
    rows = world.deps.store.read(lambda tx: tx.conn.execute(query).all())
    return [(row.key, codes.get(row.officer_id, "citizen")) for row in rows if key in (None, row.key)]


def events(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id))


def names(world, inquiry_id):
    return [event.name for event in events(world, inquiry_id) if event.name != schedule.CLOCK_SET]


def ledger(world):
    """(rule, hundredths) of every entry in order."""
    return [(row.rule, row.hundredths) for row in world.deps.store.read(scores.all_entries)]


def away(world, officer, substitute, *, since=None, until=None):
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            update(officers)
            .where(officers.c.id == world.officers[officer])
            .values(substitute_id=world.officers[substitute], away_from=since or china(1), away_until=until)
        )
    )


def sign(world, inquiry_id, officer="lamp"):
    return world.act("sign", inquiry_id, officer)
