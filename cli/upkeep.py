"""``wenzheng rekey``: moves stored secrets to the current key."""

from __future__ import annotations

from functools import partial

import click

import bootstrap
from store.engine.spool import Spool
from store.sealed import SEALED, reseal


@click.command()
def rekey() -> None:
    """Re-encrypt everything under SECRET_KEY; afterwards SECRET_KEY_PREVIOUS can be removed."""
    settings = bootstrap.read().settings
    store = bootstrap.make_store(settings)
    total = 0
    try:
        for table in SEALED:
            last = 0
            while rows := store.write(partial(reseal, table=table, after=last)):
                last = rows[-1]
                total += len(rows)
    finally:
        store.close()
    click.echo(f"{total} rows under the current key")
    if waiting := Spool(settings.data_dir / "spool", store.vault).size():
        raise click.ClickException(
            f"{waiting} messages wait in the spool, maybe under the former key: keep "
            "SECRET_KEY_PREVIOUS until the workers have taken them in, then run this again"
        )


COMMANDS = (rekey,)
