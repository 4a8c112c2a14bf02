"""The duty desk's page: the queue by urgency, two taps, other units, not accepted, merged, corrected."""

from __future__ import annotations

import re
from html import unescape

import pytest

from bot.inquiry.rejection import Reason
from bot.inquiry.states import Actor, Event
from handlers.duty_desk import rules
from handlers.inquiry.transitions import Author
from store import decisions, directory, inquiries, requests
from store.engine.writes import insert_row
from store.tables.routing import topics
from tests.kit.deadline_kit import district
from tests.kit.duty_kit import HOSTILE, SURE, Browser, number, routed


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


@pytest.fixture
def desk(world):
    browser = Browser(world, "duty")
    browser.open()
    return browser


def lead(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry_id))


def decided(world, inquiry_id):
    return world.deps.store.read(lambda tx: decisions.of_inquiry(tx, inquiry_id))


def told(world, inquiry_id, key):
    from store import outbox

    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))
    return [world.deps.texts.render(row.key, row.params) for row in rows if row.key == key]


# --- the queue ---


def test_danger_comes_first_then_what_needs_care_then_what_is_due_soonest(world, desk):
    late = routed(world, "今天刚说的", ago=0)
    early = routed(world, "前几天说的", ago=3 * 24 * 60)
    accused = routed(world, "举报某主任", flags=["accusation", "personal"])
    urgent = routed(world, "煤气泄漏", urgent=True)
    harm = routed(world, "活不下去", flags=["self_harm"])
    personal = routed(world, "我的电话", flags=["personal"], ago=10 * 24 * 60)
    desk.open()
    expected = [urgent, harm, accused, personal, early, late]
    assert desk.numbers() == [number(world, each) for each in expected]


def test_what_lies_with_a_unit_or_is_over_is_not_in_the_queue(world, desk):
    routed(world, unit="D01", chosen="D01")
    gone = routed(world)
    assert desk.open().text.count("queue-item") == 1
    desk.press("/send", gone, pick="1 D01")
    assert desk.numbers() == []
    assert "没有待派的件" in desk.page.text


def test_an_item_tells_how_long_it_waits_until_when_it_is_due_where_and_why_it_is_here(world, desk):
    routed(world, ago=130, places=["春晓社区"], why="unsure")
    text = desk.open().text
    for words in ("等了 2 小时", "剩 4 个工作日", "春晓社区", "没有自动派出：把握不够"):
        assert words in text


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "刚到"), (35, "等了 35 分钟"), (60, "等了 1 小时"), (3000, "等了 2 天")]
)
def test_the_time_waited_is_said_in_the_unit_that_fits(world, desk, minutes, words):
    routed(world, ago=minutes)
    assert words in desk.open().text


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("emergency", "紧急"),
        ("self_harm", "轻生风险"),
        ("accusation", "举报干部"),
        ("personal", "含个人信息"),
        ("new", "需留意"),
    ],
)
def test_each_flag_is_a_word(world, desk, flag, words):
    routed(world, flags=[flag])
    assert re.search(rf'class="tag[^"]*">{words}</span>', desk.open().text)


def test_three_suggestions_show_unit_confidence_and_deciding_words(world, desk):
    routed(world)
    page = desk.open().text
    assert [unescape(name) for name in re.findall(r"<b>([^<]+)</b><span class=\"sure\">", page)] == [
        "区城市管理局",
        "杏花街道办事处",
        "区水务局",
    ]
    assert re.findall(r'class="sure">([^<]+)<', page) == ["62%", "21%", "6%"]
    assert re.findall(r'<progress max="100" value="(\d+)"', page) == ["62", "21", "6"]
    assert "摆摊、占道" in page


def test_what_the_keywords_guess_is_marked_as_an_estimate(world, desk):
    routed(world, source="keywords")
    assert re.findall(r'class="sure">([^<]+)<', desk.open().text) == ["按关键词"] * 3


