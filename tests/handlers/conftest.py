"""A database at the newest schema for the tests that drive the app through ``tests.edge.rig``: migrated once, copied."""

from __future__ import annotations

from tests.edge.conftest import migrated_postgres, migrated_sqlite, postgres_url, sqlite_url

__all__ = ["migrated_postgres", "migrated_sqlite", "postgres_url", "sqlite_url"]
