"""``rig``: the app over SQLite; ``rig_on_each``: over SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from tests.edge.rig import make_rig


@pytest.fixture
def rig(tmp_path, sqlite_url):
    made = make_rig(tmp_path, sqlite_url)
    yield made
    made.deps.store.close()


@pytest.fixture
def rig_on_each(tmp_path, database_url):
    made = make_rig(tmp_path, database_url)
    yield made
    made.deps.store.close()
