"""Makes the message of one rung from an outbox row: full text, shortened text or a template's fields.

What a channel cannot carry is left out here, links above all, so that no adapter has to refuse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.delivery.states import AttemptOutcome
from bot.edge.messages import OutboundMessage
from bot.text.sms import cut, size, without_links
from store import outbox, people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.kit.base import Channel, Links
    from bot.delivery.ladder import Rung
    from bot.edge.messages import Address
    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from handlers.services.texts import Texts
    from store.engine.transactions import Tx
    from store.records.delivery import OutboxRecord


def compose(deps: Deps, tx: Tx, row: OutboxRecord, rung: Rung) -> OutboundMessage:
    """The message for a rung. Its idempotency key is that of the row, so that a retry is the same message to the
    platform.
    """
    assert rung.route is not None  # noqa: S101
    channel = deps.channels[rung.route.channel]
    to = people.open_address(tx, people.by_id(tx, rung.route.address_id))
    # WeChat sends a message with the same client_msg_id once within 10 minutes (api_sendtemplatemessage page,
    # read 2026-11-23).
    once = f"o{row.id}"
    if channel.carries_template(rung.out):
        return OutboundMessage(
            to,
            rung.way,
            template=deps.texts.notice(row.key),
            once=once,
            fields=_fields(deps, channel, to, row),
            url=_url(deps, channel, to, row.params),
        )
    text, url = worded(deps, channel, to, deps.texts.known(row.key), row.params, brief=rung.out.brief)
    # Read only for a retry: a first try has no attempt behind it.
    if row.attempts > 0:
        text = _marked(deps, tx, row, text)
    return OutboundMessage(to, rung.way, text=fit(deps.texts, channel, text, url), once=once)


def worded(
    deps: Deps, channel: Channel, to: Address, key: TextKey, params: dict[str, Any], *, brief: bool
) -> tuple[str, str]:
    """The text without links this channel must not carry, and the address where the rest can be read (``""`` for
    none).
    """
    links = channel.links_to(to)
    if links == "constant" and "url" in params:
        params = {**params, "url": deps.signer.entry_url()}
    text = deps.texts.render(key, params, sms=brief)
    if links == "any":
        return text, params.get("url", "")
    # The entry page is the same for everybody and does not show the rest of this text, so the text names a word
    # to ask for it.
    return _stripped(deps, links, text), ""


def _fields(deps: Deps, channel: Channel, to: Address, row: OutboxRecord) -> dict[str, str]:
    """The fields of a notice without links: a citizen's own words stand in them, and may contain one."""
    fields, links = deps.texts.fields(deps.texts.known(row.key), row.params), channel.links_to(to)
    return fields if links == "any" else {name: _stripped(deps, links, value) for name, value in fields.items()}


def _stripped(deps: Deps, links: Links, text: str) -> str:
    return without_links(text, but=deps.signer.entry_url() if links == "constant" else "")


def _url(deps: Deps, channel: Channel, to: Address, params: Mapping[str, Any]) -> str:
    """Where a template's link leads: to the message's own page, to the entry page, or nowhere."""
    links, own = channel.links_to(to), params.get("url", "")
    if links == "constant" and own:
        return deps.signer.entry_url()
    return own if links == "any" else ""


def _marked(deps: Deps, tx: Tx, row: OutboxRecord, text: str) -> str:
    """The text with a mark on it if an earlier try may have arrived."""
    ambiguous = any(d.outcome == AttemptOutcome.AMBIGUOUS for d in outbox.deliveries_of(tx, row.id))
    return f"{text}\n{deps.texts.render('mark.repeat', {})}" if ambiguous else text


def fit(texts: Texts, channel: Channel, text: str, url: str, *, passive: bool = False) -> str:
    """The text, or as much of it as the channel carries with a way to get the rest."""
    limits = channel.limits
    longest = limits.passive_longest if passive else limits.longest
    if size(text, limits.unit) <= longest:
        return text
    tail = texts.render("more.link", {"url": url}) if url else texts.render("more.sms", {})
    return cut(text, longest, limits.unit, tail=tail)
