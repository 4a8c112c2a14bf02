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
"""Any number: PostgreSQL's advisory lock of this product's migrations."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made


def migrate(engine: Engine) -> str:
    """Apply what is missing; the revision reached."""
    if engine.dialect.name == "sqlite":
        # WAL is a property of the file: set once, here, not by each connection (platform facts: a
        # second process setting it gets 'database is locked').
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            raw.close()
    with engine.begin() as conn:
        if engine.dialect.name != "sqlite":
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(config(conn), "head")
        return revision(conn) or ""


def revision(conn: Connection) -> str | None:
    """The revision a database is at."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """The revision this program expects."""
    return ScriptDirectory.from_config(config()).get_current_head()


def has_tables(engine: Engine) -> bool:
    """Whether the database was ever migrated."""
    return inspect(engine).has_table("inquiries")
