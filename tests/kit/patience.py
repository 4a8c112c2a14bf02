"""A limit for what must not crawl: far above what it takes, far below what it would take if it grew with the square."""

from __future__ import annotations

import signal
from contextlib import contextmanager

LONG = 100_000
"""Characters. Squared they are ten thousand million steps: minutes, where what grows evenly takes a blink."""
PATIENCE = 60
"""Seconds. No measure of speed (that is the benchmarks' task): a slow machine under load passes too."""


class TookTooLong(AssertionError):
    pass


@contextmanager
def ends():
    """What stands under it comes to an end. Only in the main thread, where a signal arrives."""

    def give_up(*_signal):
        raise TookTooLong(f"not done after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