def test_a_long_text_shows_its_beginning_and_the_rest_behind_a_tap(world, desk):
    text = "".join(f"第{n}句话。" for n in range(400))
    inquiry_id = routed(world, text)
    page = desk.open().text
    assert text[:90] + "…" in page
    assert text[90:300] in page
    assert text[400:] not in page
    assert text in desk.order(inquiry_id).text


def test_fifty_waiting_with_long_texts_and_many_units_are_a_page_of_at_most_100_kb(world, desk):
    for n in range(50):
        routed(
            world,
            "占道经营，天天如此，没有人管，" * 130,
            citizen=n,
            flags=["accusation", "personal"],
            places=["春晓社区", "建设路", "桂湖"],
            ago=n,
        )
    page = desk.open()
    assert len(page.data) <= 100_000
    assert len(desk.numbers()) + len(desk.numbers("queue-line")) == 50


def test_more_than_a_page_holds_are_counted(world, desk):
    for n in range(52):
        routed(world, citizen=n)
    page = desk.open().text
    assert "待派 <b>52</b>" in page
    assert f"排在后面的 {52 - len(desk.numbers())} 件" in page


@pytest.mark.parametrize("path", ["queue", "order", "sent"])
def test_a_hostile_text_is_only_text(world, desk, path):
    inquiry_id = routed(world, HOSTILE, candidates=[["D01", 0.5, [HOSTILE]]], places=[HOSTILE])
    sent = routed(world, HOSTILE, unit="D01", chosen="D01", candidates=[["D01", 0.99, [HOSTILE]]])
    page = {"queue": desk.open, "order": lambda: desk.order(inquiry_id), "sent": lambda: desk.open("/duty/sent")}[
        path
    ]().text
    assert number(world, sent if path == "sent" else inquiry_id) in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "49" not in re.sub(r'value="[^"]*"', "", page)


def test_no_address_on_the_page_holds_what_a_citizen_wrote(world, desk):
    routed(world, "小区门口天天有人摆摊")
    for address in re.findall(r'(?:href|action)="([^"]+)"', desk.open().text):
        assert "%" not in address
        assert address.isascii()


# --- two taps ---


def test_a_suggestion_is_sent_and_the_next_item_stands_on_top(world, desk):
    first, second = routed(world, ago=60), routed(world, "水管爆了")
    desk.open()
    desk.press("/send", first, pick="1 D01")
    assert lead(world, first).unit_code == "D01"
    assert desk.said() == f"{number(world, first)} 已派给区城市管理局。"
    assert desk.numbers() == [number(world, second)]
    assert "outbox" in world.woken


def test_what_was_decided_is_kept_to_learn_from_with_what_had_been_suggested(world, desk):
    inquiry_id = routed(world)
    desk.open()
    desk.press("/send", inquiry_id, pick="2 S01")
    kept = decided(world, inquiry_id)
    assert (kept.unit_id, kept.source, kept.officer_id) == (world.units["S01"], "desk", world.officers["duty"])
    assert kept.suggested["candidates"] == SURE


def test_a_leader_sends_on_as_well(world):
    inquiry_id = routed(world)
    browser = Browser(world, "chief")
    browser.open()
    browser.press("/send", inquiry_id, pick="1 D01")
    assert lead(world, inquiry_id).unit_code == "D01"


def test_of_two_officers_the_second_is_told_who_was_first(world, desk):
    inquiry_id = routed(world)
    other = Browser(world, "chief")
    desk.open(), other.open()
    form = desk.form("/send", inquiry_id)
    other.press("/send", inquiry_id, pick="2 S01")
    answer = desk.submit(form, pick="1 D01")
    assert answer.status_code == 409
    assert "顾言和" in desk.said()
    assert "杏花街道办事处" in desk.said()
    assert lead(world, inquiry_id).unit_code == "S01"


def test_an_order_opened_after_somebody_sent_it_tells_who(world, desk):
    inquiry_id = routed(world)
    order = world.order(inquiry_id).id
    other = Browser(world, "chief")
    other.open()
    other.press("/send", inquiry_id, pick="1 D01")
    answer = desk.open(f"/duty/order/{order}")
    assert answer.status_code == 409
    assert "顾言和" in desk.said()


