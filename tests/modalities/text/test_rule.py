"""The alphabet and the length that lines are brought to."""

from __future__ import annotations

import numpy as np
import pytest

from faussaire.core.errors import ConfigError
from faussaire.modalities import modality
from faussaire.modalities.text.reading import arranged
from faussaire.modalities.text.rule import MOST_LENGTH, OPTIONS, TextRule, rule_for


def found(lines: list[str], **options: object) -> TextRule:
    return rule_for([arranged(np.array(lines, dtype=object))], {**OPTIONS, **options})[0]


def test_a_letter_in_fewer_than_one_line_of_a_thousand_is_no_part_of_the_alphabet() -> None:
    assert found(["ab", "ba"] * 600 + ["x"]).alphabet == ("a", "b")
    assert found(["ab", "ba"] * 400 + ["x"]).alphabet == ("a", "b", "x")


def test_the_length_is_that_of_99_lines_in_100() -> None:
    assert found(["abc"] * 99 + ["abcabcabc"]).length == 3
    assert found(["abc"] * 98 + ["abcabcabc"] * 2).length == 9


def test_alphabet_and_length_may_be_given() -> None:
    rule = found(["abc", "ab"], letters=2, alphabet=["b", "a"])
    assert (rule.alphabet, rule.length) == (("b", "a"), 2)
    with pytest.raises(ConfigError, match="--letters must be from 1 to 128"):
        modality("text").check({**OPTIONS, "letters": MOST_LENGTH + 1})


def test_a_row_is_small_and_a_sample_is_one_hot() -> None:
    rule = found(["ab", "b"])
    assert (rule.shape, rule.sample_shape, rule.dtype) == ((2,), (3, 2), np.dtype(np.uint8))
    assert TextRule(alphabet=tuple(map(chr, range(1000, 1300))), length=2).dtype == np.uint16
    assert TextRule.from_dict(rule.as_dict()) == rule


def test_several_files_share_an_alphabet() -> None:
    parts = [arranged(np.array(lines, dtype=object)) for lines in (["ab", "ba"], ["cdc", "dcd"])]
    rule = rule_for(modality("text").agreed(parts), OPTIONS)[0]
    assert (rule.alphabet, rule.length) == (("a", "b", "c", "d"), 3)
