"""Starts the processes of one machine and keeps them running: web, workers, Valkey, the demo's simulator.

A process that dies is started again, after growing pauses. A stop signal is passed on to each in turn, and the
work in hand is finished. In production systemd or Compose does this instead (docs/operations.md).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

log = structlog.get_logger()

GRACE = 20.0
"""Seconds a process has to finish, which is longer than a webhook's budget and a provider's time-out."""

PR_SET_PDEATHSIG = 1
STEADY = 5.0
LOOK_SECONDS = 0.1
LONGEST_PAUSE = 10.0


def _die_with_parent() -> None:
    """Have the kernel stop this process when its supervisor dies, so that nothing is left to hold ports and files
    (Linux: prctl(2)).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Program:
    """One program to keep running. Programs with a lower ``stop_first`` are stopped earlier."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_first: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.2
    next_start: float = 0.0

    def start(self) -> None:
        """Start the program in a process group of its own, so that a terminal's Ctrl-C reaches only the supervisor."""
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  the supervisor has no other thread when it starts one
        )
        self.started = time.monotonic()

    def died(self) -> bool:
        """Whether the program was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> None:
        """Plan the next start: soon if the program had run for a while, later after each quick death."""
        if self.process is not None:
            # A web server killed outright leaves its own children in the group, on the same port; granian's
            # wait for their parent's word and heed no signal but this one (2.8.7, seen 2026-11-23).
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        lived = time.monotonic() - self.started
        self.pause = 0.2 if lived > STEADY else min(LONGEST_PAUSE, self.pause * 2)
        self.next_start = time.monotonic() + self.pause
        self.process = None


class Supervisor:
    """Runs programs until a stop signal. ``grace``: the seconds a group has to finish before it is killed."""

    def __init__(self, *, grace: float = GRACE) -> None:
        self._grace = grace
        self._programs: list[Program] = []
        self._stopping = False

    def add(self, program: Program) -> None:
        """Start a program and keep it running."""
        program.start()
        self._programs.append(program)

    def stop_on_signals(self) -> None:
        """End ``run`` on SIGTERM and SIGINT.

        The handler takes no lock. It runs in this very thread, between any two of its steps: had ``run`` waited for
        an Event, a signal that came while the Event's lock was held would have waited for that lock for ever.
        """

        def on_signal(_signal: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)

    @property
    def stopping(self) -> bool:
        return self._stopping

    def run(self) -> None:
        """Watch until told to stop, then stop everything in order."""
        while not self._stopping:
            for program in self._programs:
                self._watch(program)
            time.sleep(LOOK_SECONDS)
        self.shut_down()

    def _watch(self, program: Program) -> None:
        if program.died():
            code = program.process.returncode if program.process else None
            log.warning("program_ended", program=program.name, code=code)
            program.plan_restart()
        elif program.process is None and time.monotonic() >= program.next_start:
            program.start()

    def shut_down(self) -> None:
        """Ask each group in order to stop, wait, and kill what did not stop."""
        for order in sorted({program.stop_first for program in self._programs}):
            group = [p for p in self._programs if p.stop_first == order and p.process and not p.died()]
            for program in group:
                _signal(program, signal.SIGTERM)
            # One deadline for the whole group: programs stop at the same time, not one after the other.
            deadline = time.monotonic() + self._grace
            for program in group:
                _wait(program, deadline)


def _signal(program: Program, number: signal.Signals) -> None:
    if program.process is not None and program.process.poll() is None:
        program.process.send_signal(number)


def _wait(program: Program, deadline: float) -> None:
    if program.process is None:
        return
    try:
        program.process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("program_killed", program=program.name)
        os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()


def own_command(*arguments: str) -> list[str]:
    """The command line of this program with other arguments, whatever the PATH is."""
    return [sys.executable, "-m", "cli.main", *arguments]