@pytest.mark.parametrize("pick", ["", "1", "9 D01", "1 D99", "1 D00", "1 d01'--"])
def test_a_button_nobody_made_sends_nothing(world, desk, pick):
    inquiry_id = routed(world)
    desk.open()
    assert desk.press("/send", inquiry_id, pick=pick).status_code in {409, 422}
    assert lead(world, inquiry_id).unit_code == "D00"


def test_the_unit_that_was_read_is_the_unit_it_goes_to_though_the_list_changed_meanwhile(world, desk):
    inquiry_id = routed(world)
    desk.open()
    row = world.get(inquiry_id)
    world.deps.store.write(lambda tx: inquiries.change(tx, row, routing=row.routing | {"candidates": SURE[::-1]}))
    desk.press("/send", inquiry_id, pick="1 D01")
    assert lead(world, inquiry_id).unit_code == "D01"


def test_where_nothing_is_suggested_a_unit_is_named_on_the_spot(world, desk):
    inquiry_id = routed(world, "说不清的事", candidates=[], why="no_words")
    desk.open()
    assert desk.page.text.count('<option value="区水务局">') == 1
    desk.press("/other", inquiry_id, unit="水务局")
    assert lead(world, inquiry_id).unit_code == "D02"
    assert desk.said() == f"{number(world, inquiry_id)} 已派给区水务局。"


def test_the_list_of_units_is_on_the_page_only_where_it_is_needed(world, desk):
    routed(world)
    assert "<option" not in desk.open().text


# --- seals ---


def test_a_form_without_the_seal_or_with_another_orders_officers_or_actions_does_nothing(world, desk):
    mine, other = routed(world), routed(world, "另一件", citizen="bob")
    desk.open()
    order, seals = world.order(mine).id, [desk.form("/send", other)[1]["seal"], "0" * 40, ""]
    desk.order(mine)
    seals.append(desk.form("/act/other")[1]["seal"])
    chief = Browser(world, "chief")
    chief.open()
    seals.append(chief.form("/send", mine)[1]["seal"])
    again = Browser(world, "duty")
    again.open()
    seals.append(again.form("/send", mine)[1]["seal"])
    for seal in seals:
        answer = desk.client.post("/duty/act/send", data={"order": order, "seal": seal, "pick": "1 D01"})
        assert answer.status_code == 403
        assert "没有办成" in answer.text
    assert lead(world, mine).unit_code == "D00"


# --- another unit ---


def test_any_unit_can_be_named_with_a_helper(world, desk):
    inquiry_id = routed(world)
    desk.order(inquiry_id)
    assert '<option value="区水务局">' in desk.page.text
    desk.press("/act/other", unit="区水务局", assists="区城市管理局、杏花街道办事处")
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))
    assert [(row.unit_code, row.role) for row in rows if row.state == "pending"] == [
        ("D02", "lead"),
        ("D01", "assist"),
        ("S01", "assist"),
    ]


def test_a_unit_nobody_knows_is_asked_for_again_with_what_was_typed(world, desk):
    inquiry_id = routed(world)
    desk.order(inquiry_id)
    answer = desk.press("/act/other", unit="外星局", assists="区水务局")
    assert answer.status_code == 422
    assert 'value="外星局"' in answer.text
    assert 'value="区水务局"' in answer.text
    assert lead(world, inquiry_id).unit_code == "D00"


def test_the_desk_itself_is_no_unit_to_send_to(world, desk):
    desk.order(routed(world))
    assert "区问政办公室" not in re.findall(r'<option value="([^"]+)"', desk.page.text)


# --- not accepted ---


def test_every_reason_has_words_of_its_own(world, desk):
    desk.order(routed(world))
    labels = re.findall(r'<label for="c\d+">([^<]+)</label>', desk.page.text)
    assert len(set(labels)) == len(Reason)


