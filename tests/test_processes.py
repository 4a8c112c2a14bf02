"""The processes themselves: restarts and their pauses, stopping in order, work in hand finished, Redis killed,
the key changed, migrations at once.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
import requests
from redis import Redis, RedisError
from rq import Queue

from bootstrap import embedded_redis_url
from cli import valkey
from cli.supervisor import Program, Supervisor
from store.engine.migrate import newest
from store.engine.redis import Waker
from store.tables.delivery import inbox, outbox
from tests.edge.rig import LAMP, SECRET, environment, make_rig, number_in
from tests.kit import twilio_calls
from tests.kit.wechat_sender import Sender
from tests.kit.wire import MORNING, ROOT, free_port, set_clock
from worker import _Worker

OFFICER = "oOFFICER0000000000000000001"


def until(ready, seconds=20.0, what="it"):
    """The first true value of ``ready()``."""
    deadline = time.monotonic() + seconds
    while not (value := ready()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


# -- the supervisor --------------------------------------------------------------------------------


def shell(name, script, **options):
    return Program(name, ["/bin/sh", "-c", script], **options)


@contextlib.contextmanager
def supervised(*programs, **options):
    """A supervisor at work beside the test. Its own thread starts the programs, as they die with it."""
    supervisor = Supervisor(**options)

    def work():
        for program in programs:
            supervisor.add(program)
        supervisor.run()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor._stopping = True
        thread.join(30)
    assert not thread.is_alive()


def read(path):
    return path.read_text().split() if path.exists() else []


@pytest.mark.integration
def test_a_killed_program_is_started_again_and_a_stopped_one_is_not(tmp_path):
    log = tmp_path / "pids"
    with supervised(shell("steady", f"echo $$ >> {log}; exec sleep 1000")):
        (first,) = until(lambda: read(log))
        os.kill(int(first), signal.SIGKILL)
        _, second = until(lambda: len(read(log)) == 2 and read(log))
    time.sleep(0.3)
    assert not psutil.pid_exists(int(second))
    assert len(read(log)) == 2


@pytest.mark.integration
def test_a_program_that_keeps_dying_is_started_with_growing_pauses(tmp_path):
    log = tmp_path / "starts"
    with supervised(shell("broken", f"date +%s.%N >> {log}; exit 3")):
        until(lambda: len(read(log)) == 4)
    starts = [float(line) for line in read(log)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert pauses[0] >= 0.4
    assert pauses[1] >= 0.8
    assert pauses[2] >= 1.6


def test_the_pauses_have_an_end_and_a_long_life_forgives():
    program = Program("any", ["true"])
    for _ in range(20):
        program.started = time.monotonic()
        program.plan_restart()
    assert program.pause == 10.0
    program.started = time.monotonic() - 60
    program.plan_restart()
    assert program.pause == 0.2


def traps(name, log, *, takes=0.0, **options):
    done = f"sleep {takes}; echo {name} >> {log}; exit 0"
    return shell(name, f"trap '{done}' TERM; echo {name} >> {log}.up; while :; do sleep 0.05; done", **options)


@pytest.mark.integration
def test_programs_are_stopped_in_their_order_each_after_the_one_before_has_ended(tmp_path):
    log = tmp_path / "stopped"
    with supervised(
        traps("last", log, stop_first=9), traps("first", log, takes=0.6), traps("middle", log, stop_first=1)
    ):
        until(lambda: len(read(tmp_path / "stopped.up")) == 3)
    assert read(log) == ["first", "middle", "last"]


@pytest.mark.integration
def test_a_program_that_does_not_listen_is_killed_with_its_children_when_its_time_is_up(tmp_path):
    log = tmp_path / "pids"
    deaf = shell("deaf", f"trap '' TERM; sleep 1000 & echo $! $$ >> {log}; while :; do sleep 0.05; done")
    started = 0.0
    with supervised(deaf, grace=0.5):
        pids = until(lambda: read(log))
        started = time.monotonic()
    assert 0.5 <= time.monotonic() - started < 5
    until(lambda: not any(alive(int(pid)) for pid in pids))


def alive(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_nobody_outlives_a_killed_supervisor():
    script = (
        "from cli.supervisor import Program, Supervisor\n"
        "s = Supervisor(); p = Program('child', ['/bin/sleep', '1000']); s.add(p); "
        "print(p.process.pid, flush=True); s.run()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        child = int(supervisor.stdout.readline())
        assert alive(child)
        supervisor.kill()
        until(lambda: not alive(child), what="the child to end")


# -- one installation, its commands as processes ---------------------------------------------------


class Installation:
    """Settings as the operator writes them, over SQLite; ``rig`` looks into it and puts things in."""

    def __init__(self, folder, url="", **settings):
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'test.db'}"
        clock = set_clock(folder / "clock")
        self.settings = {"DEMO": "true", "CLOCK_FILE": str(clock), "LOG_LEVEL": "WARNING", **settings}
        self.env = {**os.environ, **environment(folder, self.url, **self.settings)}
        self.rig = make_rig(folder, self.url, **self.settings)
        self.rig.clock.time = MORNING
        self.started = []

    def start(self, *command):
        process = subprocess.Popen([sys.executable, "-m", "cli.main", *command], cwd=ROOT, env=self.env)
        self.started.append(process)
        return process

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(20)
        self.rig.deps.store.close()


@contextlib.contextmanager
def installed(folder, **settings):
    made = Installation(folder, **settings)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def wechat_server(seconds=0.0):
    """WeChat's interface, slow to answer; yields its address and the calls that have come in."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b'{"errcode": 0, "errmsg": "ok", "access_token": "ACCESS", "expires_in": 7200}'
            if "token" not in self.path.partition("?")[0]:
                calls.append(self.path.partition("?")[0])
                time.sleep(seconds)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def running_valkey(folder):
    program = valkey.program(folder)
    program.start()
    valkey.wait_until_up(folder)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait(10)


