"""The table of officers' actions: whole, without contradictions, and open to one more entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.conversation.acts import StaffBad, StaffCommand
from bot.directory.units import Role
from handlers.inquiry.acting_officer import Outcome
from handlers.inquiry.officer_action import EVERYBODY, OfficerAction
from handlers.notices.phrases import about
from handlers.officer import table
from handlers.officer.table import TABLE, OfficerTable
from handlers.services.texts import Texts
from store import inquiries
from tests.kit.town import say

ROOT = Path(__file__).resolve().parents[3]
KEYS = Texts(site="", hotline="", hours="").keys()
TAUGHT = "".join(path.read_text("utf-8") for path in (ROOT / "templates/messages/zh_CN").glob("*/*.txt"))


@pytest.mark.parametrize("entry", TABLE.entries, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry):
    assert entry.words.split()
    assert entry.do is not None
    assert set(entry.missing) <= set(KEYS)
    first = entry.words.split()[0]
    assert re.search(rf"{first} ?[{{\d<编”]", TAUGHT), f"{first} is taught nowhere"


@pytest.mark.parametrize("entry", TABLE.entries, ids=lambda entry: entry.name)
@pytest.mark.parametrize("rest", ["1024", "1024 ，", "1024 384712"])
def test_what_a_command_lacks_is_said_with_a_text_of_the_entry(entry, rest):
    for word in entry.words.split():
        act = TABLE.words.parse(f"{word} {rest}")
        assert type(act) is entry.act or (isinstance(act, StaffBad) and act.key in {*entry.missing, "staff.bad_number"})
        if not isinstance(act, StaffBad):
            assert TABLE.of(act) is entry


def test_two_entries_share_neither_a_word_nor_a_name():
    with pytest.raises(ValueError, match="收"):
        OfficerTable([*TABLE.entries, OfficerAction("take", words="拿 收")])
    with pytest.raises(ValueError, match="sign"):
        OfficerTable([*TABLE.entries, OfficerAction("sign", words="领")])


def test_every_form_of_the_page_has_its_entry_and_the_other_way_round():
    page = "".join(path.read_text("utf-8") for path in (ROOT / "templates/pages").glob("*.html"))
    assert set(re.findall(r"""staff.act['"], token=token, action=['"](\w+)""", page)) == set(TABLE.forms)


def test_another_action_is_one_entry_and_one_function(world, monkeypatch):
    noted = []

    def note(command):
        noted.append((command.at.number, command.act.text))
        inquiry = inquiries.get(command.turn.tx, command.at.inquiry_id)
        return Outcome(done=True, key="staff.signed", params=about(inquiry) | {"unit_due": ""})

    entry = OfficerAction("note", words="记 备注", do=note)
    monkeypatch.setattr(table, "TABLE", OfficerTable([*TABLE.entries, entry]))
    world.inquiry("路灯坏了")
    assert "已签收" in say(world, "lamp", "备注 1 已电话沟通")
    assert [text for _number, text in noted] == ["已电话沟通"]
    assert table.TABLE.words.parse("记 1024") == StaffCommand("note", "1024")
    assert TABLE.words.parse("记 1024") is None


EXAMPLES = {
    "send": "派 1 水务局",
    "reject": "不受理 1 诉讼",
    "merge": "并 1 2",
    "approve": "准 1",
    "refuse": "驳 1 不属实",
    "call_back": "回访 1 满意",
}
REFUSALS = ("staff.no_desk", "staff.no_decide", "staff.no_call_back")


@pytest.mark.parametrize("entry", [e for e in TABLE.entries if e.roles != EVERYBODY], ids=lambda entry: entry.name)
def test_who_is_not_of_the_roles_of_an_entry_is_refused(world, entry):
    world.inquiry("路灯坏了")
    assert say(world, "lamp", EXAMPLES[entry.name]) in [world.deps.texts.render(key, {}) for key in REFUSALS]
    assert Role.OFFICER not in entry.roles
