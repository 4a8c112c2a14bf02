"""What is kept in memory for half a minute: the router is made anew only when the directory is another."""

from __future__ import annotations

from handlers.services import cache
from store import catalogue, directory
from tests.kit.world import make_world


def test_the_router_is_made_anew_only_when_directory_or_catalogue_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "KEEP_SECONDS", 0.0)
    world = make_world(tmp_path)
    router = cache.CachedRouter(world.deps.store)
    first = router.get()
    assert router.get() is first
    world.deps.store.write(
        lambda tx: catalogue.save_category(
            tx, "01", name="路灯", parent_code="", keywords=["灯杆"], unit_code="D01", standard_code="", active=True
        )
    )
    second = router.get()
    assert (first.route("灯杆倒了").chosen, second.route("灯杆倒了").chosen) == (None, "D01")
    world.deps.store.write(lambda tx: catalogue.deactivate(tx, ["01"]))
    assert router.get().route("灯杆倒了").chosen is None
    world.close()


def test_former_units_are_known_and_those_abolished_without_a_successor_are_not(tmp_path):
    world = make_world(tmp_path)

    def work(tx):
        directory.deactivate(tx, unit_codes=["D01", "S02"])
        row = directory.unit_by_code(tx, "D01")
        directory.save_unit(tx, "D01", merged_into="D02", active=False)
        return row.id

    world.deps.store.write(work)
    known = world.deps.store.read(cache.read_directory)
    assert "S02" not in known.by_code
    assert known.successor("D01").code == "D02"
    world.close()
