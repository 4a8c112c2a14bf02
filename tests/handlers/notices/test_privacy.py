"""Who reads what: masked for the unit, as written at the desk, a secret for one officer alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.edge.messages import Kind, MediaRef
from handlers.citizen import matter
from handlers.inquiry import hand_over
from handlers.notices import notify
from handlers.notices.phrases import HIDDEN
from handlers.notices.privacy import fields_for, keepers, may_read, summary_of, text_for
from store import inquiries
from store import outbox as store_outbox
from store.engine.writes import update_row
from store.tables.delivery import media as media_table
from tests.kit.town import citizen_says, say, town

PHONE = "19900001234"
TEXT = f"我叫王小明，电话{PHONE}，阳光小区3栋1501室门前路灯坏了三天"
STAMPED = "机密★10年 某某工程的图纸"


@pytest.fixture
def world(tmp_path):
    found = town(tmp_path)
    yield found
    found.close()


def officer(role, code="x"):
    return SimpleNamespace(role=role, code=code)


def flagged(*names):
    return SimpleNamespace(flags=list(names))


@pytest.mark.parametrize(
    ("role", "keeper", "seen"),
    [
        ("leader", "", True),
        ("duty", "", False),
        ("officer", "", False),
        ("head", "", False),
        ("leader", "k1", False),
        ("duty", "k1", False),
        ("officer", "x", True),
        ("leader", "x", True),
    ],
)
def test_a_secret_is_read_by_the_one_officer_named_or_by_the_leaders_where_none_is(role, keeper, seen):
    assert may_read(officer(role), flagged("secret"), keeper=keeper) is seen
    assert (text_for(officer(role), flagged("secret"), "路灯坏了", keeper=keeper) != HIDDEN) is seen


@pytest.mark.parametrize("role", ["leader", "duty", "officer", "head"])
def test_everything_else_is_read_by_everybody(role):
    assert may_read(officer(role), flagged("personal", "accusation"))
    assert may_read(officer(role), SimpleNamespace(flags=None))
    assert may_read(officer(role), None)


@pytest.mark.parametrize(("role", "shown"), [("duty", True), ("leader", True), ("officer", False), ("head", False)])
def test_the_desk_reads_as_written_and_the_unit_masked(role, shown):
    text = text_for(officer(role), flagged(), TEXT)
    assert (PHONE in text) is shown
    assert "路灯坏了三天" in text


def test_a_secret_said_before_or_after_the_flag_is_hidden_by_itself():
    assert text_for(officer("duty"), SimpleNamespace(flags=None), STAMPED) == HIDDEN
    assert text_for(officer("officer", "k1"), flagged(), STAMPED, keeper="k1") != HIDDEN


def test_only_the_citizens_words_of_a_notice_are_touched():
    found = fields_for(officer("officer"), flagged(), {"text": TEXT, "reason": "", "unit": f"局{PHONE}", "asked": True})
    assert PHONE not in found["text"]
    assert found["unit"] == f"局{PHONE}"
    assert (found["reason"], found["asked"]) == ("", True)


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("路灯坏了三天没人修", "路灯坏了三天没人修"),
        (f"电话{PHONE}路灯坏了", "电话***路灯坏了"),
        (STAMPED, HIDDEN),
        ("", ""),
        ("很长" * 30, "很长" * 9 + "很…"),
    ],
)
def test_a_list_never_names_anybody(text, summary):
    assert summary_of(text, 20) == summary


# --- what reaches people ---


def notice(world, inquiry_id, key):
    rows = world.deps.store.read(lambda tx: store_outbox.of_inquiry(tx, inquiry_id))
    return {row.officer_id: row.params for row in rows if row.key == key}


def set_flags(world, inquiry_id, *names):
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, inquiry_id), flags=list(names)))


def give(world, inquiry_id, unit):
    def work(tx):
        row = inquiries.get(tx, inquiry_id)
        inquiries.change(tx, row, state="dispatched", unit_id=world.units[unit])
        return hand_over.dispatch(
            world.deps, tx, inquiries.get(tx, inquiry_id), world.units[unit], now=world.clock.now()
        )

    return world.deps.store.write(work)


def test_the_units_notice_is_masked_and_the_desks_is_not(world):
    at_unit, at_desk = world.inquiry(TEXT), world.inquiry(TEXT, unit="D00")
    unit = notice(world, at_unit, "order.new")
    assert unit
    assert all(PHONE not in str(params["text"]) and "路灯坏了" in params["text"] for params in unit.values())
    desk = notice(world, at_desk, "desk.new")
    assert PHONE in desk[world.officers["duty"]]["text"]


def test_what_is_added_or_rated_reaches_the_unit_masked(world):
    citizen_says(world, "建设路路灯坏了三天")
    (row,) = world.deps.store.read(inquiries.newest)
    world.deps.store.write(lambda tx: inquiries.set_fold(tx, row.id, None))
    give(world, row.id, "D01")
    world.clock.forward(3600)
    citizen_says(world, f"补充 我的电话{PHONE}")
    params = notice(world, row.id, "order.supplemented")
    assert params
    assert all(PHONE not in each["text"] for each in params.values())
    say(world, "lamp", f"复{row.number} 已修好，请核实路灯。")
    citizen_says(world, f"3 没修好，打我电话{PHONE}")
    assert all(PHONE not in str(each) for each in notice(world, row.id, "order.rated").values())
    assert PHONE not in str(notice(world, row.id, "order.new"))


def test_an_officers_own_words_are_left_alone(world):
    inquiry_id = world.inquiry()
    world.deps.store.write(
        lambda tx: notify.to_unit(
            world.deps,
            tx,
            inquiries.get(tx, inquiry_id),
            key="order.assisted",
            once="t",
            now=world.clock.now(),
            params={"unit": "区水务局", "text": f"施工队电话{PHONE}"},
        )
    )
    assert all(PHONE in params["text"] for params in notice(world, inquiry_id, "order.assisted").values())


def test_the_word_show_gives_the_unit_what_it_may_read_and_says_that_something_is_covered(world):
    inquiry_id = world.inquiry(TEXT)
    number = world.get(inquiry_id).number
    shown = say(world, "lamp", f"看{number}")
    assert PHONE not in shown
    assert "路灯坏了三天" in shown
    assert "已隐去" in shown
    assert PHONE in say(world, "duty", f"看{number}")
    assert "已隐去" not in say(world, "duty", f"看{number}")


def test_the_units_page_shows_the_text_masked_and_where_to_ask(world):
    inquiry_id = world.inquiry(TEXT)
    unit = world.client().get(world.staff_path(inquiry_id, "lamp")).text
    assert PHONE not in unit
    assert "王小明" not in unit
    assert "问市民一件事" in unit
    desk = world.client().get(world.staff_path(inquiry_id, "duty")).text
    assert PHONE in desk


def test_a_citizens_list_and_the_officers_name_nobody(world):
    citizen_says(world, TEXT)
    (row,) = world.deps.store.read(inquiries.newest)
    assert PHONE not in row.summary
    assert row.summary.startswith("我叫王**")


def test_a_secret_is_hidden_from_the_desk_in_notice_word_and_page(world):
    inquiry_id = world.inquiry(STAMPED, unit=None)
    set_flags(world, inquiry_id, "secret")
    give(world, inquiry_id, "D00")
    number = world.get(inquiry_id).number
    assert notice(world, inquiry_id, "desk.new")[world.officers["duty"]]["text"] == HIDDEN
    assert "图纸" not in say(world, "duty", f"看{number}")
    page = world.client().get(world.staff_path(inquiry_id, "duty")).text
    assert "图纸" not in page
    assert "指定的一名人员" in page


def test_the_leaders_are_told_of_a_secret_and_read_it_on_its_page(world):
    inquiry_id = world.inquiry(STAMPED, unit=None)
    set_flags(world, inquiry_id, "secret")
    give(world, inquiry_id, "D00")
    assert set(notice(world, inquiry_id, "order.secret")) == {world.officers["chief"]}
    assert "图纸" in world.client().get(world.staff_path(inquiry_id, "chief")).text


def test_with_an_officer_named_only_that_one_is_told_and_reads(world):
    world.deps.secrets_officer = "water"
    inquiry_id = world.inquiry(STAMPED, unit=None)
    set_flags(world, inquiry_id, "secret")
    give(world, inquiry_id, "D00")
    assert set(notice(world, inquiry_id, "order.secret")) == {world.officers["water"]}
    page = world.client().get(world.staff_path(inquiry_id, "water")).text
    assert "图纸" in page
    assert 'action="' not in page  # another unit's: to read, not to work on
    assert "图纸" not in world.client().get(world.staff_path(inquiry_id, "chief")).text
    assert world.client().get(world.staff_path(inquiry_id, "street")).status_code == 403


def test_a_setting_that_names_nobody_opens_nothing_and_raises_an_alarm(world):
    world.deps.secrets_officer = "nobody"
    assert world.deps.store.read(lambda tx: keepers(world.deps, tx)) == []
    assert "no_secrets_officer" in str(world.alarms.raised)


def test_a_secrets_picture_is_kept_from_the_desk(world):
    ref = MediaRef("m1", Kind.IMAGE)
    inquiry_id = world.inquiry(STAMPED, unit=None, media=(ref,))
    give(world, inquiry_id, "D00")
    (world.deps.media_folder / "a").mkdir(parents=True)
    (world.deps.media_folder / "a" / "b.jpg").write_bytes(b"\xff\xd8\xff")

    def store_it(tx):
        (row,) = inquiries.media_of(tx, inquiry_id)
        update_row(tx, media_table, row.id, state="stored", path="a/b.jpg", content_type="image/jpeg")
        return row.id

    media_id = world.deps.store.write(store_it)
    address = f"{world.staff_path(inquiry_id, 'duty')}/media/{media_id}"
    with world.client().get(address) as shown:
        assert shown.status_code == 200
    set_flags(world, inquiry_id, "secret")
    assert world.client().get(address).status_code == 404


def test_an_emergency_reaches_the_desk_as_it_was_said(world):
    citizen_says(world, f"三楼着火了，我叫王小明，电话{PHONE}")
    (row,) = world.deps.store.read(inquiries.newest)
    alert = notice(world, row.id, "alert.emergency")[world.officers["duty"]]
    assert PHONE in alert["text"]
    assert alert["number"] == row.number


def test_what_stands_in_for_a_secret_fits_a_templates_field():
    assert len(HIDDEN) <= matter.SUMMARY_LENGTH
