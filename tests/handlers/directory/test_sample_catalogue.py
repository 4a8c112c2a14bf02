"""The sample district's catalogue: three levels, each matter some department's, and no trap for the router."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bot.directory.units import Tier
from bot.routing.keywords import KeywordRouter
from handlers.directory.read import read_directory

SAMPLE = Path(__file__).parents[3] / "templates" / "sample"
DISTRICT = read_directory(SAMPLE)[0]
CATALOGUE = DISTRICT.catalogue
ROUTER = KeywordRouter(DISTRICT)
LEAVES = [category for category in CATALOGUE.categories if CATALOGUE.level(category.code) == 3]


def test_it_has_three_levels_and_names_nothing_twice() -> None:
    levels = Counter(CATALOGUE.level(category.code) for category in CATALOGUE.categories)
    assert levels == {1: 12, 2: 59, 3: 177}
    assert len({category.name for category in CATALOGUE.categories}) == len(CATALOGUE.categories)


def test_every_matter_belongs_to_a_department() -> None:
    owners = {CATALOGUE.unit_of(category.code) for category in LEAVES}
    assert {DISTRICT.by_code[code].tier for code in owners} == {Tier.DISTRICT}
    assert not owners & DISTRICT.duty_codes


def test_a_matter_named_is_recognised_and_never_goes_to_another_unit() -> None:
    found = {category.code: ROUTER.route(f"我们这里{category.name}，请处理") for category in LEAVES}
    assert [code for code, routing in found.items() if routing.category != code] == []
    assert [code for code, routing in found.items() if routing.chosen not in {None, CATALOGUE.unit_of(code)}] == []
    assert [code for code, routing in found.items() if routing.candidates[0].unit_code != CATALOGUE.unit_of(code)] == []


@pytest.mark.parametrize("form", ["青松一路附近{word}的问题一直没人管，请派人看一看。", "请问{word}由哪个部门负责？"])
def test_it_takes_no_unit_its_keywords(form: str) -> None:
    bare = KeywordRouter(replace(DISTRICT, catalogue=None))
    words = [word for unit in DISTRICT.units if unit.tier is Tier.DISTRICT for word in unit.keywords]
    texts = [form.format(word=word) for word in words]
    assert [text for text in texts if bare.route(text).chosen != ROUTER.route(text).chosen] == []


def test_everyday_words_find_a_unit_to_propose() -> None:
    routing = ROUTER.route("班主任天天打孩子")
    assert routing.candidates[0].unit_code == "D04"
