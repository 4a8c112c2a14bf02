"""Encryption at rest, look-up hashes, and changing the key."""

from __future__ import annotations

import pytest

from bot.edge.messages import Address
from store import people
from store.engine.migrate import migrate
from store.engine.spool import Spool
from store.engine.transactions import Store
from store.engine.vault import Vault
from tests.kit.fakes import START

OLD, NEW = "the former secret of at least 32 chars", "the current secret of at least 32 chars"


def test_what_is_sealed_shows_nothing_and_opens_again():
    vault = Vault(OLD)
    sealed = vault.seal("wechat:oABC 请\ud800")
    assert "oABC" not in sealed
    assert vault.open(sealed) == "wechat:oABC 请\ud800"


def test_the_former_key_opens_until_it_is_taken_away():
    sealed = Vault(OLD).seal("x")
    assert Vault(NEW, OLD).open(sealed) == "x"
    with pytest.raises(ValueError, match="SECRET_KEY_PREVIOUS"):
        Vault(NEW).open(sealed)


def test_an_address_is_found_under_the_former_key_and_moved_to_the_current(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    before, after = Store(url, Vault(OLD)), Store(url, Vault(NEW, OLD))
    migrate(before.engine)
    address = Address("sms", "+8619900000001")
    row = before.write(lambda tx: people.ensure(tx, "twilio", address, START))
    assert after.write(lambda tx: people.ensure(tx, "twilio", address, START)).id == row.id
    only_new = Store(url, Vault(NEW))
    found = only_new.read(lambda tx: people.find(tx, "twilio", address))
    assert found.id == row.id
    assert "19900000001" not in found.cipher
    for store in (before, after, only_new):
        store.close()


def test_the_spool_keeps_sealed_and_gives_back_in_order(tmp_path):
    spool = Spool(tmp_path / "spool", Vault(OLD))
    for n in range(3):
        spool.put({"n": n, "text": "路灯"})
    assert spool.size() == 3
    assert all("路灯".encode() not in path.read_bytes() for path in (tmp_path / "spool").iterdir())
    for path, item in spool.items():
        assert item["text"] == "路灯"
        spool.done(path)
    assert spool.size() == 0


def test_a_spoiled_spool_file_is_set_aside_not_lost(tmp_path):
    spool = Spool(tmp_path / "spool", Vault(OLD))
    spool.put({"n": 1})
    next((tmp_path / "spool").iterdir()).write_text("spoiled")
    assert list(spool.items()) == []
    assert len(list((tmp_path / "spool").glob("*.bad"))) == 1
