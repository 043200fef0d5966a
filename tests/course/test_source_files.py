"""From one source come notebooks in two languages, with holes and without."""

from __future__ import annotations

import pytest

from build import SOURCES
from source_files import SourceError, parse
from words import LANGUAGES

SOURCE = """# %% [markdown]
# [en]
# # Title
#
# Text
# [fr]
# # Titre
#
# Texte

# %%
def step():  # [[a step | un pas]]
    # START: [[one line | une ligne]]
    return "[[done | fait]]"
    # END


train(kimg=60, seed=0)  # quick: 0.5
"""


def test_text_stands_in_one_language_and_code_is_shared() -> None:
    text, code = parse(SOURCE, name="x.py")
    assert text.text("en") == "# Title\n\nText"
    assert text.text("fr") == "# Titre\n\nTexte"
    assert '"done"' in code.text("en")
    assert "# un pas" in code.text("fr")
    assert "[[" not in code.text("en") + code.text("fr")


def test_an_exercise_has_holes_and_a_solution_has_none() -> None:
    code = parse(SOURCE, name="x.py")[1]
    assert code.has_hole
    assert "    # START: une ligne\n    ...\n    # END" in code.text("fr", solution=False)
    assert "return" not in code.text("fr", solution=False)
    assert 'return "fait"' in code.text("fr")


def test_a_budget_is_small_in_a_quick_run_only() -> None:
    code = parse("# %%\ntrain(\n    kimg=60,  # quick: 0.5\n)\nROUNDS = 1_200  # quick: 12", name="x.py")[0]
    assert code.text("en") == "train(\n    kimg=60,\n)\nROUNDS = 1_200"
    assert code.text("en", quick=True) == "train(\n    kimg=0.5,\n)\nROUNDS = 12"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# %% [markdown]\n# [en]\n# Only this", r"x.py:1: text must be there in en and fr"),
        ("# %% [markdown]\n# Neither", r"x.py:2: text begins with \[en\] or \[fr\]"),
        ("import torch", r"x.py:1: a cell begins with"),
        ("# %%\n# START\nx = 1", r"x.py:1: a START without END"),
        ('# %%\nx = "[[only English]]"', r"x.py:1: .*a \[\[ without"),
    ],
)
def test_what_no_notebook_can_be_made_of_is_refused_in_a_line(text, message) -> None:
    with pytest.raises(SourceError, match=message):
        parse(text, name="x.py")


@pytest.mark.parametrize("source", sorted(SOURCES.glob("*.py")), ids=lambda path: path.stem)
def test_every_source_speaks_both_languages_and_is_python(source) -> None:
    cells = parse(source.read_text(encoding="utf-8"), name=source.name)
    assert any(cell.has_hole for cell in cells)
    for language in LANGUAGES:
        assert cells[0].text(language).startswith("# ")
        for cell in (cell for cell in cells if cell.markdown is None):
            for solution in (True, False):
                compile(cell.text(language, solution=solution), source.name, "exec")
