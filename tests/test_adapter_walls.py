"""Each adapter stands by itself, whatever files there are: no list of names to add a new one to.

A file of a channel imports the kit, its own private folder, the domain and libraries; a private folder imports no
channel at all.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.kit.registry import channel_names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ADAPTERS = ROOT / "adapters"
FILES = sorted(ADAPTERS.rglob("*.py"))
OURS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} | {
    path.stem for path in ROOT.glob("*.py")
}
"""Every package and module of this tree by its top name."""


def name_of(path: Path) -> str:
    return path.relative_to(ADAPTERS).as_posix()


def strays(folder: Path, path: Path) -> list[str]:
    """Modules of ours that a file below ``folder`` (the package ``adapters``) imports and must not."""
    part = path.relative_to(folder).parts[0].removesuffix(".py")
    own = {"kit"} if part == "kit" else {"kit", f"_{part.removeprefix('_')}"}
    return [name for name in imported(folder, path) if name.partition(".")[0] in OURS and not _allowed(name, own)]


def _allowed(name: str, own: set[str]) -> bool:
    top, *rest = name.split(".")
    return top == "bot" or (top == "adapters" and bool(rest) and rest[0] in own)


def imported(folder: Path, path: Path) -> Iterator[str]:
    """The full name of each module and each name a file imports, wherever in it and however it is written."""
    package = ["adapters", *path.relative_to(folder).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_an_adapter_knows_the_kit_and_itself_and_no_other(path):
    assert strays(ADAPTERS, path) == []


def test_every_channel_and_every_private_folder_is_looked_at():
    looked_at = {path.relative_to(ADAPTERS).parts[0].removesuffix(".py") for path in FILES}
    assert set(channel_names()) <= looked_at
    assert all(
        name.removeprefix("_") in channel_names() for name in looked_at if name.startswith("_") and name != "__init__"
    )


@pytest.mark.parametrize(
    ("file", "line", "stray"),
    [
        ("pager.py", "from adapters._twilio.api import ERRORS", "adapters._twilio.api.ERRORS"),
        ("pager.py", "from adapters.twilio import Twilio", "adapters.twilio.Twilio"),
        ("pager.py", "from adapters import twilio", "adapters.twilio"),
        ("pager.py", "import adapters.console as console", "adapters.console"),
        ("pager.py", "import adapters", "adapters"),
        ("pager.py", "from . import wechat", "adapters.wechat"),
        ("pager.py", "from .wechat import WeChat", "adapters.wechat.WeChat"),
        ("pager.py", "def late():\n    from handlers.delivery import outbox", "handlers.delivery.outbox"),
        ("pager.py", "from store import people", "store.people"),
        ("pager.py", "import bootstrap", "bootstrap"),
        ("pager.py", "from tests.kit import fakes", "tests.kit.fakes"),
        ("_pager/api.py", "from adapters.pager import Pager", "adapters.pager.Pager"),
        ("_pager/api.py", "from .. import pager", "adapters.pager"),
        ("_pager/api.py", "from adapters._wechat.tokens import Tokens", "adapters._wechat.tokens.Tokens"),
        ("kit/http.py", "from adapters._pager.api import call", "adapters._pager.api.call"),
        ("kit/http.py", "from adapters.console import sign", "adapters.console.sign"),
    ],
)
def test_a_file_that_looks_over_the_wall_is_found(tmp_path, file, line, stray):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"from __future__ import annotations\n\n{line}\n", "utf-8")
    assert strays(tmp_path, path) == [stray]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pager.py", "from adapters.kit.base import Channel"),
        ("pager.py", "from adapters._pager import api"),
        ("pager.py", "from ._pager.api import call"),
        ("pager.py", "from bot.edge.messages import Way"),
        ("pager.py", "import requests"),
        ("_pager/api.py", "from . import errors"),
        ("_pager/api.py", "from adapters._pager.errors import ERRORS"),
        ("kit/http.py", "from adapters.kit.payload import json_object"),
    ],
)
def test_the_kit_its_own_folder_the_domain_and_libraries_are_free(tmp_path, file, line):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n", "utf-8")
    assert strays(tmp_path, path) == []
