"""Settings: all errors at once and by name, no value shown, nothing unsafe outside the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import bootstrap
from adapters.twilio import Twilio
from adapters.wechat import WeChat
from handlers.services.clock import DemoClock
from tests.kit.wire import ROOT

SECRET = "a-secret-for-tests-of-at-least-32-characters"
WECHAT = {
    "WECHAT_APP_ID": "wx0123456789abcdef", "WECHAT_APP_SECRET": "s3cretvalue", "WECHAT_TOKEN": "t0ken",
    "WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}  # fmt: skip
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001",
    "TWILIO_AUTH_TOKEN": "tok",
    "TWILIO_FROM": "+12025550100",
}
GOOD = {
    "SECRET_KEY": SECRET,
    "PUBLIC_URL": "https://wz.example.gov.cn",
    "CHANNELS": "wechat,twilio",
    **WECHAT,
    **TWILIO,
}


def problems(**changes):
    """What is wrong with good settings after a change; None takes a variable away."""
    env = {name: value for name, value in (GOOD | changes).items() if value is not None}
    try:
        bootstrap.read(env)
    except bootstrap.SettingsError as error:
        return str(error).splitlines()
    return []


def named(found):
    return sorted(line.partition(":")[0] for line in found)


def test_good_settings_are_good():
    assert problems() == []


def test_everything_wrong_is_said_at_once_by_name_and_no_value_is_shown():
    wrong = {
        "DUE_DAYS": "gestern77", "DUE_RULE": "C77", "SECRET_KEY": "short77", "PUBLIC_URL": "ftp://geheim77",
        "WECHAT_APP_SECRET": None, "WECHAT_AES_KEY": "kaputt77", "TWILIO_FORM": "+12025550177",
        "CHANNELS": "wechat,twilio,fax", "SMS_CHANNEL": "hotline", "WEBHOOK_BUDGET": "77",
    }  # fmt: skip
    found = problems(**wrong)
    assert named(found) == sorted([
        "DUE_DAYS", "DUE_RULE", "SECRET_KEY", "PUBLIC_URL", "WECHAT_APP_SECRET", "WECHAT_AES_KEY", "TWILIO_FORM",
        "CHANNELS", "SMS_CHANNEL", "WEBHOOK_BUDGET",
    ])  # fmt: skip
    assert "77" not in "".join(found)
    assert "did you mean TWILIO_FROM?" in "".join(found)


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"SECRET_KEY": "   "}, "SECRET_KEY"),
        ({"SECRET_KEY": "x" * 31}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://wz.example.gov.cn"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://10.0.0.7:8000"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://127.0.0.1.example.com"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "wz.example.gov.cn"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://[::1"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://wz.example.gov.cn/?a=1"}, "PUBLIC_URL"),
        ({"WECHAT_AES_KEY": None}, "WECHAT_AES_KEY"),
        ({"WECHAT_AES_KEY": None, "WECHAT_ALLOW_PLAIN": "false"}, "WECHAT_AES_KEY"),
        ({"WECHAT_API_BASE_URL": "http://wechat.example.com"}, "WECHAT_API_BASE_URL"),
        ({"TWILIO_API_BASE_URL": "http://twilio.example.com"}, "TWILIO_API_BASE_URL"),
        ({"CLOCK_FILE": "/var/lib/clock"}, "CLOCK_FILE"),
        ({"SMS_CHANNEL": "hotline"}, "SMS_CHANNEL"),
        ({"SMS_CHANNEL": "wechat"}, "SMS_CHANNEL"),
    ],
)
def test_an_unsafe_or_contradictory_setting_is_refused(changes, variable):
    assert named(problems(**changes)) == [variable]


@pytest.mark.parametrize("changes", [
    {"PUBLIC_URL": "http://localhost:8000"}, {"PUBLIC_URL": "http://127.0.0.1:8000"}, {"PUBLIC_URL": "http://[::1]:8000"},
    {"WECHAT_AES_KEY": None, "WECHAT_ALLOW_PLAIN": "true"}, {"WECHAT_API_BASE_URL": "http://127.0.0.1:9000"},
    {"SMS_CHANNEL": "twilio"}, {"CHANNELS": None}, {"DATABASE_URL": " "},
])  # fmt: skip
def test_what_is_safe_is_taken(changes):
    if changes == {"CHANNELS": None}:
        changes = dict.fromkeys([*WECHAT, *TWILIO, "CHANNELS"])
    assert problems(**changes) == []


def test_the_demo_may_be_unsafe_but_not_without_a_key():
    unsafe = {"DEMO": "true", "PUBLIC_URL": "http://10.0.0.7", "WECHAT_AES_KEY": None, "CLOCK_FILE": "clock"}
    assert problems(**unsafe) == []
    assert named(problems(**unsafe, SECRET_KEY="short")) == ["SECRET_KEY"]


# -- accounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["hotline", "hot-line"])
def test_an_account_reads_its_own_variables_and_is_told_its_own_callback(account):
    prefix = account.upper().replace("-", "_")
    twilio = {name.replace("TWILIO", prefix): value for name, value in TWILIO.items()}
    env = {"SECRET_KEY": SECRET, "PUBLIC_URL": "https://wz.example.gov.cn/", "CHANNELS": f"{account}=twilio", **twilio}
    ((name, cls, config),) = bootstrap.read(env).accounts
    assert (name, cls) == (account, Twilio)
    assert config.status_callback == f"https://wz.example.gov.cn/hooks/{account}/status"
    assert config.auth_token.get_secret_value() == "tok"


def test_an_unsafe_account_is_named_by_its_variables():
    wechat = {name.replace("WECHAT", "XIN_QU"): value for name, value in WECHAT.items() if "AES" not in name}
    changes = dict.fromkeys(WECHAT) | wechat | {"CHANNELS": "xin-qu=wechat", **dict.fromkeys(TWILIO)}
    assert named(problems(**changes)) == ["XIN_QU_AES_KEY"]


def test_two_accounts_of_a_kind_have_settings_of_their_own(tmp_path):
    second = {name.replace("TWILIO", "HOTLINE"): value for name, value in TWILIO.items()} | {
        "HOTLINE_FROM": "+12025550111"
    }
    env = GOOD | second | {"CHANNELS": "wechat,twilio,hotline=twilio", "DATA_DIR": str(tmp_path)}
    configured = bootstrap.read(env)
    assert [(name, cls) for name, cls, _ in configured.accounts] == [
        ("wechat", WeChat),
        ("twilio", Twilio),
        ("hotline", Twilio),
    ]
    deps = bootstrap.build(configured)
    assert deps.sms_channel == "twilio"
    deps = bootstrap.build(bootstrap.read(env | {"SMS_CHANNEL": "hotline"}))
    assert deps.sms_channel == "hotline"


@pytest.mark.parametrize(("channels", "says"), [
    ("fax", "no channel 'fax'"), ("wechat,wechat", "named twice"), ("We Chat", "neither name nor account=name"),
])  # fmt: skip
def test_a_wrong_list_of_channels_says_what_is_wrong_with_it(channels, says):
    (line, *_) = [
        line for line in problems(CHANNELS=channels, **dict.fromkeys([*WECHAT, *TWILIO])) if "CHANNELS" in line
    ]
    assert says in line


# -- where settings come from ----------------------------------------------------------------------


def test_the_environment_goes_before_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("SITE_NAME=来自文件\nHOTLINE=96110\nSECRET_KEY_PREVIOUS\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITE_NAME", "来自环境")
    monkeypatch.delenv("HOTLINE", raising=False)
    found = bootstrap.environment()
    assert (found["SITE_NAME"], found["HOTLINE"]) == ("来自环境", "96110")
    assert "SECRET_KEY_PREVIOUS" not in found


def test_names_are_upper_case_and_blanks_are_no_setting():
    settings = bootstrap.read(GOOD | {"due_days": "9", "DUE_RULE": "", "SITE_NAME": "  "}).settings
    assert (settings.due_days, settings.due_rule, settings.site_name) == (4, "A", "示范区问政")


def test_only_the_environment_given_is_read(monkeypatch):
    monkeypatch.setenv("DUE_DAYS", "9")
    assert bootstrap.read(GOOD).settings.due_days == 4


def test_secrets_do_not_show_in_the_settings_text():
    shown = repr(bootstrap.read(GOOD | {"SECRET_KEY_PREVIOUS": "the-former-one", "METRICS_TOKEN": "sesame"}))
    assert not [
        secret for secret in (SECRET, "the-former-one", "sesame", "s3cretvalue", "t0ken", "'tok'") if secret in shown
    ]


def test_both_keys_are_in_use_the_current_one_first():
    assert bootstrap.read(GOOD | {"SECRET_KEY_PREVIOUS": "former"}).settings.secrets == [SECRET, "former"]


def test_database_and_redis_are_in_the_data_folder_unless_named(tmp_path):
    settings = bootstrap.read(GOOD | {"DATA_DIR": str(tmp_path)}).settings
    assert settings.database == f"sqlite:///{tmp_path / 'wenzheng.db'}"
    assert settings.redis == f"unix://{tmp_path / 'valkey.sock'}"
    settings = bootstrap.read(GOOD | {"DATABASE_URL": "postgresql+psycopg://h/d", "REDIS_URL": "redis://h"}).settings
    assert (settings.database, settings.redis) == ("postgresql+psycopg://h/d", "redis://h")


# -- the demo's clock ------------------------------------------------------------------------------


def offset(clock):
    return round((clock.now() - datetime.now(UTC)).total_seconds())


def test_the_demos_clock_follows_the_simulators_file(tmp_path):
    path = tmp_path / "clock"
    clock = DemoClock(path)
    assert offset(clock) == 0
    path.write_text("172800", "ascii")
    assert offset(clock) == 172800
    path.write_text("-60.5", "ascii")
    stamp = path.stat().st_mtime + 5
    os.utime(path, (stamp, stamp))
    assert abs(offset(clock) + 60.5) < 2


@pytest.mark.parametrize("spoilt", [b"", b"soon", b"\xff\xfe", b"nan", b"inf"])
def test_a_spoilt_or_vanished_clock_file_leaves_the_clock_where_it_was(tmp_path, spoilt):
    path = tmp_path / "clock"
    path.write_text("3600", "ascii")
    clock = DemoClock(path)
    assert offset(clock) == 3600
    path.write_bytes(spoilt)
    stamp = path.stat().st_mtime + 5
    os.utime(path, (stamp, stamp))
    assert offset(clock) == 3600
    path.unlink()
    assert offset(clock) == 3600


def test_only_the_demo_has_that_clock(tmp_path):
    (tmp_path / "clock").write_text("3600", "ascii")
    env = GOOD | {"DEMO": "1", "CLOCK_FILE": str(tmp_path / "clock"), "DATA_DIR": str(tmp_path)}
    assert offset(bootstrap.build(bootstrap.read(env)).clock) == 3600
    plain = bootstrap.build(bootstrap.read(GOOD | {"DATA_DIR": str(tmp_path)})).clock
    assert abs(plain.now() - datetime.now(UTC)) < timedelta(seconds=2)


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.integration
@pytest.mark.parametrize("command", ["run", "web", "worker", "migrate"])
def test_a_command_with_bad_settings_ends_with_a_line_each_and_starts_nothing(tmp_path, command):
    env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}}
    env |= {
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(tmp_path / "var"),
        "PUBLIC_URL": "http://geheim77.example",
        "SECRET_KEY": "short77",
        "CHANNELS": "twilio",
        "TWILIO_FORM": "77",
        "DUE_DAYS": "gestern77",
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", command],
        cwd=tmp_path,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert named(line.removeprefix("wenzheng: ") for line in lines) == [
        "DUE_DAYS",
        "PUBLIC_URL",
        "SECRET_KEY",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_FORM",
    ]
    assert "77" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path(tmp_path / "var").exists()


def test_limits_by_kind_are_read_as_json_and_checked(tmp_path):
    env = {"SECRET_KEY": "x" * 40, "DATA_DIR": str(tmp_path), "DUE_DAYS_BY_KIND": '{"consult": 2}'}
    deps = bootstrap.build(bootstrap.read(env))
    assert (deps.limits.reply_days_for("consult"), deps.limits.reply_days_for("help")) == (2, 4)
    deps.store.close()
    for wrong in ('{"consult": 0}', '{"nonsense": 2}', "2"):
        with pytest.raises(bootstrap.SettingsError, match="DUE_DAYS_BY_KIND"):
            bootstrap.read(env | {"DUE_DAYS_BY_KIND": wrong})
