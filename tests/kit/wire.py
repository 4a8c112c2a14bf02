"""The whole system on loopback sockets, as ``wenzheng demo`` starts it, with handles for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from bot.clocks.workdays import CHINA

ROOT = Path(__file__).resolve().parents[2]

MORNING = datetime(2026, 3, 10, 9, tzinfo=CHINA)
"""Where a system's clock begins: a Tuesday, weeks from the next holiday, in a year the calendar knows.

On the machine's own time a notice would wait out the night, and a week's dates fall into a holiday.
"""


def set_clock(file: Path, to: datetime = MORNING) -> Path:
    """Have the simulator and the application that share this file live in the time after ``to``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{(to - datetime.now(UTC)).total_seconds():.0f}\n", "ascii")
    return file


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Wire:
    """A running demo: its addresses, the simulator's control interface, the command."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port, self.phones_port = free_port(), free_port()
        self.web = f"http://127.0.0.1:{self.port}"
        self.phones = f"http://127.0.0.1:{self.phones_port}"
        self.env = {**os.environ, "DATA_DIR": str(data_dir), "QUIET_SECONDS": "1", "LOG_LEVEL": "WARNING", **settings}
        self.log_path = data_dir.parent / "demo.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        set_clock(self.data_dir / "clock-offset")
        command = [
            sys.executable,
            "-m",
            "cli.main",
            "demo",
            "--port",
            str(self.port),
            "--phones-port",
            str(self.phones_port),
        ]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        self.wait(lambda: "Ctrl-C" in self.log(), 60, "the demo to start")
        self.demo_env = self._demo_environment()

    def _demo_environment(self) -> dict[str, str]:
        from cli.demo import _environment  # the application is imported only where it is started

        os.environ["DATA_DIR"] = str(self.data_dir)
        try:
            return _environment("127.0.0.1", self.port, self.phones_port)
        finally:
            del os.environ["DATA_DIR"]

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            finally:
                self.process.kill()  # one that does not stop fails its test and is not left behind

    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def wait(self, ready, seconds: float, what: str):
        """The first true value of ``ready()``; fails with the system's log after ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            value = ready()
            if value:
                return value
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the system ended while waiting for {what}:\n{self.log()[-4000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}:\n{self.log()[-4000:]}")
            time.sleep(0.05)

    def control(self, method: str, path: str, **body):
        answer = requests.request(method, f"{self.phones}/sim{path}", json=body or None, timeout=40)
        answer.raise_for_status()
        return answer.json()

    def wenzheng(self, *arguments: str) -> str:
        """What the command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            check=False,
            env={**self.env, **self.demo_env},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def inquiry(self, number: str) -> dict:
        return json.loads(self.wenzheng("inquiry", number, "--json"))

    def bubbles(self, phone: str) -> list[dict]:
        """What a phone shows, oldest first."""
        phones = self.control("GET", "/phones")["phones"]
        return next(p for p in phones if p["id"] == phone)["bubbles"]


@contextmanager
def running(data_dir: Path, **settings: str):
    wire = Wire(data_dir, **settings)
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()