@pytest.mark.wire
def test_a_webhook_under_way_is_answered_before_the_server_stops(tmp_path):
    with installed(tmp_path, WEBHOOK_BUDGET="4") as made:
        port = free_port()
        web = made.start("web", "--port", str(port))
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 40, "the server")
        sender = Sender(made.env, f"http://127.0.0.1:{port}")
        said = []
        message = threading.Thread(target=lambda: said.append(sender.say("oCITIZEN000000000000000001", LAMP, tries=1)))
        other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        message.start()
        time.sleep(0.5)
        web.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        assert said == []
        other.execute("ROLLBACK")
        other.close()
        message.join(20)
        assert number_in(said[0], f"{MORNING:%y-%m%d}")
        assert web.wait(20) == 0
        assert not answers(f"http://127.0.0.1:{port}/healthz")


def answers(url):
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


@pytest.mark.wire
def test_a_worker_told_to_stop_records_the_message_it_has_in_hand(tmp_path):
    with wechat_server(seconds=1.5) as (base, calls), installed(tmp_path, WECHAT_API_BASE_URL=base) as made:
        with running_valkey(tmp_path):
            made.env["REDIS_URL"] = embedded_redis_url(tmp_path)
            made.rig.wechat(LAMP)
            row = made.rig.queue()
            worker = made.start("worker")
            until(lambda: calls, 40, "the call")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        assert (made.rig.row(row).state, made.rig.row(row).way) == ("sent", "customer_service")
        assert calls == ["/cgi-bin/message/custom/send"]


@pytest.mark.wire
def test_with_redis_killed_an_order_still_reaches_the_officer_by_the_sweep(tmp_path):
    with (
        wechat_server() as (base, calls),
        installed(tmp_path, WECHAT_API_BASE_URL=base) as made,
        running_valkey(tmp_path) as redis,
    ):
        made.env["REDIS_URL"] = embedded_redis_url(tmp_path)
        worker = made.start("worker")
        client = Redis.from_url(embedded_redis_url(tmp_path))
        until(lambda: client.scard("rq:workers"), 40, "the worker")
        redis.process.kill()
        redis.process.wait(10)
        time.sleep(1.0)
        made.rig.officer("lamp", OFFICER)
        made.rig.wechat("待办", who=OFFICER)
        made.rig.wechat(LAMP)
        made.rig.wechat("完")
        until(lambda: calls, 20, "the notice")
        (order,) = until(
            lambda: [row for row in made.rig.rows(outbox, outbox.c.key == "order.new") if row.state == "sent"]
        )
        assert order.officer_id == made.rig.officers["lamp"]
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0


@pytest.mark.integration
def test_a_worker_told_to_stop_while_it_signs_on_does_not_begin(tmp_path, monkeypatch):
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    with running_valkey(tmp_path):
        working = _Worker(["routing"], connection=Redis.from_url(embedded_redis_url(tmp_path)), serializer="json")
        working.stop_event = threading.Event()
        working.stop_event.set()
        looks = []
        monkeypatch.setattr(working, "dequeue_job_and_maintain_ttl", lambda *asked: looks.append(asked))
        working.work(max_idle_time=6, logging_level="WARNING")
        assert looks == []
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.integration
def test_what_waits_in_the_embedded_server_survives_its_kill(tmp_path):
    def client():
        return Redis.from_url(embedded_redis_url(tmp_path))

    with running_valkey(tmp_path) as server:
        Waker(client()).wake("routing")
        until(lambda: waiting(client()) == 1)
        time.sleep(1.5)  # synced every second
        server.process.kill()
        server.process.wait(10)
    with running_valkey(tmp_path):
        assert waiting(client()) == 1
        assert client().get("wenzheng:woken:routing") == b"1"


