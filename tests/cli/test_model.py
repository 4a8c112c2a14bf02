"""``wenzheng model`` as an operator at night runs it, and what ``wenzheng check`` says of the router."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from cli import model
from cli.checks import check_model
from store import models
from tests.handlers.routing.test_training import TOPICS, damage, decide, letters
from tests.kit.world import SECRET, make_store, make_world


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path, store=make_store(tmp_path / "wenzheng.db"))
    yield made
    made.close()


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs ``wenzheng model …`` over the world's database."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS"):
        monkeypatch.delenv(name, raising=False)
    group = click.Group("wenzheng", commands=[*model.COMMANDS])

    def invoke(*arguments):
        return CliRunner().invoke(group, ["model", *arguments], env={"SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)})

    return invoke


def teach(world, count=20, *, seed=0):
    for unit in TOPICS:
        decide(world, unit, letters(unit, count, seed=seed))


def test_without_decisions_nothing_is_trained_and_the_keywords_route(world, command):
    trained = command("train")
    assert trained.exit_code == 0
    assert "nothing trained" in trained.output
    assert "(0 decisions)" in trained.output
    assert "the keywords route" in command("list").output
    missing = command("show")
    assert (missing.exit_code, missing.output.strip()) == (1, model.KEYWORDS)
    assert (check_model(world.deps).level, check_model(world.deps).detail) == ("ok", "by keywords, no model is in use")


def test_a_model_is_trained_listed_shown_and_checked(world, command):
    teach(world)
    trained = command("train")
    assert "model 1 is in use now: 60 decisions" in trained.output
    assert "keywords had" in trained.output
    (row,) = json.loads(command("list", "--json").output)
    assert (row["model"], row["state"], row["decisions"]) == (1, "active", 60)
    card = json.loads(command("show").output)["card"]
    assert card["model"]["labels"] == {"D01": 20, "D02": 20, "S01": 20}
    assert {"made", "until", "compared", "keywords", "thresholds"} <= set(card)
    line = check_model(world.deps)
    assert line.level == "ok"
    assert line.detail.startswith("model 1 of 60 decisions")


def test_no_card_quotes_a_citizen(world, command):
    teach(world)
    command("train")
    card = command("show").output
    assert not any(text[-8:] in card for unit in TOPICS for text in letters(unit, 20))


def test_one_command_goes_back_and_at_last_to_the_keywords(world, command):
    teach(world)
    command("train")
    teach(world, seed=1)
    assert "model 2 is in use now" in command("train").output
    assert command("rollback").output.strip() == "model 1 is in use again"
    assert command("rollback").output.strip() == model.KEYWORDS
    assert command("list").output.strip().endswith(model.KEYWORDS)
    assert command("rollback").exit_code == 1


@pytest.mark.parametrize(("data", "why"), [(b"", "empty"), (b"x" * 200, "corrupt")])
def test_check_fails_on_a_model_that_cannot_be_read_and_says_what_to_run(world, command, data, why):
    teach(world)
    command("train")
    damage(world, data)
    line = check_model(world.deps)
    assert line.level == "FAIL"
    assert why in line.detail
    assert "wenzheng model rollback" in line.detail


def test_an_unknown_number_is_an_error_that_says_where_to_look(world, command):
    world.deps.store.write(lambda tx: models.add(tx, b"x", {}, state="refused", now=world.clock.now()))
    missing = command("show", "7")
    assert (missing.exit_code, missing.output.strip()) == (1, "there is no model 7; see: wenzheng model list")
