"""The app over a real database with its channels, for the edge cases: messages in by ``handlers.inbound.receive``,
messages out through the real ladder, the far end mocked by ``responses`` or by a channel that says what it is told.

Built by ``bootstrap`` from an environment as the operator writes it; only the clock, the alarms and the
wake-ups are stand-ins, so that time moves when a test says so.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from sqlalchemy import Table, select

import bootstrap
from adapters.kit.base import Channel, Sent, WebhookResponse
from bot.edge.messages import Address, OutboundMessage
from handlers.delivery import outbox
from handlers.duty_desk import dispatch
from handlers.inbound import receive
from handlers.services.deps import Deps
from store import directory, people
from store import outbox as store_outbox
from store.engine.migrate import migrate
from store.tables.delivery import deliveries, inbox, media
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import inquiries, messages
from store.tables.people import addresses
from tests.kit import twilio_calls, wechat_kit
from tests.kit.fakes import FakeClock, MemoryCache, RecordingAlarms, fake_services

if TYPE_CHECKING:
    from store.records.delivery import OutboxRecord
    from store.records.people import AddressRecord

PUBLIC_URL = "https://wz.example.gov.cn"
SECRET = "a-secret-for-tests-of-at-least-32-characters"
DAY = "26-1123"
"""How the numbers begin that are given on the day the rig's clock shows."""
UNITS = (
    ("D00", "区问政办公室", "district", "", []),
    ("D01", "区城市管理局", "district", "", ["路灯", "占道"]),
    ("D02", "区水务局", "district", "", ["停水", "水管"]),
    ("S01", "杏花街道办事处", "subdistrict", "", ["楼道"]),
    ("S01C1", "杏花街道春晓社区", "community", "S01", []),
)
OFFICERS = (
    ("duty", "温予舟", "D00", "duty"),
    ("lamp", "骆星屿", "D01", "officer"),
    ("water", "裴一谷", "D02", "officer"),
    ("street", "祁望川", "S01", "officer"),
    ("community", "宁初夏", "S01C1", "officer"),
)
LAMP = "建设路12号门前的路灯坏了三天"


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    """Settings of an installation with one WeChat account and one Twilio number. Nothing listens at Redis."""
    return {
        "DATA_DIR": str(folder), "DATABASE_URL": url, "REDIS_URL": f"unix://{folder / 'nothing.sock'}",
        "PUBLIC_URL": PUBLIC_URL, "SECRET_KEY": SECRET, "CHANNELS": "wechat,twilio",
        "WECHAT_APP_ID": wechat_kit.APP_ID, "WECHAT_APP_SECRET": "s3cretvalue", "WECHAT_TOKEN": wechat_kit.TOKEN,
        "WECHAT_AES_KEY": wechat_kit.KEY, "WECHAT_ALLOW_PLAIN": "true",
        "TWILIO_ACCOUNT_SID": twilio_calls.ACCOUNT, "TWILIO_AUTH_TOKEN": twilio_calls.TOKENS[twilio_calls.CURRENT],
        "TWILIO_FROM": twilio_calls.OURS, "LOG_LEVEL": "ERROR", **more,
    }  # fmt: skip


