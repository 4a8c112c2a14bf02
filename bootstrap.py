"""The only reader of the environment: turns settings into services.

Everything is read once. All errors are reported together, with the name of the variable and never its value.
Combinations that are unsafe outside of the demo are refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, IPvAnyNetwork, Json, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from adapters.kit.base import Services
from adapters.kit.registry import ChannelNotFound, config_from_env, find_channel_class, parse_channels, prefix
from bot.clocks.steps import Limits
from bot.conversation.flood_limits import Rules
from bot.inquiry.kinds import InquiryKind  # noqa: TC001  pydantic reads the annotation
from handlers.routing.model import LearnedModel
from handlers.services.cache import CachedCalendar, CachedRouter
from handlers.services.clock import DemoClock, SystemClock
from handlers.services.deps import Deps
from handlers.services.metrics import PrometheusMetrics, StoredAlarms
from handlers.services.signed_links import Links
from handlers.services.texts import Texts
from handlers.services.topic_memory import TopicMemory, TopicSettings
from store.engine.redis import RedisCache, Waker, connect
from store.engine.spool import Spool
from store.engine.transactions import Store
from store.engine.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.kit.base import Channel, ChannelConfig
    from bot.edge.ports import Clock

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHORTEST_SECRET = 32


class Settings(BaseSettings):
    """The settings of the product itself. Those of a channel are in its ``Config``."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(Path("var"), description="Where the database, media, spool and embedded Valkey live.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in DATA_DIR.")
    redis_url: str = Field("", description="Redis or Valkey URL; empty: an embedded Valkey in DATA_DIR.")
    public_url: str = Field("http://127.0.0.1:8000", description="Where the platforms and phones reach the web server.")
    secret_key: SecretStr = Field(SecretStr(""), description="At least 32 random characters: encrypts, hashes, signs.")
    secret_key_previous: SecretStr = Field(
        SecretStr(""), description="The former SECRET_KEY, until `wenzheng rekey` ran."
    )
    channels: str = Field("", description="Accounts, e.g. wechat,twilio or hotline=twilio.")
    sms_channel: str = Field(
        "", description="Account that sends SMS to officers and bound phones; empty: the first SMS one."
    )
    tz_local: Literal["Asia/Shanghai"] = Field(
        "Asia/Shanghai", description="Working days are Chinese: fixed at +08:00."
    )
    site_name: str = Field("示范区问政", max_length=12, description="How texts call the service.")
    hotline: str = Field("12345", description="The number people are told to call.")
    office_hours: str = Field("工作日9:00-12:00、13:00-17:00", description="Office hours as told to people.")
    due_days: Annotated[int, Field(ge=1, le=60)] = Field(4, description="Working days to answer.")
    due_days_by_kind: Json[dict[InquiryKind, Annotated[int, Field(ge=1, le=60)]]] = Field(
        "{}", validate_default=True, description='Working days of single kinds, e.g. {"consult": 2}.'
    )
    due_rule: Literal["A", "B"] = Field(
        "A", description="A: counting starts the day after receipt; B: what comes after hours came the next day."
    )
    sign_hours: float = Field(4, gt=0, le=70, description="Office hours for a unit to sign for an order.")
    return_days: int = Field(
        1, ge=1, le=10, description="Working days after dispatch in which a unit may give an order back."
    )
    decide_hours: float = Field(
        4, gt=0, le=70, description="Office hours for the duty desk to decide what a unit asked for."
    )
    extension_max_days: int = Field(10, ge=1, le=60, description="Working days an extension has at most.")
    rework_days: int = Field(
        2, ge=1, le=30, description="Working days to do again what a citizen was not satisfied with."
    )
    supplement_days: int = Field(
        3,
        ge=1,
        le=30,
        description="Working days a citizen has to answer a unit's question; the clock stands at most as long.",
    )
    close_days: int = Field(
        5, ge=1, le=60, description="Working days after the answer until an inquiry is closed without a rating."
    )
    urgent_hours: float = Field(
        24, gt=0, le=240, description="Hours by the clock on the wall to answer an urgent matter."
    )
    auto_precision: Literal["0.90", "0.95", "0.98"] = Field(
        "0.98", description="How often what the learned router dispatches by itself must be right."
    )
    secrets_officer: str = Field(
        "", description="Code of the one officer who may read what bears a mark of secrecy. Empty: the leaders."
    )
    quiet_seconds: float = Field(90, ge=0, le=3600, description="Parts sent within this interval are one inquiry.")
    hard_cap_seconds: float = Field(600, ge=0, le=7200, description="A matter is told at most this long.")
    max_parts: int = Field(12, ge=1, le=50, description="Parts of one inquiry at most.")
    rate_per_minute: int = Field(10, ge=1, description="Messages of one sender a minute before one notice.")
    rate_per_day: int = Field(30, ge=1, description="Messages of one sender a day before one notice.")
    flood_limit: int = Field(
        60,
        ge=1,
        description="Messages of one sender beyond the day's limit until they are not answered for a while "
        "(all are stored).",
    )
    cool_down_hours: float = Field(
        24, gt=0, le=240, description="How long such a sender is not answered; emergencies always are."
    )
    webhook_budget: float = Field(2.5, gt=0, lt=5, description="Seconds before a webhook answers without text.")
    sweep_seconds: float = Field(1.0, gt=0, le=60, description="How often workers look for due rows by themselves.")
    topic_citizens: int = Field(
        5, ge=2, le=1000, description="A matter is hot when this many people write of it within TOPIC_HOURS."
    )
    topic_hours: float = Field(72, gt=0, le=720, description="The hours TOPIC_CITIZENS are counted in.")
    topic_areas: str = Field(
        "",
        description="Names of the city and the district, comma-separated: they stand in every text and are no topic.",
    )
    metrics_token: SecretStr = Field(SecretStr(""), description="Bearer token for /metrics; empty: loopback only.")
    trusted_proxies: Json[list[IPvAnyNetwork]] = Field(
        "[]",
        validate_default=True,
        description='Networks of our own reverse proxies, whose X-Forwarded-For is believed, e.g. ["172.16.0.0/12"].',
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe log line.")
    demo: bool = Field(default=False, description="Set by `wenzheng demo`: simulated phones, unsafe settings allowed.")
    clock_file: Path | None = Field(None, description="Demo only: file with the simulator's clock offset in seconds.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only what ``read`` passes in. Pydantic would by itself look into the process's environment once
        more.
        """
        return (init_settings,)

    @property
    def database(self) -> str:
        """The URL of the database; SQLite in DATA_DIR by default."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'wenzheng.db'}"

    @property
    def redis(self) -> str:
        """The URL of Redis; the embedded server's socket by default."""
        return self.redis_url or embedded_redis_url(self.data_dir)

    @property
    def secrets(self) -> list[str]:
        """The secrets in use, the current one first."""
        both = (self.secret_key.get_secret_value(), self.secret_key_previous.get_secret_value())
        return [secret for secret in both if secret]


def embedded_redis_url(data_dir: Path) -> str:
    """The embedded Valkey's socket. It has no port, so that nobody else on the machine can connect."""
    return f"unix://{data_dir.resolve() / 'valkey.sock'}"


class SettingsError(Exception):
    """Everything that is wrong with the settings, one line each, with the name of the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings that were read and found good, with the channel class and settings of each account."""

    settings: Settings
    accounts: list[tuple[str, type[Channel], ChannelConfig]]


def environment() -> dict[str, str]:
    """The process's environment over the file ``.env``."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def read(env: Mapping[str, str] | None = None) -> Configured:
    """Read and check everything. Raises SettingsError with every problem found."""
    env = environment() if env is None else env
    settings, problems = _settings(env)
    problems += _insecure(settings)
    accounts, wrong = _accounts(env, settings)
    problems += wrong
    if problems:
        raise SettingsError(problems)
    return Configured(settings, accounts)


def _settings(env: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings and what is wrong with them. A wrong one takes its default, so that the rest can be checked as
    well.
    """
    known = {name: env[name.upper()] for name in Settings.model_fields if env.get(name.upper(), "").strip()}
    try:
        return Settings.model_validate(known), []
    except ValidationError as error:
        wrong = {str(e["loc"][0]): e["msg"] for e in error.errors(include_input=False)}
    rest = {name: value for name, value in known.items() if name not in wrong}
    return Settings.model_validate(rest), [f"{name.upper()}: {why}" for name, why in wrong.items()]


def _host(url: str) -> tuple[str, str]:
    """The scheme and host of an address that platforms can be told; ``("", "")`` for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:  # "[" without "]"
        return "", ""
    good = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment
    return (parts.scheme, parts.hostname or "") if good else ("", "")


def _insecure(settings: Settings) -> list[str]:
    problems = []
    scheme, host = _host(settings.public_url)
    if not host:
        problems.append("PUBLIC_URL: must be http(s)://host[:port] without query")
    if len(settings.secret_key.get_secret_value()) < SHORTEST_SECRET:
        problems.append(
            f"SECRET_KEY: missing or shorter than {SHORTEST_SECRET} characters; "
            "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if settings.demo:
        return problems
    # Links and the cookie of the duty desk would travel readable.
    if scheme == "http" and host not in LOOPBACK:
        problems.append("PUBLIC_URL: http is refused for an address that is not loopback, use https")
    if settings.clock_file is not None:
        # A file that moves the clock would move due dates.
        problems.append("CLOCK_FILE: is for the demo only")
    return problems


def _accounts(
    env: Mapping[str, str], settings: Settings
) -> tuple[list[tuple[str, type[Channel], ChannelConfig]], list[str]]:
    problems: list[str] = []
    accounts = []
    try:
        names = parse_channels(settings.channels)
    except ValueError as error:
        return [], [f"CHANNELS: {error}"]
    schemes = {}
    for account, adapter in names:
        try:
            cls = find_channel_class(adapter)
        except ChannelNotFound as error:
            problems.append(f"CHANNELS: {error}")
            continue
        schemes[account] = cls.scheme
        config, wrong = config_from_env(
            cls, account, _with_callback(env, settings, account, cls), accounts=[name for name, _ in names]
        )
        problems += wrong
        if config is not None:
            if not settings.demo:
                problems += [f"{prefix(account)}{line}" for line in cls.Config.insecure(config.model_dump())]
            accounts.append((account, cls, config))
    if settings.sms_channel and schemes.get(settings.sms_channel) != "sms":
        problems.append("SMS_CHANNEL: must be one of CHANNELS that sends SMS")
    return accounts, problems


def _with_callback(env: Mapping[str, str], settings: Settings, account: str, cls: type[Channel]) -> Mapping[str, str]:
    """The environment with the address for this account's receipts added, unless it has one already."""
    if "status_callback" not in cls.Config.model_fields or not _host(settings.public_url)[1]:
        return env
    callback = f"{settings.public_url.rstrip('/')}/hooks/{account}/status"
    return {f"{prefix(account)}STATUS_CALLBACK": callback, **env}


def make_store(settings: Settings, *, pool_size: int = 16) -> Store:
    """The database these settings name."""
    secrets = settings.secrets
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Store(settings.database, Vault(secrets[0], *secrets[1:]), pool_size=pool_size)


def build(configured: Configured, *, worker_name: str = "web", pool_size: int = 16, store: Store | None = None) -> Deps:
    """The services of one process. It starts no thread and opens no connection.

    ``store`` replaces the store over the settings' database.
    """
    settings = configured.settings
    store = store or make_store(settings, pool_size=pool_size)
    clock: Clock = DemoClock(settings.clock_file) if settings.clock_file else SystemClock()
    redis = connect(settings.redis)
    alarms = StoredAlarms(store, clock)
    services = Services(clock=clock, cache=RedisCache(redis), alarms=alarms)
    channels = {account: cls(account, config, services) for account, cls, config in configured.accounts}
    return Deps(
        store=store,
        channels=channels,
        clock=clock,
        wake=Waker(redis).wake,
        alarms=alarms,
        worker_name=worker_name,
        texts=Texts(site=settings.site_name, hotline=settings.hotline, hours=settings.office_hours),
        rules=_rules(settings),
        calendar=CachedCalendar(store).get,
        router=CachedRouter(store).get,
        spool=Spool(settings.data_dir / "spool", store.vault),
        signer=Links(settings.public_url, settings.secrets),
        metrics=PrometheusMetrics(),
        media_folder=settings.data_dir / "media",
        due_rule=settings.due_rule,
        limits=_limits(settings),
        webhook_budget=settings.webhook_budget,
        sms_channel=settings.sms_channel or _first_sms(channels),
        auto_precision=settings.auto_precision,
        secrets_officer=settings.secrets_officer,
        topics=TopicMemory(_topic_settings(settings)),
    )


def build_worker(configured: Configured, *, worker_name: str) -> Deps:
    """The services of a worker. They include the learned model, which web processes do without."""
    from bot.classifier.model import Classifier  # noqa: PLC0415  loaded here and nowhere else

    deps = build(configured, worker_name=worker_name)
    deps.learned = LearnedModel(deps.store, deps.alarms, Classifier.from_bytes).get
    return deps


def _topic_settings(settings: Settings) -> TopicSettings:
    areas = settings.topic_areas.replace("，", ",").split(",")
    return TopicSettings(
        citizens=settings.topic_citizens,
        within=timedelta(hours=settings.topic_hours),
        areas=frozenset(area.strip() for area in areas if area.strip()),
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        quiet_seconds=settings.quiet_seconds,
        hard_cap_seconds=settings.hard_cap_seconds,
        max_parts=settings.max_parts,
        rate_per_minute=settings.rate_per_minute,
        rate_per_day=settings.rate_per_day,
        flood_limit=settings.flood_limit,
        cool_seconds=settings.cool_down_hours * 3600,
    )


def _limits(settings: Settings) -> Limits:
    by_kind = {kind.value: days for kind, days in settings.due_days_by_kind.items()}
    return Limits(
        reply_days=settings.due_days,
        per_kind=by_kind,
        sign_hours=settings.sign_hours,
        return_days=settings.return_days,
        decide_hours=settings.decide_hours,
        extension_max_days=settings.extension_max_days,
        extension_default_days=min(Limits().extension_default_days, settings.extension_max_days),
        rework_days=settings.rework_days,
        supplement_days=settings.supplement_days,
        close_days=settings.close_days,
        urgent_hours=settings.urgent_hours,
    )


def _first_sms(channels: Mapping[str, Any]) -> str:
    return next((account for account, channel in channels.items() if channel.scheme == "sms"), "")
