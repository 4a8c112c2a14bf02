"""The invariants of the life cycle, looked at in the stored rows after every step, whatever the step was.

``Watch.look()`` reads the database and compares it with what it saw the last time: states by the three
tables of ``bot.inquiry.states``, the log, the due times, the points, what was put into the outbox.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime

from sqlalchemy import select

from adapters.console import Console
from bot.inquiry.states import (
    ASSIGNMENT_TABLE,
    OPEN,
    OPEN_ASSIGNMENT,
    REQUEST_TABLE,
    TABLE,
)
from handlers.clocks import charges
from handlers.clocks.schedule import CLOCK_SET
from store.tables.delivery import deliveries, outbox
from store.tables.inquiries import assignments, events, inquiries, requests
from store.tables.points import scores

LEGAL = {(was.value, became.value) for was, _, became in TABLE}
WITH_A_LEAD = {"dispatched", "in_progress", "in_review", "need_info"}
OPEN_STATES = {state.value for state in OPEN}
OPEN_ORDERS = {state.value for state in OPEN_ASSIGNMENT}
STEPS = ("late_sign", "remind.", "overdue.unit", "card.")
DUE_MOVED = {"extended", "resumed", "lapsed", "reworked", "due_recomputed", "objected", "objection_upheld", "unmerged"}


def reachable(table):
    """(from, to) by any number of moves: one drain may move a row more than once."""
    found = {(was.value, became.value) for was, _, became in table}
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


ORDER_MOVES, REQUEST_MOVES = reachable(ASSIGNMENT_TABLE), reachable(REQUEST_TABLE)


class FarEnd(Console):
    """The terminal, failing on demand as a provider does. ``faults``: for the next calls, None for a good one."""

    def __init__(self, *given):
        super().__init__(*given)
        self.faults = []

    def send(self, message):
        fault = self.faults.pop() if self.faults else None
        if fault is not None:
            raise fault
        return super().send(message)


def use_far_end(world):
    """The world's terminal, so that it can fail."""
    old = world.deps.channels["console"]
    world.deps.channels = {"console": FarEnd("console", old.config, old.services)}
    return world.deps.channels["console"]


class Watch:
    """``seen``: how often each event was logged, so that a test can tell that the rules do something."""

    def __init__(self, world):
        self.world = world
        self.rows = {table: {} for table in (inquiries, assignments, requests, events, scores)}
        self.seen = Counter()

    def look(self, *, calendar_changed=False):
        now = self.world.clock.now()
        new = self.world.deps.store.read(
            lambda tx: {
                table: {row.id: row for row in tx.conn.execute(select(table).order_by(table.c.id))}
                for table in self.rows
            }
        )
        fresh = [row for key, row in new[events].items() if key not in self.rows[events]]
        self.seen.update(row.name for row in fresh)
        nothing_lost(self.rows[events], new[events])
        nothing_lost(self.rows[scores], new[scores])
        by_inquiry = defaultdict(list)
        for event in fresh:
            assert event.actor in {"citizen", "officer", "system"}
            assert event.at.tzinfo is not None
            by_inquiry[event.inquiry_id].append(event)
        for inquiry in new[inquiries].values():
            was = self.rows[inquiries].get(inquiry.id)
            moved_as_logged(was, inquiry, by_inquiry[inquiry.id])
            due_kept(was, inquiry, by_inquiry[inquiry.id], calendar_changed=calendar_changed, now=now)
        moved(self.rows[assignments], new[assignments], ORDER_MOVES)
        moved(self.rows[requests], new[requests], REQUEST_MOVES)
        orders_kept(self.rows[assignments], new[assignments], by_inquiry, calendar_changed=calendar_changed, now=now)
        one_lead_each(new)
        requests_stand_on_open_orders(new)
        nobody_is_forgotten(new)
        objections_once(new)
        assert len({row.number for row in new[inquiries].values()}) == len(new[inquiries])
        self.rows = new
        self.world.deps.store.read(self.said_once)
        self.world.deps.store.read(self.points_as_the_events_say)

    def said_once(self, tx):
        rows = tx.conn.execute(select(outbox)).all()
        assert max(Counter(row.once for row in rows).values(), default=1) == 1
        reminders = Counter(
            (row.key, row.inquiry_id, row.officer_id, row.params["due"], row.params["unit"])
            for row in rows
            if row.key.startswith(STEPS)
        )
        apologies = Counter(row.inquiry_id for row in rows if row.key == "overdue.citizen")
        assert max([*reminders.values(), *apologies.values()], default=1) == 1
        attempts = tx.conn.execute(select(deliveries)).all()
        uncertain = {row.outbox_id for row in attempts if row.outcome == "ambiguous"}
        sent = Counter(row.outbox_id for row in attempts if row.outcome == "sent" and row.outbox_id not in uncertain)
        assert max(sent.values(), default=1) == 1

    def points_as_the_events_say(self, tx):
        found = charges.replay(tx, self.world.deps.calendar())
        assert found.same, (found.missing, found.surplus)

    def nothing_waits(self):
        """After a run of the deadlines: whatever was due has been dealt with, and who is late is on record."""
        now, calendar = self.world.clock.now(), self.world.deps.calendar()
        logged = defaultdict(set)
        for event in self.rows[events].values():
            logged[event.name].add(event.data.get("assignment"))
        for order in self.rows[assignments].values():
            inquiry = self.rows[inquiries][order.inquiry_id]
            assert order.next_check_at is None or order.next_check_at > now
            if order.state in OPEN_ORDERS and inquiry.paused_at is None and order.due_at < now:
                assert order.id in logged["overdue"], (order.id, order.due_at, calendar.why(order.due_at.date()))
        for request in self.rows[requests].values():
            assert request.state != "pending" or request.decide_by >= now
        for inquiry in self.rows[inquiries].values():
            assert inquiry.next_state_at is None or inquiry.next_state_at > now


