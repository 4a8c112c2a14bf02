"""The scheduled training: a worker at night starts the program, which reads the decisions and stores a model."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

import worker
from store import models
from tests.handlers.routing.test_training import NIGHT, TOPICS, decide, letters
from tests.kit.world import SECRET, make_store, make_world
from worker import _train_loop

pytestmark = pytest.mark.integration


@pytest.fixture
def world(tmp_path, monkeypatch):
    """At three in the morning, over the database the settings of a program started here lead to."""
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(worker, "TRAIN_LOOK_SECONDS", 0.05)
    made = make_world(tmp_path, store=make_store(tmp_path / "wenzheng.db"))
    for unit in TOPICS:
        decide(made, unit, letters(unit, 12))
    made.clock.forward(NIGHT.total_seconds())
    yield made
    made.close()


@contextmanager
def nights(world):
    """The worker's thread."""
    stop = threading.Event()
    thread = threading.Thread(target=_train_loop, args=(world.deps, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def wait(ready, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (value := ready()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return value


def test_a_worker_trains_the_router_at_night_in_a_program_of_its_own(world):
    with nights(world):
        active = wait(lambda: world.deps.store.read(models.active))
    assert active.card["decisions"] == 36
    assert not world.alarms.standing


def test_a_training_that_fails_raises_the_alarm_and_the_worker_goes_on(world, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "too short")
    with nights(world) as thread:
        wait(lambda: "training_failed" in world.alarms.standing)
        assert thread.is_alive()
    assert world.deps.store.read(models.active) is None
