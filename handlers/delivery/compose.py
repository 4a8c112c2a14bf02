"""Turns an outbox row into the message of one rung: full text, fitted text or notice fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.edge.messages import OutboundMessage, Way
from bot.text.sms import cut, size, without_links
from store import outbox, people

if TYPE_CHECKING:
    from adapters.kit.base import Channel
    from bot.delivery.ladder import Rung
    from handlers.services.deps import Deps
    from handlers.services.texts import Texts
    from store.engine.transactions import Tx
    from store.records.delivery import OutboxRecord


def compose(deps: Deps, tx: Tx, row: OutboxRecord, rung: Rung) -> OutboundMessage:
    """The message for a rung. The idempotency key is the row's, so a retry is the same message."""
    assert rung.route is not None  # noqa: S101
    channel = deps.channels[rung.route.channel]
    to = people.open_address(tx, people.by_id(tx, rung.route.address_id))
    once = f"o{row.id}"
    if rung.way in {Way.TEMPLATE, Way.SUBSCRIPTION}:
        return OutboundMessage(
            to,
            rung.way,
            template=deps.texts.notice(row.key),
            once=once,
            fields=deps.texts.fields(row.key, row.params),
            url=row.params.get("url", ""),
        )
    text = deps.texts.render(row.key, row.params, sms=rung.way is Way.SMS)
    if row.attempts > 0:
        text = _marked(deps, tx, row, text)
    url = row.params.get("url", "")
    if not channel.links_allowed(to):
        # Neither in the text nor after the cut: the provider's adapter would refuse the whole answer.
        text, url = without_links(text), ""
    return OutboundMessage(to, rung.way, text=fit(deps.texts, channel, text, url), once=once)


def _marked(deps: Deps, tx: Tx, row: OutboxRecord, text: str) -> str:
    """A retry of what may have arrived says so."""
    ambiguous = any(d.outcome == "ambiguous" for d in outbox.deliveries_of(tx, row.id))
    return f"{text}\n{deps.texts.render('mark.repeat', {})}" if ambiguous else text


def fit(texts: Texts, channel: Channel, text: str, url: str, *, passive: bool = False) -> str:
    """The text, or as much as the channel carries with a way to the rest."""
    limits = channel.limits
    longest = limits.passive_longest if passive else limits.longest
    if size(text, limits.unit) <= longest:
        return text
    tail = texts.render("more.link", {"url": url}) if limits.links and url else texts.render("more.sms", {})
    return cut(text, longest, limits.unit, tail=tail)
