"""What most tests here stand on: a district whose people write; and a database at the newest schema, migrated once,
copied, for those that drive the app through ``tests.edge.rig``.
"""

from __future__ import annotations

import pytest

from tests.edge.conftest import migrated_postgres, migrated_sqlite, postgres_url, sqlite_url
from tests.kit.town import town

__all__ = ["migrated_postgres", "migrated_sqlite", "postgres_url", "sqlite_url"]


@pytest.fixture
def world(tmp_path):
    """A town on SQLite; a test file that needs another says so itself."""
    made = town(tmp_path)
    yield made
    made.close()
