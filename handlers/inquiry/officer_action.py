"""One entry of the table of an officer's actions: the words in the chat, the form on the page, and what is done.

Entries stand with their subject (``handlers/officer/actions.py``, ``handlers/duty_desk/actions.py``) and are
put together in ``handlers/officer/table.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot.conversation.acts import StaffCommand
from bot.conversation.officer_words import number_and_text
from bot.directory.units import Role
from bot.text.keys import TextKey
from handlers.inquiry.acting_officer import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.conversation.acts import StaffAct
    from bot.conversation.officer_words import Reader
    from handlers.inquiry.acting_officer import ActingOfficer, Outcome
    from handlers.services.deps import Turn
    from store.records.joined import OrderRecord

Missing = dict[TextKey, Mapping[str, object]]
"""Texts that say what a command lacks, with their fields."""
EVERYBODY = frozenset(Role)


class Found(Protocol):
    """What the number of a command means: an order, or a request."""

    @property
    def number(self) -> str: ...

    @property
    def inquiry_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class OrderForm:
    """What the forms of an order's page hold, as typed."""

    order: str = ""
    text: str = ""
    reason: str = ""
    unit: str = ""
    days: str = ""
    category: str = ""
    question: str = ""
    note: str = ""
    request: str = ""
    linked: str = ""
    pick: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is really the officer's: ``at`` is what its number means, an order or a request."""

    turn: Turn
    acting: ActingOfficer
    at: Any
    act: Any


@dataclass(frozen=True, slots=True)
class OfficerAction:
    """``name``: the page's address of the form, too. ``words``: separated by blanks, the first is taught.

    ``read``: a pure reader of what follows a word (``bot/conversation``), giving an act of the type ``act``; left
    out, a number with or without a text gives a ``StaffCommand``. ``do``: in the chat; its outcome is told,
    None says that it has answered by itself. ``find``: what the number means to the officer, or why nothing.
    ``stopped``: why it cannot be done now, asked once the command is known to be really the officer's.
    ``form``: on the page, on the order it was made for; None for no button there. ``on_request``: it decides a
    request, so who came to decide may do it. ``roles``: whose action it is. ``missing``: the texts that say what
    a command lacks, with their fields. ``reads_only``: nothing changes, so no code is asked for over SMS.
    """

    name: str
    words: str = ""
    do: Callable[[Command], Outcome | None] | None = None
    read: Reader | None = None
    act: type[StaffAct] = StaffCommand
    find: Callable[[ActingOfficer, str], Found | Outcome] = find
    stopped: Callable[[ActingOfficer, Any], Outcome | None] | None = None
    form: Callable[[ActingOfficer, OrderRecord, OrderForm], Outcome] | None = None
    on_request: bool = False
    roles: frozenset[Role] = EVERYBODY
    missing: Missing = field(default_factory=dict)
    reads_only: bool = False

    @property
    def reader(self) -> Reader:
        """What reads the rest of a message that begins with one of the words."""
        return self.read or number_and_text(
            lambda number, text, code: StaffCommand(self.name, number, text, code), missing=None
        )
