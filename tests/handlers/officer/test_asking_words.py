"""延, 问, 协, 准, 驳; the reason an officer's words give, and the unit they end with."""

from __future__ import annotations

import pytest

from bot.conversation.acts import StaffApprove, StaffAsk, StaffAssist, StaffBad, StaffExtend, StaffRefuse
from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.inquiry.extension_reasons import reason_in
from bot.routing.keywords import unit_at_end
from tests.kit.officer_words import parse_staff

WORDS = [
    ("延 1024 3 需现场检测", StaffExtend("1024", 3, "需现场检测")),
    ("延1024 三天 需现场检测", StaffExtend("1024", 3, "需现场检测")),
    ("延期1024 １０个工作日，需现场检测", StaffExtend("1024", 10, "需现场检测")),
    ("延0042 384712 3 需现场检测", StaffExtend("0042", 3, "需现场检测", "384712")),
    ("延 1024 3号楼需现场检测", StaffExtend("1024", None, "3号楼需现场检测")),
    ("延 1024 需现场检测", StaffExtend("1024", None, "需现场检测")),
    ("延 1024 3", StaffBad("staff.bad_extension")),
    ("延 1024", StaffBad("staff.bad_extension")),
    ("延长路的路灯坏了", None),
    ("问 1024 是哪一栋？", StaffAsk("1024", "是哪一栋？")),
    ("问 1024", StaffBad("staff.bad_question")),
    ("问一下这个怎么办", None),
    ("协 1024 水务局", StaffAssist("1024", "水务局")),
    ("协调一下1号楼的事", None),
    ("准 1024", StaffApprove("1024")),
    ("准 1024 384712", StaffApprove("1024", "", "384712")),
    ("同意 1024 区水务局", StaffApprove("1024", "区水务局")),
    ("准备好了", None),
    ("驳 1024 属你局职责", StaffRefuse("1024", "属你局职责")),
    ("不同意1024 384712 属你局职责", StaffRefuse("1024", "属你局职责", "384712")),
    ("驳 1024", StaffBad("staff.bad_refusal")),
]


@pytest.mark.parametrize(("text", "act"), WORDS, ids=[text for text, _ in WORDS])
def test_a_word_of_asking_or_deciding_is_read(text, act):
    assert parse_staff(text) == act


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("需第三方现场检测", "field_test"),
        ("连日暴雨无法施工，等天气好转", "weather"),
        ("要等上级批复", "awaiting_approval"),
        ("需与住建局会商", "joint_consultation"),
        ("按法定程序需公示七日", "statutory_procedure"),
        ("配件未到货，正在更换", "construction_period"),
        ("工作太忙", ""),
        ("", ""),
    ],
)
def test_the_reason_most_words_speak_for_is_taken(text, category):
    assert reason_in(text) == category


UNITS = Directory(
    tuple(
        UnitRow(code, name, Tier.DISTRICT, short)
        for code, name, short in (
            ("D1", "区水务局", ("水务局",)),
            ("D2", "区交通运输局", ("交通局",)),
            ("D3", "区住房局", ()),
            ("D4", "区住建局", ()),
        )
    ),
    tuple(OfficerRow("某", code, Role.OFFICER, f"+120255501{n:02}") for n, code in enumerate(("D1", "D2", "D3", "D4"))),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("不属本局 应转交通局", "D2"),
        ("不属本局职责，应由区水务局办理。", "D1"),
        ("这是水务局负责的", None),
        ("建议转区水务局", "D1"),
        ("不属本局职责", None),
        ("应转住", None),
        ("应转区住", None),
        ("", None),
    ],
)
def test_the_unit_a_reason_ends_with_is_read_only_when_it_is_clear(text, code):
    found = unit_at_end(UNITS, text)
    assert (found.code if found else None) == code