def nothing_lost(before, after):
    """Append-only: what was read once reads the same for ever, and what is new comes after it."""
    for key, row in before.items():
        assert tuple(after[key]) == tuple(row)
    assert all(key > max(before, default=0) for key in after.keys() - before.keys())


def moved_as_logged(was, now, fresh):
    """From the state last seen to the one now there is a chain of legal moves in the log, and nothing else."""
    moves = [(event.data["was"], event.data["became"]) for event in fresh if "became" in event.data]
    state = was.state if was is not None else "received"
    for before, after in moves:
        assert (before, after) in LEGAL
        assert before == state != "archived"
        state = after
    assert now.state == state
    if was is None:
        assert any(event.name in {"received", "dispatched"} for event in fresh)
        return
    assert now.version >= was.version + len(moves)
    assert (now.received_at, now.number, now.contact_id) == (was.received_at, was.number, was.contact_id)
    if was.state == "archived":
        assert now.due_at == was.due_at


def due_kept(was, is_, fresh, *, calendar_changed, now):
    """The citizen's due time: later with an entry, earlier only by a calendar, never into the past."""
    if was is None or was.due_at == is_.due_at:
        return
    assert DUE_MOVED & {event.name for event in fresh}
    if is_.due_at < was.due_at:
        assert calendar_changed
        assert is_.due_at > now
        entry = next(event for event in fresh if event.name == "due_recomputed")
        assert (entry.data["old"], entry.data["new"]) == (was.due_at.isoformat(), is_.due_at.isoformat())


def moved(before, after, legal):
    """States by the table, versions only up; a row that changed its state has a new version."""
    for key, was in before.items():
        now = after[key]
        assert now.version >= was.version
        if now.state != was.state:
            assert (was.state, now.state) in legal
            assert now.version > was.version


def orders_kept(before, after, fresh, *, calendar_changed, now):
    """A unit's due time moves as the citizen's does; each move is an event of that order."""
    for key, was in before.items():
        order = after[key]
        if order.due_at == was.due_at:
            continue
        entries = [
            event
            for event in fresh[order.inquiry_id]
            if event.name == CLOCK_SET and event.data["assignment"] == order.id
        ]
        assert datetime.fromisoformat(entries[-1].data["due_at"]) == order.due_at
        assert order.due_at > was.due_at or (calendar_changed and order.due_at > now)


def one_lead_each(rows):
    """One open lead where a unit is at work, none before and after; no assist without a lead."""
    leads, others = Counter(), Counter()
    for order in rows[assignments].values():
        if order.state in OPEN_ORDERS:
            (leads if order.role == "lead" else others)[order.inquiry_id] += 1
    for inquiry in rows[inquiries].values():
        assert leads[inquiry.id] == (inquiry.state in WITH_A_LEAD), inquiry.state
        assert not others[inquiry.id] or leads[inquiry.id]
        assert (inquiry.paused_at is not None) == (inquiry.state == "need_info")


def nobody_is_forgotten(rows):
    """What was merged has a head that is no merged one, and either it is worked on or she has been answered."""
    for inquiry in rows[inquiries].values():
        assert (inquiry.merged_into_id is not None) == (inquiry.state == "merged")
        if inquiry.state != "merged":
            continue
        head = rows[inquiries][inquiry.merged_into_id]
        assert head.state != "merged"
        assert head.state in OPEN_STATES or inquiry.answered_at is not None, head.state


def objections_once(rows):
    """One objection each, and not decided by who had rejected it while somebody else was there."""
    made = defaultdict(list)
    for event in rows[events].values():
        if event.name in {"objected", "rejected", "objection_upheld"}:
            made[event.inquiry_id].append(event)
    for inquiry_id, inquiry in rows[inquiries].items():
        names = [event.name for event in made[inquiry_id]]
        assert inquiry.appeals == names.count("objected") <= 1
        assert names.count("rejected") <= 2
        assert bool(inquiry.reject_code) >= (inquiry.state == "rejected")
        assert not any(event.data.get("same_officer") for event in made[inquiry_id])


def requests_stand_on_open_orders(rows):
    """Nothing is left to decide about an order that is over; only a wish for rework is about an ended one."""
    asked = Counter()
    for request in rows[requests].values():
        if request.state != "pending":
            continue
        inquiry, order = rows[inquiries][request.inquiry_id], rows[assignments][request.assignment_id]
        if request.kind == "rework":
            assert inquiry.state in {"answered", "closed"}, json.dumps([inquiry.state, request.kind])
            continue
        assert order.state in OPEN_ORDERS
        assert order.role == "lead"
        asked[request.inquiry_id] += request.kind == "supplement"
    for inquiry in rows[inquiries].values():
        assert asked[inquiry.id] == (inquiry.state == "need_info")
