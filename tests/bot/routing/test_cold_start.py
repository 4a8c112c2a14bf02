"""The router before there is any history: the catalogue's words, merged units, places as people write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.directory.catalogue import Catalogue, Category
from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.routing.keywords import KeywordRouter, find_unit, unit_at_end
from tests.kit.patience import LONG, ends

UNITS = (
    UnitRow("D00", "区问政办公室", Tier.DISTRICT),
    UnitRow("D01", "区城市管理局", Tier.DISTRICT, ("城管局",), keywords=("路灯",)),
    UnitRow("D02", "区公园城市局", Tier.DISTRICT, ("园林局",)),
    UnitRow("D03", "区教育局", Tier.DISTRICT),
    UnitRow("S01", "青松街道办事处", Tier.SUBDISTRICT, ("青松街道",), places=("青松一路", "五一路", "松涛2期")),
    UnitRow("S02", "白杨街道办事处", Tier.SUBDISTRICT, ("白杨街道",), keywords=("邻里纠纷",), places=("白杨十二巷",)),
)
STAFF = tuple(
    OfficerRow("某", unit.code, Role.DUTY if unit.code == "D00" else Role.OFFICER, f"+861990000{n:04d}")
    for n, unit in enumerate(UNITS)
)
CATALOGUE = Catalogue((
    Category("01", "城市照明", unit_code="D01"),
    Category("0101", "路灯故障"),
    Category("02", "绿地养护", unit_code="D02"),
    Category("0201", "树木修剪", keywords=("枯枝",)),
    Category("0202", "路灯", keywords=()),
    Category("03", "教育", unit_code="D03"),
    Category("0301", "收费"),
    Category("0302", "校外培训机构"),
    Category("04", "社区事务", unit_code="S02", keywords=("楼道堆物",)),
    Category("05", "值班", unit_code="D00", keywords=("夜市",)),
    Category("06", "无主事项", keywords=("飞碟",)),
))  # fmt: skip
DIRECTORY = Directory(UNITS, STAFF, CATALOGUE)
ROUTER = KeywordRouter(DIRECTORY)


@pytest.mark.parametrize(
    ("text", "chosen", "category"),
    [
        ("小区里的枯枝要掉下来了", "D02", "0201"),
        ("请来做树木修剪", "D02", "0201"),
        ("校外培训机构跑路了", "D03", "0302"),
        ("白杨十二巷楼道堆物", "S02", "04"),
    ],
)
def test_keywords_and_names_of_categories_are_words_of_the_unit_in_charge(
    text: str, chosen: str, category: str
) -> None:
    routing = ROUTER.route(text)
    assert (routing.chosen, routing.category) == (chosen, category)


def test_a_units_own_keyword_beats_the_name_of_anothers_category() -> None:
    assert ROUTER.route("路灯坏了").chosen == "D01"


def test_a_categorys_name_never_covers_up_a_units_keyword() -> None:
    catalogue = Catalogue(
        (*CATALOGUE.categories, Category("07", "小区路灯", unit_code="D02"), Category("08", "灯坏", unit_code="D03"))
    )
    routing = KeywordRouter(replace(DIRECTORY, catalogue=catalogue)).route("小区路灯坏了")
    assert (routing.chosen, [c.unit_code for c in routing.candidates][:1]) == ("D01", ["D01"])
    assert routing.candidates[0].words == ("路灯",)


def test_two_characters_of_a_name_propose_nobody() -> None:
    catalogue = Catalogue((Category("01", "没有信号", unit_code="D02"), Category("02", "其他", unit_code="D03")))
    router = KeywordRouter(replace(DIRECTORY, catalogue=catalogue))
    assert router.route("这事到底有没有人来管").candidates == ()
    assert [c.unit_code for c in router.route("手机没有信号").candidates] == ["D02"]


def test_a_very_long_text_is_read_quickly() -> None:
    with ends():
        assert ROUTER.route("校外培训机构路灯收费" * LONG).candidates


def test_the_category_is_one_of_the_chosen_unit() -> None:
    assert ROUTER.route("路灯坏了").category == "0101"


@pytest.mark.parametrize("text", ["收费太高了", "教育"])
def test_a_short_name_of_a_category_alone_decides_nothing_but_is_proposed(text: str) -> None:
    routing = ROUTER.route(text)
    assert routing.chosen is None
    assert [candidate.unit_code for candidate in routing.candidates] == ["D03"]


def test_everyday_words_propose_a_unit_and_never_choose_it() -> None:
    routing = ROUTER.route("班主任打了我的孩子")
    assert (routing.chosen, routing.why) == (None, "no_words")
    assert [(c.unit_code, c.score < 0.5) for c in routing.candidates] == [("D03", True)]
    assert "班主任" in routing.candidates[0].words


def test_a_category_without_a_unit_is_still_the_category() -> None:
    routing = ROUTER.route("看见飞碟")
    assert (routing.chosen, routing.candidates, routing.category) == (None, (), "06")


def test_the_duty_desks_category_makes_it_no_candidate() -> None:
    routing = ROUTER.route("夜市")
    assert (routing.candidates, routing.category) == ((), "05")


def test_without_a_catalogue_there_is_no_category() -> None:
    assert KeywordRouter(Directory(UNITS, STAFF)).route("路灯坏了").category == ""


def merged(*pairs: tuple[str, str], gone: tuple[str, ...] = ()) -> Directory:
    into = dict(pairs)
    units = tuple(
        replace(unit, active=unit.code not in {*into, *gone}, merged_into=into.get(unit.code, "")) for unit in UNITS
    )
    return Directory(units, STAFF, CATALOGUE)


@pytest.mark.parametrize(
    ("directory", "code", "successor"),
    [
        (merged(), "D01", "D01"),
        (merged(("D01", "D02")), "D01", "D02"),
        (merged(("D01", "D02"), ("D02", "D03")), "D01", "D03"),
        (merged(gone=("D01",)), "D01", None),
        (merged(("D01", "D02"), gone=("D02",)), "D01", None),
        (merged(("D01", "D02"), ("D02", "D01")), "D01", None),
        (merged(("D01", "D01")), "D01", None),
        (merged(("D01", "D99")), "D01", None),
        (merged(), "D99", None),
    ],
)
def test_a_units_work_is_its_successors(directory: Directory, code: str, successor: str | None) -> None:
    found = directory.successor(code)
    assert (found.code if found else None) == successor


def test_the_words_of_a_merged_unit_and_of_its_categories_are_its_successors() -> None:
    router = KeywordRouter(merged(("D01", "D02")))
    assert router.route("路灯坏了").chosen == "D02"
    assert router.route("请城管局管管").chosen == "D02"
    assert {c.unit_code for c in router.route("路灯故障").candidates} == {"D02"}


def test_the_words_of_a_unit_abolished_without_a_successor_choose_nobody() -> None:
    router = KeywordRouter(merged(gone=("D01",)))
    assert router.route("请城管局管管路灯").chosen is None


def test_the_places_of_a_merged_subdistrict_are_its_successors() -> None:
    router = KeywordRouter(merged(("S01", "S02")))
    assert router.route("青松一路邻里纠纷").chosen == "S02"


@pytest.mark.parametrize(
    ("typed", "code"), [("城管局", "D02"), ("区城市管理局", "D02"), ("d01", "D02"), ("城市管理", "D02")]
)
def test_the_former_name_of_a_merged_unit_means_its_successor(typed: str, code: str) -> None:
    directory = merged(("D01", "D02"))
    assert [unit.code for unit in find_unit(directory, typed)] == [code]


def test_a_reason_may_end_with_a_former_name() -> None:
    found = unit_at_end(merged(("D01", "D02")), "不是我们的，应转城管局办理")
    assert found is not None
    assert found.code == "D02"


def test_a_unit_that_stands_is_meant_before_one_that_once_had_the_name() -> None:
    former = UnitRow("D09", "区市容局", Tier.DISTRICT, ("城管局",), active=False, merged_into="D03")
    directory = Directory((*UNITS, former), STAFF)
    assert [unit.code for unit in find_unit(directory, "城管局")] == ["D01"]
    assert [unit.code for unit in find_unit(directory, "市容局")] == ["D03"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("我住青松一路12号3栋", ("青松一路",)),
        ("青松1路12号", ("青松1路",)),
        ("青松１路", ("青松1路",)),
        ("松涛二期停水", ("松涛二期",)),
        ("松濤2期停水", ("松涛2期",)),
        ("白楊12巷", ("白杨12巷",)),
        ("51路公交不来", ()),
        ("五一路口", ("五一路",)),
        ("青松路", ()),
    ],
)
def test_places_are_found_as_people_write_them(text: str, places: tuple[str, ...]) -> None:
    assert ROUTER.places(text) == places
