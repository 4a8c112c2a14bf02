"""Processes are killed and Redis is flushed while 2,000 signed messages come in.

What was acknowledged is stored, once; every notice and every answer goes out.
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from redis import Redis

from tests.kit.wechat_sender import Sender
from tests.kit.wire import ROOT, Wire, set_clock

pytestmark = pytest.mark.faults

MESSAGES = 2000
ANSWERS = 60
SENDERS = 16
SEED = 20261123
SECONDS = 45
"""The flood is paced to last at least this long, so that the kills fall into it."""

FLUSH_AFTER = (3, 6)
OFFICER = "oOfficer00000000000000000001"
UNITS = {"A1": ("路灯局", "路灯"), "A2": ("物业局", "物业"), "A3": ("学校局", "学校"), "A4": ("公园局", "公园")}
NUMBER = re.compile(r"\d\d-\d{4}-\d{4,}")


class System(Wire):
    """``wenzheng run`` with a small directory, the simulator beside it."""

    def start(self) -> None:
        clock = str(set_clock(self.data_dir / "clock-offset"))
        self.demo_env = self._settings() | {"CLOCK_FILE": clock}
        self.simulator = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "simulator",
                "--port",
                str(self.phones_port),
                "--target",
                f"{self.web}/hooks",
                "--clock-file",
                clock,
            ],
            cwd=ROOT,
            env={**self.env, **self.demo_env},
        )
        self.wenzheng("migrate")
        self.wenzheng("directory", "import", str(write_directory(self.data_dir.parent)))
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "run", "--port", str(self.port), "--workers", "2"],
                cwd=ROOT,
                env={**self.env, **self.demo_env},
                stdout=log,
                stderr=log,
            )
        self.wait(lambda: answers(f"{self.web}/healthz") and answers(f"{self.phones}/sim/phones"), 60, "the start")

    def _settings(self) -> dict[str, str]:
        printed = subprocess.run(
            [sys.executable, "-m", "simulator", "--print-env", "--port", str(self.phones_port)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return dict(line.split("=", 1) for line in printed.splitlines()) | {
            "CHANNELS": "wechat,twilio",
            "PUBLIC_URL": self.web,
            "SECRET_KEY": "for the fault test only, forty chars",
            "DEMO": "true",
            "QUIET_SECONDS": "0.2",
            "RATE_PER_DAY": "100000",
            "RATE_PER_MINUTE": "100000",
        }

    def stop(self) -> None:
        super().stop()
        self.simulator.send_signal(signal.SIGTERM)
        self.simulator.wait(20)

    def children(self, word: str) -> list[psutil.Process]:
        """Web (granian's own workers too) or worker processes."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if word in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def rows(self, query: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.data_dir / 'wenzheng.db'}?mode=ro", uri=True, timeout=30) as database:
            return database.execute(query).fetchall()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


def write_directory(folder: Path) -> Path:
    units = ["代码,名称,简称,层级,上级,关键词,地名,电话", "D0,区问政办公室,,区级,,,,"]
    officers = ["姓名,单位,角色,手机号", "值班甲,D0,值班员,19900000900"]
    for position, (code, (name, keyword)) in enumerate(UNITS.items()):
        units.append(f"{code},{name},,区级,,{keyword},,")
        officers.append(f"经办{'甲乙丙丁'[position]},{code},工作人员,1990000091{position}")
    target = folder / "directory"
    target.mkdir()
    (target / "units.csv").write_text("\n".join(units), "utf-8")
    (target / "officers.csv").write_text("\n".join(officers), "utf-8")
    return target


class Flood:
    """Signed messages with WeChat's patience and a little more: the same MsgId until it is answered."""

    def __init__(self, system: System) -> None:
        self.sender = Sender(system.demo_env, system.web)
        self.answered: dict[int, str] = {}

    def send(self, n: int) -> None:
        text = f"第{n}件：幸福路{n}号的{list(UNITS.values())[n % len(UNITS)][1]}有问题，请处理"
        reply = self.sender.say(f"oCitizen{n:020d}", text, msg_id=str(9_000_000_000 + n))
        number = NUMBER.search(reply)
        self.answered[n] = number.group() if number else ""
        time.sleep(SENDERS * SECONDS / MESSAGES)

    def run(self) -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(self.send, range(MESSAGES)))


