"""What handlers work with: built once by ``bootstrap.py``, passed to every handler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot.clocks.steps import DEFAULT_LIMITS
from bot.routing.repeats import Memory
from handlers.services.topic_memory import TopicMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from adapters.kit.base import Channel
    from bot.clocks.steps import Limits
    from bot.clocks.workdays import Calendar, Rule
    from bot.conversation.flood_limits import Rules
    from bot.edge.ports import Alarms, Clock
    from bot.routing.keywords import KeywordRouter
    from bot.routing.triage import Learned
    from bot.text.keys import TextKey
    from handlers.services.texts import Texts
    from store.engine.spool import Spool
    from store.engine.transactions import Store, Tx
    from store.records.people import SenderRecord


class Metrics(Protocol):
    """Counts what happens. Labels are fixed words and never contain content."""

    def count(self, name: str, **labels: str) -> None: ...

    def observe(self, name: str, seconds: float, **labels: str) -> None: ...


class Signer(Protocol):
    """Signed links. Each purpose has a salt of its own, and each link has an end."""

    def entry_url(self) -> str:
        """The only address that is the same for everybody and in every message."""
        ...

    def citizen_url(self, inquiry_id: int) -> str: ...

    def staff_url(self, inquiry_id: int, officer_id: int) -> str: ...

    def duty_url(self, officer_id: int) -> str:
        """A link to the duty desk, for one sign-in."""
        ...

    def duty_cookie(self, officer_id: int, nonce: str) -> str: ...

    def staff_code(self, assignment_id: int, officer_id: int) -> str:
        """The 6-digit code of an order's notice. The same inputs always give the same code."""
        ...

    def read_citizen(self, token: str) -> int | None: ...

    def read_staff(self, token: str) -> tuple[int, int] | None: ...

    def expired(self, token: str) -> bool:
        """Whether a staff link was made by us and is only too old."""
        ...

    def read_duty_link(self, token: str) -> tuple[int, str] | None: ...

    def read_duty_cookie(self, value: str) -> tuple[int, str] | None: ...

    def form_seal(self, token: str, action: str) -> str:
        """What a form on the page of ``token`` contains to show that it was made there."""
        ...

    def form_sealed(self, token: str, action: str, seal: str) -> bool: ...


def no_model() -> Learned | None:
    """The learned model of a process without one, as web processes are."""
    return None


@dataclass(slots=True)
class Deps:
    """The services of a process. ``wake`` takes the name of a queue and never raises.

    ``secrets_officer``: the code of the officer who reads what is secret, ``""`` for the leaders. ``learned``:
    the model in use, in workers. ``auto_precision``: how often what is dispatched without a person must be right,
    a key of the model's thresholds. ``recent_matters``: what routing compared lately.
    """

    store: Store
    channels: Mapping[str, Channel]
    clock: Clock
    texts: Texts
    rules: Rules
    calendar: Callable[[], Calendar]
    router: Callable[[], KeywordRouter]
    wake: Callable[[str], None]
    spool: Spool
    signer: Signer
    alarms: Alarms
    metrics: Metrics
    media_folder: Path
    due_rule: Rule = "A"
    limits: Limits = DEFAULT_LIMITS
    webhook_budget: float = 2.5
    sms_channel: str = ""
    secrets_officer: str = ""
    learned: Callable[[], Learned | None] = no_model
    auto_precision: str = "0.98"
    worker_name: str = "web"
    topics: TopicMemory = field(default_factory=TopicMemory)
    recent_matters: Memory = field(default_factory=Memory)


@dataclass(slots=True)
class Reply:
    """An answer to the person who wrote: a text key and its fields."""

    key: TextKey
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Turn:
    """The handling of one message: the transaction, who wrote, and what is known."""

    tx: Tx
    deps: Deps
    now: datetime
    address: SenderRecord
    channel: Channel
    replies: list[Reply] = field(default_factory=list)
    wakes: set[str] = field(default_factory=set)
    inquiry_id: int | None = None
    later: list[Callable[[], None]] = field(default_factory=list)

    def reply(self, key: TextKey, **params: Any) -> None:
        """Add an answer to the person in this turn."""
        self.replies.append(Reply(key, params))

    @property
    def by_sms(self) -> bool:
        """Whether the message came by SMS, where the sender can be forged and each answer costs money."""
        return bool(self.address.scheme == "sms")
