from __future__ import annotations

import pytest

from bot.directory.catalogue import Catalogue, Category, CategoryIndex, parts_of

CATALOGUE = Catalogue((
    Category("01", "城市管理", unit_code="D14"),
    Category("0101", "照明设施", keywords=("灯杆",)),
    Category("010101", "路灯故障"),
    Category("010102", "景观灯", unit_code="D34"),
    Category("0102", "占道经营", keywords=("夜市", "摊点")),
    Category("02", "教育"),
    Category("0201", "招生入学", unit_code="D04"),
    Category("0202", "校门安全与食堂"),
    Category("03", "环境保护", unit_code="D12"),
    Category("0301", "噪声污染、烟尘污染"),
    Category("77", "特别事项", parent_code="02"),
    Category("04", "旧类", active=False),
    Category("0401", "旧路灯事项"),
))  # fmt: skip
INDEX = CategoryIndex(CATALOGUE)


@pytest.mark.parametrize(
    ("code", "level", "path", "unit"),
    [
        ("01", 1, ("城市管理",), "D14"),
        ("0101", 2, ("城市管理", "照明设施"), "D14"),
        ("010101", 3, ("城市管理", "照明设施", "路灯故障"), "D14"),
        ("010102", 3, ("城市管理", "照明设施", "景观灯"), "D34"),
        ("0202", 2, ("教育", "校门安全与食堂"), ""),
        ("77", 2, ("教育", "特别事项"), ""),
        ("99", 0, (), ""),
    ],
)
def test_a_category_knows_its_level_path_and_the_nearest_unit_in_charge(
    code: str, level: int, path: tuple[str, ...], unit: str
) -> None:
    assert CATALOGUE.level(code) == level
    assert CATALOGUE.path(code) == path
    assert CATALOGUE.unit_of(code) == unit


def test_a_category_stands_under_its_ancestors_at_each_level() -> None:
    assert [CATALOGUE.at("010101", level) for level in (1, 2, 3)] == ["01", "0101", "010101"]
    assert CATALOGUE.at("01", 2) == ""


def test_parents_in_a_ring_hang_nothing() -> None:
    ring = Catalogue((Category("01", "甲", parent_code="02"), Category("02", "乙", parent_code="01")))
    assert ring.level("01") == 3
    assert CategoryIndex(ring).match("甲乙") == ()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("噪声污染、烟尘污染", ("噪声污染", "烟尘污染")),
        ("校门安全与食堂", ("校门安全", "食堂")),
        ("路灯及景观灯", ("路灯", "景观灯")),
        ("路灯故障", ("路灯故障", "路灯")),
        ("停车管理", ("停车管理", "停车")),
        ("其他", ()),
        ("服务管理", ("服务管理",)),
        ("房產證補發、換發", ("房产证补发", "换发")),
        ("和平", ("和平",)),
        ("工资(福利)", ("工资", "福利")),
    ],
)
def test_a_name_is_split_into_what_it_names(name: str, parts: tuple[str, ...]) -> None:
    assert parts_of(name) == parts


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("门口的路灯坏了", "010101", "路灯"),
        ("路燈壞了", "010101", "路灯"),
        ("灯杆倒了", "0101", "灯杆"),
        ("楼下夜市太吵", "0102", "夜市"),
        ("明年的招生简章在哪里看", "0201", "招生"),
        ("食堂不干净", "0202", "食堂"),
        ("烟尘污染严重", "0301", "烟尘污染"),
    ],
)
def test_a_text_matches_the_category_whose_words_it_has(text: str, code: str, word: str) -> None:
    best = INDEX.match(text)[0]
    assert (best.code, best.words[0]) == (code, word)
    assert best.score > 0


@pytest.mark.parametrize(
    ("text", "code"), [("夜里臭味刺鼻", "0301"), ("黑烟很大", "0301"), ("学区怎么划片", "0201"), ("班主任打人", "02")]
)
def test_everyday_words_stand_for_the_official_ones(text: str, code: str) -> None:
    assert INDEX.match(text)[0].code == code
    assert CategoryIndex(CATALOGUE, {}).match(text) == ()


@pytest.mark.parametrize("text", ["", "你们到底管不管", "旧类", "😀", "a" * 5000])
def test_what_nothing_fits_matches_nothing(text: str) -> None:
    assert INDEX.match(text) == ()


def test_nothing_under_an_abolished_category_matches() -> None:
    assert "0401" not in {match.code for match in INDEX.match("旧路灯事项")}


def test_what_stands_below_counts_for_the_level_asked_for() -> None:
    found = INDEX.match("路灯不亮，夜市占道，食堂也不好", level=1)
    assert [match.code for match in found] == ["01", "02"]
    assert set(found[0].words) >= {"路灯", "夜市", "占道"}
    assert {len(match.code) for match in INDEX.match("路灯不亮，夜市占道", level=2)} == {4}


def test_a_word_of_one_category_weighs_more_than_one_of_many() -> None:
    names = ("施工噪声", "工业噪声", "生活噪声", "排污口")
    index = CategoryIndex(Catalogue(tuple(Category(f"0{n}", name) for n, name in enumerate(names, 1))), {})
    assert index.match("噪声和排污")[0].code == "04"


def test_a_keyword_outweighs_a_name() -> None:
    index = CategoryIndex(Catalogue((Category("01", "井盖"), Category("02", "其他", keywords=("井盖",)))))
    assert index.match("井盖没了")[0].code == "02"


def test_only_so_many_matches_are_told() -> None:
    assert len(INDEX.match("路灯夜市招生食堂噪声污染", most=2)) == 2


def test_an_empty_catalogue_matches_nothing() -> None:
    assert CategoryIndex(Catalogue()).match("路灯") == ()
