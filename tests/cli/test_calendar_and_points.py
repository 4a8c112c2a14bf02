"""``wenzheng calendar``, ``points`` and ``appeal`` as an operator runs them."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from bot.clocks.workdays import Calendar
from cli import calendar, directory, points
from cli.checks import check_calendar
from tests.handlers.deadlines.test_recomputation import EXTENSION, NOTICE_2027
from tests.kit.deadline_kit import china, district, ledger, order, run, sign, told
from tests.kit.world import SECRET, make_store


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path, store=make_store(tmp_path / "wenzheng.db"))
    yield made
    made.close()


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs a command over the world's database."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS"):
        monkeypatch.delenv(name, raising=False)
    group = click.Group("wenzheng", commands=[*calendar.COMMANDS, *points.COMMANDS, *directory.COMMANDS])

    def invoke(*arguments, stdin=None):
        env = {"SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)}
        return CliRunner().invoke(group, list(arguments), env=env, input=stdin)

    return invoke


@pytest.fixture
def notice(tmp_path):
    path = tmp_path / "notice.txt"
    path.write_text(NOTICE_2027, encoding="utf-8")
    return str(path)


def test_a_notice_is_shown_and_stored_only_when_confirmed(world, command, notice):
    refused = command("calendar", "import", notice, stdin="n\n")
    assert refused.exit_code == 1
    assert "2027: a whole year" in refused.output
    assert "2027-01-31 Sun  off -> worked" in refused.output
    assert "provisional" in command("calendar", "show", "2027").output
    done = command("calendar", "import", notice, "--source", "国办发明电", "--author", "温予舟", stdin="y\n")
    assert done.exit_code == 0, done.output
    shown = json.loads(command("calendar", "show", "2027", "--json").output)
    assert shown["status"] == "announced"
    assert "2027-01-31 Sun" in shown["make_up"]
    assert shown["entered"][0]["author"] == "温予舟"
    assert (shown["entered"][0]["source"], shown["entered"][0]["days"]) == ("国办发明电", 365)
    assert "nothing was changed" in command("calendar", "import", notice, "--yes").output


def test_a_known_year_is_shown_with_its_days(world, command):
    shown = json.loads(command("calendar", "show", "2012", "--json").output)
    assert (shown["status"], shown["working_days"], shown["entered"]) == ("announced", 249, [])
    assert "2012-09-29 Sat" in shown["make_up"]


def test_a_notice_that_cannot_be_read_names_the_sentence(world, command, tmp_path):
    broken = tmp_path / "broken.txt"
    broken.write_text(NOTICE_2027.replace("(周五)至3日", "(周四)至3日"), encoding="utf-8")
    found = command("calendar", "import", str(broken), "--yes")
    assert found.exit_code == 1
    assert "wrong_weekday" in found.output
    assert "provisional" in command("calendar", "show", "2027").output


def test_a_file_that_is_not_text_is_refused(world, command, tmp_path):
    (tmp_path / "notice.doc").write_bytes(b"\xd0\xcf\x11\xe0\xff")
    assert "UTF-8" in command("calendar", "import", str(tmp_path / "notice.doc"), "--yes").output


def test_open_due_times_are_counted_anew_and_reported(world, command, tmp_path):
    from datetime import date

    from store import calendar as table

    world.clock.time = china(22, 10, month=1, year=2020)
    world.deps.store.write(
        lambda tx: table.put(
            tx, {date(2020, 1, 31): True, date(2020, 2, 1): True}, author="t", source="t", now=world.clock.now()
        )
    )
    order(world)
    path = tmp_path / "extension.txt"
    path.write_text(EXTENSION, encoding="utf-8")
    found = command("calendar", "import", str(path), "--yes")
    assert "1 open inquiries looked at: 2 later, 0 earlier, 0 kept" in found.output
    assert "2020-02-03T17:00:00+08:00 -> 2020-02-05T17:00:00+08:00" in found.output
    assert "0 later" in command("calendar", "recompute").output


# --- points ---


@pytest.fixture
def overdue(world):
    inquiry_id = order(world)
    sign(world, inquiry_id)
    run(world, china(27, 17, 1))
    return inquiry_id


def test_points_of_a_month_by_unit_and_without_orders_no_points(world, command, overdue):
    found = json.loads(command("points", "--month", "2026-11", "--json").output)
    by_code = {unit["code"]: unit for unit in found["units"]}
    assert (by_code["D01"]["points"], by_code["D01"]["orders"]) == (99.5, 1)
    assert (by_code["D02"]["points"], by_code["D02"]["orders"]) == (None, 0)
    [entry] = by_code["D01"]["entries"]
    assert (entry["rule"], entry["points"], entry["reversed"]) == ("overdue", -0.5, False)
    assert "due_at" in entry["evidence"]
    assert "无件" in command("points", "--month", "2026-11").output


def test_one_unit_and_a_unit_that_does_not_exist(world, command, overdue):
    found = json.loads(command("points", "--month", "2026-11", "--unit", "D01", "--json").output)
    assert [unit["code"] for unit in found["units"]] == ["D01"]
    assert command("points", "--unit", "D99").exit_code == 1
    assert command("points", "--month", "2026-13").exit_code == 2


def test_an_appeal_is_recorded_and_a_granted_one_gives_the_points_back(world, command, overdue):
    assert "recorded" in command("appeal", "1", "--reason", "停电", "--officer", "lamphead").output
    refused = command("appeal", "1", "--reason", "停电", "--officer", "lamphead", "--grant")
    assert refused.exit_code == 1
    assert "granted: +0.50" in command("appeal", "1", "--reason", "停电属实", "--officer", "duty", "--grant").output
    assert ledger(world) == [("overdue", -50), ("overdue", 50)]
    assert command("appeal", "1", "--reason", "再次", "--officer", "duty", "--grant").exit_code == 1
    assert command("appeal", "99", "--reason", "x", "--officer", "duty").exit_code == 1
    listed = command("points", "--month", "2026-11").output
    assert "takes back 1: 停电属实" in listed
    assert "100.00" in listed


def test_replaying_says_that_the_ledger_is_the_same_and_fails_when_it_is_not(world, command, overdue):
    from store import scores

    assert "the same" in command("points", "--replay").output
    world.deps.store.write(
        lambda tx: scores.add(
            tx,
            once="made-up",
            unit_id=world.units["D01"],
            inquiry_id=overdue,
            assignment_id=world.order(overdue).id,
            at=china(27, 18),
            month="2026-11",
            hundredths=-10,
            rule="overdue",
            rule_version="x",
            evidence={},
        )
    )
    found = command("points", "--replay", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output)["surplus"] == ["made-up"]


# --- leave ---


def test_who_is_on_leave_is_stood_in_for_until_back(world, command):
    assert (
        "lamp2 stands in"
        in command(
            "officer", "away", "lamp", "--substitute", "lamp2", "--from", "2026-11-23", "--until", "2026-11-25"
        ).output
    )
    sign(world, order(world, citizen=1))
    run(world, china(25, 14, 1))
    assert told(world) == [("remind.half", "lamp2")]
    assert command("officer", "away", "lamp", "--back").output == "at work\n"
    run(world, china(26, 17, 1))
    assert ("remind.day", "lamp") in told(world)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lamp"], 2),
        (["lamp", "--substitute", "lamp2", "--back"], 2),
        (["nobody", "--substitute", "lamp"], 1),
        (["lamp", "--substitute", "nobody"], 1),
        (["lamp", "--substitute", "lamp2", "--from", "2026-11-25", "--until", "2026-11-24"], 2),
    ],
)
def test_leave_that_cannot_be_is_refused(world, command, arguments, code):
    assert command("officer", "away", *arguments).exit_code == code


# --- the check ---


@pytest.mark.parametrize(
    ("at", "level", "alarm"),
    [
        (china(31, 23, 59, month=10), "ok", False),
        (china(1), "warn", False),
        (china(19, 23, 59, month=12), "warn", False),
        (china(20, month=12), "warn", True),
    ],
)
def test_the_missing_year_warns_from_november_and_alarms_from_the_twentieth_of_december(at, level, alarm):
    found = check_calendar(Calendar(), at)
    assert (found.level, "ALARM" in found.detail) == (level, alarm)
    if level == "warn":
        assert "wenzheng calendar import" in found.detail
