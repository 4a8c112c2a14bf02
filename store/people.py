"""Contacts (people), their addresses and conversations. Officers' addresses are here too.

A row is found by the keyed hash of its address under any key in use. One found under an old key is moved to the
current one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.exc import NoResultFound

from bot.delivery.states import AddressState
from bot.edge.messages import Address
from bot.inquiry.directions import Direction
from store.engine.prepared import Prepared, changed, named
from store.engine.writes import insert_row, update_row
from store.tables.delivery import outbox
from store.tables.inquiries import inquiries, messages
from store.tables.people import addresses, bindings, contacts, conversations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.people import AddressRecord, AddressValues, SenderRecord

SENDERS = select(addresses, conversations.c.state.label("conversation")).outerjoin_from(
    addresses, conversations, conversations.c.address_id == addresses.c.id
)
_BY_HASH: Prepared[SenderRecord] = Prepared(
    lambda _: SENDERS.where(addresses.c.channel == named("channel"), addresses.c.hash == named("hash"))
)
_BY_ID: Prepared[SenderRecord] = Prepared(lambda _: SENDERS.where(addresses.c.id == named("address_id")))

_OF_CONTACT: Prepared[AddressRecord] = Prepared(
    lambda _: select(addresses).where(addresses.c.contact_id == named("contact_id")).order_by(addresses.c.id)
)
_OF_OFFICER: Prepared[AddressRecord] = Prepared(
    lambda _: select(addresses).where(addresses.c.officer_id == named("officer_id")).order_by(addresses.c.id)
)

_NEW: Prepared[SenderRecord] = Prepared(
    lambda dialect: (
        dialect.insert(addresses).on_conflict_do_nothing().returning(*addresses.c, null().label("conversation"))
    ),
    ("contact_id", "officer_id", "channel", "scheme", "hash", "cipher", "created_at"),
)


def _upsert_conversation(dialect: Any) -> Any:
    statement = dialect.insert(conversations)
    return statement.on_conflict_do_update(
        index_elements=["address_id"],
        set_={
            "state": statement.excluded.state,
            "updated_at": statement.excluded.updated_at,
        },
    )


_SAVE_CONVERSATION: Prepared[object] = Prepared(_upsert_conversation, ("address_id", "state", "updated_at"))


def find(tx: Tx, channel: str, address: Address) -> SenderRecord | None:
    """The address row with its conversation, or None."""
    digests = tx.vault.digests(str(address))
    row = next(filter(None, (_BY_HASH.first(tx, channel=channel, hash=digest) for digest in digests)), None)
    # Found under the previous key: moved to the current one, so that in time the old key is not needed.
    if row is not None and row.hash != digests[0]:
        update_row(tx, addresses, row.id, hash=digests[0], cipher=tx.vault.seal(str(address)))
    return row


def by_id(tx: Tx, address_id: int) -> SenderRecord:
    """One address row with its conversation."""
    row = _BY_ID.first(tx, address_id=address_id)
    if row is None:
        raise NoResultFound("no such address")
    return row


def ensure(tx: Tx, channel: str, address: Address, now: datetime, *, officer_id: int | None = None) -> SenderRecord:
    """The row of an address. A new one gets a contact of its own."""
    row = find(tx, channel, address)
    if row is not None:
        return row
    # An officer's address gets a contact only if the officer ever writes as a citizen.
    contact_id = None if officer_id else insert_row(tx, contacts, created_at=now)
    row = _NEW.first(
        tx,
        contact_id=contact_id,
        officer_id=officer_id,
        channel=channel,
        scheme=address.scheme,
        hash=tx.vault.digest(str(address)),
        cipher=tx.vault.seal(str(address)),
        created_at=now,
    )
    row = row or find(tx, channel, address)
    if row is None:
        raise RuntimeError("an address vanished while it was being stored")
    return row


def ensure_contact(tx: Tx, row: AddressRecord, now: datetime) -> int:
    """The contact of an address. An officer who writes as a citizen gets one as well."""
    if row.contact_id is not None:
        return int(row.contact_id)
    contact_id = insert_row(tx, contacts, created_at=now)
    update_row(tx, addresses, row.id, contact_id=contact_id)
    return contact_id


def open_address(tx: Tx, row: AddressRecord) -> Address:
    """The decrypted address. It must not be logged."""
    return Address.parse(tx.vault.open(row.cipher))


def change(tx: Tx, address_id: int, /, **values: Unpack[AddressValues]) -> None:
    """Change an address row."""
    update_row(tx, addresses, address_id, **values)


def mark_gone(tx: Tx, address_id: int, code: str, now: datetime) -> None:
    """Store that the platform finds nobody at an address. A person who opted out stays opted out, because writing
    again must not undo that.
    """
    tx.conn.execute(
        update(addresses)
        .where(addresses.c.id == address_id, addresses.c.state != AddressState.OPTED_OUT)
        .values(state=AddressState.GONE, state_code=code, state_at=now)
    )


def with_changes(tx: Tx, row: SenderRecord, /, **values: Unpack[AddressValues]) -> SenderRecord:
    """Change an address row and return it with the changes."""
    change(tx, row.id, **values)
    return changed(row, **values)


def save_conversation(tx: Tx, address_id: int, state: dict[str, Any], now: datetime) -> None:
    """Store the conversation's state, replacing the earlier one."""
    _SAVE_CONVERSATION.run(tx, address_id=address_id, state=state, updated_at=now)


