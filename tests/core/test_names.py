"""Names as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faussaire.core.names import shown, told_apart


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain name.png", "plain name.png"),
        ("e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("a\nb\t\x1b[31m", r"a\nb\t\x1b[31m"),
        ("caf\udce9", r"caf\xe9"),
        ("left\u202eright", r"left\u202eright"),
        ("猫\u3000\N{WHITE SMILING FACE}", "猫\u3000\N{WHITE SMILING FACE}"),
    ],
)
def test_what_cannot_be_printed_is_escaped(name: str, text: str) -> None:
    assert shown(name) == text


parts = st.text(st.sampled_from("a\\ue9 x5\n\té\u0301e\udce9\udcff/ "), min_size=1, max_size=6)


@given(st.lists(parts, unique=True, max_size=12))
def test_paths_that_differ_are_told_apart(paths: list[str]) -> None:
    texts = told_apart(paths)
    assert len(set(texts)) == len(paths)
    assert all(text.isprintable() for text in texts)


@given(st.lists(parts, unique=True, max_size=12))
def test_files_of_one_folder_are_told_to_be_of_one(paths: list[str]) -> None:
    folders = dict(zip(paths, told_apart(paths), strict=True))
    for a in paths:
        for b in paths:
            same = a.rpartition("/")[0] == b.rpartition("/")[0]
            assert same == (folders[a].rpartition("/")[0] == folders[b].rpartition("/")[0]) or "/" not in a + b
