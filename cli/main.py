"""``wenzheng``: the one command for everything. Each group of subcommands has a module of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

import bootstrap
from cli import calendar, demo, directory, model, points, processes, replay, reports, senders, upkeep
from handlers.services.logs import configure_logging, log_crashes

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wenzheng")
def cli() -> None:
    """Citizens' inquiries over WeChat and SMS: numbered, routed, answered in time, delivered."""


for command in (
    *processes.COMMANDS,
    *demo.COMMANDS,
    *directory.COMMANDS,
    *reports.COMMANDS,
    *calendar.COMMANDS,
    *points.COMMANDS,
    *model.COMMANDS,
    *replay.COMMANDS,
    *senders.COMMANDS,
    *upkeep.COMMANDS,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Wrong settings end with one line each and status 2, never with a traceback."""
    configure_logging()
    log_crashes()
    try:
        cli.main(args=arguments, prog_name="wenzheng")
    except bootstrap.SettingsError as error:
        for problem in error.problems:
            click.echo(f"wenzheng: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