@dataclass(slots=True)
class Rig:
    """Handles on one installation."""

    deps: Deps
    clock: FakeClock
    alarms: RecordingAlarms
    cache: MemoryCache
    woken: list[str]
    officers: dict[str, int] = field(default_factory=dict)
    ids: Any = field(default_factory=lambda: itertools.count(24000000000000001))

    # -- in ------------------------------------------------------------------------------------

    def push(self, body: bytes, *, nonce: str = "", **query: str) -> WebhookResponse:
        """A signed plain WeChat push at the rig's time, each with a nonce of its own."""
        at = int(self.clock.now().timestamp())
        request = wechat_kit.request(body, at=at, nonce=nonce or f"n{next(self.ids)}", **query)
        return receive.receive(self.deps, "wechat", request)

    def wechat(self, text: str, *, who: str = wechat_kit.OPENID, msg_id: str = "", **fields: str) -> str:
        """A WeChat text; what the person reads at once, ``""`` for nothing."""
        body = wechat_kit.xml(Content=text, FromUserName=who, MsgId=msg_id or str(next(self.ids)), **fields)
        return said(self.push(body))

    def event(self, name: str, *, who: str = wechat_kit.OPENID, **fields: str) -> str:
        """A WeChat event; what the person reads at once."""
        return said(self.push(wechat_kit.event(name, FromUserName=who, **fields)))

    def sms_call(self, body: str, *, path: str = "/hooks/twilio") -> WebhookResponse:
        """A form signed as Twilio does."""
        return receive.receive(self.deps, "twilio", twilio_calls.signed(body, url=PUBLIC_URL + path))

    def sms(self, text: str, *, sid: str = "", **fields: str) -> str:
        """An SMS; the TwiML answer's text."""
        form = twilio_calls.message(Body=text, MessageSid=sid or f"SM{next(self.ids):032x}", **fields)
        return said(self.sms_call(form))

    def receipt(self, sid: str, status: str, **fields: str) -> WebhookResponse:
        """Twilio's status callback."""
        return self.sms_call(
            twilio_calls.status(MessageSid=sid, MessageStatus=status, **fields), path="/hooks/twilio/status"
        )

    # -- work ----------------------------------------------------------------------------------

    def route(self) -> int:
        """The quiet interval passes and what is due is routed."""
        self.clock.forward(700)
        return dispatch.drain(self.deps)

    def deliver(self) -> int:
        """One drain of the outbox."""
        return outbox.drain(self.deps)

    def queue(self, key: str = "answer", *, who: str = wechat_kit.OPENID, channel: str = "wechat", **refs: Any) -> int:
        """Something to deliver to a citizen; the outbox row's id."""
        return self.deps.store.write(lambda tx: _queue(self, tx, key, channel, who, refs))

    # -- looking -------------------------------------------------------------------------------

    def rows(self, table: Table, *where: Any) -> list[Any]:
        """Rows of a table in order."""
        order = list(table.primary_key.columns)
        return list(
            self.deps.store.read(lambda tx: tx.conn.execute(select(table).where(*where).order_by(*order)).all())
        )

    def count(self) -> dict[str, int]:
        """How much is stored."""
        tables = (inbox, addresses, inquiries, messages, media, outbox_table)
        return {table.name: len(self.rows(table)) for table in tables}

    def row(self, outbox_id: int) -> OutboxRecord:
        (found,) = self.rows(outbox_table, outbox_table.c.id == outbox_id)
        return found

    def tries(self, outbox_id: int) -> list[tuple[str, str, str]]:
        """(way, outcome, code) of every attempt and skip."""
        return [(d.way, d.outcome, d.code) for d in self.rows(deliveries, deliveries.c.outbox_id == outbox_id)]

    def address(self, value: str = wechat_kit.OPENID, channel: str = "wechat") -> AddressRecord:
        scheme = {"wechat": "wechat", "twilio": "sms"}[channel]
        return self.deps.store.write(lambda tx: people.find(tx, channel, Address(scheme, value)))

    def clear(self, row: AddressRecord) -> str:
        """``scheme:value`` of an address row."""
        return self.deps.store.vault.open(row.cipher)

    def texts(self, number: int = 0) -> list[str]:
        """What was kept of the ``number``-th inquiry's messages."""
        inquiry = self.rows(inquiries)[number]
        return [row.text for row in self.rows(messages, messages.c.inquiry_id == inquiry.id)]

    # -- people --------------------------------------------------------------------------------

    def bind_phone(self, phone: str = twilio_calls.CITIZEN, *, who: str = wechat_kit.OPENID) -> int:
        """The citizen's phone, bound to the contact of her WeChat; its address id."""

        def work(tx: Any) -> int:
            now = self.clock.now()
            contact = people.ensure(tx, "wechat", Address("wechat", who), now).contact_id
            phone_row = people.ensure(tx, "twilio", Address("sms", phone), now)
            people.change(tx, phone_row.id, contact_id=contact)
            return int(phone_row.id)

        return self.deps.store.write(work)

    def officer(self, code: str, value: str, channel: str = "wechat") -> None:
        """An officer's address."""
        scheme = {"wechat": "wechat", "twilio": "sms"}[channel]

        def work(tx: Any) -> None:
            row = people.ensure(tx, channel, Address(scheme, value), self.clock.now())
            people.change(tx, row.id, officer_id=self.officers[code], contact_id=None)

        self.deps.store.write(work)

    def use(self, account: str, channel: Channel) -> None:
        """Put another channel in an account's place."""
        self.deps.channels = {**self.deps.channels, account: channel}


