"""The people of a replay: officers sign, answer, ask and hand on; citizens reply and rate.

They decide nothing that the product decides: each acts through the handlers that an officer's word or page and a
citizen's message use, and is refused where a person would be. When they act is drawn at random for each inquiry.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.clocks.workdays import CHINA
from bot.directory.units import Role
from bot.edge.messages import Address, InboundMessage, Kind
from bot.inquiry.states import AssignmentRole, RequestKind
from handlers.duty_desk import decide
from handlers.inbound import receive
from handlers.inquiry import acting_officer, pause
from handlers.officer import orders, unit_requests
from store import directory, inquiries, replays
from store import requests as stored_requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from adapters.kit.base import Channel
    from handlers.inquiry.acting_officer import ActingOfficer, Outcome
    from handlers.replay.plan import Arrival, Rates, Story
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import AssignmentRecord, RequestRecord
    from store.records.joined import OrderRecord

    Act = Callable[[], object]

LATE_SIGNERS = 0.04
STAY_LATE = 0.1
"""The share of late answers that are weeks late."""
AWAKE, ASLEEP = time(7, 30), time(22)
SATISFIED, MOSTLY = "满意", "基本满意"
UNHAPPY = "不满意"


class Agenda:
    """What people are going to do, in order of time, and at the same moment in the order it was planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Act]] = []
        self._order = count()

    def add(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._heap, (at, next(self._order), act))

    @property
    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def due(self, now: datetime) -> list[Act]:
        """Take everything planned for ``now`` or earlier off the agenda."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            found.append(heapq.heappop(self._heap)[2])
        return found


@dataclass(slots=True)
class Case:
    """One inquiry as its people know it. ``refused``: the units that returned it."""

    arrival: Arrival
    rng: Random
    citizen: str
    asked: bool = False
    refused: set[str] = field(default_factory=set)


class People:
    """All people. ``cases`` are their inquiries by id."""

    def __init__(self, deps: Deps, channel: Channel, agenda: Agenda, rates: Rates, story: Story) -> None:
        self._deps, self._channel, self._agenda, self._rates, self._story = deps, channel, agenda, rates, story
        self.cases: dict[int, Case] = {}
        self.refused: Counter[str] = Counter()
        staff = deps.store.read(replays.officers_by_unit)
        self._duty = [row.id for row in staff if row.role == Role.DUTY]
        self._leaders = [row.id for row in staff if row.role == Role.LEADER] or self._duty
        self._staff: dict[int, list[int]] = {}
        self._codes = {row.unit_id: row.unit_code for row in staff}
        for row in staff:
            self._staff.setdefault(row.unit_id, []).append(row.id)
        self._duty_units = {row.unit_id for row in staff if row.role == Role.DUTY}

    # -- citizens ------------------------------------------------------------------------------

    def write(self, citizen: str, text: str, external_id: str) -> int | None:
        """A citizen's message comes in. Returns the inquiry it opened or belongs to."""
        event = InboundMessage(
            self._channel.account,
            external_id,
            Address(self._channel.scheme, citizen),
            Kind.TEXT,
            text,
            account=self._channel.account,
        )
        receive.take(self._deps, self._channel, event, replay_key="", raw=text.encode(), now=self._deps.clock.now())
        return self._deps.store.read(lambda tx: replays.opened_by(tx, self._channel.account, external_id))

    def _rate(self, case: Case, number: str, external_id: str) -> None:
        rng = case.rng
        if rng.random() < self._rates.dissatisfied:
            text = f"{UNHAPPY} {number} {self._tell(case, 'unhappy')}"
        else:
            text = f"{SATISFIED if rng.random() < 0.8 else MOSTLY} {number}"
        self.write(case.citizen, text, external_id)

    # -- what is new ---------------------------------------------------------------------------

    def take_up(self, order: AssignmentRecord) -> None:
        """An order was opened: the people of its unit make their plans."""
        case = self.cases.get(order.inquiry_id)
        if case is None:
            return
        if order.role == AssignmentRole.ASSIST:
            self._later(case, order.created_at, 1, 8, partial(self._help, case, order))
        elif order.unit_id in self._duty_units and order.reason != "rework":
            self._later(case, order.created_at, 0.1, 2, partial(self._hand_on, case, order))
        else:
            self._work(case, order)

    def consider(self, request: RequestRecord) -> None:
        """A request was made: the office decides on it, or the citizen answers."""
        case = self.cases.get(request.inquiry_id)
        if case is None:
            return
        if request.kind == RequestKind.SUPPLEMENT:
            self._be_asked(case, request)
        elif case.rng.random() < self._rates.undecided:
            self._agenda.add(
                request.decide_by + timedelta(minutes=1), partial(self._go_on, case, request.assignment_id)
            )
        else:
            self._later(case, request.opened_at, 0.2, 3.5, partial(self._decide, case, request))

    # -- a unit at work ------------------------------------------------------------------------

    def _work(self, case: Case, order: AssignmentRecord) -> None:
        rng, rates = case.rng, self._rates
        hours = 4.2 + 3 * rng.random() if rng.random() < LATE_SIGNERS else min(3.9, rng.lognormvariate(-0.7, 0.8))
        at = self._hours(order.created_at, hours)
        officer = rng.choice(self._staff[order.unit_id])
        self._agenda.add(at, partial(self._act, officer, order.id, order.inquiry_id, orders.sign))
        drawn = rng.random() if order.reason != "rework" else 1.0
        shares = (
            (rates.returned, self._give_back),
            (rates.question, self._ask),
            (rates.extension, self._extend),
            (rates.assist, self._call_in),
        )
        for share, act in shares:
            if drawn < share:
                act(case, order, officer, at)
                return
            drawn -= share
        self._plan_answer(case, order, officer, at)

    def _plan_answer(self, case: Case, order: AssignmentRecord, officer: int, after: datetime) -> None:
        """Plan the answer, in time or late as the rates say. In time includes the citizen's date."""
        inquiry = self._deps.store.read(lambda tx: inquiries.get(tx, order.inquiry_id))
        due = min(order.due_at, inquiry.due_at)
        at = (
            self._in_time(case, after, due) if case.rng.random() < self._rates.on_time else self._late(case, after, due)
        )
        self._agenda.add(at, partial(self._answer, case, order, officer))

    def _in_time(self, case: Case, after: datetime, due: datetime) -> datetime:
        part = case.rng.betavariate(1.8, 1.8) * 0.97
        hours = self._calendar.working_time_between(after, due) / timedelta(hours=1) * part
        if hours > 0:
            return min(self._hours(after, hours), due)
        return after + (due - after) * part if due > after else self._hours(after, 0.2)

    def _late(self, case: Case, after: datetime, due: datetime) -> datetime:
        rng = case.rng
        over = rng.uniform(30, 80) if rng.random() < STAY_LATE else 0.2 + rng.expovariate(1 / 8)
        return self._hours(max(after, due), over)

    def _answer(self, case: Case, order: AssignmentRecord, officer: int) -> None:
        done = self._act(officer, order.id, order.inquiry_id, orders.answer, self._tell(case, "answer"))
        if done is None or case.rng.random() >= self._rates.rating:
            return
        at = self._awake(self._deps.clock.now() + timedelta(hours=min(120.0, case.rng.lognormvariate(1.5, 1.3))))
        once = f"{case.arrival.index}-{order.id}-rate"
        self._agenda.add(at, partial(self._rate, case, done.params["number"].replace("-", ""), self._id(once)))

    def _give_back(self, case: Case, order: AssignmentRecord, officer: int, signed: datetime) -> None:
        self._later(case, signed, 0.3, 3, partial(self._do_give_back, case, order, officer))

    def _do_give_back(self, case: Case, order: AssignmentRecord, officer: int) -> None:
        asked = self._act(officer, order.id, order.inquiry_id, unit_requests.give_back, self._tell(case, "return"))
        if asked is None:
            self._go_on(case, order.id)
        else:
            case.refused.add(self._codes[order.unit_id])

    def _ask(self, case: Case, order: AssignmentRecord, officer: int, signed: datetime) -> None:
        self._later(case, signed, 0.5, 6, partial(self._do_ask, case, order, officer))

    def _do_ask(self, case: Case, order: AssignmentRecord, officer: int) -> None:
        if self._act(officer, order.id, order.inquiry_id, pause.ask, self._tell(case, "question")) is None:
            self._go_on(case, order.id)

    def _be_asked(self, case: Case, request: RequestRecord) -> None:
        if case.rng.random() < 0.75:
            at = self._awake(request.opened_at + timedelta(hours=case.rng.uniform(0.3, 20)))
            once = self._id(f"{case.arrival.index}-{request.id}-detail")
            self._agenda.add(at, partial(self._supply, case, request, once))
        else:
            self._agenda.add(
                request.decide_by + timedelta(minutes=1), partial(self._go_on, case, request.assignment_id)
            )

    def _supply(self, case: Case, request: RequestRecord, external_id: str) -> None:
        self.write(case.citizen, self._tell(case, "detail"), external_id)
        self._go_on(case, request.assignment_id)

    def _extend(self, case: Case, order: AssignmentRecord, officer: int, signed: datetime) -> None:
        at = self._in_time(case, signed, order.due_at)
        self._agenda.add(at, partial(self._do_extend, case, order, officer))

    def _do_extend(self, case: Case, order: AssignmentRecord, officer: int) -> None:
        days = case.rng.randint(2, 8)
        asked = self._act(
            officer, order.id, order.inquiry_id, unit_requests.extend, days, self._tell(case, "extension")
        )
        if asked is None:
            self._go_on(case, order.id)

    def _call_in(self, case: Case, order: AssignmentRecord, officer: int, signed: datetime) -> None:
        others = sorted(set(self._staff) - self._duty_units - {order.unit_id})
        other = case.rng.choice(others)

        def work(acting: ActingOfficer, row: OrderRecord) -> Outcome:
            return orders.assist(acting, row, directory.unit(acting.tx, other))

        self._agenda.add(signed, partial(self._act, officer, order.id, order.inquiry_id, work))
        self._plan_answer(case, order, officer, signed)

    def _help(self, case: Case, order: AssignmentRecord) -> None:
        officer = case.rng.choice(self._staff[order.unit_id])
        self._act(officer, order.id, order.inquiry_id, orders.answer, self._tell(case, "assist"))

    def _go_on(self, case: Case, order_id: int) -> None:
        """A request was settled, or never made: the unit works on, by the due times as they are now."""
        order = self._deps.store.read(lambda tx: replays.order(tx, order_id))
        if order is not None and order.state in inquiries.OPEN_ASSIGNMENT:
            officer = order.signed_by or case.rng.choice(self._staff[order.unit_id])
            self._plan_answer(case, order, officer, self._deps.clock.now())

    # -- the dispatch office -------------------------------------------------------------------

    def _hand_on(self, case: Case, order: AssignmentRecord) -> None:
        code = case.arrival.unit
        if code in case.refused:
            code = case.rng.choice(sorted(set(self._codes.values()) - case.refused))

        def work(acting: ActingOfficer, row: OrderRecord) -> Outcome:
            unit = directory.unit_by_code(acting.tx, code)
            if unit is None:
                raise RuntimeError("a unit vanished during the replay")
            return orders.transfer(acting, row, unit)

        if self._act(case.rng.choice(self._duty), order.id, order.inquiry_id, work) is None:
            self._plan_answer(case, order, case.rng.choice(self._duty), self._deps.clock.now())

    def _decide(self, case: Case, request: RequestRecord) -> None:
        refusal = self._story.tell(case.rng, "refusal") if case.rng.random() < self._rates.refused else ""
        deciders = self._duty
        if request.kind == RequestKind.EXTENSION and self._extended(request.inquiry_id):
            deciders = self._leaders
        officer = case.rng.choice(deciders)

        def work(tx: Tx) -> Outcome:
            acting, row = self._acting(tx, officer), stored_requests.find(tx, request.id)
            if row is None:
                raise RuntimeError("a request vanished during the replay")
            return decide.refuse(acting, row, refusal) if refusal else decide.approve(acting, row)

        self._count(self._deps.store.write(work))
        self._go_on(case, request.assignment_id)

    def _extended(self, inquiry_id: int) -> bool:
        return bool(self._deps.store.read(lambda tx: inquiries.get(tx, inquiry_id)).extended)

    # -- helpers -------------------------------------------------------------------------------

    @property
    def _calendar(self) -> Any:
        return self._deps.calendar()

    def _hours(self, start: datetime, hours: float) -> datetime:
        at: datetime = self._calendar.add_working_hours(start, max(hours, 0.02))
        return at

    def _later(self, case: Case, start: datetime, low: float, high: float, act: Act) -> None:
        """A moment after so many working hours from ``start``, drawn between two limits."""
        self._agenda.add(self._hours(start, case.rng.uniform(low, high)), act)

    def _tell(self, case: Case, kind: str) -> str:
        return self._story.tell(case.rng, kind, word=case.arrival.word, place=case.arrival.place)

    def _id(self, once: str) -> str:
        return f"replay-{once}"

    def _acting(self, tx: Tx, officer_id: int) -> ActingOfficer:
        officer = directory.officer(tx, officer_id)
        if officer is None:
            raise RuntimeError("an officer left during the replay")
        return acting_officer.ActingOfficer(tx, self._deps, officer, self._deps.clock.now())

    def _act(
        self, officer_id: int, order_id: int, inquiry_id: int, act: Callable[..., Outcome], *said: Any
    ) -> Outcome | None:
        """An officer acts on an order as it is now. None when the act was refused."""

        def work(tx: Tx) -> Outcome:
            acting = self._acting(tx, officer_id)
            row = next(each for each in inquiries.assignments_of(tx, inquiry_id) if each.id == order_id)
            return act(acting, row, *said)

        return self._count(self._deps.store.write(work))

    def _count(self, outcome: Outcome) -> Outcome | None:
        if not outcome.done:
            self.refused[outcome.key] += 1
        return outcome if outcome.done else None

    @staticmethod
    def _awake(at: datetime) -> datetime:
        """The same moment, or the next morning if people sleep then."""
        local = at.astimezone(CHINA)
        if local.time() >= ASLEEP:
            local = datetime.combine(local.date() + timedelta(days=1), AWAKE, CHINA)
        elif local.time() < AWAKE:
            local = datetime.combine(local.date(), AWAKE, CHINA)
        return local + timedelta(minutes=at.minute)
