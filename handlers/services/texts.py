"""Texts people read: one template file a key, rendered strictly.

A folder of ``templates/messages/zh_CN`` holds the keys with the same first part: ``staff.bad_text`` is
``staff/bad_text.txt``, the key ``receipt`` is ``receipt/receipt.txt``. ``<key>.txt`` is the full text,
``<key>.sms.txt`` the form that fits SMS, ``<key>.fields.txt`` the fields of a template or subscription
notice (``name: value`` a line). ``<key>.txt`` begins with a comment ``{# sample: {...} #}``: what the
guard test renders all three with; it may add ``{# notice: answer #}``, the template the platform keeps for it.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.text.keys import TextKey

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "messages" / "zh_CN"
_SAMPLE = re.compile(r"\{#\s*sample:\s*(\{.*?\})\s*#\}", re.DOTALL)
_NOTICE = re.compile(r"\{#\s*notice:\s*(\w+)\s*#\}")


class Texts:
    """Renders texts by key. Threads share it."""

    def __init__(self, *, site: str, hotline: str, hours: str, folder: Path = FOLDER) -> None:
        self.site, self.hotline, self.hours = site, hotline, hours
        self._folder = folder
        self._files = {_name_of(path): path.relative_to(folder).as_posix() for path in folder.glob("*/*.txt")}
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  plain text
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._environment.globals.update(site=site, hotline=hotline, hours=hours)

    def keys(self) -> list[str]:
        """All keys."""
        return sorted(name for name in self._files if self.key_of(name) == name)

    @property
    def files(self) -> Mapping[str, str]:
        """Every file below the folder by its flat name: ``staff.bad_text.sms`` is ``staff/bad_text.sms.txt``."""
        return self._files

    def key_of(self, name: str) -> str:
        """The key to which a file belongs, by the file's flat name. ``more.sms`` is a key of its own, since there
        is no ``more``.
        """
        base, _, form = name.rpartition(".")
        return base if form in {"sms", "fields"} and base in self._files else name

    def known(self, key: str) -> TextKey:
        """A key as it was stored, maybe by another release. Raises KeyError where there is no such text."""
        if self.key_of(key) != key or key not in self._files:
            raise KeyError(f"no text {key!r}")
        return cast("TextKey", key)

    def render(self, key: TextKey, params: dict[str, Any], *, sms: bool = False) -> str:
        """The text of ``key``. Raises KeyError for an unknown key, jinja2.UndefinedError for a missing field."""
        file = (self._files.get(f"{key}.sms") if sms else None) or self._files.get(key)
        if file is None:
            raise KeyError(f"no text {key!r}")
        return self._environment.get_template(file).render(params).strip()

    def fields(self, key: TextKey, params: dict[str, Any]) -> dict[str, str]:
        """The notice fields of ``key``; ``{}`` when it has none."""
        if f"{key}.fields" not in self._files:
            return {}
        lines = self._environment.get_template(self._files[f"{key}.fields"]).render(params).splitlines()
        pairs = (line.partition(":") for line in lines if ":" in line)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @functools.cache  # noqa: B019  one instance a process
    def notice(self, key: TextKey) -> str:
        """The platform template that carries ``key``: ``answer``, ``notice``, ``order`` or ``""``."""
        if key not in self._files:
            return ""
        found = _NOTICE.search(self._source(key))
        return found.group(1) if found else ""

    def sample(self, key: TextKey) -> dict[str, Any]:
        """The values with which the guard test renders ``key``."""
        found = _SAMPLE.search(self._source(key))
        if found is None:
            raise KeyError(f"text {key!r} has no sample")
        sample: dict[str, Any] = json.loads(found.group(1))
        return sample

    def _source(self, name: str) -> str:
        return (self._folder / self._files[name]).read_text(encoding="utf-8")


def _name_of(path: Path) -> str:
    folder, stem = path.parent.name, path.name.removesuffix(".txt")
    return stem if stem.split(".")[0] == folder else f"{folder}.{stem}"
