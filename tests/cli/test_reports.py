"""The commands that look, run as an operator runs them: environment, arguments, output, exit code."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from bot.clocks.workdays import Calendar, Override
from bot.edge.errors import Misconfigured
from bot.edge.messages import Kind, MediaRef
from bot.edge.ports import CacheUnavailable
from cli import checks
from cli.reports import COMMANDS
from store import alarms, calendar, decisions, inquiries, outbox
from store.engine import migrate
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.engine.writes import update_row
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.world import CITIZEN, SECRET, make_store, make_world

NUMBER = "26-1123-0001"


@pytest.fixture
def group():
    main = click.Group("wenzheng")
    for command in COMMANDS:
        main.add_command(command)
    return main


@pytest.fixture
def run(group, tmp_path, monkeypatch):
    """Runs a command in an empty folder with the settings of ``environment``."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS", "SECRET_KEY", "DUE_DAYS", "DUE_RULE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    def invoke(*arguments, secret=SECRET, **environment):
        env = {"SECRET_KEY": secret, **environment}
        return CliRunner().invoke(group, list(arguments), env={k: v for k, v in env.items() if v})

    return invoke


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path, store=make_store(tmp_path / "wenzheng.db"))
    yield made
    made.close()


@pytest.fixture
def told(world):
    """One inquiry with a picture, answered; one attempt at delivery and one skip on record."""
    inquiry_id = world.inquiry(media=(MediaRef("secret-media-id", Kind.IMAGE),))
    world.act("sign", inquiry_id, "lamp")
    world.act("answer", inquiry_id, "lamp", "已于今日修复。")

    def attempt(tx):
        row = next(row for row in outbox.of_inquiry(tx, inquiry_id) if row.key == "answer")
        outbox.record(tx, row.id, world.clock.now(), way="customer_service", outcome="skipped", reason="window_closed")
        outbox.record(tx, row.id, world.clock.now(), way="sms", outcome="accepted", channel="twilio", external_id="SM1")
        outbox.settle(tx, row.id, "sent", world.clock.now(), way="sms")

    world.deps.store.write(attempt)
    return inquiry_id


def test_inquiry_shows_messages_events_assignments_and_every_rung(run, told):
    found = json.loads(run("inquiry", NUMBER, "--json").stdout)
    assert [m["text"] for m in found["messages"]] == ["建设路的路灯坏了三天", "已于今日修复。"]
    assert found["messages"][0]["media"][0]["state"] == "pending"
    assert [e["name"] for e in found["events"]] == ["received", "dispatched", "signed", "answered"]
    assert found["assignments"][0] | {"signed_by": "骆星屿", "state": "done"} == found["assignments"][0]
    answer = next(d for d in found["deliveries"] if d["key"] == "answer")
    assert [(r["way"], r["outcome"], r["reason"]) for r in answer["rungs"]] == [
        ("customer_service", "skipped", "window_closed"),
        ("sms", "accepted", ""),
    ]
    assert {d["officer"] for d in found["deliveries"] if d["to"] == "officer"} == {"骆星屿", "云予岚"}


def test_inquiry_names_what_the_desk_made_of_it_and_other_inquiries_by_their_numbers(run, world, told):
    second = world.inquiry("路灯还是不亮")

    def work(tx):
        update_row(
            tx,
            inquiries_table,
            second,
            category="020103",
            flags=["personal"],
            reject_code="UNCLEAR",
            merged_into_id=told,
            repeat_of_id=told,
            linked_to_id=told,
        )
        decisions.record(
            tx,
            inquiries.get(tx, second),
            world.units["D01"],
            source="desk",
            now=world.clock.now(),
            officer_id=world.officers["duty"],
        )

    world.deps.store.write(work)
    found = json.loads(run("inquiry", "26-1123-0002", "--json").stdout)
    assert {
        name: found[name]
        for name in ("category", "flags", "reject_code", "merged_into", "repeat_of", "linked_to", "merged")
    } == {
        "category": "020103",
        "flags": ["personal"],
        "reject_code": "UNCLEAR",
        "merged_into": NUMBER,
        "repeat_of": NUMBER,
        "linked_to": NUMBER,
        "merged": [],
    }
    assert found["decision"] | {"at": ""} == {
        "unit": "区城市管理局",
        "source": "desk",
        "category": "020103",
        "officer": "温予舟",
        "at": "",
    }
    first = json.loads(run("inquiry", NUMBER, "--json").stdout)
    assert (first["merged"], first["decision"], first["category"], first["flags"]) == (["26-1123-0002"], None, None, [])
    assert "merged into 26-1123-0001" in run("inquiry", "26-1123-0002").stdout


def test_inquiry_derives_the_due_date_day_by_day(run, told):
    due = json.loads(run("inquiry", NUMBER, "--json").stdout)["due"]
    assert due["at"] == "2026-11-27T17:00:00+08:00"
    assert [step["counted"] for step in due["derivation"]] == [None, 1, 2, 3, 4]


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_inquiry_tells_no_address_code_or_link(run, world, told, arguments):
    shown = run("inquiry", NUMBER, *arguments).stdout
    assert "路灯" in shown
    for secret in (CITIZEN.value, "384712", "secret-media-id", "/s/", "/i/"):
        assert secret not in shown


