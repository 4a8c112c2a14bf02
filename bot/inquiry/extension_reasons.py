"""Reads which of the objective reasons an officer's words give for asking for more time."""

from __future__ import annotations

from bot.inquiry.request_rules import ReasonCategory
from bot.text.reading import normalise

_WORDS = {
    ReasonCategory.FIELD_TEST: "检测 检验 鉴定 勘察 勘查 勘验 测量 监测 化验 取样 现场核查 现场测",
    ReasonCategory.JOINT_CONSULTATION: "会商 协商 协调 联合 多部门 多个部门 几个部门 会同 联席 各部门",
    ReasonCategory.STATUTORY_PROCEDURE: "法定 公示 听证 招标 立案 采购 复议 行政处罚 告知期 程序",
    ReasonCategory.CONSTRUCTION_PERIOD: "施工 工期 维修 抢修 更换 安装 改造 养护 修复 到货 配件",
    ReasonCategory.AWAITING_APPROVAL: "批复 审批 批准 报批 请示 上级 许可",
    ReasonCategory.WEATHER: "天气 下雨 暴雨 降雨 雨天 大雨 雨季 降雪 下雪 大风 高温 台风 寒潮 大雾 汛期",
}


def reason_in(text: str) -> str:
    """The reason that most of the words speak for; the first in the list if two are even, ``""`` if there is none."""
    plain = normalise(text)
    found = {
        category: [plain.find(word) for word in words.split() if word in plain] for category, words in _WORDS.items()
    }
    named = [category for category, places in found.items() if places]
    return min(named, key=lambda category: (-len(found[category]), min(found[category])), default="")
