"""An officer's page: what it shows, what its buttons do, who is kept out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from bot.edge.messages import Kind, MediaRef
from store import directory, inquiries, media, outbox
from tests.kit.world import CITIZEN, make_world


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


@pytest.fixture
def phone(world):
    """Opens pages and presses buttons as an officer does, without JavaScript."""
    return Phone(world)


class Phone:
    def __init__(self, world):
        self.world, self.client = world, world.client()

    def open(self, inquiry_id, officer):
        self.path = self.world.staff_path(inquiry_id, officer)
        self.page = self.client.get(self.path)
        return self.page

    def press(self, action, path=None, **fields):
        """Submit the form of ``action`` on the page that was opened."""
        return self.client.post(f"{path or self.path}/{action}", data=hidden(self.page.text, action) | fields)


def hidden(page, action):
    form = re.search(rf'action="[^"]*/{action}".*?</form>', page, re.DOTALL)
    assert form, f"no form for {action}"
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def forms(page):
    return re.findall(r'action="[^"]*/(\w+)"', page)


def answers(world, inquiry_id):
    rows = world.deps.store.read(lambda tx: inquiries.messages_of(tx, inquiry_id))
    return [row.text for row in rows if row.direction == "out"]


# --- what it shows ---


def test_the_page_shows_number_state_due_unit_parts_and_history(world, phone):
    text = phone.open(world.inquiry("路灯坏了\n三天了"), "lamp").text
    for shown in (
        "26-1123-0001",
        "已转办",
        "11月27日(周五)17:00前",
        "还剩 4 个工作日",
        "区城市管理局",
        "路灯坏了\n三天了",
        "已派至区城市管理局",
    ):
        assert shown in text


def test_the_page_shows_no_address_phone_or_query_code_of_the_citizen(world, phone):
    text = phone.open(world.inquiry(), "lamp").text
    for secret in (CITIZEN.value, "19900009999", "384712"):
        assert secret not in text


def test_what_the_citizen_wrote_is_never_markup(world, phone):
    text = phone.open(world.inquiry("<script>alert(1)</script><b>x"), "lamp").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<b>x" not in text


@pytest.mark.parametrize(
    ("days", "hours", "says"),
    [
        (3, 0, "还剩 1 个工作日"),
        (4, 0, "今天到期"),
        (4, 8, "已超过答复时限"),
        (7, 0, "已超过 1 个工作日"),
    ],
)
def test_the_due_date_is_said_in_working_days(world, phone, days, hours, says):
    inquiry_id = world.inquiry()
    world.clock.forward((days * 24 + hours) * 3600)
    assert says in phone.open(inquiry_id, "lamp").text


def test_every_response_keeps_the_link_to_itself(world, phone):
    headers = phone.open(world.inquiry(), "lamp").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", phone.page.text)


def test_who_looked_is_on_record_once(world, phone):
    inquiry_id = world.inquiry()
    for _ in range(2):
        phone.open(inquiry_id, "lamp")
    assert "办理情况有更新" not in phone.open(inquiry_id, "lamp2").text
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id))
    assert [e.actor_id for e in events if e.name == "viewed"] == [world.officers["lamp"], world.officers["lamp2"]]


# --- buttons ---


def test_signing_is_one_press_and_a_reload_does_not_repeat_it(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    answer = phone.press("sign")
    assert (answer.status_code, answer.location) == (303, f"{phone.path}?m=signed")
    page = phone.client.get(answer.location).text
    assert "签收成功" in page
    assert "办理中" in page
    assert "sign" not in forms(page)
    assert world.order(inquiry_id).signed_by == world.officers["lamp"]


def test_the_second_officer_to_sign_is_told_who_was_first(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp2")
    assert world.act("sign", inquiry_id, "lamp").done
    world.clock.forward(60)
    second = phone.press("sign")
    assert second.status_code == 409
    assert "骆星屿已于11月23日(周一)10:00签收" in second.text
    assert world.order(inquiry_id).signed_by == world.officers["lamp"]


def test_an_answer_goes_to_the_citizen_and_wakes_the_sender(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    answer = phone.press("answer", text="已于今日修复。\r\n谢谢反映。")
    assert answer.location.endswith("?m=answered")
    assert answers(world, inquiry_id) == ["已于今日修复。\n谢谢反映。"]
    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))
    assert [row.state for row in rows if row.key == "answer"] == ["pending"]
    assert {"outbox-urgent", "outbox"} <= set(world.woken)
    page = phone.client.get(answer.location).text
    assert "正在发送给市民" in page
    assert forms(page) == ["correct", "retract"]


def test_an_answer_that_could_not_be_delivered_does_not_look_done(world, phone):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", "已修复。")
    row = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))[-1]
    world.deps.store.write(lambda tx: outbox.settle(tx, row.id, "held", world.clock.now()))
    assert "将在其下次来信时送达" in phone.open(inquiry_id, "lamp").text


def test_the_officer_who_answers_second_keeps_what_was_written(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp2")
    world.act("answer", inquiry_id, "lamp", "已修复。")
    second = phone.press("answer", text="我也写了答复")
    assert second.status_code == 409
    assert "骆星屿已于11月23日(周一)10:00答复" in second.text
    assert "我也写了答复" in second.text
    assert answers(world, inquiry_id) == ["已修复。"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("好", 422),
        (" \n 好", 422),
        ("好的", 303),
        ("长" * 2000, 303),
        ("长\r\n" * 1000, 303),
        ("长" * 2001, 422),
    ],
)
def test_an_answer_has_2_to_2000_characters(world, phone, text, status):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    answer = phone.press("answer", text=text)
    assert answer.status_code == status
    assert bool(answers(world, inquiry_id)) == (status == 303)
    if status == 422:
        assert text.strip() in answer.text


def test_giving_back_needs_a_reason_and_ends_the_officers_sight_of_it(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    assert phone.press("back", reason=" ").status_code == 422
    answer = phone.press("back", reason="不属本局，建议水务局")
    assert answer.status_code == 303
    assert world.order(inquiry_id).unit_code == "D01", "the duty desk decides first"
    assert "路灯" in phone.client.get(answer.location).text
    decider = Phone(world)
    assert "不属本局" in decider.open(inquiry_id, "duty").text
    assert decider.press("approve").status_code == 303
    assert world.order(inquiry_id).unit_code == "D00"
    after = phone.client.get(answer.location)
    assert "您已于11月23日(周一)10:00把此件退回问政办" in after.text
    assert "路灯" not in after.text
    colleague = phone.open(inquiry_id, "lamp2")
    assert colleague.status_code == 403
    assert "骆星屿已于" in colleague.text
    assert "26-1123-0001" not in colleague.text
    assert "不属本局" in phone.open(inquiry_id, "duty").text


def test_the_duty_desk_may_transfer_to_any_unit_that_has_somebody(world, phone):
    inquiry_id = world.inquiry("不清楚归谁管", unit="D00")
    text = phone.open(inquiry_id, "duty").text
    assert re.findall(r"<option>([^<]+)", text) == ["区城市管理局", "区水务局", "杏花街道办事处", "杏花街道春晓社区"]
    assert "back" not in forms(text)
    assert phone.press("transfer", unit="桂湖街道办事处").status_code == 422  # nobody there to sign
    assert phone.press("transfer", unit="区水务局").status_code == 303
    assert world.order(inquiry_id).unit_code == "D02"


def test_a_subdistrict_may_transfer_to_its_own_communities_only(world, phone):
    inquiry_id = world.inquiry("楼道堆杂物", unit="S01")
    assert re.findall(r"<option>([^<]+)", phone.open(inquiry_id, "street").text) == ["杏花街道春晓社区"]
    assert phone.press("transfer", unit="区水务局").status_code == 422
    assert world.order(inquiry_id).unit_code == "S01"
    assert phone.press("transfer", unit="杏花街道春晓社区").status_code == 303
    assert world.order(inquiry_id).unit_code == "S01C1"
    assert phone.open(inquiry_id, "community").status_code == 200


def test_many_units_are_searched_by_typing(world, phone):
    def more(tx):
        for n in range(20):
            unit_id = directory.save_unit(
                tx,
                f"X{n:02}",
                name=f"第{n}科室",
                short_names=[f"{n}科"],
                tier="district",
                parent_code="",
                keywords=[],
                places=[],
            )
            directory.save_officer(tx, f"x{n}", name="某某", unit_id=unit_id, role="officer")

    world.deps.store.write(more)
    inquiry_id = world.inquiry(unit="D00")
    assert '<option value="第7科室">' in phone.open(inquiry_id, "duty").text
    assert phone.press("transfer", unit="7科").status_code == 303
    assert world.order(inquiry_id).unit_code == "X07"


def test_a_department_may_not_transfer(world, phone):
    inquiry_id = world.inquiry()
    assert "transfer" not in forms(phone.open(inquiry_id, "lamp").text)
    order = str(world.order(inquiry_id).id)
    token = phone.path.removeprefix("/s/")
    seal = world.deps.signer.form_seal(token, f"transfer:{order}")
    data = {"order": order, "seal": seal, "unit": "区水务局"}
    assert phone.client.post(f"{phone.path}/transfer", data=data).status_code == 422
    assert world.order(inquiry_id).unit_code == "D01"


# --- who is kept out ---


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "x", lambda t: t.replace(".", ".0", 1)]
)
def test_a_forged_link_shows_how_to_get_a_new_one_and_nothing_else(world, spoil):
    path = world.staff_path(world.inquiry(), "lamp")
    answer = world.client().get("/s/" + spoil(path.removeprefix("/s/")))
    assert answer.status_code == 403
    assert "待办" in answer.text
    assert "26-1123" not in answer.text
    assert "路灯" not in answer.text


def test_a_citizens_link_opens_no_staff_page(world):
    path = world.citizen_path(world.inquiry())
    assert world.client().get(path.replace("/i/", "/s/")).status_code == 403


@pytest.mark.parametrize(("age", "status"), [(timedelta(hours=71), 200), (timedelta(hours=73), 410)])
def test_a_link_lasts_72_hours(world, age, status):
    start = world.clock.now()
    with time_machine.travel(start, tick=False):
        path = world.staff_path(world.inquiry(), "lamp")
    with time_machine.travel(start + age, tick=False):
        answer = world.client().get(path)
    assert answer.status_code == status
    assert ("待办" in answer.text) == (status == 410)
    assert ("26-1123" in answer.text) == (status == 200)


def test_an_expired_link_presses_no_button(world, phone):
    start = world.clock.now()
    with time_machine.travel(start, tick=False):
        inquiry_id = world.inquiry()
        phone.open(inquiry_id, "lamp")
    with time_machine.travel(start + timedelta(hours=73), tick=False):
        assert phone.press("sign").status_code == 410
    assert world.order(inquiry_id).state == "pending"


@pytest.mark.parametrize("officer", ["water", "street"])
def test_an_officer_not_in_charge_is_refused(world, phone, officer):
    answer = phone.open(world.inquiry(), officer)
    assert answer.status_code == 403
    assert "26-1123" not in answer.text


def test_an_officer_who_left_is_refused_at_once(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    world.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["lamp"]))
    assert phone.press("sign").status_code == 403
    assert phone.open(inquiry_id, "lamp").status_code == 403
    assert world.order(inquiry_id).state == "pending"


def test_a_link_to_an_inquiry_that_is_not_there_is_refused(world):
    assert world.client().get(world.staff_path(999, "lamp")).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        lambda d: {},
        lambda d: d | {"seal": ""},
        lambda d: d | {"seal": "0" * 40},
        lambda d: d | {"order": "2"},
        lambda d: d | {"order": "x"},
        lambda d: d | {"seal": "汉字\ud800".encode("utf-8", "surrogatepass")},
    ],
)
def test_a_link_alone_changes_nothing_without_the_seal_of_its_form(world, phone, change):
    inquiry_id = world.inquiry()
    page = phone.open(inquiry_id, "lamp").text
    answer = phone.client.post(f"{phone.path}/sign", data=change(hidden(page, "sign")))
    assert answer.status_code == 403
    assert "没有提交" in answer.text
    assert world.order(inquiry_id).state == "pending"


def test_the_seal_of_one_action_or_officer_does_not_fit_another(world, phone):
    inquiry_id = world.inquiry()
    seal = hidden(phone.open(inquiry_id, "lamp").text, "sign")
    assert phone.client.post(f"{phone.path}/answer", data=seal | {"text": "冒用"}).status_code == 403
    other = world.staff_path(inquiry_id, "lamp2")
    assert phone.client.post(f"{other}/sign", data=seal).status_code == 403
    assert world.order(inquiry_id).state == "pending"


def test_a_page_left_open_while_the_order_came_back_acts_on_the_old_order_only(world, phone):
    inquiry_id = world.inquiry()
    phone.open(inquiry_id, "lamp")
    for code in ("D02", "D01"):
        unit = world.deps.store.read(lambda tx, code=code: directory.unit_by_code(tx, code))
        assert world.act("transfer", inquiry_id, "duty", unit).done
    assert phone.press("sign").status_code == 409
    assert world.order(inquiry_id).state == "pending"


# --- media ---


@pytest.fixture
def pictures(world):
    """An inquiry with a picture, a recording, a page in disguise and one not fetched yet: (path, ids)."""
    refs = tuple(MediaRef(str(n), kind) for n, kind in enumerate((Kind.IMAGE, Kind.VOICE, Kind.FILE, Kind.IMAGE)))
    inquiry_id = world.inquiry(media=refs)
    ids = [row.id for row in world.deps.store.read(lambda tx: inquiries.media_of(tx, inquiry_id))]
    (world.deps.media_folder / "ab").mkdir(parents=True)
    (world.deps.media_folder / "ab" / "abc").write_bytes(b"\xff\xd8content")
    types = ("image/jpeg", "audio/amr", "text/html")

    def stored(tx):
        for row_id, kind in zip(ids, types, strict=False):
            media.settle(tx, row_id, state="stored", path="ab/abc", content_type=kind)

    world.deps.store.write(stored)
    return world.staff_path(inquiry_id, "lamp"), ids


@pytest.mark.parametrize(
    ("index", "mimetype", "attached"),
    [
        (0, "image/jpeg", False),
        (1, "application/octet-stream", True),
        (2, "application/octet-stream", True),
    ],
)
def test_a_picture_is_shown_and_anything_else_only_downloaded(world, pictures, index, mimetype, attached):
    path, ids = pictures
    answer = world.client().get(f"{path}/media/{ids[index]}")
    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.data == b"\xff\xd8content"
    assert answer.headers.get("Content-Disposition", "").startswith("attachment") == attached
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    answer.close()


def test_media_not_stored_of_another_inquiry_or_outside_the_folder_are_not_found(world, pictures):
    path, ids = pictures
    other = world.staff_path(world.inquiry("另一件"), "lamp")
    client = world.client()
    assert client.get(f"{path}/media/{ids[3]}").status_code == 404
    assert client.get(f"{other}/media/{ids[0]}").status_code == 404
    for spoilt in ({"path": "../test.db"}, {"path": "ab/gone"}, {"path": "ab/abc", "state": "failed"}):
        world.deps.store.write(lambda tx, spoilt=spoilt: media.settle(tx, ids[0], **spoilt))
        answer = client.get(f"{path}/media/{ids[0]}")
        assert answer.status_code == 404
        answer.close()


def test_media_are_for_the_officer_in_charge_only(world, pictures):
    path, ids = pictures
    client = world.client()
    assert client.get(f"/s/forged/media/{ids[0]}").status_code == 403
    world.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["lamp"]))
    assert client.get(f"{path}/media/{ids[0]}").status_code == 403


def test_the_page_points_to_what_is_stored_and_says_what_is_not(world, pictures):
    path, ids = pictures
    text = world.client().get(path).text
    assert f'<img src="{path}/media/{ids[0]}"' in text
    assert "下载语音" in text
    assert "附件正在下载" in text
