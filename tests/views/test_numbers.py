"""How numbers are written, in both languages."""

from __future__ import annotations

import math

import pytest

from faussaire.views.numbers import MINUS, NARROW, Numbers, in_french

ENGLISH, FRENCH = Numbers("en"), Numbers("fr")


def test_thousands_and_decimals_are_separated_as_the_language_has_it() -> None:
    assert ENGLISH.count(1234567) == "1,234,567"
    assert FRENCH.count(1234567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"
    assert (ENGLISH.thousands(1_234_560), FRENCH.thousands(4_560)) == ("1,234.6", "4,6")


def test_a_figure_has_four_significant_digits_no_power_of_ten_and_an_interval_two_ends() -> None:
    assert (ENGLISH.figure(12.34567), FRENCH.figure(0.00012345)) == ("12.35", "0,0001234")
    assert (ENGLISH.interval(11.5, 13.25), FRENCH.interval(11.5, 13.25)) == ("11.5 to 13.25", "11,5 à 13,25")
    assert (ENGLISH.figure(0.00005), ENGLISH.figure(12345.6), FRENCH.figure(12345.6)) == (
        *("0.00005", "12,350"),
        f"12{NARROW}350",
    )
    assert Numbers(minus=MINUS).figure(-1.5) == "\N{MINUS SIGN}1.5"


@pytest.mark.parametrize(("value", "said"), [(None, "not measured"), (math.nan, "not finite")])
def test_what_is_missing_is_said(value: float | None, said: str) -> None:
    assert ENGLISH.figure(value) == said


def test_shares_losses_estimates_and_p_values() -> None:
    assert (ENGLISH.percent(0.724), ENGLISH.percent(0.625, 4), FRENCH.percent(0.625, 4)) == (
        *("72%", "62.5%"),
        f"62,5{NARROW}%",
    )
    assert (ENGLISH.share(0.724, 0.7, 0.75), FRENCH.share(0.724, 0.7, 0.75)) == (
        "72% [70, 75]",
        f"72{NARROW}% [70{NARROW}; 75]",
    )
    assert (ENGLISH.loss(0.69315, 0.0123), ENGLISH.loss(0.5, None)) == ("0.693 ± 0.012", "0.500")
    assert ENGLISH.loss(None, None) == "not finite"
    assert (ENGLISH.estimate(53_821), ENGLISH.estimate(0.1234)) == ("54,000", "0.12")
    assert (ENGLISH.p_value(0.25), ENGLISH.p_value(0.0)) == ("p = 0.25", "p < 0.000001")
    assert (ENGLISH.p_value(0.00005), FRENCH.p_value(0.00005)) == ("p = 0.00005", "p = 0,00005")


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("1,234.5", f"1{NARROW}234,5"),
        ("0.92 ± 0.05", "0,92 ± 0,05"),
        ("72% [71, 73]", f"72{NARROW}% [71{NARROW}; 73]"),
        ("1.5e-05", "1,5e-05"),
        ("0.1.0", "0.1.0"),
        ("mnist-2.5", "mnist-2.5"),
    ],
)
def test_an_english_number_is_written_as_french_does_and_a_name_is_left(english: str, french: str) -> None:
    assert in_french(english) == french
