"""Whom a notice goes to."""

from __future__ import annotations

import pytest

from handlers.notices.recipients import contacts_of
from store import directory
from store.tables.directory import officers
from tests.kit.world import make_world

pytestmark = pytest.mark.integration


def test_a_unit_nobody_is_left_in_has_its_orders_seen_by_the_duty_desk(tmp_path):
    world = make_world(tmp_path)

    def work(tx):
        unit = directory.unit_by_code(tx, "D01")
        tx.conn.execute(officers.update().where(officers.c.unit_id == unit.id).values(active=False))
        return {row.role for row in contacts_of(tx, unit.id)}

    assert world.deps.store.write(work) == {"duty"}
