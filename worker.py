"""The workers: RQ for wake-ups, and a sweep that needs no Redis.

``drain`` is the only job there is: a wake-up for a queue. A second thread looks into the database every second
for rows whose turn has come (a quiet interval over, a retry due, a wake-up lost). With Redis away everything
therefore goes on, a second later (docs/decisions/0001-database-is-the-truth.md).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import structlog
from redis import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested

import bootstrap
from handlers.jobs.queues import DRAINS, QUEUES, sweep
from handlers.routing import training_hours
from handlers.services.logs import configure_logging
from store.engine.redis import Waker, connect
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from bootstrap import Configured
    from handlers.services.deps import Deps

log = structlog.get_logger()

_deps: Deps | None = None
_waker: Waker | None = None


LOOK_SECONDS = 0.1
TRAIN_LOOK_SECONDS = 60.0
LONGEST_TRAINING = 3600.0


class Stop(threading.Event):
    """An event that a signal handler may ask for.

    The handler runs in the main thread between any two of its steps, also while that thread holds this event's own
    lock: ``set`` would then wait for ever. ``ask`` takes no lock, so whoever waits looks ten times a second.
    """

    asked = False

    def ask(self) -> None:
        self.asked = True

    def is_set(self) -> bool:
        return self.asked or super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = LOOK_SECONDS if until is None else min(LOOK_SECONDS, until - time.monotonic())
            if left <= 0:
                return False
            super().wait(left)
        return True


class TrainingFailed(Exception):
    """The training program ended with an exit code other than 0."""


class DrainFailed(Exception):
    """Names the kind of error that ended a drain, and nothing of its content."""


def drain(queue: str) -> int:
    """The job: do what waits in ``queue``. Arguments are names only, so a job holds nothing personal."""
    if _deps is None or _waker is None:
        raise RuntimeError("drain runs in a process started by worker.run")
    work = DRAINS[queue]
    _waker.taken(queue)
    try:
        return work(_deps)
    except StoreUnavailable:
        log.warning("drain_postponed", queue=queue)
        return 0
    except Exception as error:  # noqa: BLE001  whatever it is, RQ must not quote it
        # RQ logs a failed job's traceback and keeps it in Redis; its last line quotes whatever the error holds.
        raise DrainFailed(type(error).__name__) from None


def run(configured: Configured) -> None:
    """Work until told to stop; the row in hand is finished first."""
    global _deps, _waker  # noqa: PLW0603  RQ calls ``drain`` by name, without arguments of ours
    settings = configured.settings
    configure_logging(settings.log_level)
    # Host and process together: several hosts share one database, and a name tells who left a claim behind.
    name = f"{socket.gethostname()}-{os.getpid()}"
    _deps = bootstrap.build_worker(configured, worker_name=name[:48])
    redis = connect(settings.redis)
    _waker = Waker(redis)
    stop = Stop()
    sweeper = threading.Thread(target=_sweep_loop, args=(_deps, settings.sweep_seconds, stop), name="sweeper")
    trainer = threading.Thread(target=_train_loop, args=(_deps, stop), name="trainer")
    sweeper.start()
    trainer.start()
    try:
        _work_loop(settings.redis, name, stop)
    finally:
        stop.set()
        # Longer than a provider's time-out, so that a message in hand is finished and recorded.
        sweeper.join(timeout=60)
        trainer.join(timeout=60)
        _deps.store.close()


def _work_loop(redis_url: str, name: str, stop: Stop) -> None:
    """Run RQ's loop. When Redis goes away the loop is started again, and the sweep does the work meanwhile."""

    def on_signal(_signal: int, _frame: Any) -> None:
        stop.ask()

    while not stop.is_set():
        # RQ installs signal handlers of its own and leaves them in place when it gives up.
        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
        with contextlib.suppress(RedisError, OSError, StopRequested):
            worker = _Worker(
                list(QUEUES),
                connection=_worker_connection(redis_url),
                name=f"{name}-{time.monotonic_ns()}",
                serializer="json",
                # RQ waits for a job for 15 seconds less than this at a time (rq 3.0). With its usual 420 it would
                # notice a lost connection only minutes later.
                worker_ttl=25,
                job_monitoring_interval=5,
                maintenance_interval=60,
                log_job_description=False,
                prepare_for_work=True,
            )
            worker.stop_event = stop
            worker.work(with_scheduler=False, logging_level="WARNING")
        with contextlib.suppress(StopRequested):
            stop.wait(1.0)


def _worker_connection(url: str) -> Any:
    from redis import Redis  # noqa: PLC0415  the blocking read of the queue needs its own time-out

    return Redis.from_url(url, socket_connect_timeout=2.0)


class _Worker(SimpleWorker):
    """RQ's in-process worker, stopped by the same signals as the sweeper."""

    stop_event: Stop | None = None

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        if self.stop_event is not None and self.stop_event.is_set():
            self._stop_requested = True  # the signal came while the worker was registering itself, before RQ listened

    def request_stop(self, signum: int, frame: Any) -> None:
        if self.stop_event is not None:
            self.stop_event.ask()
        with contextlib.suppress(RedisError):  # RQ notes the wish in Redis, in the middle of whatever is being done
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def _sweep_loop(deps: Deps, seconds: float, stop: Stop) -> None:
    while not stop.wait(seconds):
        try:
            sweep(deps)
        except StoreUnavailable:
            log.warning("sweep_postponed")
        except Exception as error:
            log.exception("sweep_failed", error=type(error).__name__)
            deps.alarms.raise_alarm("sweep_failed", error=type(error).__name__)


def _train_loop(deps: Deps, stop: Stop) -> None:
    """Train the router once a night, in a program of its own: the memory it needs is given back when that ends."""
    while not stop.wait(TRAIN_LOOK_SECONDS):
        try:
            if training_hours.due(deps):
                _train(stop)
        except StoreUnavailable:
            log.warning("training_postponed")
        except Exception as error:
            log.exception("training_failed", error=type(error).__name__)
            deps.alarms.raise_alarm("training_failed", error=type(error).__name__)


def _train(stop: Stop) -> None:
    """Run ``wenzheng model train`` with low priority. It is ended with the worker, or when it takes too long."""
    command = [sys.executable, "-m", "cli.main", "model", "train", "--gently"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        # time.monotonic, since a clock that is set must neither end a training nor let it run for ever.
        until = time.monotonic() + LONGEST_TRAINING
        while program.poll() is None:
            if stop.wait(1.0) or time.monotonic() > until:
                program.terminate()
                program.wait(30)
        if program.returncode and not stop.is_set():
            raise TrainingFailed(program.returncode)
