"""``wenzheng replay``: a short month, played twice, and what must hold of any."""

from __future__ import annotations

import json
import sqlite3

import pytest
from click.testing import CliRunner

from cli.demo import SAMPLE
from cli.main import cli

MONTH = (
    "replay",
    "--inquiries",
    "60",
    "--from",
    "2012-01-01",
    "--to",
    "2012-01-31",
    "--json",
    "--on-time",
    "0.85",
    "--extension-rate",
    "0.15",
    "--return-rate",
    "0.15",
    "--rating-rate",
    "0.6",
    "--dissatisfied",
    "0.3",
)
TIMES = ("seconds", "inquiries_per_second", "inquiries_per_cpu_second")


def run(folder, *arguments, **env):
    settings = {"DATA_DIR": str(folder), "SECRET_KEY": "", "DATABASE_URL": "", "REDIS_URL": "", "CHANNELS": "", **env}
    return CliRunner().invoke(cli, arguments, env=settings)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """(the summary, the folder) of one month."""
    folder = tmp_path_factory.mktemp("replay")
    done = run(folder, *MONTH)
    assert done.exit_code == 0, done.output
    return json.loads(done.output), folder


@pytest.fixture
def rows(played):
    with sqlite3.connect(played[1] / "wenzheng.db") as db:
        yield lambda query: db.execute(query).fetchall()
    db.close()


def test_the_same_seed_gives_the_same_half_year_and_another_seed_another(played, tmp_path):
    again = json.loads(run(tmp_path / "again", *MONTH).output)
    other = json.loads(run(tmp_path / "other", *MONTH, "--seed", "2").output)
    first = {name: value for name, value in played[0].items() if name not in TIMES}
    assert {name: value for name, value in again.items() if name not in TIMES} == first
    assert {name: value for name, value in other.items() if name not in TIMES} != first


def test_the_sums_add_up(played, rows):
    found = played[0]
    assert found["accepted"] == 60
    assert found["accepted"] == found["closed"] + found["open"] + found["other"]
    assert 0 < found["on_time"] <= found["closed"]
    assert found["red"] <= found["yellow"] <= found["overdue"]
    assert found["points"] == rows("select coalesce(sum(hundredths), 0) from scores")[0][0] / 100
    [(rated,)] = rows("select count(*) from inquiries where rating is not null")
    assert found["satisfaction"]["n"] == rated > 0


def test_all_that_happens_in_a_district_happened(rows):
    happened = {name for (name,) in rows("select distinct name from events")}
    assert happened >= {
        "received",
        "dispatched",
        "signed",
        "answered",
        "closed",
        "rated",
        "overdue",
        "extended",
        "returned",
        "reworked",
        "late_sign",
    }


def test_every_inquiry_has_one_open_lead_or_is_over(rows):
    found = rows("""select i.id, i.state, sum(a.role = 'lead' and a.state in ('pending', 'signed')) from inquiries i
                    left join assignments a on a.inquiry_id = i.id group by i.id, i.state""")
    assert len(found) == 60
    for inquiry_id, state, leads in found:
        over = state in {"answered", "closed", "archived", "withdrawn"}
        assert (leads or 0) == (0 if over or state == "received" else 1), (inquiry_id, state)


def test_everything_was_delivered_on_the_replay_s_own_channel_and_within_its_time(rows):
    assert {way for (way,) in rows("select distinct way from deliveries")} <= {"console", "passive"}
    assert {channel for (channel,) in rows("select distinct channel from deliveries")} == {"replay"}
    [(first, last)] = rows("select min(at), max(at) from events where inquiry_id is not null")
    assert "2012-01-01" <= first < last < "2012-02-01"


def test_the_ledger_is_what_its_events_say(played):
    folder = played[1]
    done = run(folder, "points", "--replay", "--json", SECRET_KEY=(folder / "demo-secret").read_text("ascii"))
    assert json.loads(done.output)["same"] is True, done.output


def test_a_second_replay_and_one_among_real_inquiries_are_refused(played, tmp_path):
    again = run(played[1], *MONTH)
    assert (again.exit_code, "holds a replay already" in again.output) == (1, True)
    assert run(tmp_path, *MONTH).exit_code == 0
    with sqlite3.connect(tmp_path / "wenzheng.db") as db:
        db.execute("update inquiries set channel = 'wechat'")
    db.close()
    assert "say --into-demo" in run(tmp_path, *MONTH).output
    (tmp_path / "demo-secret").rename(tmp_path / "secret")
    refused = run(tmp_path, *MONTH, "--into-demo", SECRET_KEY=(tmp_path / "secret").read_text("ascii"))
    assert (refused.exit_code, "real channels" in refused.output) == (1, True)


def test_a_database_made_ready_for_a_district_is_left_alone(tmp_path):
    ours = {"SECRET_KEY": "the-district-s-own-secret-of-forty-letters", "CHANNELS": ""}
    assert run(tmp_path, "migrate", **ours).exit_code == 0
    assert run(tmp_path, "directory", "import", str(SAMPLE), **ours).exit_code == 0
    refused = run(tmp_path, *MONTH, **ours)
    assert (refused.exit_code, "directory" in refused.output) == (1, True), refused.output


def test_a_replay_of_no_days_is_refused(tmp_path):
    assert run(tmp_path, "replay", "--from", "2012-02-01", "--to", "2012-01-01").exit_code == 2
