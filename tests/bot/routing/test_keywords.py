from __future__ import annotations

from dataclasses import replace

import pytest

from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.routing.keywords import KeywordRouter, find_unit
from tests.kit.patience import LONG, ends

UNITS = (
    UnitRow("D00", "区问政办公室", Tier.DISTRICT, keywords=("夜市",)),
    UnitRow(
        "D01", "区城市管理局", Tier.DISTRICT, ("区城管局", "城管局"),
        keywords=("路灯", "占道", "占道经营", "油烟", "夜市", "施工噪音"),
    ),
    UnitRow("D02", "区住房和城乡建设局", Tier.DISTRICT, ("区住建局",), keywords=("物业", "漏水", "维修基金", "工地")),
    UnitRow("D03", "区生态环境局", Tier.DISTRICT, ("环保局",), keywords=("油烟", "工地", "废气")),
    UnitRow("D04", "区教育局", Tier.DISTRICT, keywords=("学校", "教育")),
    UnitRow(
        "S01", "青松街道办事处", Tier.SUBDISTRICT, ("青松街道",), "", ("楼道堆物", "邻里纠纷"), ("青松一路", "环路")
    ),
    UnitRow("S02", "白杨街道办事处", Tier.SUBDISTRICT, ("白杨街道",), "", ("楼道堆物", "邻里纠纷"), ("教育路", "环路")),
    UnitRow("C01", "松涛社区", Tier.COMMUNITY, (), "S01", ("网格员",), ("松涛花园",)),
)  # fmt: skip
STAFF = tuple(
    OfficerRow("某", unit.code, Role.DUTY if unit.code == "D00" else Role.OFFICER, f"+861990000{n:04d}")
    for n, unit in enumerate(UNITS)
)
DIRECTORY = Directory(UNITS, STAFF)
ROUTER = KeywordRouter(DIRECTORY)


@pytest.mark.parametrize(
    ("text", "chosen", "why", "words"),
    [
        ("门口的路灯三天不亮了", "D01", "department", ("路灯",)),
        ("門口的路燈壞了", "D01", "department", ("路灯",)),
        ("占道经营没人管", "D01", "department", ("占道经营",)),
        ("物业不修，楼上漏水", "D02", "department", ("物业", "漏水")),
        ("物业说维修基金不够，路灯也不亮", "D02", "department", ("物业", "维修基金")),
        ("请城管局管管", "D01", "department", ("城管局",)),
        ("青松一路灯坏了", "D01", "department", ("路灯",)),
        ("楼下油烟和废气很大", "D03", "department", ("油烟", "废气")),
        ("松涛花园楼道堆物", "S01", "subdistrict", ("楼道堆物", "松涛花园")),
        ("青松街道的邻里纠纷", "S01", "subdistrict", ("邻里纠纷", "青松街道")),
        ("松涛花园路灯不亮", "D01", "department", ("路灯",)),
        ("松涛花园物业不管楼道堆物", "S01", "subdistrict", ("楼道堆物", "松涛花园")),
    ],
)
def test_a_clear_matter_goes_to_the_unit_whose_words_it_has(
    text: str, chosen: str, why: str, words: tuple[str, ...]
) -> None:
    routing = ROUTER.route(text)
    assert (routing.chosen, routing.why) == (chosen, why)
    assert routing.candidates[0].unit_code == chosen
    assert routing.candidates[0].words == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("你们到底管不管", "no_words"),
        ("", "no_words"),
        ("油烟", "weak"),
        ("工地", "weak"),
        ("物业和路灯", "tie"),
        ("松涛花园有问题", "place_only"),
        ("青松一路和教育路都有邻里纠纷", "several_places"),
        ("环路上邻里纠纷", "several_places"),
        ("楼道堆物", "no_words"),
    ],
)
def test_an_unclear_matter_goes_to_the_duty_desk_with_the_reason(text: str, why: str) -> None:
    routing = ROUTER.route(text)
    assert (routing.chosen, routing.why) == (None, why)


