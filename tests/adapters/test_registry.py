from __future__ import annotations

import pytest
from pydantic import Field, SecretStr, field_validator

from adapters.console import Console
from adapters.kit.base import ChannelConfig
from adapters.kit.registry import (
    ChannelNotFound,
    channel_names,
    config_from_env,
    find_channel_class,
    parse_channels,
)
from adapters.twilio import Twilio


class Config(ChannelConfig):
    token: SecretStr = Field(min_length=4, description="the token")
    retries: int = Field(3, le=9, description="how often")
    templates: dict[str, str] = Field(default_factory=dict, description="ids by key")
    numbers: list[int] | None = Field(None, description="some numbers")
    mode: str | None = Field(None, description="a mode")

    @field_validator("mode")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value == "hunter2":
            raise ValueError(f"{value} is no mode")
        return value


class Example(Console):
    Config = Config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wechat,twilio,hotline=twilio", [("wechat", "wechat"), ("twilio", "twilio"), ("hotline", "twilio")]),
        (" console , hot-line = twilio ,", [("console", "console"), ("hot-line", "twilio")]),
        ("", []),
    ],
)
def test_channels_are_accounts_with_their_adapters(text, expected):
    assert parse_channels(text) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [("a=", "a="), ("=twilio", "=twilio"), ("WeChat", "WeChat"), ("a=b=c", "a=b=c"), ("a/../b", "a/../b"),
     ("twilio,twilio", "twilio"), ("hot-line=twilio,hot_line=twilio", "hot_line"),
     ("a b", "a b"), ("x=../y", "x=../y")],
)  # fmt: skip
def test_a_malformed_or_doubled_entry_is_named(text, named):
    with pytest.raises(ValueError, match=r"letters|twice") as caught:
        parse_channels(text)
    assert named in str(caught.value)


@pytest.mark.parametrize(("name", "cls"), [("twilio", Twilio), ("console", Console)])
def test_a_channel_is_found_by_its_file(name, cls):
    assert find_channel_class(name) is cls


@pytest.mark.parametrize(
    "name", ["base", "registry", "download", "nosuch", "os.path", "../x", "", "_twilio", "Twilio", "a" * 99]
)
def test_what_is_no_channel_is_refused_with_a_reason(name):
    with pytest.raises(ChannelNotFound) as caught:
        find_channel_class(name)
    assert len(str(caught.value)) > 20


def test_a_missing_channel_is_answered_with_those_there_are():
    with pytest.raises(ChannelNotFound, match=r"console.*twilio"):
        find_channel_class("twillio")


def test_a_channel_that_cannot_be_imported_says_so(tmp_path, monkeypatch):
    (tmp_path / "brokenpkg").mkdir()
    (tmp_path / "brokenpkg" / "__init__.py").write_text("")
    (tmp_path / "brokenpkg" / "far.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ChannelNotFound, match="no_such_module_anywhere"):
        find_channel_class("far", package="brokenpkg")


def test_the_names_of_all_channels_are_known_without_a_list():
    assert {"console", "twilio"} <= set(channel_names())
    assert {"base", "registry", "download"} & set(channel_names()) == set()


def test_settings_follow_from_the_accounts_name():
    env = {"HOT_LINE_TOKEN": "sesame", "HOT_LINE_TEMPLATES": '{"a": "b"}', "HOT_LINE_NUMBERS": "[1]",
           "HOT_LINE_MODE": "x",
           "HOME": "/x", "HOT_LINE_RETRIES": " "}  # fmt: skip
    config, errors = config_from_env(Example, "hot-line", env)
    assert errors == []
    assert (config.token.get_secret_value(), config.templates, config.numbers, config.mode, config.retries) == (
        "sesame", {"a": "b"}, [1], "x", 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("env", "errors"),
    [
        ({}, ["EX_TOKEN: is required"]),
        ({"EX_TOKEN": ""}, ["EX_TOKEN: is required"]),
        ({"EX_TOKEN": "sesame", "EX_TEMPLATES": "{secret"}, ["EX_TEMPLATES: not valid JSON"]),
        ({"EX_TOKEN": "sesame", "EX_TOKN": "secret"}, ["EX_TOKN: no such setting, did you mean EX_TOKEN?"]),
        ({"EX_TOKEN": "sesame", "EX_MODE": "hunter2"}, ["EX_MODE: is not valid"]),
        ({"EX_TOKEN": "sesame", "EX_WHATEVER": "secret"}, ["EX_WHATEVER: no such setting"]),
    ],
)
def test_each_error_names_its_variable(env, errors):
    assert config_from_env(Example, "ex", env) == (None, errors)


def test_all_errors_come_at_once_and_none_shows_a_value():
    env = {
        "EX_TOKEN": "pin",
        "EX_RETRIES": "77xyz",
        "EX_TEMPLATES": '["pin"]',
        "EX_NUMBERS": '["77xyz"]',
        "EX_TYPO": "77xyz",
    }
    config, errors = config_from_env(Example, "ex", env)
    assert config is None
    assert [line.partition(":")[0] for line in errors] == [
        "EX_TYPO",
        "EX_TOKEN",
        "EX_RETRIES",
        "EX_TEMPLATES",
        "EX_NUMBERS",
    ]
    assert "77xyz" not in "".join(errors)
    assert "pin" not in "".join(errors).replace("mapping", "")


def test_a_rule_over_several_settings_is_named_with_the_account():
    _, errors = config_from_env(Twilio, "hotline", {"HOTLINE_ACCOUNT_SID": "AC1", "HOTLINE_AUTH_TOKEN": "t"})
    assert errors == ["HOTLINE_FROM: this or MESSAGING_SERVICE_SID is required"]


def test_a_variable_of_an_account_with_a_longer_name_is_not_ours():
    env = {"EX_TOKEN": "sesame", "EX_HK_TOKEN": "sesame2"}
    assert config_from_env(Example, "ex", env, accounts=["ex", "ex-hk"])[1] == []
    assert len(config_from_env(Example, "ex", env)[1]) == 1
