"""``wenzheng sender`` as an operator runs it."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from cli import senders
from tests.kit.town import say, town
from tests.kit.world import CITIZEN, SECRET


@pytest.fixture
def world(tmp_path):
    made = town(tmp_path, f"sqlite:///{_copied(tmp_path)}")
    yield made
    made.close()


def _copied(folder):
    from tests.kit.world import make_store

    path = folder / "wenzheng.db"
    make_store(path).close()
    return path


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS"):
        monkeypatch.delenv(name, raising=False)
    group = click.Group("wenzheng", commands=list(senders.COMMANDS))

    def invoke(*arguments):
        env = {
            "SECRET_KEY": SECRET,
            "DATA_DIR": str(tmp_path),
            "CHANNELS": "console",
            "CONSOLE_SECRET": "console-secret",
        }
        return CliRunner().invoke(group, ["sender", *arguments], env=env)

    return invoke


@pytest.fixture
def flooded(world, monkeypatch):
    """A citizen in the cool-down. The command's clock is the machine's: the flood was just now."""
    from datetime import UTC, datetime

    world.clock.forward((datetime.now(UTC) - world.clock.now()).total_seconds())
    for n in range(100):
        say(world, CITIZEN, f"第{n}句话")
    assert say(world, CITIZEN, "进度") == ""
    return world


def test_it_tells_how_a_sender_stands_by_the_number_of_an_inquiry(flooded, command):
    number = flooded.get(1).number
    shown = command("show", number)
    assert (shown.exit_code, "not answered until" in shown.output) == (0, True)
    assert "10 messages kept" in shown.output
    assert CITIZEN.value not in shown.output


@pytest.mark.parametrize("by", ["number", "address"])
def test_it_lets_the_sender_be_answered_again(flooded, command, by):
    target = flooded.get(1).number if by == "number" else str(CITIZEN)
    assert "1 unblocked" in command("unblock", target).output
    assert say(flooded, CITIZEN, "进度") != ""
    assert "nothing was changed" in command("unblock", target).output
    assert "answered" in command("show", target).output


@pytest.mark.parametrize("target", ["26-1123-9999", "console:nobody", "nobody"])
def test_nobody_is_said_plainly(flooded, command, target):
    for action in ("show", "unblock"):
        answer = command(action, target)
        assert (answer.exit_code, "no sender" in answer.output) == (1, True)
