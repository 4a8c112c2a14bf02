"""``wenzheng model``: train the router on the desk's decisions, see its figures, go back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from bot.classifier.states import ModelState
from cli.common import FAILED, complain, plainly, print_json, services, when
from store import models

if TYPE_CHECKING:
    from handlers.routing.training import Outcome
    from store.records.routing import ModelRecord

KEYWORDS = "no model is in use: the keywords route"


@click.group("model")
def model() -> None:
    """The learned router: trained at night on the duty desk's decisions."""


@model.command("train")
@click.option("--gently", is_flag=True, help="Leave the processor to others first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plainly
def train(*, gently: bool, as_json: bool) -> None:
    """Train now; the new model is used only if it is no worse than the one in use on decisions neither saw."""
    from handlers.routing.training import retrain  # noqa: PLC0415  scikit-learn takes a second to load; only here

    if gently:
        os.nice(10)
    with services() as deps:
        outcome = retrain(deps)
    if as_json:
        print_json({"done": outcome.done, "model": outcome.model_id, "card": outcome.card})
    else:
        click.echo(_said(outcome))


def _said(outcome: Outcome) -> str:
    if outcome.done == "too_few":
        return f"nothing trained: {outcome.card['why']} ({outcome.card['decisions']} decisions)"
    compared = outcome.card["compared"]
    figures = (
        f"{compared['right']} of {compared['held_back']} held back right, "
        f"{compared['with']} had {compared['right_before']}"
    )
    taken = "is in use now" if outcome.done == "taken" else "is not better and is not used"
    return f"model {outcome.model_id} {taken}: {outcome.card['decisions']} decisions; {figures}"


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plainly
def listed(*, as_json: bool) -> None:
    """The models kept, newest first."""
    with services() as deps:
        rows = [_row(row) for row in deps.store.read(models.listed)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(
            f"{row['model']}  {row['state']:8}  {row['made']}  {row['decisions']} decisions  {row['size']} bytes"
        )
    if not any(row["state"] == "active" for row in rows):
        click.echo(KEYWORDS)


def _row(row: ModelRecord) -> dict[str, Any]:
    return {
        "model": row.id,
        "state": row.state,
        "made": when(row.made_at),
        "in_use": when(row.in_use_at),
        "size": row.size,
        "decisions": row.card.get("decisions", 0),
        "compared": row.card.get("compared", {}),
    }


@model.command("show")
@click.argument("model_id", type=int, required=False)
@plainly
def show(model_id: int | None) -> None:
    """A model's card; the one in use when no number is given."""
    with services() as deps:
        rows = deps.store.read(models.listed)
    found = next(
        (row for row in rows if (row.state == ModelState.ACTIVE if model_id is None else row.id == model_id)), None
    )
    if found is None:
        complain(KEYWORDS if model_id is None else f"there is no model {model_id}; see: wenzheng model list")
        raise SystemExit(FAILED)
    print_json(_row(found) | {"card": found.card})


@model.command("rollback")
@plainly
def rollback() -> None:
    """Go back to the model used before; from the first one to the keywords."""
    with services() as deps:
        now = deps.clock.now()
        went = deps.store.write(lambda tx: models.roll_back(tx, now))
    if went is None:
        complain(KEYWORDS)
        raise SystemExit(FAILED)
    click.echo(f"model {went} is in use again" if went else KEYWORDS)


COMMANDS = (model,)