def test_before_it_is_not_accepted_the_officer_reads_what_the_citizen_will(world, desk):
    inquiry_id = routed(world)
    desk.order(inquiry_id)
    desk.press("/look/reject", code="LEGAL_PATH", note="您已向法院起诉。")
    assert lead(world, inquiry_id) is not None, "only looked at"
    assert told(world, inquiry_id, "rejected") == []
    shown = unescape(re.search(r'data-testid="told">(.*?)</blockquote>', desk.page.text, re.DOTALL)[1])
    desk.press("/act/reject")
    assert world.get(inquiry_id).state == "rejected"
    assert told(world, inquiry_id, "rejected") == [shown]
    assert "您已向法院起诉" in shown
    assert "不予受理" in desk.said()


def test_a_reason_that_needs_words_asks_for_them(world, desk):
    inquiry_id = routed(world)
    desk.order(inquiry_id)
    answer = desk.press("/look/reject", code="OTHER", note="")
    assert answer.status_code in {409, 422}
    assert desk.said()
    assert world.get(inquiry_id).state == "dispatched"


def test_danger_is_never_not_accepted(world, desk):
    inquiry_id = routed(world, flags=["self_harm"])
    desk.order(inquiry_id)
    assert desk.press("/look/reject", code="ABUSE").status_code == 409
    assert world.get(inquiry_id).state == "dispatched"


def test_an_objection_is_another_officers_to_decide(world, desk):
    inquiry_id = routed(world)
    desk.order(inquiry_id)
    desk.press("/look/reject", code="LEGAL_PATH", note="您已向法院起诉。")
    desk.press("/act/reject")

    def object_to(tx):
        by = Author(Actor.CITIZEN, None, world.clock.now())
        rules.reopen_at_desk(
            world.deps,
            tx,
            inquiries.get(tx, inquiry_id),
            Event.APPEAL,
            by,
            name="objected",
            days=1,
            kind=rules.OBJECTION,
            tell=False,
            appeals=1,
        )

    world.deps.store.write(object_to)
    for page in (desk.open(), desk.order(inquiry_id)):
        assert "市民有异议" in page.text
        assert "须由另一人决定" in page.text
        assert "/duty/act/" not in page.text
    other = Browser(world, "chief")
    other.open()
    other.press("/send", inquiry_id, pick="1 D01")
    assert lead(world, inquiry_id).unit_code == "D01"


# --- merging ---


def test_a_likely_repeat_shows_both_texts_and_is_merged(world, desk):
    first = routed(world, "春晓社区门口天天摆摊，没有人管", unit="D01", chosen="D01")
    again = routed(world, "又有人摆摊了", repeat_of_id=first, why="repeat")
    page = desk.open().text
    assert f"可能重复于 {number(world, first)}" in page
    assert "春晓社区门口天天摆摊" in page
    desk.press("/merge", again)
    assert world.get(again).merged_into_id == first
    assert desk.said() == f"{number(world, again)} 已并入 {number(world, first)}，市民会一同收到答复。"


def test_a_number_that_was_typed_is_compared_before_it_is_merged(world, desk):
    first = routed(world, "春晓社区门口天天摆摊", unit="D01", chosen="D01", citizen="bob")
    again = routed(world, "又有人摆摊了")
    desk.order(again)
    desk.press("/look/merge", into=number(world, first))
    assert "春晓社区门口天天摆摊" in desk.page.text
    assert "又有人摆摊了" in desk.page.text
    assert world.get(again).state == "dispatched"
    desk.press("/act/merge")
    assert world.get(again).merged_into_id == first


def test_a_number_nobody_has_merges_nothing(world, desk):
    again = routed(world)
    desk.order(again)
    assert desk.press("/look/merge", into="26-0101-9999").status_code in {409, 422}
    assert world.get(again).state == "dispatched"


