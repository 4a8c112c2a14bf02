"""Who may read what a citizen wrote, and in which form.

The duty desk and the leaders read it as written. The unit that works on it needs matter and place: for it
personal data is covered (``bot/text/masking.py``). What bears a mark of secrecy is read by the one officer named
for it (``SECRETS_OFFICER``), by the leaders where none is named, and by nobody else. Citizens always see their
own words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from bot.directory.units import Role
from bot.routing.flags import is_secret
from bot.text.masking import STAR, mask
from handlers.notices.phrases import HIDDEN, shorten
from store import directory

if TYPE_CHECKING:
    from bot.directory.units import UnitRow
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord, UnitRecord
    from store.records.inquiries import InquiryRecord

AS_WRITTEN = frozenset({Role.DUTY, Role.LEADER})
"""Roles that read what was written; all others read it masked."""
SECRET = "secret"  # noqa: S105  the name of a flag
SAID = ("text", "reason")
"""The fields of a notice that contain a citizen's words."""
_STARS = re.compile(rf"{re.escape(STAR)}{{4,}}")


class Flagged(Protocol):
    """An inquiry, or another row that has its flags."""

    @property
    def flags(self) -> list[str] | None: ...


class Routed(Flagged, Protocol):
    """An inquiry, or another row that has its flags and the router's result."""

    @property
    def routing(self) -> dict[str, Any] | None: ...


def may_read(officer: OfficerRecord, inquiry: Flagged | None, *, keeper: str = "") -> bool:
    """Whether the officer may read the inquiry at all. ``keeper``: ``deps.secrets_officer``.

    ``inquiry`` is None while there is none yet.
    """
    return inquiry is None or SECRET not in (inquiry.flags or []) or _keeps_secrets(officer, keeper)


def text_for(
    officer: OfficerRecord, inquiry: Flagged | None, text: str, *, keeper: str = "", opened: bool = False
) -> str:
    """A citizen's words in the form this officer may read.

    Words that were added later, or read before the inquiry was flagged, are checked by themselves. ``opened``:
    the contact was opened to this officer for a reason (``handlers/officer/contact_details.py``).
    """
    if not may_read(officer, inquiry, keeper=keeper) or (is_secret(text) and not _keeps_secrets(officer, keeper)):
        return HIDDEN
    return text if opened or officer.role in AS_WRITTEN else mask(text)


def fields_for(
    officer: OfficerRecord, inquiry: InquiryRecord, params: dict[str, Any], *, keeper: str = ""
) -> dict[str, Any]:
    """A notice's fields, in which the citizen's words have the form this officer may read."""
    return {
        name: text_for(officer, inquiry, value, keeper=keeper) if name in SAID and value else value
        for name, value in params.items()
    }


def summary_of(text: str, length: int) -> str:
    """The line by which an inquiry is listed, for everybody: without personal data, and with nothing of a secret."""
    return HIDDEN if is_secret(text) else shorten(_STARS.sub(STAR * 3, mask(text)), length)


def keepers(deps: Deps, tx: Tx) -> list[OfficerRecord]:
    """The officers who read secrets. If there are none an alarm is raised."""
    named = directory.officer_by_code(tx, deps.secrets_officer) if deps.secrets_officer else None
    if named is not None:
        return [named]
    found: list[OfficerRecord] = []
    if not deps.secrets_officer:
        found += [row for row in directory.all_officers(tx) if row.role == Role.LEADER]
    if not found:
        deps.alarms.raise_alarm("no_secrets_officer")
    return found


def _keeps_secrets(officer: OfficerRecord, keeper: str) -> bool:
    return bool(officer.code == keeper if keeper else officer.role == Role.LEADER)


def accused(inquiry: Routed, unit: UnitRecord | UnitRow) -> bool:
    """Whether the inquiry accuses somebody of this unit or of the one above it. They must not read it."""
    if "accusation" not in (inquiry.flags or []):
        return False
    named = set((inquiry.routing or {}).get("accused", []))
    return bool(named & {unit.code, unit.parent_code})
