"""The addresses of a recipient in the form the ladder needs, with what we know of each: quotas used, windows,
states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.delivery.ladder import Route, Window
from store import outbox, people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.kit.base import Channel
    from bot.edge.ways import WayOut
    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.delivery import OutboxRecord
    from store.records.people import AddressRecord


def routes_of(deps: Deps, tx: Tx, row: OutboxRecord) -> list[Route]:
    """Every address the message may go to, beginning with the one last written from."""
    known = [address for address in _addresses(tx, row) if address.channel in deps.channels]
    # Where a person wrote last is where she looks first. Addresses never written from come last.
    known.sort(key=lambda a: (a.last_inbound_at is None, -a.last_inbound_at.timestamp() if a.last_inbound_at else 0))
    return [_route(deps, row, address) for address in known]


def _addresses(tx: Tx, row: OutboxRecord) -> Sequence[AddressRecord]:
    if row.address_id is not None and row.contact_id is None and row.officer_id is None:
        return [outbox.address_of(tx, row.address_id)]
    if row.officer_id is not None:
        return people.of_officer(tx, row.officer_id)
    return people.of_contact(tx, row.contact_id) if row.contact_id is not None else []


def _route(deps: Deps, row: OutboxRecord, address: AddressRecord) -> Route:
    channel = deps.channels[address.channel]
    notice = deps.texts.notice(row.key)
    cannot = {out: _cannot(channel, out, notice) for out in channel.ways}
    for out, why in cannot.items():
        if out.consent and not why:
            cannot[out] = _unsubscribed(channel.subscription_id(notice), address.subscriptions or {})
    window = channel.limits.window
    return Route(
        address_id=address.id,
        channel=address.channel,
        cannot=cannot,
        state=address.state,
        state_code=address.state_code,
        message_at=address.message_at,
        message_used=address.message_used,
        event_at=address.event_at,
        event_used=address.event_used,
        closed_at=address.closed_at,
        window=Window(window.message_hours, window.message_quota, window.event_minutes, window.event_quota)
        if window
        else None,
    )


def _cannot(channel: Channel, out: WayOut, notice: str) -> str:
    """Why this account cannot send a text over a way, whoever it is for; ``""`` if it can."""
    if channel.carries_template(out) and not notice:
        return "no notice for this text"
    return channel.can_send(out.way, notice)


def can_ever_send(deps: Deps, channel: Channel, key: TextKey) -> bool:
    """Whether a text has any way at all over this channel. The answer to a small question may have no registered
    template.
    """
    return not all(_cannot(channel, out, deps.texts.notice(key)) for out in channel.ways)


def _unsubscribed(template_id: str, choices: dict[str, str]) -> str:
    choice = choices.get(template_id)
    return "" if choice == "accept" else "subscription refused" if choice == "reject" else "not subscribed"
