"""``wenzheng demo``: everything on this machine with simulated phones and a sample district.

The simulator is a program of its own, known only over the wire: its addresses and invented secrets
come from ``python -m simulator --print-env``, its phones are set up through its control interface.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import webbrowser
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import requests

import bootstrap
from adapters.kit.http import http_session
from bot.directory.units import Role
from bot.edge.messages import Address
from bot.inquiry.numbers import new_code
from bot.routing.keywords import find_unit
from cli import valkey
from cli.processes import start_all
from cli.supervisor import Program, Supervisor
from handlers.directory import import_run
from handlers.directory.read import read_directory
from handlers.services.cache import read_directory as read_stored
from store import directory, people

if TYPE_CHECKING:
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "sample"
DEMO_QUIET_SECONDS = "6"
"""A visitor will not wait a minute and a half to see the officer's phone ring."""


@dataclass(frozen=True, slots=True)
class DemoOfficer:
    """An officer whose phone stands on the page: the unit, and whether by WeChat (``openid``) or by SMS."""

    unit: str
    openid: str = ""


OFFICERS = (
    DemoOfficer("城管局", "oDemoOfficerChengguan0000001"),
    DemoOfficer("区问政办公室", "oDemoOfficerDuty000000000001"),
    DemoOfficer("住建局"),
)
CITIZEN = ("oDemoCitizen0000000000000001", "市民 · 微信")
CITIZEN_NUMBER = ("+8619900009001", "市民 · 短信")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--phones-port", default=8100, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 32))
@click.option("--web-workers", type=click.IntRange(1, 32))
def demo(host: str, port: int, phones_port: int, workers: int, web_workers: int | None) -> None:
    """Everything with simulated phones; nothing leaves this machine."""
    os.environ.update(_environment(host, port, phones_port))
    settings = bootstrap.read().settings
    supervisor = Supervisor()
    supervisor.stop_on_signals()
    phones = f"http://{host}:{phones_port}"
    try:
        supervisor.add(
            Program(
                "simulator",
                [
                    sys.executable,
                    "-m",
                    "simulator",
                    "--host",
                    host,
                    "--port",
                    str(phones_port),
                    "--target",
                    f"http://{host}:{port}/hooks",
                    "--clock-file",
                    str(settings.clock_file),
                ],
                stop_first=8,
            )
        )
        start_all(supervisor, settings, host=host, port=port, web=web_workers, workers=workers)
        _load_sample()
        _wait_for(f"http://{host}:{port}/readyz", supervisor)
        _wait_for(f"{phones}/sim/phones", supervisor)
        _place_phones(phones)
    except (valkey.ValkeyError, DemoError) as error:
        supervisor.shut_down()
        raise click.ClickException(str(error)) from error
    if not supervisor.stopping:
        click.echo(f"\n  phones   {phones}/\n  web      http://{host}:{port}/\n  stop     Ctrl-C\n")
        _show(f"{phones}/")
    supervisor.run()


def _show(url: str) -> None:
    """Open the phones page if somebody sits before a screen."""
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.stdout.isatty() and screen:
        webbrowser.open(url)


class DemoError(Exception):
    """The demo cannot start. The message says why."""


def _environment(host: str, port: int, phones_port: int) -> dict[str, str]:
    """The simulator's variables, overridden by those given, and the settings that only a demo may have."""
    printed = subprocess.run(
        [sys.executable, "-m", "simulator", "--print-env", "--host", host, "--port", str(phones_port)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    defaults = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    data_dir = Path(os.environ.get("DATA_DIR", "var"))
    defaults |= {
        "CHANNELS": "wechat,twilio",
        "PUBLIC_URL": f"http://{host}:{port}",
        "QUIET_SECONDS": DEMO_QUIET_SECONDS,
        "SECRET_KEY": kept_secret(data_dir),
        "CLOCK_FILE": str((data_dir / "clock-offset").resolve()),
        "RATE_PER_DAY": "300",
    }
    wanted = {name: value for name, value in defaults.items() if not os.environ.get(name)}
    return wanted | {"DEMO": "true"}


def kept_secret(data_dir: Path) -> str:
    """The demo's secret, kept in a file beside its database: without it nothing that was stored could be read
    again.
    """
    path = data_dir / "demo-secret"
    if not path.is_file():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), "ascii")
    return path.read_text("ascii").strip()


def _load_sample() -> None:
    deps = bootstrap.build(bootstrap.read(), pool_size=2)
    try:
        load_sample(deps)
    finally:
        deps.store.close()


def load_sample(deps: Deps) -> None:
    """Load the sample district, unless it was loaded before."""
    if deps.store.read(directory.all_units):
        return
    wanted, errors = read_directory(SAMPLE)
    if wanted is None:
        raise DemoError(f"the sample directory is broken: {errors[0].message}")
    import_run.change(deps, wanted, author="demo", source=SAMPLE.name)


def _wait_for(url: str, supervisor: Supervisor, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not supervisor.stopping:
        try:
            if http_session().get(url, timeout=1).status_code == requests.codes.ok:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            raise DemoError(f"{url} did not answer within {seconds:.0f} s; is the port taken? see the lines above")
        time.sleep(0.1)


def _place_phones(phones: str) -> None:
    """Put a citizen's WeChat and SMS phones on the page and three officers' phones, bound in the way officers
    bind them.
    """
    deps = bootstrap.build(bootstrap.read(), pool_size=2)
    session = http_session()
    try:
        session.post(f"{phones}/sim/wechat/persons", timeout=5, json={"openid": CITIZEN[0], "name": CITIZEN[1]})
        session.post(
            f"{phones}/sim/sms/numbers", timeout=5, json={"number": CITIZEN_NUMBER[0], "name": CITIZEN_NUMBER[1]}
        )
        for wanted in OFFICERS:
            _place_officer(deps, session, phones, wanted)
    finally:
        deps.store.close()


def _place_officer(deps: Deps, session: requests.Session, phones: str, wanted: DemoOfficer) -> None:
    found = deps.store.write(lambda tx: _prepare(deps, tx, wanted))
    if found is None:
        return
    name, number, code = found
    if not wanted.openid:
        session.post(f"{phones}/sim/sms/numbers", timeout=5, json={"number": number, "name": name, "role": "officer"})
        return
    session.post(
        f"{phones}/sim/wechat/persons", timeout=5, json={"openid": wanted.openid, "name": name, "role": "officer"}
    )
    session.post(
        f"{phones}/sim/wechat/{wanted.openid}/send",
        timeout=30,
        json={"kind": "text", "text": f"绑定 {code}", "wait": True},
    )


def _prepare(deps: Deps, tx: Tx, wanted: DemoOfficer) -> tuple[str, str, str] | None:
    """Label, phone number and one-time code of the unit's first officer."""
    found = find_unit(read_stored(tx), wanted.unit)
    unit = directory.unit_by_code(tx, found[0].code) if found else None
    if unit is None:
        return None
    staff = directory.officers_of(tx, unit.id)
    officer = next((o for o in staff if o.role in {Role.OFFICER, Role.DUTY}), staff[0])
    code = new_code(secrets.randbelow)
    directory.set_bind_code(tx, officer.id, code, deps.clock.now() + timedelta(hours=1))
    phone = next(a for a in people.of_officer(tx, officer.id) if a.scheme == "sms")
    number = Address.parse(tx.vault.open(phone.cipher)).value
    return f"{unit.name} · {officer.name}", number, code


COMMANDS = (demo,)
