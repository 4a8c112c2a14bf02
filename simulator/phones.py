"""Every simulated phone and what is on its screen.

The page and the control interface read from here; the platforms write. A change wakes whoever waits
for one, so that the page shows a bubble at once.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

KEPT_CHANGES = 2000
"""A page that has missed more changes than this loads everything anew."""


@dataclass(slots=True)
class Bubble:
    """``direction``: ``out`` written on this phone, ``in`` arrived, ``note`` a grey line of the phone itself.

    ``way`` is how it arrived: passive, customer_service, template_message, subscription_notice, sms,
    system. ``status`` of an ``out`` bubble: sending, sent, failed.
    """

    id: int
    direction: str
    way: str
    kind: str
    text: str
    at: str
    status: str = ""
    segments: int = 0
    picture: str = ""
    card: dict[str, Any] = field(default_factory=dict)
    choices: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Phone:
    """One phone. ``id`` is the openid or the number. ``state`` is what the page shows of the platform's knowledge
    of the person.
    """

    id: str
    channel: str
    name: str
    role: str = "citizen"
    listed: bool = True
    state: dict[str, Any] = field(default_factory=dict)
    bubbles: list[Bubble] = field(default_factory=list)

    def head(self) -> dict[str, Any]:
        """All about the phone except its bubbles."""
        return {
            "id": self.id, "channel": self.channel, "name": self.name, "role": self.role,
            "listed": self.listed, "state": dict(self.state), "count": len(self.bubbles),
        }  # fmt: skip


class Phones:
    """All phones. Many threads may use it at once."""

    def __init__(self) -> None:
        self._phones: dict[str, Phone] = {}
        self._changed = threading.Condition(threading.RLock())
        self._changes: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_CHANGES)
        self._revision = 0
        self._last_id = 0

    def add(self, phone: Phone) -> Phone:
        """Add a phone; if it exists it is renamed and keeps its bubbles."""
        with self._changed:
            known = self._phones.setdefault(phone.id, phone)
            known.name, known.role, known.listed = phone.name, phone.role, phone.listed or known.listed
            self._publish({"type": "phone", "phone": known.head()})
            return known

    def get(self, phone_id: str) -> Phone | None:
        with self._changed:
            return self._phones.get(phone_id)

    def set_state(self, phone_id: str, **state: Any) -> None:
        with self._changed:
            phone = self._phones[phone_id]
            phone.state.update(state)
            self._publish({"type": "phone", "phone": phone.head()})

    def show(self, phone_id: str, *, at: datetime, direction: str, way: str, **content: Any) -> Bubble:
        """Put a bubble on the screen. Raises KeyError for an unknown phone."""
        with self._changed:
            self._last_id += 1
            content = {"kind": "text", "text": ""} | content
            bubble = Bubble(id=self._last_id, direction=direction, way=way, at=at.isoformat(), **content)
            self._phones[phone_id].bubbles.append(bubble)
            self._publish({"type": "bubble", "phone": phone_id, "bubble": asdict(bubble)})
            return bubble

    def mark(self, phone_id: str, bubble: Bubble, status: str) -> None:
        with self._changed:
            bubble.status = status
            self._publish({"type": "bubble", "phone": phone_id, "bubble": asdict(bubble)})

    def publish(self, change: dict[str, Any]) -> None:
        with self._changed:
            self._publish(change)

    def snapshot(self) -> dict[str, Any]:
        """The ``revision`` and all ``phones`` with their bubbles."""
        with self._changed:
            phones = [
                phone.head() | {"bubbles": [asdict(bubble) for bubble in phone.bubbles]}
                for phone in self._phones.values()
            ]
            return {"revision": self._revision, "phones": phones}

    def changes(self, since: int, wait: float = 0.0) -> tuple[int, list[dict[str, Any]] | None]:
        """What happened after revision ``since``, waiting up to ``wait`` seconds for a change; None when that
        revision is too old.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._revision != since, timeout=wait)
            oldest = self._changes[0][0] if self._changes else self._revision + 1
            if since > self._revision or since < oldest - 1:
                return self._revision, None
            return self._revision, [change for revision, change in self._changes if revision > since]

    def clear(self) -> None:
        with self._changed:
            self._phones.clear()
            self._publish({"type": "reset"})

    def _publish(self, change: dict[str, Any]) -> None:
        self._revision += 1
        self._changes.append((self._revision, change))
        self._changed.notify_all()