@pytest.mark.parametrize("typed", ["2611230001", "26-1123-0001", "２６１１２３０００１", "26-1123-1"])
def test_inquiry_reads_a_number_as_people_write_it(run, told, typed):
    assert json.loads(run("inquiry", typed, "--json").stdout)["number"] == NUMBER


@pytest.mark.parametrize("typed", ["26-1123-0002", "0001", "nonsense"])
def test_inquiry_that_is_not_there_is_one_line_and_exit_1(run, told, typed):
    result = run("inquiry", typed)
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


def test_inquiries_are_one_json_array_newest_first(run, world, told):
    world.inquiry("停水了", unit="D02")
    world.inquiry("还没有分派", unit=None)
    found = json.loads(run("inquiries", "--json").stdout)
    assert [(row["number"][-4:], row["state"], row["unit"]) for row in found] == [
        ("0003", "received", None),
        ("0002", "dispatched", "区水务局"),
        ("0001", "answered", "区城市管理局"),
    ]


def test_inquiries_can_be_limited_and_picked_by_state(run, world, told):
    world.inquiry("停水了", unit="D02")
    assert len(json.loads(run("inquiries", "--json", "--limit", "1").stdout)) == 1
    found = json.loads(run("inquiries", "--json", "--state", "answered").stdout)
    assert [row["number"] for row in found] == [NUMBER]


def test_outbox_can_be_picked_by_state_and_shows_no_params(run, told):
    found = json.loads(run("outbox", "--json", "--state", "sent").stdout)
    assert [(row["key"], row["to"], row["way"], row["number"]) for row in found] == [
        ("answer", "citizen", "sms", NUMBER)
    ]
    assert "已于今日修复" not in run("outbox", "--json").stdout


# --- due ---


@pytest.mark.parametrize(
    ("moment", "rule", "due"),
    [
        ("2026-11-18 10:00", "A", "2026-11-24"),
        ("2026-11-18 17:00", "B", "2026-11-25"),
        ("2012-10-03 12:00", "A", "2012-10-11"),
        ("2012-10-03 12:00", "B", "2012-10-12"),
        ("2026-02-14T11:00", "A", "2026-02-27"),
    ],
)
def test_due_reads_china_time_and_counts(run, world, moment, rule, due):
    found = json.loads(run("due", moment, "--rule", rule, "--json").stdout)
    assert found["due"] == f"{due}T17:00:00+08:00"
    assert found["received"] == f"{moment.replace(' ', 'T')}:00+08:00"
    assert found["derivation"][-1]["counted"] == 4


def test_due_in_words_says_what_kind_each_day_is_and_what_is_provisional(run, world):
    shown = run("due", "2026-12-28 09:00", "--days", "4").stdout
    assert "2027-01-01 Fri   -  holiday, not announced yet" in shown
    assert "provisional: the days off of that year are not announced yet" in shown


BEFORE_MIDNIGHT = """\
received 2026-11-18T23:59:59+08:00, 4 working day(s), rule A
  2026-11-18 Wed   -  day of receipt, not counted
  2026-11-19 Thu   1  working day
  2026-11-20 Fri   2  working day
  2026-11-21 Sat   -  weekend
  2026-11-22 Sun   -  weekend
  2026-11-23 Mon   3  working day
  2026-11-24 Tue   4  working day
due 2026-11-24T17:00:00+08:00 (Tue)
"""
LAST_OF_THE_YEAR = """\
received 2026-12-31T10:00:00+08:00, 4 working day(s), rule A
  2026-12-31 Thu   -  day of receipt, not counted
  2027-01-01 Fri   -  holiday, not announced yet
  2027-01-02 Sat   -  weekend, not announced yet
  2027-01-03 Sun   -  weekend, not announced yet
  2027-01-04 Mon   1  working day, not announced yet
  2027-01-05 Tue   2  working day, not announced yet
  2027-01-06 Wed   3  working day, not announced yet
  2027-01-07 Thu   4  working day, not announced yet
due 2027-01-07T17:00:00+08:00 (Thu)
provisional: the days off of that year are not announced yet, the date may change
"""


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-18 23:59:59", BEFORE_MIDNIGHT),
        ("2026-12-31 10:00", LAST_OF_THE_YEAR),
    ],
)
def test_edge_46_due_prints_the_last_second_of_a_day_and_the_last_working_day_of_a_year(run, world, moment, shown):
    assert run("due", moment).stdout == shown


def test_edge_46_a_second_later_is_another_day_of_receipt(run, world):
    assert json.loads(run("due", "2026-11-19 00:00:00", "--json").stdout)["due"] == "2026-11-25T17:00:00+08:00"


