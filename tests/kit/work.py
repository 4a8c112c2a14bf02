"""How much work something is, counted and not timed: the same on a slow machine as on a fast one."""

from __future__ import annotations

import sys
import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Work:
    """``calls`` of functions, Python's and C's; ``peak``: bytes in use at once, beyond those before."""

    calls: int = 0
    peak: int = 0


@contextmanager
def counted():
    """The work done under it. What a single call of C does inside shows in ``peak`` at most."""
    work = Work()

    def note(_frame, event, _argument):
        work.calls += event in {"call", "c_call"}

    before = sys.getprofile()
    tracemalloc.start()
    sys.setprofile(note)
    try:
        yield work
    finally:
        sys.setprofile(before)
        work.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
