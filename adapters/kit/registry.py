"""Finds a channel's class by its file name and builds its settings from the environment.

There is no list of adapters: ``CHANNELS=wechat,hotline=twilio`` names accounts and files. Called by the
bootstrap and by ``wenzheng check``. Values of variables never appear in an error, only names.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import json
import pkgutil
import re
import typing
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from adapters.kit.base import Channel

if TYPE_CHECKING:
    from types import ModuleType

    from pydantic.fields import FieldInfo

    from adapters.kit.base import ChannelConfig

_FILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ACCOUNT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class ChannelNotFound(ValueError):
    """No usable adapter of that name. The message says why and which there are."""


def parse_channels(text: str) -> list[tuple[str, str]]:
    """``"wechat,hotline=twilio"`` -> ``[("wechat", "wechat"), ("hotline", "twilio")]``.

    Raises ValueError naming the entry: malformed, or an account whose settings another one would share.
    """
    found: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        account, _, adapter = (half.strip() for half in entry.partition("="))
        adapter = adapter if "=" in entry else account
        if not (_ACCOUNT_NAME.fullmatch(account) and _FILE_NAME.fullmatch(adapter)):
            raise ValueError(f"{entry!r} is neither name nor account=name (small letters, digits, _)")
        if prefix(account) in found:
            raise ValueError(f"{account!r} is named twice, both read {prefix(account)}*")
        found[prefix(account)] = (account, adapter)
    return list(found.values())


def prefix(account: str) -> str:
    """What the names of the account's variables begin with: ``HOTLINE_`` for ``hotline``."""
    return account.upper().replace("-", "_") + "_"


def find_channel_class(adapter_name: str, package: str = "adapters") -> type[Channel]:
    """The only Channel in ``package/adapter_name.py``. Raises ChannelNotFound."""
    if not _FILE_NAME.fullmatch(adapter_name):
        raise ChannelNotFound("a channel's name is small letters, digits and _")
    found = _channels_in(_load(f"{package}.{adapter_name}", adapter_name, package))
    if len(found) != 1 or found[0].name != adapter_name:
        raise ChannelNotFound(
            f"adapters/{adapter_name}.py must hold one Channel with name = {adapter_name!r}, it holds {len(found)}"
        )
    return found[0]


def channel_names(package: str = "adapters") -> list[str]:
    """The names of all channels, for error texts and the generated table of channels."""
    path = importlib.import_module(package).__path__
    names = (module.name for module in pkgutil.iter_modules(path) if _FILE_NAME.fullmatch(module.name))
    return [name for name in names if _channels_in(importlib.import_module(f"{package}.{name}"))]


def _load(module: str, name: str, package: str) -> ModuleType:
    if importlib.util.find_spec(module) is None:
        raise ChannelNotFound(f"there is no channel {name!r}; there are: {', '.join(channel_names(package))}")
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ChannelNotFound(f"channel {name!r} cannot be loaded: {error}") from error


def _channels_in(module: ModuleType) -> list[type[Channel]]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Channel)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]


def config_from_env(
    cls: type[Channel], account: str, env: Mapping[str, str], *, accounts: Collection[str] = ()
) -> tuple[ChannelConfig | None, list[str]]:
    """The account's settings from ``<ACCOUNT>_<FIELD>``, or None, and what is wrong, one line a variable.

    Dict and list fields are JSON. A variable with the account's prefix and no field is an error too, with
    the nearest name. ``accounts`` are all accounts: ``TWILIO_HK_FROM`` belongs to ``twilio_hk``.
    """
    begin = prefix(account)
    fields = {begin + _env_field(name, field): field for name, field in cls.Config.model_fields.items()}
    others = tuple(prefix(other) for other in accounts if prefix(other) != begin and prefix(other).startswith(begin))
    given = _given(env, begin)
    errors = [_unknown(name, fields) for name in sorted(given) if name not in fields and not name.startswith(others)]
    values, unreadable = _values(given, fields, len(begin))
    config, invalid = _validated(cls.Config, begin, values)
    skip = {line.partition(":")[0] for line in unreadable}
    errors += unreadable + [line for line in invalid if line.partition(":")[0] not in skip]
    return (None if errors else config), errors


def _given(env: Mapping[str, str], begin: str) -> dict[str, str]:
    """The variables that have a value: one left empty counts as none."""
    return {name: value for name, value in env.items() if name.startswith(begin) and value.strip()}


def _env_field(name: str, field: FieldInfo) -> str:
    return (field.alias or name).upper()


def _unknown(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{name}: no such setting" + (f", did you mean {near[0]}?" if near else "")


def _values(given: Mapping[str, str], fields: Mapping[str, FieldInfo], skip: int) -> tuple[dict[str, Any], list[str]]:
    """The values by the field's key in the model, and the variables that are not valid JSON."""
    values: dict[str, Any] = {}
    errors: list[str] = []
    for name, field in fields.items():
        if name not in given:
            continue
        key = field.alias or name[skip:].lower()
        try:
            values[key] = json.loads(given[name]) if _is_collection(field.annotation) else given[name]
        except ValueError:
            errors.append(f"{name}: not valid JSON")
    return values, errors


def _is_collection(annotation: Any) -> bool:
    """Whether a type, or a part of a union, is a mapping or a list."""
    origin = typing.get_origin(annotation) or annotation
    if inspect.isclass(origin) and issubclass(origin, Collection):
        return not issubclass(origin, str | bytes)
    return any(_is_collection(part) for part in typing.get_args(annotation))


def _validated(
    model: type[ChannelConfig], begin: str, values: Mapping[str, Any]
) -> tuple[ChannelConfig | None, list[str]]:
    try:
        return model.model_validate(dict(values)), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        return None, [_line(begin, one["loc"], one["type"], one["msg"], one["input"]) for one in details]


def _line(begin: str, loc: tuple[int | str, ...], kind: str, text: str, value: Any) -> str:
    """``TWILIO_FROM: why``. A rule over several fields says ``FIELD: why`` itself (see ``insecure``)."""
    why = text.removeprefix("Value error, ")
    if not loc:
        return begin + why
    if kind == "missing":
        why = "is required"
    elif isinstance(value, str) and value in why:
        why = "is not valid"
    return f"{begin}{str(loc[0]).upper()}: {why}"