def test_edge_46_once_the_office_has_entered_every_day_nothing_is_provisional(run, world):
    days = {date(2027, 1, 1) + timedelta(days=n): n > 3 and n % 7 not in {1, 2} for n in range(10)}
    now = world.clock.now()
    world.deps.store.write(lambda tx: calendar.put(tx, days, author="ops", source="notice", now=now))
    shown = run("due", "2026-12-31 10:00").stdout
    assert "2027-01-04 Mon   -  holiday, decided by the office" in shown
    assert "due 2027-01-08T17:00:00+08:00 (Fri)" in shown
    assert "provisional" not in shown


def test_due_takes_days_and_rule_from_the_settings(run, world):
    found = json.loads(run("due", "2026-11-18 18:00", "--json", DUE_DAYS="2", DUE_RULE="B").stdout)
    assert (found["days"], found["rule"], found["due"][:10]) == (2, "B", "2026-11-23")


def test_due_works_without_settings_or_database_and_says_so(run, tmp_path):
    result = run("due", "2026-11-18 10:00", "--json", secret="")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["due"].startswith("2026-11-24")
    assert "no valid settings" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["tomorrow", "2026-13-01 10:00", "9999-12-31 10:00"])
def test_due_refuses_what_is_no_moment_without_a_traceback(run, world, moment):
    result = run("due", moment)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


# --- errors and check ---


@pytest.mark.parametrize("arguments", [("inquiry", NUMBER), ("inquiries",), ("outbox",), ("check",), ("sweep",)])
def test_every_wrong_setting_has_a_line_on_stderr_and_exit_2(run, arguments):
    result = run(*arguments, secret="short", PUBLIC_URL="http://example.org")
    assert result.exit_code == 2
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["SECRET_KEY", "PUBLIC_URL"]
    assert "short\n" not in result.stderr


def test_a_database_without_tables_is_named_with_the_cure(run):
    result = run("inquiries")
    assert result.exit_code == 1
    assert result.stderr == "database: the tables are missing or old, run: wenzheng migrate\n"


def test_check_passes_on_a_migrated_database_with_the_embedded_server_off(run, tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'wenzheng.db'}", Vault(SECRET))
    migrate.migrate(store.engine)
    store.close()
    result = run("check")
    lines = {line.split()[1].rstrip(":"): line.split()[0] for line in result.stdout.splitlines()}
    assert (lines["database"], lines["redis"], lines["alarms"]) == ("ok", "warn", "ok")
    assert result.exit_code == 0


def test_check_fails_on_a_database_that_was_not_migrated_and_on_a_redis_that_is_away(run, tmp_path):
    result = run("check", REDIS_URL=f"unix://{tmp_path / 'no.sock'}")
    failed = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert [line.split()[1] for line in failed] == ["database:", "redis:"]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("day", "level", "says"),
    [
        ("2026-10-31", "ok", "2026 known"),
        ("2026-11-01", "warn", "2027 is missing"),
        ("2026-12-19", "warn", "2027 is missing"),
        ("2026-12-20", "warn", "ALARM: 2027 is missing"),
        ("2027-01-02", "warn", "2027 is not known"),
    ],
)
def test_a_missing_next_year_warns_from_november_and_alarms_from_20_december(day, level, says):
    now = datetime.fromisoformat(f"{day}T02:00:00+00:00")
    line = checks.check_calendar(Calendar(), now)
    assert (line.level, line.detail.startswith(says)) == (level, True)


def test_an_imported_notice_ends_the_warning_and_a_single_day_does_not():
    now = datetime(2026, 12, 21, tzinfo=UTC)
    one_day = {now.date().replace(year=2027): Override(working=True)}
    assert checks.check_calendar(Calendar(one_day), now).level == "warn"
    assert checks.check_calendar(Calendar(one_day, announced={2027}), now).level == "ok"


class _Channel:
    def __init__(self, answer):
        self.answer = answer

    def check(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ("access token works", "ok"),
        (Misconfigured("40013", "invalid appid"), "FAIL"),
        (CacheUnavailable(), "warn"),
    ],
)
def test_a_channel_is_judged_by_what_its_platform_says(answer, level):
    line = checks.check_channel("wechat", _Channel(answer))
    assert (line.level, line.name) == (level, "wechat")


@pytest.mark.parametrize(("free", "level"), [(5000, "ok"), (400, "warn"), (50, "FAIL")])
def test_disk_warns_before_it_fails(free, level):
    assert checks.check_disk(free).level == level


def test_a_standing_alarm_is_shown_until_it_is_cleared(world):
    now = world.clock.now()
    world.deps.store.write(lambda tx: alarms.raise_(tx, "no_duty_desk", now, {}))
    assert [line.name for line in checks.standing_alarms(world.deps)] == ["alarm no_duty_desk"]
    world.deps.store.write(lambda tx: alarms.clear(tx, "no_duty_desk", now))
    assert [line.level for line in checks.standing_alarms(world.deps)] == ["ok"]