def of_contact(tx: Tx, contact_id: int) -> Sequence[AddressRecord]:
    """Every address of a citizen, oldest first."""
    return _OF_CONTACT.rows(tx, contact_id=contact_id)


def of_officer(tx: Tx, officer_id: int) -> Sequence[AddressRecord]:
    """Every address of an officer, oldest first."""
    return _OF_OFFICER.rows(tx, officer_id=officer_id)


def kept_without(tx: Tx, address_id: int) -> int:
    """How many messages of an address are stored without an inquiry."""
    return int(
        tx.conn.execute(
            select(func.count())
            .select_from(messages)
            .where(
                messages.c.address_id == address_id,
                messages.c.inquiry_id.is_(None),
                messages.c.direction == Direction.IN,
            )
        ).scalar_one()
    )


def use_window(tx: Tx, address_id: int, *, event: bool, parts: int) -> None:
    """Count free messages as spent: those of the last event if it still allows some, else those of the last
    message.
    """
    column = addresses.c.event_used if event else addresses.c.message_used
    tx.conn.execute(update(addresses).where(addresses.c.id == address_id).values({column: column + parts}))


def merge_contacts(tx: Tx, keep: int, gone: int) -> None:
    """Two contacts turned out to be one person: everything of ``gone`` moves to ``keep``."""
    if keep == gone:
        return
    # Every table with a contact's id. The empty contact stays: events still name it.
    for table in (addresses, inquiries, outbox, bindings):
        tx.conn.execute(update(table).where(table.c.contact_id == gone).values(contact_id=keep))


def start_binding(tx: Tx, *, contact_id: int, address_id: int, code: str, expires_at: datetime) -> int:
    """Store that a phone waits to be confirmed by ``code``. An earlier wait of the same contact is dropped."""
    tx.conn.execute(delete(bindings).where(bindings.c.contact_id == contact_id, bindings.c.done_at.is_(None)))
    return insert_row(
        tx,
        bindings,
        contact_id=contact_id,
        address_id=address_id,
        code_hash=tx.vault.digest(f"bind:{code}"),
        expires_at=expires_at,
    )


def finish_binding(tx: Tx, *, contact_id: int, code: str, now: datetime) -> int | None:
    """The address that ``code`` confirms, linked to the contact now; or None."""
    row = tx.conn.execute(
        select(bindings).where(
            bindings.c.contact_id == contact_id,
            bindings.c.done_at.is_(None),
            bindings.c.expires_at > now,
            bindings.c.code_hash.in_(tx.vault.digests(f"bind:{code}")),
        )
    ).first()
    if row is None:
        return None
    update_row(tx, bindings, row.id, done_at=now)
    target = by_id(tx, row.address_id)
    if target.contact_id is not None:
        merge_contacts(tx, contact_id, target.contact_id)
    update_row(tx, addresses, target.id, contact_id=contact_id)
    return int(target.id)