def test_what_is_over_for_good_is_shown_beside_a_repeat_but_not_merged_into(world, desk):
    first = routed(world, "春晓社区门口天天摆摊")
    row = world.get(first)
    world.deps.store.write(lambda tx: inquiries.change(tx, row, state="closed"))
    again = routed(world, "又有人摆摊了", repeat_of_id=first, why="no_words")
    for page in (desk.open(), desk.order(again)):
        assert f"可能重复于 {number(world, first)}" in page.text
        assert "已办结" in page.text
        assert 'data-testid="merge"' not in page.text


def alike(world, count=3, **values):
    head = routed(world, "春晓小区停水了", citizen="head", **values)
    return head, [routed(world, "停水", citizen=n, linked_to_id=head, **values) for n in range(count)]


def test_linked_ones_are_counted_and_go_along_with_the_first(world, desk):
    head, others = alike(world)
    assert "同类 3 件" in desk.open().text
    assert desk.numbers() == [number(world, head)]
    assert "待派 <b>1</b>" in desk.page.text
    desk.press("/send", head, pick="3 D02")
    assert {lead(world, each).unit_code for each in (head, *others)} == {"D02"}
    assert desk.said() == f"{number(world, head)} 已派给区水务局，同类 3 件一起。"


def test_one_whose_first_lies_elsewhere_is_listed_by_itself(world, desk):
    head = routed(world, "停水了", unit="D02", chosen="D02")
    alone = routed(world, "停水", citizen="bob", linked_to_id=head)
    desk.open()
    assert desk.numbers() == [number(world, alone)]


def test_a_wrongly_linked_one_is_taken_out_and_listed_by_itself(world, desk):
    head, (first, second) = alike(world, 2)
    desk.order(head)
    assert number(world, first) in desk.page.text
    desk.press("/apart", first)
    assert desk.said() == f"{number(world, first)} 已分出，单独办理。"
    assert set(desk.numbers()) == {number(world, head), number(world, first)}
    assert world.get(second).linked_to_id == head


# --- what the machine sent, what waits for a decision, figures ---


def test_what_the_machine_sent_is_shown_newest_first_and_what_a_person_sent_is_not(world, desk):
    first = routed(world, "路灯", unit="D01", chosen="D01", candidates=[["D01", 0.97, ["路灯"]]], ago=5)
    second = routed(world, "停水", unit="D02", chosen="D02", candidates=[["D02", 0.99, ["停水"]]])
    by_hand = routed(world)
    desk.open()
    desk.press("/send", by_hand, pick="1 D01")
    desk.open("/duty/sent")
    assert desk.numbers("sent-item") == [number(world, second), number(world, first)]
    assert "97%" in desk.page.text
    assert "依据：路灯" in desk.page.text


def test_a_wrong_one_is_corrected_and_kept_as_a_correction(world, desk):
    inquiry_id = routed(world, "路灯", unit="D01", chosen="D01", candidates=[["D01", 0.97, ["路灯"]]])
    desk.open("/duty/sent")
    desk.press("/correct", inquiry_id, unit="区水务局")
    assert lead(world, inquiry_id).unit_code == "D02"
    kept = decided(world, inquiry_id)
    assert (kept.source, kept.unit_id) == ("correction", world.units["D02"])
    assert desk.said() == f"{number(world, inquiry_id)} 已改派给区水务局，以后会照此学习。"
    assert 'aria-current="page" data-testid="tab-sent"' in desk.page.text


def test_what_is_answered_cannot_be_corrected(world, desk):
    inquiry_id = routed(world, "路灯", unit="D01", chosen="D01", candidates=[["D01", 0.97, ["路灯"]]])
    assert world.act("answer", inquiry_id, "lamp", "已经修好了。").done
    desk.open("/duty/sent")
    assert desk.numbers("sent-item") == [number(world, inquiry_id)]
    assert "/duty/act/correct" not in desk.page.text


