"""``wenzheng run | web | worker | migrate``: the product's processes."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

import bootstrap
from cli import valkey
from cli.supervisor import Program, Supervisor, own_command
from store.engine.migrate import migrate as bring_up_to_date

if TYPE_CHECKING:
    from bootstrap import Settings

THREADS = 32
"""Blocking threads of a web process. A webhook waits for the disk or the database and hardly uses the CPU."""


def web_command(host: str, port: int, workers: int) -> list[str]:
    """The command line of granian with our app (docs/decisions/0003-wsgi-server.md)."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--factory",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        str(THREADS),
        "--no-ws",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "15",
        "--backlog",
        "1024",
        "--log-level",
        "warning",
        "app:create_app",
    ]


def web_workers(settings: Settings, wanted: int | None) -> int:
    """The number of web processes: one with many threads on SQLite, which has a single writer; two on PostgreSQL."""
    return wanted or (1 if settings.database.startswith("sqlite") else 2)


def metrics_folder(settings: Settings) -> str:
    """The folder in which the processes share their metrics. It is emptied at the start."""
    folder = settings.data_dir.resolve() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return str(folder)


def run_migrations(settings: Settings) -> str:
    """Bring the database to the newest schema."""
    store = bootstrap.make_store(settings, pool_size=2)
    try:
        return bring_up_to_date(store.engine)
    finally:
        store.close()


def start_all(
    supervisor: Supervisor, settings: Settings, *, host: str, port: int, web: int | None, workers: int
) -> None:
    """Start Valkey (unless REDIS_URL names a server), migrations, web and workers."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder(settings)
    if not settings.redis_url:
        supervisor.add(valkey.program(settings.data_dir))
        valkey.wait_until_up(settings.data_dir)
    run_migrations(settings)
    supervisor.add(Program("web", web_command(host, port, web_workers(settings, web))))
    for number in range(workers):
        supervisor.add(Program(f"worker-{number + 1}", own_command("worker"), stop_first=1))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--web-workers", type=click.IntRange(1, 32), help="Web processes [default: 1 on SQLite, else 2].")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 32), help="Worker processes.")
def run(host: str, port: int, web_workers: int | None, workers: int) -> None:
    """Everything on this machine with the real channels."""
    settings = bootstrap.read().settings
    supervisor = Supervisor()
    supervisor.stop_on_signals()
    try:
        start_all(supervisor, settings, host=host, port=port, web=web_workers, workers=workers)
        click.echo(f"web server on http://{host}:{port}, {workers} workers")
    except valkey.ValkeyError as error:
        supervisor.shut_down()
        raise click.ClickException(str(error)) from error
    supervisor.run()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--web-workers", type=click.IntRange(1, 32))
def web(host: str, port: int, web_workers: int | None) -> None:
    """The web server alone."""
    settings = bootstrap.read().settings
    command = web_command(host, port, globals()["web_workers"](settings, web_workers))
    os.execv(command[0], command)  # noqa: S606  granian takes this process's place and its signals


@click.command()
def worker() -> None:
    """One worker process."""
    import worker as working  # noqa: PLC0415  the other commands need not load RQ

    # RQ jobs name ``worker.drain``: it must be this very module, not a second copy.
    working.run(bootstrap.read())


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    click.echo(f"database at {run_migrations(bootstrap.read().settings)}")


COMMANDS = (run, web, worker, migrate)
