"""What the commands share: services for one command, errors as one clear line, times in China's zone."""

from __future__ import annotations

import functools
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

import bootstrap
from handlers.notices.phrases import CHINA
from store.engine.transactions import DatabaseError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from handlers.services.deps import Deps

P = ParamSpec("P")
R = TypeVar("R")

BAD_SETTINGS = 2
FAILED = 1


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn expected errors into lines on stderr and an exit code, so that nobody sees a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except bootstrap.SettingsError as error:
            complain(*error.problems)
            raise SystemExit(BAD_SETTINGS) from None
        except (StoreUnavailable, DatabaseError) as error:
            complain(f"database: {_why(error)}")
            raise SystemExit(FAILED) from None
        except OSError as error:
            complain(f"{type(error).__name__}: {error.strerror or 'input or output failed'}")
            raise SystemExit(FAILED) from None

    return run


def complain(*lines: str) -> None:
    """Print lines on stderr."""
    for line in lines:
        click.echo(line, err=True)


def _why(error: BaseException) -> str:
    """What is wrong with the database, without the statement and its values, which may be personal."""
    message = str(getattr(error.__cause__ if isinstance(error, StoreUnavailable) else error, "orig", ""))
    if "no such table" in message or "does not exist" in message or "no such column" in message:
        return "the tables are missing or old, run: wenzheng migrate"
    return f"does not answer ({type(error.__cause__ or error).__name__})"


@contextmanager
def services(*, pool_size: int = 2) -> Iterator[Deps]:
    """The services for one command, built from the environment's settings."""
    deps = bootstrap.build(bootstrap.read(), worker_name="cli", pool_size=pool_size)
    try:
        yield deps
    finally:
        deps.store.close()


def when(at: datetime | None) -> str | None:
    """A moment in ISO 8601 in China's zone, to the second."""
    return at.astimezone(CHINA).isoformat(timespec="seconds") if at is not None else None


def print_json(value: Any) -> None:
    """Print JSON with indents and readable Chinese."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