def waiting(client):
    try:
        return Queue("routing", connection=client, serializer="json").count
    except RedisError:
        return None


# -- keys and migrations ---------------------------------------------------------------------------


@pytest.mark.integration
def test_after_rekey_everything_opens_with_the_new_key_alone(tmp_path, database_url):
    old = make_rig(tmp_path, database_url)
    said = old.wechat(LAMP)
    old.sms("占道经营没人管")
    old.officer("lamp", OFFICER)
    old.deps.store.close()
    new = "another-secret-of-at-least-thirty-two-chars"
    env = {**os.environ, **environment(tmp_path, database_url, SECRET_KEY=new, SECRET_KEY_PREVIOUS=SECRET)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "rekey"],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    rig = make_rig(tmp_path, database_url, SECRET_KEY=new)
    rig.clock.forward(60)
    assert number_in(said) in rig.wechat("进度")
    assert rig.count()["addresses"] == 3
    assert rig.address(OFFICER).officer_id == rig.officers["lamp"]
    kept = [rig.deps.store.vault.open_bytes(row.raw).decode() for row in rig.rows(inbox)]
    assert LAMP in kept[0]
    assert rig.clear(rig.address(twilio_calls.CITIZEN, "twilio")) == f"sms:{twilio_calls.CITIZEN}"
    rig.deps.store.close()


@pytest.mark.integration
def test_rekey_does_not_let_the_former_key_go_while_messages_wait_in_the_spool(tmp_path, sqlite_url):
    old = make_rig(tmp_path, sqlite_url)
    old.deps.spool.put({"account": "wechat"})
    old.deps.store.close()
    env = {**os.environ, **environment(tmp_path, sqlite_url, SECRET_KEY="n" * 40, SECRET_KEY_PREVIOUS=SECRET)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "rekey"],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "SECRET_KEY_PREVIOUS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.wire
def test_migrations_started_at_once_all_succeed(tmp_path, database_url):
    env = {**os.environ, **environment(tmp_path, database_url)}
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "cli.main", "migrate"],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    told = [command.communicate(timeout=90) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], told
    assert all(newest() in out for out, _err in told)


@pytest.mark.integration
def test_what_a_killed_program_left_behind_ends_before_it_is_started_again(tmp_path):
    """A web server killed outright leaves its workers: they would hold its port for ever."""
    left = tmp_path / "left"
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(left)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    program = Program("parent", [sys.executable, "-c", code])
    program.start()
    deadline = time.monotonic() + 10
    while not (left.exists() and left.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    child = psutil.Process(int(left.read_text()))
    program.process.kill()
    program.process.wait(5)
    assert child.is_running()
    program.plan_restart()
    _gone, alive = psutil.wait_procs([child], timeout=10)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


EVERY_STEP = """
import signal, sys
{imports}

def stopped_at(step):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    {begin}
    seen = 0

    def trace(frame, event, arg):
        nonlocal seen
        seen += event == "line" and callable(signal.getsignal(signal.SIGTERM))
        if seen == step:
            signal.raise_signal(signal.SIGTERM)
        return trace

    sys.settrace(trace)
    {run}
    sys.settrace(None)
    return seen >= step

print(sum(stopped_at(step) for step in range(1, 40)))
"""
"""A stop signal between any two of the first steps of a loop, and every step of what they call."""
LOOPS = {
    "supervisor": (
        "import cli.supervisor\ncli.supervisor.LOOK_SECONDS = 0.001",
        "one = cli.supervisor.Supervisor(); one.stop_on_signals()",
        "one.run()",
    ),
    "worker": (
        "import types, worker\nworker._Worker = lambda *_, **__: types.SimpleNamespace(work=lambda **_: None)",
        "one = worker.Stop()",
        "worker._work_loop('redis://127.0.0.1:1', 'guard', one)",
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("loop", LOOPS)
def test_a_stop_signal_at_any_step_ends_the_loop(loop):
    imports, begin, run = LOOPS[loop]
    script = EVERY_STEP.format(imports=imports, begin=begin, run=run)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert int(done.stdout) == 39
