"""A webhook comes in: verified, taken once, committed, answered.

This order is what is promised: the platform is told "received" only after the commit or, if the database is away
or slow, after the message was synced to the spool.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from adapters.kit.base import Received, WebhookRequest, WebhookResponse
from bot.edge.errors import WebhookRejected
from bot.edge.messages import ContactEvent, DeliveryReceipt, InboundMessage
from handlers.delivery import receipts
from handlers.inbound import turn
from store import inbox
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.kit.base import Channel
    from bot.edge.messages import Event
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx


def receive(deps: Deps, account: str, request: WebhookRequest) -> WebhookResponse:
    """Handle a webhook from beginning to end. Never raises. A status of 500 means that nothing was stored and the
    platform should try again.
    """
    channel = deps.channels[account]
    now = deps.clock.now()
    try:
        received = channel.receive(request, now)
        if received.handshake is not None:
            return received.handshake
        reply = _take_all(deps, channel, received, request, now)
    except WebhookRejected as rejected:
        deps.metrics.count("webhook_rejected", channel=account, reason=rejected.reason)
        return WebhookResponse(rejected.status)
    # The answer is made after the commit: nothing is acknowledged that could still be lost.
    return channel.acknowledge(received, reply)


def _take_all(deps: Deps, channel: Channel, received: Received, request: WebhookRequest, now: datetime) -> str | None:
    reply: str | None = None
    for position, event in enumerate(received.events):
        # A webhook with several events (a list of receipts) is one signed request: the key may be stored only
        # once.
        replay_key = received.replay_key if position == 0 else ""
        try:
            answer = take(deps, channel, event, replay_key=replay_key, raw=received.payload, now=now)
        except StoreUnavailable:
            _spool(deps, channel, request, now)
            # Without the database there is no number to tell; the receipt follows by the ladder.
            return None
        reply = answer or reply
    return reply


def _spool(deps: Deps, channel: Channel, request: WebhookRequest, now: datetime) -> None:
    deps.spool.put(
        {
            "account": channel.account,
            "at": now.isoformat(),
            "method": request.method,
            "url": request.url,
            "query": dict(request.query),
            # The whole request is kept, so that it is verified again when it is read back.
            "headers": dict(request.headers),
            "remote": request.remote,
            "body": base64.b64encode(request.body).decode("ascii"),
        }
    )
    deps.metrics.count("spooled", channel=channel.account)
    deps.alarms.raise_alarm("store_unavailable")


def take(
    deps: Deps,
    channel: Channel,
    event: Event,
    *,
    replay_key: str,
    raw: bytes,
    now: datetime,
    passive: bool = True,
) -> str | None:
    """Store one event and do what it asks for. Returns the passive reply; for a repeat the same one again.

    ``passive`` false: nobody waits for the answer, since the message comes from the spool, so it goes by the
    ladder. Raises StoreUnavailable, and WebhookRejected for a replayed request.
    """

    def work(tx: Tx) -> str | None:
        taken = inbox.take(
            tx,
            channel=channel.account,
            external_id=event.external_id,
            replay_key=replay_key,
            kind=_kind(event),
            raw=raw,
            now=now,
        )
        if taken is None:
            raise WebhookRejected("replayed")
        if isinstance(taken, inbox.Repeat):
            if not passive:
                turn.send_late(deps, tx, channel.account, taken, now)
            return taken.reply
        return _act(deps, tx, channel, event, inbox_id=taken, now=now, passive=passive)

    deps.calendar()  # read before the transaction begins: inside of it a second connection would be needed
    # WeChat waits five seconds in all (passive reply page, read 2026-11-23); the budget leaves time for the way
    # back.
    budget = deps.webhook_budget if passive else None
    answer = deps.store.write(work, budget=budget)
    deps.metrics.count("intake", channel=channel.account, kind=_kind(event))
    return answer


def _act(
    deps: Deps, tx: Tx, channel: Channel, event: Event, *, inbox_id: int, now: datetime, passive: bool
) -> str | None:
    if isinstance(event, InboundMessage | ContactEvent):
        return turn.handle(deps, tx, channel, event, inbox_id=inbox_id, now=now, passive=passive)
    if isinstance(event, DeliveryReceipt):
        receipts.apply(deps, tx, event, now)
    return None


def _kind(event: Event) -> str:
    if isinstance(event, InboundMessage):
        return event.kind.value
    if isinstance(event, ContactEvent):
        return event.event.value
    return "receipt" if isinstance(event, DeliveryReceipt) else "unknown"


def drain_spool(deps: Deps) -> int:
    """Take in what was spooled. Returns how many messages. It stops at the first sign that the database is away."""
    from datetime import datetime  # noqa: PLC0415  only here is a time read back from text

    count = 0
    for path, item in deps.spool.items():
        channel = deps.channels.get(item["account"])
        if channel is None:
            continue
        request = WebhookRequest(
            item["method"],
            item["url"],
            item["query"],
            item["headers"],
            base64.b64decode(item["body"]),
            item.get("remote", ""),
        )
        at = datetime.fromisoformat(item["at"])
        try:
            received = channel.receive(request, at)
            for event in received.events:
                take(deps, channel, event, replay_key="", raw=received.payload, now=at, passive=False)
        except StoreUnavailable:
            return count
        except WebhookRejected:
            # The message was verified before it was spooled; if it fails now, a key was changed since.
            deps.alarms.raise_alarm("spool_unreadable")
            continue
        deps.spool.done(path)
        count += 1
    if count:
        deps.alarms.clear_alarm("store_unavailable")
    return count
