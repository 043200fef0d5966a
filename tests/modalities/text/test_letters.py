"""What a letter is, and how lines become numbers and lines again."""

from __future__ import annotations

import numpy as np
import pytest

from faussaire.modalities.text.letters import letters_of, number_of, numbered, split_by

FAMILY, FLAG, OTHER_FLAG, THUMB = "👨‍👩‍👧‍👦", "🇫🇷", "🇩🇪", "👍🏽"


@pytest.mark.parametrize(
    ("line", "letters"),
    [
        ("anna", ["a", "n", "n", "a"]),
        ("Zoë", ["Z", "o", "ë"]),
        ("Zoe\u0308", ["Z", "o", "e\u0308"]),
        (f"a{FAMILY}b", ["a", FAMILY, "b"]),
        (f"{FLAG}{OTHER_FLAG}", [FLAG, OTHER_FLAG]),
        (f"{THUMB}{THUMB}", [THUMB, THUMB]),
        ("❤\ufe0f!", ["❤\ufe0f", "!"]),
        ("शि", ["शि"]),
        ("שלום", ["ש", "ל", "ו", "ם"]),
        ("", []),
    ],
)
def test_a_letter_is_what_a_reader_takes_for_one(line: str, letters: list[str]) -> None:
    assert list(letters_of(line)) == letters


def test_the_number_of_a_letter_depends_on_its_spelling_alone() -> None:
    assert number_of("a") == ord("a")
    assert number_of(FAMILY) == number_of(FAMILY) > 0x10FFFF
    assert len({number_of(letter) for letter in (FAMILY, FLAG, OTHER_FLAG, THUMB, "👍")}) == 5


def test_lines_are_numbered_and_their_ends_are_zeros() -> None:
    rows, spelt = numbered(["ab", "", [FLAG, "a", "b", "c"]], num_lines=3, length=3)
    a, b, flag = ord("a"), ord("b"), number_of(FLAG)
    np.testing.assert_array_equal(rows, [[a, b, 0], [0, 0, 0], [flag, a, b]])
    assert spelt == {a: "a", b: "b", flag: FLAG}


def test_a_line_that_was_put_together_is_taken_apart_again() -> None:
    alphabet = ("👍", THUMB, "a", FAMILY)
    assert split_by(f"a{THUMB}👍{FAMILY}a", alphabet) == [3, 2, 1, 4, 3]
    assert split_by("axa", alphabet) == [3, 3]
