"""Brings a database to the newest schema. Safe to run by several processes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

FOLDER = Path(__file__).parents[1] / "migrations"
LOCK = 5_718_204_331
"""The key of PostgreSQL's advisory lock for this product's migrations. The number itself means nothing."""


def config(connection: Connection | None = None) -> Config:
    """The configuration of Alembic, made without a file."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made


def migrate(engine: Engine) -> str:
    """Apply the migrations that are missing. Returns the revision reached."""
    if engine.dialect.name == "sqlite":
        # WAL is a property of the database file, so it is set once, here, and not by each connection: a second
        # process that sets it at the same moment gets "database is locked" (SQLite, seen 2026-11).
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            raw.close()
    with engine.begin() as conn:
        if engine.dialect.name != "sqlite":
            # Several processes may start at once. The lock lets the first one migrate; the others then find
            # nothing to do.
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(config(conn), "head")
        return revision(conn) or ""


def revision(conn: Connection) -> str | None:
    """The revision of a database."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """The revision that this program expects."""
    return ScriptDirectory.from_config(config()).get_current_head()


def has_tables(engine: Engine) -> bool:
    """Whether the database was ever migrated."""
    return inspect(engine).has_table("inquiries")
