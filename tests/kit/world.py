"""A small district in a temporary SQLite database, for tests of handlers, pages and commands.

    world = make_world(tmp_path)
    inquiry_id = world.inquiry("路灯坏了", unit="D01")   # received, routed to D01, waiting to be signed
    client = world.client()                              # Flask's test client over the real blueprints

Nothing is patched: the store, the orders, the links and the pages are the real ones. Time stands
still (``world.clock.forward(seconds)``); ``world.woken`` holds the queues that were woken.
"""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from pydantic import SecretStr

from adapters.console import Console, ConsoleConfig
from bot.conversation.flood_limits import Rules
from bot.edge.messages import Address
from bot.inquiry.numbers import format_number
from handlers.duty_desk import decide
from handlers.inquiry import acting_officer, hand_over, pause
from handlers.notices.phrases import CHINA
from handlers.notices.privacy import summary_of
from handlers.officer import orders, unit_requests
from handlers.services.cache import CachedCalendar, CachedRouter
from handlers.services.deps import Deps
from handlers.services.metrics import PrometheusMetrics
from handlers.services.signed_links import Links
from handlers.services.texts import Texts
from store import directory, inquiries, people
from store import requests as store_requests
from store.engine.spool import Spool
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.tables.whole import metadata
from tests.kit.fakes import FakeClock, MemoryCache, RecordingAlarms, fake_services
from web.citizen.pages import make_citizen_pages
from web.duty_desk.pages import make_duty_pages
from web.health import make_health
from web.kit.headers import secure
from web.officer.pages import make_staff_pages

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from bot.edge.messages import MediaRef
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-for-tests-of-at-least-32-characters"
PUBLIC_URL = "http://127.0.0.1:8000"
CITIZEN = Address("console", "ann-19900009999")
"""Looks like a phone number, so that a page that shows it is caught."""

UNITS = (
    ("D00", "区问政办公室", "district", "", []),
    ("D01", "区城市管理局", "district", "", ["路灯", "占道"]),
    ("D02", "区水务局", "district", "", ["停水", "水管"]),
    ("S01", "杏花街道办事处", "subdistrict", "", ["楼道"]),
    ("S01C1", "杏花街道春晓社区", "community", "S01", []),
    ("S02", "桂湖街道办事处", "subdistrict", "", []),
)
OFFICERS = (
    ("duty", "温予舟", "D00", "duty"),
    ("lamp", "骆星屿", "D01", "officer"),
    ("lamp2", "云予岚", "D01", "officer"),
    ("water", "裴一谷", "D02", "officer"),
    ("street", "祁望川", "S01", "officer"),
    ("community", "宁初夏", "S01C1", "officer"),
)


