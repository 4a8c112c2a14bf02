"""The real app on a real loopback socket, and a look into its database."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from sqlalchemy import Table, select
from werkzeug.serving import make_server

import bootstrap
from app import create_app
from store.engine.migrate import migrate
from store.tables.whole import metadata
from tests.edge.rig import PUBLIC_URL, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handlers.services.deps import Deps


@dataclass(slots=True)
class Served:
    """``base`` is where it listens; ``public`` what the platforms were told, and sign."""

    base: str
    public: str
    deps: Deps
    http: requests.Session
    fresh: sqlite3.Connection

    def post(self, path: str, body: bytes, **options: Any) -> requests.Response:
        """As a platform posts: no redirect followed."""
        return self.http.post(self.base + path, data=body, allow_redirects=False, timeout=20, **options)

    def rows(self, table: Table) -> list[Any]:
        order = list(table.primary_key.columns)
        return list(self.deps.store.read(lambda tx: tx.conn.execute(select(table).order_by(*order)).all()))

    def stored(self) -> dict[str, int]:
        """How many rows each table holds, empty ones left out."""
        counts = {table.name: len(self.rows(table)) for table in metadata.sorted_tables}
        return {name: count for name, count in counts.items() if count}

    def forget(self) -> None:
        """The database as it was after the migration (its events cannot be deleted, only overwritten)."""
        with closing(self.deps.store.engine.raw_connection()) as live:
            self.fresh.backup(live.driver_connection)


def _copy(deps: Deps) -> sqlite3.Connection:
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(deps.store.engine.raw_connection()) as live:
        live.driver_connection.backup(kept)
    return kept


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[Served]:
    """``create_app`` over a migrated SQLite database in ``folder``."""
    env = environment(folder, f"sqlite:///{folder / 'test.db'}", **settings)
    app = create_app(bootstrap.read(env))
    deps = app.extensions["wenzheng"]
    migrate(deps.store.engine)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with requests.Session() as http, closing(_copy(deps)) as fresh:
            http.trust_env = False
            base = f"http://127.0.0.1:{server.port}"
            yield Served(base, settings.get("PUBLIC_URL", PUBLIC_URL), deps, http, fresh)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        deps.store.close()
