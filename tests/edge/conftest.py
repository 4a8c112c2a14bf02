"""``rig``: the app over SQLite; ``rig_on_each``: over SQLite and PostgreSQL.

Migrating takes longer than most tests, so it is done once for each database and copied.
"""

from __future__ import annotations

import secrets
import shutil

import pytest

from store.engine.migrate import migrate
from store.engine.transactions import make_engine
from tests.edge.rig import make_rig

TEMPLATE = "edge_template"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server):
    postgres_server.psql(f"CREATE DATABASE {TEMPLATE};")
    engine = make_engine(uri(postgres_server, TEMPLATE), pool_size=1)
    migrate(engine)
    engine.dispose()
    return postgres_server


@pytest.fixture
def postgres_url(migrated_postgres):
    """A fresh database at the newest schema."""
    name = f"t{secrets.token_hex(6)}"
    migrated_postgres.psql(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE};")
    return uri(migrated_postgres, name)


def uri(server, database: str) -> str:
    return server.get_uri(database=database).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("edge") / "template.db"
    engine = make_engine(f"sqlite:///{path}", pool_size=1)
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite, tmp_path):
    """A fresh file at the newest schema."""
    shutil.copy(migrated_sqlite, tmp_path / "test.db")
    return f"sqlite:///{tmp_path / 'test.db'}"


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
