"""Pseudonyms: what is left of a name that wants more than to be read, and which names look the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faussaire.core.errors import RequestError
from faussaire.views.web.classroom.pseudonyms import MOST_LETTERS, UNSEEN, pseudonym, skeleton


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Léa", "Léa"),
        ("  Le\u0301a   B.\n", "Léa B."),
        ("<script>alert(1)", "<script>alert(1)"),  # text is text: what shows it escapes it
        ("a\u202eb\u200fc\u2066d\u061ce", "abcde"),  # nothing turns the line around
        ("a\u200bb\u00adc\ufeffd\u3164", "abcd"),  # nor is there what cannot be seen
        ("tab\tnul\x00bell\x07", "tab nulbell"),
        ("Z\u0338\u0321\u0327\u0354\u0354\u0354a", "Z\u0338\u0321a"),  # marks do not pile up
        ("\u0301\u0301Ana", "Ana"),
        ("ＡＮＡ ①", "ANA 1"),
        ("😀", "😀"),
        ("👩\u200d🚀\ufe0f", "👩🚀"),
        ("عمر", "عمر"),
        ("たろう一郎ー", "たろう一郎ー"),
        ("김 철수", "김 철수"),
    ],
)
def test_a_name_is_cleaned(sent: str, shown: str) -> None:
    assert pseudonym(sent) == shown


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("", "at least one letter"),
        (" \u200b\u202e\t", "at least one letter"),
        ("...!?", "at least one letter"),
        ("\u0301", "at least one letter"),
        ("\ud800", "at least one letter"),
        ("x" * (MOST_LETTERS + 1), "at most 24 letters"),
        ("\u200b" * 100_000, "at most 24 letters"),
        ("ﷺ" * 3, "at most 24 letters"),  # each becomes 18
        ("Аna", "of one alphabet"),
        ("Proƒ\u03bf", "of one alphabet"),
        ("Teacher", "looks like"),
        ("ΤΕΑ", ""),  # Greek, whole
        ("pr0f", "looks like"),
        ("MAITRE", "looks like"),
    ],
)
def test_what_is_no_name_is_refused(sent: str, reason: str) -> None:
    if not reason:
        assert pseudonym(sent) == sent
        return
    with pytest.raises(RequestError, match=reason):
        pseudonym(sent)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Léa", "LEA"), ("Lea", "Lea."), ("Ali", "AIi"), ("Bob", "B0b"), ("bill", "bi11"), ("Ana", "A n a"),
        ("Ana", "Ana!"), ("сора", "copa"), ("ΑΝΑ", "avа"), ("Irna", "lma"), ("vvill", "will"), ("ﬁn", "fin"),
        ("Anna\u0323", "Anna"),
    ],
)  # fmt: skip
def test_names_that_look_the_same_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_names_that_differ_have_others() -> None:
    names = ["Ana", "Anna", "Anne", "Ben", "Bea", "😀", "😎", "عمر", "عمرو", "Léa 2", "Léa 3"]
    assert len({skeleton(name) for name in names}) == len(names)


@settings(deadline=None)
@given(st.text(max_size=40))
@example("\u00b4 0")  # an accent that is a space with a mark
def test_whatever_is_sent_what_is_shown_is_short_and_seen_and_cleaned_already(sent: str) -> None:
    try:
        shown = pseudonym(sent)
    except RequestError:
        return
    assert 1 <= len(shown) <= MOST_LETTERS
    assert not any(unicodedata.category(letter) in UNSEEN for letter in shown)
    assert skeleton(shown)
    assert pseudonym(shown) == shown
