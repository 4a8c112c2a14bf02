"""The table of officers' actions: every word and every form of an order's page.

A new subject brings an ``actions.py`` with its entries and is named here. The chat reads the words
(``handlers/officer/commands.py``), the page the forms (``web/officer/pages.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.conversation.acts import StaffBad, StaffCommand, StaffDuty, StaffList
from bot.conversation.officer_words import OfficerWords
from handlers.duty_desk import actions as desk_actions
from handlers.officer import actions as order_actions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.conversation.acts import Act, StaffAct
    from bot.text.keys import TextKey
    from handlers.inquiry.officer_action import OfficerAction

ALONE: tuple[tuple[str, Act], ...] = (
    ("待办 我的待办 待办事项 待办列表 查待办 看待办 列表", StaffList()),
    ("值班 派单台 值班台", StaffDuty()),
    ("口令 命令 工作人员帮助 办理帮助", StaffBad("staff.help")),
)
"""Words that are a whole message, of no order."""


def _refuse_shared(what: Sequence[str]) -> None:
    if twice := sorted({one for one in what if what.count(one) > 1}):
        raise ValueError(f"officers' actions share {', '.join(twice)}")


@dataclass(frozen=True)
class OfficerTable:
    """The entries, and what is looked up in them. Raises ValueError where two entries share a word or a name."""

    entries: Sequence[OfficerAction]
    words: OfficerWords = field(init=False)
    forms: Mapping[str, OfficerAction] = field(init=False)
    missing: Mapping[TextKey, Mapping[str, object]] = field(init=False)

    def __post_init__(self) -> None:
        _refuse_shared([each.name for each in self.entries])
        _refuse_shared([word for each in self.entries for word in each.words.split()])
        put = object.__setattr__  # frozen for everybody else
        put(self, "words", OfficerWords([(each.words, each.reader) for each in self.entries], ALONE))
        put(self, "forms", {each.name: each for each in self.entries if each.form is not None})
        put(self, "missing", {key: fields for each in self.entries for key, fields in each.missing.items()})

    def of(self, act: StaffAct) -> OfficerAction:
        """The entry an act belongs to."""
        if isinstance(act, StaffCommand):
            return next(each for each in self.entries if each.name == act.action)
        return next(each for each in self.entries if each.act is type(act))


TABLE = OfficerTable((*order_actions.ACTIONS, *desk_actions.ACTIONS))
