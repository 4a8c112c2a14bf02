"""An answer put right while somebody else is at it: on PostgreSQL, where rows are locked and not the database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from handlers.inquiry.acting_officer import ActingOfficer
from handlers.officer import corrections
from store import directory, inquiries
from store import outbox as store_outbox
from tests.handlers.officer.test_corrections import NUMBER, RIGHT, WRONG, answers, held_texts, send
from tests.kit.life_kit import use_far_end
from tests.kit.town import say, town

pytestmark = pytest.mark.integration


@pytest.fixture
def world(tmp_path, postgres_url):
    made = town(tmp_path, postgres_url)
    use_far_end(made)
    yield made
    made.close()


def at_once(world, first, text):
    """``lamp2`` puts it right while ``first(tx)`` is done and not committed yet; what ``lamp2`` reads."""
    done, go_on = threading.Event(), threading.Event()

    def work(tx):
        first(tx)
        done.set()
        assert go_on.wait(20)

    with ThreadPoolExecutor(2) as pool:
        earlier = pool.submit(world.deps.store.write, work)
        assert done.wait(20)
        later = pool.submit(say, world, "lamp2", text)
        wait([later], timeout=0.5)
        assert not later.done(), "it waits for the row"
        go_on.set()
        earlier.result(20)
        return later.result(20)


def test_of_two_corrections_at_once_the_second_replaces_the_firsts(world):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", WRONG)
    send(world)

    def first(tx):
        desk = ActingOfficer(tx, world.deps, directory.officer(tx, world.officers["lamp"]), world.clock.now())
        assert corrections.correct(desk, inquiries.assignments_of(tx, inquiry_id)[-1], "应为11月25日修复。").done

    assert "正发给市民" in at_once(world, first, f"更正 {NUMBER} {RIGHT}")
    assert held_texts(world, inquiry_id) == [("replaced", WRONG), ("replaced", "应为11月25日修复。"), ("holds", RIGHT)]
    send(world)
    assert [text for _, state, text in answers(world, inquiry_id) if state == "sent"] == [RIGHT]


def test_an_answer_a_worker_takes_to_send_at_that_moment_is_left_to_it(world):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", WRONG)
    said = at_once(
        world, lambda tx: store_outbox.claim(tx, worker="w", now=world.clock.now(), limit=40), f"更正 {NUMBER} {RIGHT}"
    )
    assert "正在发送" in said
    assert answers(world, inquiry_id) == [("answer", "sending", WRONG)]
    assert held_texts(world, inquiry_id) == [("holds", WRONG)]
