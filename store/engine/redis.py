"""Redis: the cache that all processes share, and the wake-ups of the workers.

Nothing is stored here that cannot be lost. The database knows what has to be done; Redis only says that it may be
time (docs/decisions/0001-database-is-the-truth.md).
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from redis import Redis, RedisError
from redis.exceptions import LockError
from rq import Queue

from bot.edge.ports import CacheUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "wenzheng:"
MARK_SECONDS = 30
"""How long the mark of a wake-up lives. If its job is lost with Redis, the next wake-up after this enqueues
another.
"""


def connect(url: str) -> Redis:
    """A client that gives up quickly: a webhook must not wait for Redis."""
    return Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0, health_check_interval=30)


class RedisCache:
    """``bot.edge.ports.SharedCache`` on Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def get(self, key: str) -> str | None:
        with _unavailable():
            value = self._redis.get(PREFIX + key)
        return value.decode() if isinstance(value, bytes) else None

    def set(self, key: str, value: str, seconds: float) -> None:
        with _unavailable():
            self._redis.set(PREFIX + key, value, px=max(1, int(seconds * 1000)))

    def add(self, key: str, value: str, seconds: float) -> bool:
        with _unavailable():
            return bool(self._redis.set(PREFIX + key, value, px=max(1, int(seconds * 1000)), nx=True))

    def delete(self, key: str) -> None:
        with _unavailable():
            self._redis.delete(PREFIX + key)

    @contextlib.contextmanager
    def lock(self, key: str, seconds: float) -> Iterator[bool]:
        lock = self._redis.lock(f"{PREFIX}lock:{key}", timeout=seconds, blocking_timeout=seconds)
        with _unavailable():
            got = lock.acquire()
        try:
            yield got
        finally:
            if got:
                with contextlib.suppress(LockError, RedisError):
                    lock.release()


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise CacheUnavailable(type(error).__name__) from error


class Waker:
    """Enqueues one drain job for a queue unless one is waiting. It works in a thread of its own and never raises."""

    def __init__(self, redis: Redis, *, timeout: int = 300) -> None:
        self._redis = redis
        self._timeout = timeout
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, queue: str) -> None:
        """Say that ``queue`` has work."""
        with self._changed:
            self._wanted.add(queue)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._wanted:
                    self._changed.wait()
                wanted, self._wanted = self._wanted, set()
            for queue in wanted:
                # Redis is away; the sweep will find the row.
                with contextlib.suppress(RedisError):
                    self._enqueue(queue)

    def _enqueue(self, queue: str) -> None:
        if self._redis.set(f"{PREFIX}woken:{queue}", "1", nx=True, ex=MARK_SECONDS):
            Queue(queue, connection=self._redis, serializer="json").enqueue(
                "worker.drain", queue, job_timeout=self._timeout, result_ttl=0, failure_ttl=3600
            )

    def taken(self, queue: str) -> None:
        """A drain begins: the mark is removed, so that a wake-up from now on enqueues a new job."""
        with contextlib.suppress(RedisError):
            self._redis.delete(f"{PREFIX}woken:{queue}")
