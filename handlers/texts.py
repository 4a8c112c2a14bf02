"""Texts people read: one template file a key, rendered strictly.

``templates/messages/zh_CN/<key>.txt`` is the full text, ``<key>.sms.txt`` the form that fits SMS,
``<key>.fields.txt`` the fields of a template or subscription notice (``name: value`` a line).
``<key>.txt`` begins with a comment ``{# sample: {...} #}``: what the guard test renders all three
with; it may add ``{# notice: answer #}``, the template the platform keeps for it.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "messages" / "zh_CN"
_SAMPLE = re.compile(r"\{#\s*sample:\s*(\{.*?\})\s*#\}", re.DOTALL)
_NOTICE = re.compile(r"\{#\s*notice:\s*(\w+)\s*#\}")


class Texts:
    """Renders texts by key. Shared by threads."""

    def __init__(self, *, site: str, hotline: str, hours: str, folder: Path = FOLDER) -> None:
        self.site, self.hotline, self.hours = site, hotline, hours
        self._folder = folder
        self._environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False,  # noqa: S701  plain text
            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
        )
        self._environment.globals.update(site=site, hotline=hotline, hours=hours)

    def keys(self) -> list[str]:
        """Every key there is."""
        stems = {path.name.removesuffix(".txt") for path in self._folder.glob("*.txt")}
        return sorted(stem for stem in stems if self.key_of(stem) == stem)

    def key_of(self, stem: str) -> str:
        """The key a file is a form of. ``more.sms`` is a key of its own: there is no ``more``."""
        base, _, form = stem.rpartition(".")
        return base if form in {"sms", "fields"} and self._exists(base) else stem

    def render(self, key: str, params: dict[str, Any], *, sms: bool = False) -> str:
        """The text of ``key``. Raises KeyError for an unknown key, jinja2.UndefinedError for a missing field."""
        if sms and self._exists(f"{key}.sms"):
            key = f"{key}.sms"
        try:
            return self._environment.get_template(f"{key}.txt").render(params).strip()
        except TemplateNotFound:
            raise KeyError(f"no text {key!r}") from None

    def fields(self, key: str, params: dict[str, Any]) -> dict[str, str]:
        """The notice fields of ``key``, ``{}`` when it has none."""
        if not self._exists(f"{key}.fields"):
            return {}
        lines = self._environment.get_template(f"{key}.fields.txt").render(params).splitlines()
        pairs = (line.partition(":") for line in lines if ":" in line)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @functools.cache  # noqa: B019  one instance a process
    def notice(self, key: str) -> str:
        """Which platform template carries ``key``: ``answer``, ``notice``, ``order`` or ``""``."""
        if not self._exists(key):
            return ""
        found = _NOTICE.search((self._folder / f"{key}.txt").read_text(encoding="utf-8"))
        return found.group(1) if found else ""

    def sample(self, key: str) -> dict[str, Any]:
        """What the guard test renders ``key`` with."""
        found = _SAMPLE.search((self._folder / f"{key}.txt").read_text(encoding="utf-8"))
        if found is None:
            raise KeyError(f"text {key!r} has no sample")
        sample: dict[str, Any] = json.loads(found.group(1))
        return sample

    @functools.cache  # noqa: B019
    def _exists(self, name: str) -> bool:
        return (self._folder / f"{name}.txt").is_file()
