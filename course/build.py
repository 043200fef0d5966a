"""Make the notebooks of the course from their sources, and execute them.

    python course/build.py                    # all of them, in both languages: what `make course` does
    python course/build.py 01 02              # those whose names begin so
    python course/build.py --quick            # with tiny budgets, written to no folder: what CI does
    python course/build.py --jobs 1

Of each source four notebooks are made: the exercise and its solution, in English and in French. In each language the
solution is executed, and then the holes of the exercise as they stand. An exercise goes on with our answers where there
are none yet, so everything else in it shows what the solution shows. What is wrong ends the build: a cell that fails, a
solution that its check refuses, a cell without output, a notebook of more than 1.5 MB.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from checks import WRONG
from source_files import Cell, parse
from words import LANGUAGES

if TYPE_CHECKING:
    from nbformat import NotebookNode  # imported where it is used: it takes three seconds to come

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
AT_MOST_BYTES = 1_500_000
CELL_SECONDS = 1800  # after which a cell is given up; on a quiet machine no cell takes more than 60
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SOLUTION = "-solution"


class BuildError(Exception):
    """A notebook that must not be handed out; the message says which and why."""


def notebook(cells: Sequence[Cell], language: str, *, solution: bool, quick: bool = False) -> NotebookNode:
    """Make a notebook without outputs."""
    import nbformat

    made = []
    for number, cell in enumerate(cells):
        text = cell.text(language, solution=solution, quick=quick)
        new = nbformat.v4.new_markdown_cell if cell.markdown is not None else nbformat.v4.new_code_cell
        made.append(new(text, id=f"cell-{number:02d}"))
    return nbformat.v4.new_notebook(cells=made, metadata=METADATA)


def execute(book: NotebookNode, folder: Path, *, name: str) -> None:
    """Run a notebook in a folder, and keep what it shows.

    Raises:
        BuildError: a cell fails, or takes too long.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(book, timeout=CELL_SECONDS, kernel_name="python3", resources=where, coalesce_streams=True)
    try:
        client.execute(env={**os.environ, **environment()})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise BuildError(f"{name}: {error}") from None
    for cell in book.cells:
        cell.metadata.clear()  # of its times, which differ each time
        for data in (output.data for output in cell.get("outputs", []) if "data" in output):
            if "image/png" in data:
                data.pop("image/jpeg", None)  # Pillow gives both
                data["image/png"] = smaller(data["image/png"])


def environment() -> dict[str, str]:
    """Return the variables of a kernel: it finds the course, and rich does not ask for ipywidgets."""
    paths = [str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONWARNINGS": "ignore:install:UserWarning"}


def smaller(picture: str) -> str:
    """Return a PNG, in base64, in fewer bytes: grey, or of 256 colours."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        found = opened.convert("RGB")
    if len({channel.tobytes() for channel in found.split()}) == 1:
        found = found.convert("L")
    else:
        found = found.quantize(256, dither=Image.Dither.NONE)
    content = io.BytesIO()
    found.save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()


def build(source: Path, language: str, *, quick: bool, keep: Path | None) -> None:
    """Make and execute the exercise and the solution of a source in one language, and write them to `keep`.

    Raises:
        BuildError, SourceError: what is wrong with it.
    """
    import nbformat

    cells = parse(source.read_text(encoding="utf-8"), name=source.name)
    name = f"{language}/{source.stem}"
    done = notebook(cells, language, solution=True, quick=quick)
    left = notebook(cells, language, solution=False, quick=quick)
    holes = [number for number, cell in enumerate(cells) if cell.has_hole]
    asked = {number: nbformat.v4.new_code_cell(left.cells[number].source, id=f"hole-{number:02d}") for number in holes}
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        execute(nbformat.v4.new_notebook(cells=[*done.cells, *asked.values()]), Path(folder), name=name)
    for number, (ours, theirs) in enumerate(zip(done.cells, left.cells, strict=True)):
        if ours.cell_type == "code":
            theirs.outputs, theirs.execution_count = asked.get(number, ours).outputs, ours.execution_count
    check(done, name=f"{name}{SOLUTION}", is_solution=True)
    check(left, name=name, is_solution=False)
    if keep is not None:
        (keep / language).mkdir(parents=True, exist_ok=True)
        for book, suffix in ((left, ""), (done, SOLUTION)):
            path = keep / language / f"{source.stem}{suffix}.ipynb"
            nbformat.write(book, path)
            check_size(path)


def check_size(path: Path) -> None:
    """Look how large a notebook is.

    Raises:
        BuildError: too large for a repository.
    """
    size = path.stat().st_size
    if size > AT_MOST_BYTES:
        raise BuildError(f"{path.name} takes {size:,} bytes, more than {AT_MOST_BYTES:,}: make its pictures smaller")


def check(book: NotebookNode, *, name: str, is_solution: bool) -> None:
    """Look at the outputs of a notebook.

    Raises:
        BuildError: one is missing, one is a warning, or a solution is found wrong.
    """
    for cell in (cell for cell in book.cells if cell.cell_type == "code"):
        texts = [_text(output) for output in cell.outputs]
        where = f"{name}, in the cell that begins with {cell.source.splitlines()[0]!r}"
        if not any(text.strip() for text in texts):
            raise BuildError(f"{where}: it shows nothing")
        wrong = [text for text in texts if text.startswith(WRONG)]
        if wrong and is_solution:
            raise BuildError(f"{where}: {wrong[0]}")
        if any("Warning" in text for text in texts):
            raise BuildError(f"{where}: {'; '.join(texts)}")


def _text(output: NotebookNode) -> str:
    """Return what an output says to somebody who sees no pictures."""
    if output.output_type == "stream":
        return str(output.text)
    return str(output.data.get("text/plain", ""))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what was asked for, and say what failed."""
    parser = argparse.ArgumentParser(description="Make the notebooks of the course, and execute them.")
    parser.add_argument("names", nargs="*", help="beginnings of names; all if not given")
    parser.add_argument("--quick", action="store_true", help="tiny budgets; nothing is written")
    parser.add_argument("--language", choices=LANGUAGES, help="one of them; both if not given")
    parser.add_argument("--out", type=Path, help="where to; the folder of the course, or nowhere if --quick")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    asked = parser.parse_args(arguments)
    keep = asked.out or (None if asked.quick else HERE)
    sources = [path for path in sorted(SOURCES.glob("*.py")) if path.stem.startswith(tuple(asked.names) or "")]
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // asked.jobs)))

    def one(task: tuple[Path, str]) -> bool:
        source, language = task
        begun = time.monotonic()
        try:
            build(source, language, quick=asked.quick, keep=keep)
        except (BuildError, ValueError) as error:
            print(f"{language} {source.stem}: {error}", file=sys.stderr, flush=True)
            return False
        print(f"{language} {source.stem}: {time.monotonic() - begun:.0f} s", flush=True)
        return True

    languages = [asked.language] if asked.language else LANGUAGES
    with ThreadPoolExecutor(asked.jobs) as pool:
        built = list(pool.map(one, [(source, language) for source in sources for language in languages]))
    return 0 if built and all(built) else 1


if __name__ == "__main__":
    sys.exit(main())
