"""Numerals are understood by the marks of each language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.spoken.numbers import NUMBER, Date, Numeral, date, parse, roman


@pytest.mark.parametrize(
    ("text", "decimal", "group", "expected"),
    [
        ("1234", ",", ".", Numeral("1234")),
        ("1.234", ",", ".", Numeral("1234", grouped=True)),
        ("1.234", ".", ",", Numeral("1", "234")),
        ("1,234", ".", ",", Numeral("1234", grouped=True)),
        ("1,234", ",", ".", Numeral("1", "234")),
        ("1,234,567.89", ".", ",", Numeral("1234567", "89", grouped=True)),
        ("1.234.567,89", ".", ",", Numeral("1234567", "89", grouped=True)),
        ("1 234 567,8", ",", ".", Numeral("1234567", "8", grouped=True)),
        ("1\u202f234", ",", ".", Numeral("1234", grouped=True)),
        ("1'234.50", ",", ".", Numeral("1234", "50", grouped=True)),
        ("3.5", ",", ".", Numeral("3", "5")),
        ("0.500", ",", ".", Numeral("0", "500")),
        ("12.34.56", ",", ".", Numeral("123456", grouped=True)),
    ],
)
def test_groups_and_decimals_are_told_apart(
    text: str, decimal: str, group: str, expected: Numeral
) -> None:
    assert re.fullmatch(NUMBER, text)
    assert parse(text, decimal=decimal, group=group) == expected


@pytest.mark.parametrize("text", ["007", "01", "1234567890", "4111111111111111"])
def test_codes_are_no_quantities(text: str) -> None:
    assert parse(text, decimal=",", group=".").is_code


@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "'", ""]))
def test_a_grouped_number_is_the_number(value: int, mark: str) -> None:
    written = f"{value:,}".replace(",", mark)

    assert parse(written, decimal="." if mark == "," else ",", group=mark).value == value


@pytest.mark.parametrize(
    ("first", "second", "year", "month_first", "expected"),
    [
        (6, 12, 2024, False, Date(6, 12, 2024)),
        (6, 12, 2024, True, Date(12, 6, 2024)),
        (25, 12, 99, True, Date(25, 12, 1999)),
        (12, 25, 24, False, Date(25, 12, 2024)),
        (30, 2, 2024, False, None),
        (0, 5, 2024, False, None),
        (13, 13, None, False, None),
    ],
)
def test_dates_are_days_of_the_calendar(
    first: int, second: int, year: int | None, *, month_first: bool, expected: Date | None
) -> None:
    assert date(first, second, year, month_first=month_first) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I", 1),
        ("IV", 4),
        ("XIV", 14),
        ("XLIX", 49),
        ("MCMLXXXIV", 1984),
        ("IIII", None),
        ("VX", None),
        ("", None),
        ("CIVIC", None),
    ],
)
def test_roman_numerals_in_their_usual_form_have_a_value(text: str, value: int | None) -> None:
    assert roman(text) == value