def test_what_waits_for_a_decision_leads_to_the_page_where_it_is_decided(world, desk):
    inquiry_id = routed(world, "路灯", unit="D01", chosen="D01")
    assert world.act("extend", inquiry_id, "lamp", 3, "路面塌陷需第三方现场检测，检测机构排期到下周二才能进场").done
    desk.open("/duty/requests")
    assert desk.numbers("request") == [number(world, inquiry_id)]
    assert "待决定 <b>1</b>" in desk.page.text
    path = re.search(r'href="[^"]*(/s/[^"]+)"', desk.page.text)[1]
    assert "同意延期" in desk.client.get(path).text
    asked = world.deps.store.read(lambda tx: requests.of_inquiry(tx, inquiry_id))[-1]
    assert world.decide("approve", inquiry_id, "duty").done
    assert asked.state == "pending"
    assert desk.open("/duty/requests").text.count('data-testid="request"') == 0


def test_hot_topics_are_shown_with_how_many_citizens_and_where(world, desk):
    sample, now = routed(world, "丽景小区旁的搅拌站灰尘大"), world.clock.now()
    world.deps.store.write(
        lambda tx: insert_row(
            tx,
            topics,
            key="k",
            words=["搅拌站", "灰尘"],
            place="丽景小区",
            unit_id=world.units["D01"],
            size=43,
            citizens=37,
            first_at=now,
            last_at=now,
            trend={"this_week": 30, "last_week": 7},
            sample_id=sample,
        )
    )
    text = desk.open("/duty/topics").text
    for words in ("搅拌站", "37 人", "43 件", "丽景小区", "区城市管理局", "上升"):
        assert words in text


def test_the_figures_are_todays(world, desk):
    routed(world, ago=24 * 60, unit="D01", chosen="D01")
    for n in range(3):
        routed(world, citizen=n, unit="D01", chosen="D01")
    rejected = routed(world, "广告")
    desk.order(rejected)
    desk.press("/look/reject", code="ADVERT")
    desk.press("/act/reject")
    shown = re.findall(
        r"<dd>([^<]+)</dd>", re.search(r'data-testid="figures">(.*?)</dl>', desk.open().text, re.DOTALL)[1]
    )
    assert shown == ["4 件", "3 件（75%）", "1 件", "0 件"]


def test_without_a_model_the_page_says_that_words_decide(world, desk):
    assert "冷启动：按关键词派单" in desk.open().text


def test_the_model_in_use_is_named_with_its_date_and_figures(world, desk):
    from store import models

    card = {"decisions": 240, "compared": {"held_back": 48, "right": 45, "right_before": 31}}

    def work(tx):
        models.activate(tx, models.add(tx, b"x", card, state="standby", now=world.clock.now()), world.clock.now())

    world.deps.store.write(work)
    text = desk.open().text
    for words in ("学习模型，11月23日", "240 次派单", "留出的 48 件里派对 45 件"):
        assert words in text


def test_a_model_that_cannot_be_read_is_said_aloud(world, desk):
    from store import alarms

    world.deps.store.write(lambda tx: alarms.raise_(tx, "model_unreadable", world.clock.now(), {}))
    assert "学习模型读不出来" in desk.open().text


def test_a_flash_tells_only_of_orders_and_known_deeds(world, desk):
    for query in ("m=send&o=99", "m=nonsense&o=1", "m=send&o=1e9", "m=send&o=" + "9" * 40, "m=send&o=²"):
        assert desk.open(f"/duty?{query}").status_code == 200
        assert desk.said() == ""


# --- secrets, leavers ---


def test_a_secret_is_not_shown_to_whom_it_is_not_for(world, desk):
    inquiry_id = routed(world, "绝密文件流到了网上", flags=["secret"])
    for page in (desk.open(), desk.order(inquiry_id)):
        assert number(world, inquiry_id) in page.text
        assert "绝密文件" not in page.text
        assert "只有指定的人员能看" in page.text
        assert "/duty/act/send" not in page.text


def test_who_left_between_page_and_button_does_nothing(world, desk):
    inquiry_id = routed(world)
    desk.open()
    world.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["duty"]))
    assert desk.press("/send", inquiry_id, pick="1 D01").status_code == 403
    assert lead(world, inquiry_id).unit_code == "D00"
