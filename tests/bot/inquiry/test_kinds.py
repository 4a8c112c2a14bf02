"""What a citizen wants, read from the first words."""

from __future__ import annotations

import pytest

from bot.inquiry.kinds import InquiryKind, kind_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请问老年证怎么办理", "consult"),
        ("咨詢一下學區劃分", "consult"),
        ("楼下餐馆油烟扰民", "complaint"),
        ("我要投诉物业，请问找谁", "complaint"),
        ("举报有人无证行医", "report"),
        ("建议在路口加一个红绿灯", "suggest"),
        ("表扬社区网格员", "praise"),
        ("路灯坏了三天了", "help"),
        ("", "help"),
        ("ＡＢＣ", "help"),
    ],
)
def test_the_kind_is_the_one_the_words_name(text, kind):
    assert kind_of(text) == InquiryKind(kind)
