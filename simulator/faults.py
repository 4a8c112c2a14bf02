"""Faults to order: what a platform's interface is to do wrong, for how many calls, and to whom.

Endpoints are named ``wechat/<path below cgi-bin>``, ``twilio/messages`` and ``twilio/callback``.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

KINDS = frozenset({"errcode", "delay", "timeout", "reset", "html", "http", "callbacks"})


@dataclass(slots=True)
class Fault:
    """``times`` None: until removed. ``recipient``: only calls for this openid or number.

    kinds: ``errcode`` answers that code; ``delay`` works after ``seconds``; ``timeout`` holds the call for
    ``seconds`` and does nothing; ``reset`` does the work and closes the connection without an answer;
    ``html`` a page with status 200; ``http`` an error page with ``status``; ``callbacks`` (Twilio) sends
    ``statuses`` in that order, the failing ones with ``errcode``.
    """

    endpoint: str
    kind: str = "errcode"
    errcode: int = 0
    message: str = ""
    times: int | None = 1
    recipient: str = ""
    seconds: float = 0.0
    status: int = 500
    statuses: tuple[str, ...] = ()
    name: str = ""


class Faults:
    """The ordered faults. The first that fits a call is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, **values: Any) -> Fault:
        """Order a fault. Raises ValueError for an unknown kind, TypeError for an unknown field."""
        if values.get("kind", "errcode") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(sorted(KINDS))}")
        fault = Fault(**values)
        fault.statuses = tuple(fault.statuses)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, endpoint: str, recipient: str = "") -> Fault | None:
        """The fault for this call; one use of it is counted."""
        with self._lock:
            for fault in self._faults:
                if fault.endpoint == endpoint and fault.recipient in {"", recipient}:
                    self._count_down(fault)
                    return fault
        return None

    def remove(self, name: str = "") -> None:
        """Remove the faults called ``name``, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if name and fault.name != name]

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)
