"""The whole phone network: both platforms, the phones and what they share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.calls import CallLog
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.media import MediaStore
from simulator.phones import Phone, Phones
from simulator.twilio import Carrier
from simulator.wechat import Account
from simulator.wechat_push import Pusher

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.settings import Settings

CITIZEN_OPENID = "oDemoCitizen0000000000000001"
CITIZEN_NUMBER = "+8619900009001"
"""A number outside the range that the sample directory's officers have."""


@dataclass(slots=True)
class Background:
    """Threads that do what a platform does later. Tests call ``settle`` to wait for them."""

    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, work: Callable[..., Any], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
            thread.start()

    def settle(self, seconds: float = 10.0) -> None:
        with self._lock:
            waiting = list(self._threads)
        for thread in waiting:
            thread.join(seconds)


class Network:
    """All that the routes and the actions need."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_file)
        self.token_clock = Clock()
        self.phones = Phones()
        self.faults = Faults()
        self.calls = CallLog()
        self.media = MediaStore()
        self.background = Background()
        self.wechat = Account(settings, self.clock, self.token_clock)
        self.pusher = Pusher(settings, self.clock)
        self.sms = Carrier(settings, self.clock)
        self.add_citizens()

    def add_citizens(self) -> None:
        """The two phones that stand on the page at the start."""
        self.add_wechat(CITIZEN_OPENID, "市民 · 微信")
        self.add_sms(CITIZEN_NUMBER, "市民 · 短信")

    def add_wechat(self, openid: str, name: str, *, role: str = "citizen", follows: bool = True) -> Phone:
        person = self.wechat.add(openid, follows=follows)
        phone = self.phones.add(Phone(openid, "wechat", name, role))
        self.phones.set_state(openid, follows=person.follows, account=self.settings.wechat_name)
        return phone

    def add_sms(self, number: str, name: str, *, role: str = "citizen", listed: bool = True) -> Phone:
        phone = self.phones.add(Phone(number, "sms", name, role, listed=listed))
        numbers = list(self.settings.sms_numbers)
        self.phones.set_state(number, numbers=numbers, stopped=self.sms.stopped_by(number))
        return phone

    def reset(self) -> None:
        """The state at the start: two phones, no faults, the real time."""
        self.faults.remove()
        self.calls.clear()
        self.media.clear()
        self.clock.reset()
        self.token_clock.reset()
        self.wechat.clear()
        self.sms.clear()
        self.phones.clear()
        self.add_citizens()
