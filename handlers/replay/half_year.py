"""A district's half year on a simulated clock, through the real handlers and the real store.

The clock jumps from one moment at which something is to be done to the next: a message, an officer's act, or
whatever falls due in the database (a quiet interval over, a step of an order's clock, a request undecided, a
message that waited for the morning). Then the same work is done that a worker's sweep would do.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from bot.edge.messages import Address
from handlers.delivery import outbox
from handlers.duty_desk import dispatch
from handlers.jobs import timers
from handlers.replay.people import Agenda, Case, People
from store import people, replays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.kit.base import Channel
    from handlers.replay.plan import Arrival, Rates, Story
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import AssignmentRecord, RequestRecord

MORNING = time(8, 30)
SWEEP = timedelta(seconds=1)
"""What was left undone is looked at again after this time, as a worker's sweep would."""
CLOCK_WORK = ("orders", "states", "requests")


class SimulatedClock:
    """A clock that stands still until the replay moves it, and never goes back."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, at: datetime) -> None:
        self.time = max(self.time, at)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played: messages in order of time, until when, and how people behave."""

    arrivals: Sequence[Arrival]
    first: datetime
    until: datetime
    rates: Rates
    story: Story
    seed: int


class Replay:
    """One run. ``deps`` contains the simulated clock and, as its only channel, the one given."""

    def __init__(self, deps: Deps, clock: SimulatedClock, channel: Channel, plan: Plan) -> None:
        self._deps, self._clock, self._channel, self._plan = deps, clock, channel, plan
        self._agenda = Agenda()
        self._people = People(deps, channel, self._agenda, plan.rates, plan.story)
        self._last = deps.store.read(replays.last_ids)
        self.steps: Counter[str] = Counter()

    @property
    def refused(self) -> Counter[str]:
        """Acts the handlers refused, by the key of the text the officer was told."""
        return self._people.refused

    def run(self, tick: Callable[[int], None]) -> None:
        """Play the whole plan. ``tick`` is called with the number of messages taken in since its last call."""
        self._reach_officers()
        for arrival in self._plan.arrivals:
            self._agenda.add(arrival.at, partial(self._arrive, arrival, tick))
        self._agenda.add(_morning(self._plan.first), partial(self._morning, self._plan.first))
        while True:
            moments = self._look()
            found = [at for at in (*moments, self._agenda.next_at) if at is not None]
            if not found or min(found) > self._plan.until:
                break
            self._step(min(found), moments)
        self._clock.move(self._plan.until)

    def _look(self) -> replays.Moments:
        """Let people take up what is new, and find out what falls due next."""
        orders_after, requests_after = self._last

        def look(tx: Tx) -> tuple[replays.Moments, Sequence[AssignmentRecord], Sequence[RequestRecord]]:
            new = replays.newer_orders(tx, orders_after), replays.newer_requests(tx, requests_after)
            return replays.next_moments(tx), *new

        moments, orders, requests = self._deps.store.read(look)
        for order in orders:
            self._people.take_up(order)
        for request in requests:
            self._people.consider(request)
        self._last = (orders[-1].id if orders else orders_after, requests[-1].id if requests else requests_after)
        return moments

    def _step(self, at: datetime, moments: replays.Moments) -> None:
        self._clock.move(at)
        now = self._clock.now()
        self.steps["all"] += 1
        acts = self._agenda.due(now)
        for act in acts:
            act()
        if not self._drain(moments, now) and not acts:
            self._clock.move(now + SWEEP)

    def _drain(self, moments: replays.Moments, now: datetime) -> int:
        """Run those parts of the sweep that have something to do."""
        due = {name for name, at in moments._asdict().items() if at is not None and at <= now}
        done = 0
        if "routing" in due:
            done += dispatch.drain(self._deps)
        if due.intersection(CLOCK_WORK):
            done += timers.drain(self._deps)
        if "outbox" in due:
            done += outbox.drain(self._deps, threads=1)
        self.steps.update(due)
        return done

    def _arrive(self, arrival: Arrival, tick: Callable[[int], None]) -> None:
        external_id = f"replay-{self._plan.seed}-{arrival.index}"
        inquiry_id = self._people.write(arrival.citizen, arrival.text, external_id)
        if inquiry_id is not None and inquiry_id not in self._people.cases:
            rng = random.Random(f"case:{self._plan.seed}:{arrival.index}")  # noqa: S311  to be repeated, no secret
            self._people.cases[inquiry_id] = Case(arrival, rng, arrival.citizen)
        tick(1)

    def _morning(self, day: datetime) -> None:
        """Look at 08:30, since the morning's figures depend on no row that falls due."""
        timers.drain(self._deps)
        following = day + timedelta(days=1)
        self._agenda.add(_morning(following), partial(self._morning, following))

    def _reach_officers(self) -> None:
        """Give every officer an address, so that notices go the whole way."""

        def work(tx: Tx) -> None:
            for row in replays.officers_by_unit(tx):
                address = Address(self._channel.scheme, f"officer-{row.code}")
                people.ensure(tx, self._channel.account, address, self._clock.now(), officer_id=row.id)

        self._deps.store.write(work)


def _morning(day: datetime) -> datetime:
    return datetime.combine(day.astimezone(CHINA).date(), MORNING, CHINA).astimezone(UTC)