class Killer(threading.Thread):
    """Kills a web or a worker process every second or two, and flushes Redis twice."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self.system = system
        self.random = random.Random(SEED)
        self.over = threading.Event()
        self.kills = {"granian": 0, "worker": 0}
        self.flushes = 0

    def run(self) -> None:
        redis = Redis.from_url(f"unix://{self.system.data_dir.resolve() / 'valkey.sock'}")
        while not self.over.wait(self.random.uniform(2.0, 5.0)):
            word = self.random.choice(["granian", "worker"])
            if victims := self.system.children(word):
                self.random.choice(victims).kill()
                self.kills[word] += 1
            if sum(self.kills.values()) in FLUSH_AFTER and self.flushes < len(FLUSH_AFTER):
                redis.flushall()
                self.flushes += 1


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    made = System(tmp_path_factory.mktemp("kill") / "d")
    made.start()
    yield made
    made.stop()


def answer_some(system: System, flood: Flood) -> list[str]:
    """An officer of the first unit binds WeChat and answers orders while everything is being killed."""
    officer = next(line.split("\t")[0] for line in system.wenzheng("officer", "list", "--unit", "A1").splitlines())
    code = system.wenzheng("officer", "code", officer).strip()
    assert "绑定" in flood.sender.say(OFFICER, f"绑定 {code}")
    mine = [n for n in range(0, ANSWERS * len(UNITS), len(UNITS)) if flood.answered.get(n)]
    numbers = [flood.answered[n] for n in mine]
    assert len(numbers) >= ANSWERS // 2
    for number in numbers:
        system.wait(
            lambda number=number: system.rows(
                f"SELECT 1 FROM assignments a JOIN inquiries i ON i.id = a.inquiry_id WHERE i.number = '{number}'"
            ),
            60,
            "the order",
        )
        flood.sender.say(OFFICER, f"复 {number} 已派人处理完毕，请您查看。")
    return numbers


def test_nothing_acknowledged_is_lost_or_doubled(system):
    flood = Flood(system)
    killer = Killer(system)
    # The people exist on the platform, so that answers can reach them.
    with requests.Session() as session:
        for n in range(MESSAGES):
            session.post(
                f"{system.phones}/sim/wechat/persons", timeout=10, json={"openid": f"oCitizen{n:020d}", "name": f"c{n}"}
            ).raise_for_status()
    killer.start()
    try:
        with ThreadPoolExecutor(1) as beside:
            flooding = beside.submit(flood.run)
            system.wait(
                lambda: flooding.done() or len(flood.answered) > ANSWERS * len(UNITS), 120, "the first messages"
            )
            answered = answer_some(system, flood)
            flooding.result()
    finally:
        killer.over.set()
        killer.join()
    assert killer.flushes == 2
    assert min(killer.kills.values()) >= 3, killer.kills

    # All were acknowledged in the end (the sender was patient), each with a number of its own.
    assert len(flood.answered) == MESSAGES
    stored = system.rows("SELECT number FROM inquiries")
    assert len(stored) == MESSAGES
    numbers = [number for number in flood.answered.values() if number]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {row[0] for row in stored}

    def all_out():
        left = "SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'delivered')"
        unrouted = "SELECT count(*) FROM inquiries WHERE fold_until IS NOT NULL"
        return system.rows(left)[0][0] + system.rows(unrouted)[0][0] == 0

    system.wait(all_out, 180, "every notice and answer to go out")
    orders = system.rows("SELECT count(DISTINCT inquiry_id) FROM outbox WHERE key = 'order.new'")[0][0]
    assert orders == MESSAGES
    replies = system.rows("SELECT count(*) FROM outbox WHERE key = 'answer' AND state IN ('sent', 'delivered')")[0][0]
    assert replies == len(answered)

    shown = {p["id"]: p["bubbles"] for p in system.control("GET", "/phones")["phones"]}
    reached = [
        n
        for n in range(0, ANSWERS * len(UNITS), len(UNITS))
        if any(b["way"] in {"template_message", "customer_service"} for b in shown[f"oCitizen{n:020d}"])
    ]
    assert len(reached) == len(answered)
