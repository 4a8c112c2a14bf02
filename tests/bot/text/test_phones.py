from __future__ import annotations

import pytest

from bot.text.phones import e164, is_machine_sender, is_mainland, region_of


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+8619900001234", "CN", "+8619900001234"),
        ("19900001234", "CN", "+8619900001234"),
        ("8619900001234", "CN", "+8619900001234"),
        ("008619900001234", "US", "+8619900001234"),
        ("＋８６１９９００００１２３４", "CN", "+8619900001234"),
        ("199 0000-1234", "CN", "+8619900001234"),
        ("\u202a+8619900001234\u202c", "CN", "+8619900001234"),
        ("19900001234", "HK", "+8619900001234"),
        ("12025550123", "US", "+12025550123"),
        ("+12025550123", "CN", "+12025550123"),
        ("384387", "US", None),
        ("12345", "CN", None),
        ("1069000012345678", "CN", None),
        ("anonymous", "CN", None),
        ("CHENGHUA", "CN", None),
        ("+", "CN", None),
        ("", "CN", None),
        ("1" * 4000, "CN", None),
    ],
)
def test_each_way_of_writing_a_number_is_one_number(text, region, expected):
    assert e164(text, region) == expected


@pytest.mark.parametrize(
    "value",
    ["anonymous", "CHENGHUA", "12345", "95588", "10086", "384387", "1065000012345", "10690000123456",
     "+8610690000123456", "955880001", "", "+", "+862880000000", "+8612345", "+384387"],
)  # fmt: skip
def test_names_short_codes_and_gateways_are_machines(value):
    assert is_machine_sender(value)


@pytest.mark.parametrize("value", ["+8619900001234", "19900001234", "+12025550123", "+85251230000"])
def test_a_persons_number_is_no_machine_unless_it_is_ours(value):
    assert not is_machine_sender(value)
    assert is_machine_sender(value, own={value})


@pytest.mark.parametrize(
    ("value", "mainland"),
    [
        ("+8619900001234", True),
        ("19900001234", True),
        ("+85251230000", False),
        ("+886900000000", False),
        ("+12025550123", False),
    ],
)
def test_mainland_is_told_from_its_neighbours(value, mainland):
    assert is_mainland(value) is mainland


@pytest.mark.parametrize(
    ("text", "region"), [("+12025550123", "US"), ("+85251230000", "HK"), ("384387", "CN"), ("", "CN")]
)
def test_a_number_names_its_region(text, region):
    assert region_of(text) == region