def test_a_word_of_two_units_is_shared_between_them() -> None:
    scores = {c.unit_code: c.score for c in ROUTER.route("油烟").candidates}
    assert scores == {"D01": 1.0, "D03": 1.0}


def test_a_road_named_after_a_school_is_a_place_and_no_matter_of_the_school() -> None:
    routing = ROUTER.route("教育路")
    assert routing.places == ("教育路",)
    assert [c.unit_code for c in routing.candidates] == ["S02"]


def test_an_estate_tells_which_part_of_a_long_road_is_meant() -> None:
    routing = ROUTER.route("环路松涛花园邻里纠纷")
    assert (routing.chosen, routing.places) == ("S01", ("环路", "松涛花园"))


def test_the_place_hint_counts_for_the_place_only() -> None:
    routing = ROUTER.route("邻里纠纷", place_hint="松涛花园门口的路灯旁")
    assert (routing.chosen, routing.places) == ("S01", ("松涛花园",))
    assert all(c.unit_code != "D01" for c in routing.candidates)


def test_repeating_a_word_does_not_make_it_weigh_more() -> None:
    assert ROUTER.route("路灯路灯路灯 物业").chosen is None


def test_the_duty_office_is_never_a_candidate() -> None:
    assert [c.unit_code for c in ROUTER.route("夜市").candidates] == ["D01"]


def test_an_abolished_unit_is_not_proposed() -> None:
    units = tuple(replace(u, active=u.code != "D01") for u in UNITS)
    assert KeywordRouter(Directory(units, STAFF)).route("路灯").candidates == ()


@pytest.mark.parametrize("code", ["D01", "S01"])
def test_a_unit_whose_officers_have_all_left_is_not_chosen(code: str) -> None:
    staff = tuple(replace(o, active=o.unit_code != code) for o in STAFF)
    router = KeywordRouter(Directory(UNITS, staff))
    assert router.route("路灯").chosen != code
    assert router.route("松涛花园楼道堆物").chosen != code
    assert find_unit(router.directory, UNITS[1].name if code == "D01" else "青松街道") == []


def test_an_empty_directory_sends_everything_to_the_duty_desk() -> None:
    assert KeywordRouter(Directory()).route("路灯").chosen is None


def test_places_are_found_without_routing() -> None:
    assert ROUTER.places("我家住松涛花园，靠近青松一路") == ("松涛花园", "青松一路")
    assert ROUTER.places("路灯坏了") == ()


def test_routing_does_not_depend_on_the_order_of_the_directory() -> None:
    turned = KeywordRouter(Directory(UNITS[::-1], STAFF[::-1]))
    for text in ("油烟", "物业和路灯", "环路邻里纠纷", "松涛花园楼道堆物"):
        assert turned.route(text) == ROUTER.route(text)


def test_a_very_long_text_is_read_quickly() -> None:
    with ends():
        assert ROUTER.route("占道经营路灯" * LONG).chosen == "D01"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("区城市管理局", ["D01"]),
        ("城管局", ["D01"]),
        (" Ｄ０１ ", ["D01"]),
        ("d01", ["D01"]),
        ("区住", ["D02"]),
        ("城乡建设", ["D02"]),
        ("環保局", ["D03"]),
        ("青松", ["S01"]),
        ("街道办事处", ["S01", "S02"]),
        ("区魔法局", []),
        ("", []),
        ("  ", []),
    ],
)
def test_staff_find_a_unit_by_code_name_short_name_or_part(text: str, codes: list[str]) -> None:
    assert [unit.code for unit in find_unit(DIRECTORY, text)] == codes


def test_a_whole_name_beats_names_that_begin_with_it() -> None:
    longer = UnitRow("D09", "区教育局考试中心", Tier.DISTRICT)
    directory = Directory((*UNITS, longer), (*STAFF, OfficerRow("某", "D09", Role.OFFICER, "+8619900009999")))
    assert [unit.code for unit in find_unit(directory, "区教育局")] == ["D04"]
    assert [unit.code for unit in find_unit(directory, "区教育")] == ["D04", "D09"]