@dataclass(slots=True)
class World:
    """Handles on everything; ``officers`` and ``units`` map codes to ids."""

    deps: Deps
    clock: FakeClock
    alarms: RecordingAlarms
    cache: MemoryCache
    settings: WebSettings
    woken: list[str]
    officers: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    def inquiry(
        self,
        text: str = "建设路的路灯坏了三天",
        *,
        unit: str | None = "D01",
        media: tuple[MediaRef, ...] = (),
        citizen: Address = CITIZEN,
    ) -> int:
        """A citizen's inquiry, dispatched to ``unit`` (None: not routed yet); its id."""
        return self.deps.store.write(lambda tx: _inquiry(self, tx, text, unit=unit, media=media, citizen=citizen))

    def order(self, inquiry_id: int) -> OrderRecord:
        """The newest lead assignment."""
        return self.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id)[-1])

    def get(self, inquiry_id: int) -> InquiryRecord:
        """The inquiry's row."""
        return self.deps.store.read(lambda tx: inquiries.get(tx, inquiry_id))

    def staff_path(self, inquiry_id: int, officer: str) -> str:
        """``/s/<token>`` of an officer."""
        return self.deps.signer.staff_url(inquiry_id, self.officers[officer]).removeprefix(PUBLIC_URL)

    def citizen_path(self, inquiry_id: int) -> str:
        """``/i/<token>``."""
        return self.deps.signer.citizen_url(inquiry_id).removeprefix(PUBLIC_URL)

    def act(self, action: str, inquiry_id: int, officer: str, *args: Any) -> acting_officer.Outcome:
        """``action`` of ``orders``, ``unit_requests`` or ``pause``, by an officer on the newest order."""

        def work(tx: Any) -> acting_officer.Outcome:
            desk = acting_officer.ActingOfficer(
                tx, self.deps, directory.officer(tx, self.officers[officer]), self.clock.now()
            )
            does = next(getattr(module, action) for module in (orders, unit_requests, pause) if hasattr(module, action))
            return does(desk, inquiries.assignments_of(tx, inquiry_id)[-1], *args)

        return self.deps.store.write(work)

    def decide(self, action: str, inquiry_id: int, officer: str, *args: Any) -> acting_officer.Outcome:
        """``approve`` or ``refuse`` (with why) the newest request of an inquiry."""

        def work(tx: Any) -> acting_officer.Outcome:
            desk = acting_officer.ActingOfficer(
                tx, self.deps, directory.officer(tx, self.officers[officer]), self.clock.now()
            )
            return getattr(decide, action)(desk, store_requests.of_inquiry(tx, inquiry_id)[-1], *args)

        return self.deps.store.write(work)

    def app(self) -> Flask:
        """The pages as ``app.create_app`` assembles them, without the hooks."""
        return make_app(self)

    def client(self) -> FlaskClient:
        return self.app().test_client()

    def close(self) -> None:
        self.deps.store.close()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What ``web.health`` asks of the settings. Nothing listens at ``redis``."""

    data_dir: Path
    redis: str
    metrics_token: SecretStr


def make_world(folder: Path, *, store: Store | None = None) -> World:
    """A world over SQLite in ``folder``, or over ``store`` (with tables and ``add_directory``)."""
    clock = FakeClock()
    services = fake_services(clock)
    if store is None:
        store = make_store(folder / "test.db")
    woken: list[str] = []
    console = Console("console", ConsoleConfig(secret=SecretStr("console-secret"), outbox=folder / "console"), services)
    deps = Deps(
        store=store,
        channels={"console": console},
        clock=clock,
        wake=woken.append,
        alarms=services.alarms,
        texts=Texts(site="示范区问政", hotline="12345", hours="工作日9:00-12:00、13:00-17:00"),
        rules=Rules(),
        calendar=CachedCalendar(store).get,
        router=CachedRouter(store).get,
        metrics=PrometheusMetrics(),
        spool=Spool(folder / "spool", store.vault),
        signer=Links(PUBLIC_URL, [SECRET]),
        media_folder=folder / "media",
    )
    settings = WebSettings(folder, f"unix://{folder / 'nothing.sock'}", SecretStr("metrics-token"))
    world = World(deps, clock, services.alarms, services.cache, settings, woken)
    store.read(lambda tx: _know_directory(world, tx))
    return world


def make_store(path: Path) -> Store:
    """A SQLite database at ``path`` with all tables and the directory. Copied: making one takes 0.3 s."""
    path.write_bytes(_template())
    return Store(f"sqlite:///{path}", Vault(SECRET), pool_size=4)


@functools.cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        store = Store(f"sqlite:///{path}", Vault(SECRET), pool_size=1)
        metadata.create_all(store.engine)
        store.write(add_directory)
        store.close()
        return path.read_bytes()


def make_app(world: World) -> Flask:
    """The pages over a world."""
    app = Flask("app", root_path=str(ROOT), static_folder="static", template_folder="templates/pages")
    secure(app)
    for blueprint in (
        make_citizen_pages(world.deps),
        make_staff_pages(world.deps),
        make_duty_pages(world.deps, public_url=PUBLIC_URL),
        make_health(world.deps, world.settings),
    ):
        app.register_blueprint(blueprint)
    return app


def add_directory(tx: Any) -> None:
    """The units and officers of this world, into any database."""
    ids = {
        code: directory.save_unit(
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
        for code, name, tier, parent, keywords in UNITS
    }
    for code, name, unit, role in OFFICERS:
        directory.save_officer(tx, code, name=name, unit_id=ids[unit], role=role)


def _know_directory(world: World, tx: Any) -> None:
    world.units.update({row.code: row.id for row in directory.all_units(tx)})
    world.officers.update({row.code: row.id for row in directory.all_officers(tx)})


def _inquiry(world: World, tx: Any, text: str, *, unit: str | None, media: Any, citizen: Address) -> int:
    now, deps = world.clock.now(), world.deps
    address = people.ensure(tx, "console", citizen, now)
    day = now.astimezone(CHINA).date()
    due = deps.calendar().due(now, deps.limits.reply_days)
    inquiry_id = inquiries.add(
        tx,
        number=format_number(day, inquiries.next_of_day(tx, day)),
        query_code="384712",
        contact_id=address.contact_id,
        address_id=address.id,
        channel="console",
        state="received",
        summary=summary_of(text, 30),
        received_at=now,
        due_at=due.at,
        provisional=due.provisional,
        derivation=[[s.day.isoformat(), s.counted, s.why, s.status] for s in due.derivation],
    )
    inquiries.add_message(
        tx,
        inquiry_id=inquiry_id,
        direction="in",
        kind="text",
        text=text,
        now=now,
        media_refs=media,
        channel="console",
        address_id=address.id,
    )
    inquiries.log(tx, inquiry_id, "received", now, actor="citizen", actor_id=address.contact_id, channel="console")
    if unit is not None:
        unit_id = world.units[unit]
        inquiries.change(tx, inquiries.get(tx, inquiry_id), state="dispatched", unit_id=unit_id)
        inquiries.log(tx, inquiry_id, "dispatched", now, unit=directory.unit(tx, unit_id).name, why="department")
        hand_over.dispatch(deps, tx, inquiries.get(tx, inquiry_id), unit_id, now=now)
    return inquiry_id
