"""``wenzheng sender``: how a sender stands who wrote far too much, and letting them be answered again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.common import plainly, services, when
from handlers.inbound import floods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.inbound.floods import Standing
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.people import AddressRecord

NOBODY = "no sender of that number or address"


@click.group("sender")
def sender() -> None:
    """Senders in the cool-down after a flood."""


@sender.command("show")
@click.argument("target")
@plainly
def show(target: str) -> None:
    """How the sender of TARGET stands: an inquiry's number, or an address such as sms:+12025550123."""
    with services() as deps:
        rows = deps.store.read(lambda tx: _standings(deps, tx, target))
    click.echo("\n".join(_line(row) for row in rows))


@sender.command("unblock")
@click.argument("target")
@plainly
def unblock(target: str) -> None:
    """Answer the sender of TARGET again: an inquiry's number, or an address such as sms:+12025550123."""
    with services() as deps:
        count = deps.store.write(lambda tx: _unblock(deps, tx, target))
    click.echo(f"{count} unblocked" if count else "was not blocked, nothing was changed")


def _found(deps: Deps, tx: Tx, target: str) -> Sequence[AddressRecord]:
    rows = floods.find(tx, target, deps.channels)
    if not rows:
        raise click.ClickException(NOBODY)
    return rows


def _standings(deps: Deps, tx: Tx, target: str) -> list[Standing]:
    return [floods.standing(tx, row, deps.clock.now()) for row in _found(deps, tx, target)]


def _unblock(deps: Deps, tx: Tx, target: str) -> int:
    return sum(floods.unblock(tx, row, deps.clock.now()) for row in _found(deps, tx, target))


def _line(row: Standing) -> str:
    standing = f"not answered until {when(row.until)}" if row.until is not None else "answered"
    return f"{row.channel}: {standing}, {row.kept} messages kept without an inquiry"


COMMANDS = (sender,)