def make_rig(folder: Path, url: str, **settings: str) -> Rig:
    """An installation over the database at ``url``, migrated, with a small directory."""
    configured = bootstrap.read(environment(folder, url, **settings))
    deps = bootstrap.build(configured)
    migrate(deps.store.engine)
    clock = FakeClock()
    services = fake_services(clock)
    woken: list[str] = []
    deps.channels = {account: cls(account, config, services) for account, cls, config in configured.accounts}
    deps.clock, deps.alarms, deps.wake = clock, services.alarms, woken.append
    rig = Rig(deps, clock, services.alarms, services.cache, woken)
    deps.store.write(lambda tx: _directory(rig, tx))
    return rig


def _directory(rig: Rig, tx: Any) -> None:
    units = {}
    for code, name, tier, parent, keywords in UNITS:
        units[code] = directory.save_unit(
            tx,
            code,
            name=name,
            short_names=[],
            tier=tier,
            parent_code=parent,
            keywords=keywords,
            places=[],
            phone="028-00000001",
        )
    for code, name, unit, role in OFFICERS:
        rig.officers[code] = directory.save_officer(tx, code, name=name, unit_id=units[unit], role=role)


def _queue(rig: Rig, tx: Any, key: str, channel: str, who: str, refs: dict[str, Any]) -> int:
    address = people.find(tx, channel, Address({"wechat": "wechat", "twilio": "sms"}[channel], who))
    params = rig.deps.texts.sample(key)
    values = {"contact_id": address.contact_id} | refs
    return store_outbox.add(
        tx, once=f"test:{next(rig.ids)}", key=key, params=params, now=rig.clock.now(), priority=0, **values
    )


def said(response: WebhookResponse) -> str:
    """The text a person reads; fails for anything a platform would not take."""
    assert response.status == 200, response
    if response.body == b"success":
        return ""
    if b"<Response" in response.body:
        return "".join(ET.fromstring(response.body).itertext())
    is_json = response.content_type.startswith("application/json")
    fields = json.loads(response.body) if is_json else wechat_kit.reply_fields(response)
    assert fields["MsgType"] == "text"
    return fields["Content"]


def number_in(text: str, day: str = DAY) -> str:
    """The inquiry number a receipt of this day (a pattern) names, in its full or its compact form."""
    found = re.search(rf"编号：?({day}-\d{{4,}}|{day.replace('-', '')}\d{{4,}})", text)
    assert found, f"no number in {text!r}"
    return found[1]


class Far:
    """Wraps a channel: ``send`` does what the test says, all else stays real.

    ``plan`` maps a way to what happens next: errors are raised in turn, the last one for ever;
    without a plan a message is taken.
    """

    def __init__(self, channel: Channel, **plan: Iterable[Exception] | Exception) -> None:
        self._channel = channel
        self._plan = {way: list(what) if isinstance(what, Iterable) else what for way, what in plan.items()}
        self.sent: list[OutboundMessage] = []
        self.tried: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def send(self, message: OutboundMessage) -> Sent:
        self.tried[message.way.value] += 1
        planned = self._plan.get(message.way.name.lower())
        if isinstance(planned, Exception):
            raise planned
        if planned:
            raise planned.pop(0)
        self.sent.append(message)
        return Sent(f"X{message.way.value}{len(self.sent)}")


def far(rig: Rig, account: str, **plan: Any) -> Far:
    """Puts a ``Far`` before an account's channel."""
    wrapped = Far(rig.deps.channels[account], **plan)
    rig.use(account, wrapped)  # type: ignore[arg-type]
    return wrapped
