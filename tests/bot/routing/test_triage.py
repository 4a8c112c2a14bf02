from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.routing.keywords import KeywordRouter
from bot.routing.triage import Learned, judge

UNITS = (
    UnitRow("D00", "区问政办公室", Tier.DISTRICT),
    UnitRow("D01", "区城市管理局", Tier.DISTRICT, keywords=("路灯",)),
    UnitRow("D02", "区水务局", Tier.DISTRICT, keywords=("停水",)),
    UnitRow("D03", "区公园局", Tier.DISTRICT, active=False, merged_into="D01"),
    UnitRow("D04", "区文化局", Tier.DISTRICT),
    UnitRow("D05", "区教育局", Tier.DISTRICT),
)
STAFF = tuple(
    OfficerRow("某", u.code, Role.DUTY if u.code == "D00" else Role.OFFICER, f"+86199000000{n:02d}")
    for n, u in enumerate(UNITS)
    if u.code != "D05"
)
ROUTER = KeywordRouter(Directory(UNITS, STAFF))


@dataclass(frozen=True)
class Guessed:
    """What a model says of one text."""

    label: str
    confidence: float
    words: tuple[str, ...] = ("那个",)


@dataclass(frozen=True)
class Model:
    labels: tuple[str, ...] = ("D01", "D02", "D03", "D04", "D05")
    threshold: float = 0.9

    @property
    def thresholds(self):
        return {"0.95": self.threshold - 0.1, "0.98": self.threshold}


LEARNED = Learned("model:7", Model())


def decided(text, *guesses, learned=LEARNED, **more):
    return judge(ROUTER, text, learned=learned, guesses=guesses, **more)


def units(verdict):
    return [s.unit_code for s in verdict.suggestions]


def test_without_a_model_the_keywords_decide_from_the_first_minute():
    verdict = judge(ROUTER, "路灯坏了")
    assert (verdict.chosen, verdict.why, verdict.source) == ("D01", "department", "keywords")
    assert verdict.suggestions[0].words == ("路灯",)


def test_above_the_threshold_the_model_dispatches_by_itself():
    verdict = decided("没有关键词", Guessed("D04", 0.93), Guessed("D02", 0.04))
    assert (verdict.chosen, verdict.why, verdict.source) == ("D04", "learned", "model:7")
    assert [(s.unit_code, s.confidence) for s in verdict.suggestions] == [("D04", 0.93), ("D02", 0.04)]


def test_below_the_threshold_a_person_decides():
    verdict = decided("没有关键词", Guessed("D04", 0.89), Guessed("D02", 0.04))
    assert (verdict.chosen, verdict.why) == (None, "unsure")
    assert units(verdict) == ["D04", "D02"]


def test_the_wanted_precision_chooses_the_threshold():
    assert decided("没有关键词", Guessed("D04", 0.85), precision="0.95").chosen == "D04"


def test_a_precision_the_model_has_no_threshold_for_is_never_reached():
    assert decided("没有关键词", Guessed("D04", 1.0), precision="0.90").chosen is None


@pytest.mark.parametrize("flag", ["emergency", "self_harm", "secret", "accusation"])
def test_what_is_flagged_goes_to_a_person_however_sure_the_machine_is(flag):
    verdict = decided("路灯坏了", Guessed("D01", 0.99), flags=(flag,))
    assert (verdict.chosen, verdict.why) == (None, "flagged")
    assert units(verdict)[0] == "D01"
    assert judge(ROUTER, "路灯坏了", flags=(flag,)).chosen is None


def test_personal_data_is_no_reason_to_wait():
    assert decided("路灯坏了", Guessed("D01", 0.99), flags=("personal",)).chosen == "D01"


def test_an_accused_unit_is_neither_chosen_nor_proposed():
    verdict = decided("路灯坏了", Guessed("D01", 0.99), Guessed("D02", 0.01), accused=("D01",))
    assert verdict.chosen is None
    assert "D01" not in units(verdict)
    assert "D01" not in units(judge(ROUTER, "路灯坏了", accused=("D01",)))


def test_a_merged_units_share_goes_to_its_successor():
    verdict = decided("没有关键词", Guessed("D03", 0.6), Guessed("D01", 0.35))
    assert (verdict.chosen, verdict.suggestions[0].confidence) == ("D01", pytest.approx(0.95))


def test_a_unit_nobody_works_in_and_the_desk_itself_are_not_proposed():
    verdict = decided("没有关键词", Guessed("D05", 0.95), Guessed("D00", 0.04), Guessed("D04", 0.01))
    assert (verdict.chosen, units(verdict)) == (None, ["D04"])


def test_keywords_the_model_strongly_doubts_are_for_a_person():
    verdict = decided("路灯旁边天天唱歌", Guessed("D04", 0.8), Guessed("D01", 0.1))
    assert (verdict.chosen, verdict.why) == (None, "disputed")


def test_keywords_the_model_does_not_contradict_still_decide():
    verdict = decided("路灯坏了", Guessed("D01", 0.7), Guessed("D04", 0.1))
    assert (verdict.chosen, verdict.why) == ("D01", "department")


def test_keywords_that_were_often_wrong_only_propose():
    often_wrong = replace(LEARNED, keywords=(100, 90))
    assert decided("路灯坏了", Guessed("D01", 0.7), learned=often_wrong).chosen is None
    assert decided("路灯坏了", Guessed("D01", 0.7), learned=replace(LEARNED, keywords=(100, 99))).chosen == "D01"
    assert decided("路灯坏了", Guessed("D01", 0.7), learned=replace(LEARNED, keywords=(10, 5))).chosen == "D01"


def test_a_unit_the_model_has_never_seen_is_not_overruled_by_it():
    unseen = replace(LEARNED, guesser=Model(labels=("D02", "D04")))
    sure_of_another = decided("路灯坏了", Guessed("D04", 0.95), learned=unseen)
    assert (sure_of_another.chosen, sure_of_another.why) == (None, "disputed")
    unsure = decided("路灯坏了", Guessed("D04", 0.5), Guessed("D02", 0.4), learned=unseen)
    assert unsure.chosen == "D01"
    assert units(unsure) == ["D04", "D02", "D01"]


def test_at_most_three_are_proposed_the_likeliest_first():
    verdict = decided("路灯和停水", Guessed("D04", 0.3), Guessed("D02", 0.5), Guessed("D01", 0.1), Guessed("D03", 0.05))
    assert units(verdict) == ["D02", "D04", "D01"]


def test_the_record_holds_what_the_desk_is_shown():
    record = decided("路灯坏了", Guessed("D01", 0.95)).record()
    assert record["candidates"][0] == ["D01", 0.95, ["那个"]]
    assert (record["chosen"], record["source"], record["places"]) == ("D01", "model:7", [])
