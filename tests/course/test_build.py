"""What must not be handed out is found when the notebooks are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build import HERE, SOLUTION, SOURCES, BuildError, check, check_size, notebook
from source_files import parse
from words import LANGUAGES

if TYPE_CHECKING:
    from nbformat import NotebookNode

NAMES = sorted(path.stem for path in SOURCES.glob("*.py"))


def book_with(text: str) -> NotebookNode:
    import nbformat  # three seconds, which each process would wait that looks for tests

    cell = nbformat.v4.new_code_cell("x = 1")
    cell.outputs = [nbformat.v4.new_output("stream", text=text)] if text else []
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x, in the cell that begins with 'x = 1': it shows nothing"),
        ("✗ the labels are swapped", "x, in the cell that begins with 'x = 1': ✗ the labels are swapped"),
        ("UserWarning: beware", "x, in the cell .*beware"),
    ],
)
def test_a_notebook_that_must_not_be_handed_out_is_refused(text, message) -> None:
    with pytest.raises(BuildError, match=message):
        check(book_with(text), name="x", is_solution=True)


def test_a_notebook_too_large_for_a_repository_is_refused(tmp_path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text("a" * 1_600_000)
    with pytest.raises(BuildError, match=r"x\.ipynb takes 1,600,000 bytes, more than 1,500,000"):
        check_size(path)


def test_an_exercise_may_say_that_there_is_nothing_yet() -> None:
    check(book_with("✗ Nothing here yet"), name="x", is_solution=False)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_is_what_the_source_says(name, language) -> None:
    import nbformat

    cells = parse((SOURCES / f"{name}.py").read_text(encoding="utf-8"), name=name)
    for suffix in ("", SOLUTION):
        made = nbformat.read(HERE / language / f"{name}{suffix}.ipynb", as_version=4)
        wanted = notebook(cells, language, solution=suffix == SOLUTION)
        assert [cell.source for cell in made.cells] == [cell.source for cell in wanted.cells]
        check_size(HERE / language / f"{name}{suffix}.ipynb")
        check(made, name=f"{name}{suffix}", is_solution=suffix == SOLUTION)
