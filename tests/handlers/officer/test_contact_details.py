"""联系: for a reason, on record, for a day, for one officer; never where the citizen must stay unknown."""

from __future__ import annotations

import pytest

from bot.conversation.acts import StaffBad, StaffContact
from bot.edge.messages import Address
from store import inquiries, people
from tests.kit.officer_words import parse_staff
from tests.kit.town import citizen_says, event, logged, page, say, shown, town
from tests.kit.world import CITIZEN

PHONE, SMS = "19900001234", "+12025550123"
TEXT = f"我叫王小明，电话{PHONE}，阳光小区3栋1501室漏水"
REASON = "核实漏水的具体位置"


@pytest.fixture
def world(tmp_path):
    found = town(tmp_path)
    yield found
    found.close()


@pytest.fixture
def inquiry_id(world):
    """At the lamp department, the citizen's phone bound."""
    number = world.inquiry(TEXT)

    def bind(tx):
        row = people.ensure(tx, "console", Address("sms", SMS), world.clock.now())
        people.change(tx, row.id, contact_id=inquiries.get(tx, number).contact_id)

    world.deps.store.write(bind)
    return number


def test_with_a_reason_the_page_shows_whom_to_call_and_the_words_as_written_for_a_day(world, inquiry_id):
    assert SMS not in shown(world, "lamp", inquiry_id)
    told = say(world, "lamp", f"联系 1 {REASON}")
    assert "已记录" in told
    assert SMS not in told  # numbers stay on the page
    seen = shown(world, "lamp", inquiry_id)
    assert SMS in seen
    assert TEXT in seen
    assert "骆星屿" in seen.partition('data-testid="contact"')[2]
    world.clock.forward(24 * 3600)
    later = shown(world, "lamp", inquiry_id)
    assert SMS not in later
    assert PHONE not in later


def test_it_is_for_the_one_who_asked(world, inquiry_id):
    say(world, "lamp", f"联系 1 {REASON}")
    assert SMS not in shown(world, "lamp2", inquiry_id)


def test_it_is_on_record_with_its_reason_and_the_citizen_sees_that_somebody_looked(world, inquiry_id):
    say(world, "lamp", f"联系 1 {REASON}")
    found = event(world, inquiry_id, "contact_opened")
    assert (found.data["reason"], found.actor_id) == (REASON, world.officers["lamp"])
    progress = citizen_says(world, "进度")
    assert "查看了您的联系方式" in progress
    assert REASON not in progress
    assert REASON in shown(world, "lamp2", inquiry_id)


def test_by_the_button_as_by_the_word(world, inquiry_id):
    assert page(world, "lamp", inquiry_id, "contact", reason=REASON).status_code == 303
    assert SMS in shown(world, "lamp", inquiry_id)
    assert logged(world, inquiry_id).count("contact_opened") == 1


@pytest.mark.parametrize("reason", ["想问", "  ", "问" * 201])
def test_without_a_proper_reason_nothing_is_shown(world, inquiry_id, reason):
    assert page(world, "lamp", inquiry_id, "contact", reason=reason).status_code == 422
    assert SMS not in shown(world, "lamp", inquiry_id)
    assert "contact_opened" not in logged(world, inquiry_id)


@pytest.mark.parametrize("values", [{"kind": "report"}, {"flags": ["accusation"]}, {"flags": ["secret"]}])
def test_who_reports_or_accuses_stays_unknown_to_the_unit(world, inquiry_id, values):
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, inquiry_id), **values))
    assert "须保密" in say(world, "lamp", f"联系 1 {REASON}")
    assert 'action="' in shown(world, "lamp", inquiry_id)
    assert "/contact" not in shown(world, "lamp", inquiry_id)


def test_what_becomes_confidential_closes_at_once(world, inquiry_id):
    say(world, "lamp", f"联系 1 {REASON}")
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, inquiry_id), kind="report"))
    assert SMS not in shown(world, "lamp", inquiry_id)


def test_a_unit_called_in_never_learns_it(world, inquiry_id):
    assert world.act("assist", inquiry_id, "lamp", _unit(world, "D02")).done
    assert "主办" in say(world, "water", f"联系 1 {REASON}")
    assert "/contact" not in shown(world, "water", inquiry_id)
    assert SMS not in shown(world, "water", inquiry_id)


def _unit(world, code):
    from store import directory

    return world.deps.store.read(lambda tx: directory.unit_by_code(tx, code))


def test_another_unit_does_not_even_learn_that_there_is_an_inquiry(world, inquiry_id):
    assert "已记录" not in say(world, "water", f"联系 1 {REASON}")


def test_after_the_answer_it_is_over(world, inquiry_id):
    say(world, "lamp", f"联系 1 {REASON}")
    say(world, "lamp", "复 1 已经派人修好，请您查看。")
    assert SMS not in shown(world, "lamp", inquiry_id)


def test_without_a_bound_phone_the_page_says_so(world):
    number = world.inquiry("建设路路灯坏了", citizen=CITIZEN)
    say(world, "lamp", f"联系 1 {REASON}")
    assert "没有绑定手机" in shown(world, "lamp", number)


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("联系 1024 核实位置", StaffContact("1024", "核实位置")),
        ("联系诉求人 26-1123-0042 核实位置", StaffContact("2611230042", "核实位置")),
        ("聯繫1024 核實位置 384712", StaffContact("1024", "核實位置", "384712")),
        ("联系 1024", StaffBad("staff.bad_contact")),
        ("联系方式是什么", None),
        ("联系我", None),
        ("联系3个单位", None),
    ],
)
def test_the_word_is_read_and_a_sentence_is_not(text, act):
    assert parse_staff(text) == act
