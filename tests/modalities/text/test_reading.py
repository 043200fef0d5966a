"""What becomes of odd strings before they are lines."""

from __future__ import annotations

import numpy as np

from faussaire.modalities.text.reading import arranged


def test_a_line_has_one_spelling_and_no_blanks_around() -> None:
    lines = arranged(np.array(["  Zoe\u0308\t1 ", "Zo\u00eb 1"], dtype=object))
    assert len(np.unique(lines.raw, axis=0)) == 1
    assert lines.raw.shape == (2, 5)


def test_what_cannot_be_seen_is_dropped_and_told() -> None:
    lines = arranged(np.array(["a\x00b", "a\x1bb", "ab", "ab\udce9"], dtype=object))
    assert len(np.unique(lines.raw, axis=0)) == 1
    assert lines.notes == ("lines with control characters, which were dropped: 3",)


def test_empty_and_very_long_lines_are_problems() -> None:
    lines = arranged(np.array(["ab", " ", "x" * 2**20, "y" * 129, "z" * 128], dtype=object))
    assert lines.problems == {
        1: "an empty line",
        2: "a line of 1,048,576 letters, and those of up to 128 are learnt",
        3: "a line of 129 letters, and those of up to 128 are learnt",
    }
    assert lines.raw.shape == (5, 128)
