"""What the documents tell a reader to type works, in order, from an empty folder; French and English say the same.

Budgets are shortened on the way (see `shortened`), and a folder of photographs stands ready under the names that the
documents give to the reader's own. Lines for other programs than faussaire are left out, and so are blocks marked `py`:
parts of the source.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import faussaire
from faussaire.cli.main import run
from faussaire.core.config import LENGTHS
from faussaire.evaluation.protocols import PROTOCOLS
from faussaire.views.words import sentences_in_french, texts

ROOT = Path(__file__).parent.parent
SOURCE = Path(faussaire.__file__).parent
READINGS = {"en": ROOT / "README.md", "fr": ROOT / "README.fr.md"}
"""The readings of `docs/en` and `docs/fr` show commands of these, so that nothing is run twice."""

DOCUMENTS = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name not in READINGS),
]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BRIEF = {"kimg": 0.2, "threads": 1, "pictures": 2}
NARROW = {"width": 8, "precision": "fp32", "batch_size": 20}
OTHER_KINDS = ("spoken-digits", "chorales", "names")
MOST = {"-n": 100, "--seconds": 0.5}
"""Samples, and seconds of a film."""
MEASURED = 200
"""Samples of every protocol."""
FRENCH = {
    "mes-photos": "my-photos",
    "grille": "grid",
    "sandales": "sandals",
    "sept": "seven",
    "bottines": "boots",
    "par-nom": "by-name",
}
"""Names that the French README gives to what the reader makes, and those of the English one."""


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return language and text of what a document shows to type."""
    return BLOCK.findall(document.read_text(encoding="utf-8"))


def commands(text: str) -> list[list[str]]:
    """Return the words of each faussaire command in a block, comments left out."""
    lines = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line[:1] == ["faussaire"]]


def shortened(words: list[str]) -> list[str]:
    """Return a command with a budget of seconds; what it is about stays."""
    verb, rest = words[1], words[2:]
    if verb == "train" and "--replay" not in rest:
        kept = list(rest)
        for name in LENGTHS:
            if f"--{name}" in kept:
                place = kept.index(f"--{name}")
                del kept[place : place + 2]
        sized = {name: value for name, value in NARROW.items() if f"--{name}".replace("_", "-") not in kept}
        settings = BRIEF if "--recipe" in kept or kept[0] in OTHER_KINDS else BRIEF | sized
        flags = [word for name, value in settings.items() for word in (f"--{name}".replace("_", "-"), str(value))]
        return [verb, *kept, *flags]
    if verb == "demo":
        return [verb, *rest, "--minutes", "0.05"]
    if verb in ("evaluate", "compare") and "--protocol" not in rest:
        return [verb, *rest, "--protocol", "fd2000-pixels-dct"]
    return [verb, *(lessened(flag, word) for flag, word in zip(["", *rest], rest, strict=False))]


def lessened(flag: str, value: str) -> str:
    """Return what a flag is given, or the most that there is time for."""
    return str(min(type(MOST[flag])(value), MOST[flag])) if flag in MOST else value


@pytest.fixture
def a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it but the reader's own photographs."""
    rng = np.random.default_rng(0)
    for number in range(240):
        path = tmp_path / "my-photos" / ("cats", "dogs")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC).save(path)
    monkeypatch.chdir(tmp_path)
    train = faussaire.train

    def train_briefly(*data: Any, recipe: str | None = None, **settings: Any) -> Any:
        brief = {name: value for name, value in settings.items() if name not in LENGTHS} | BRIEF
        return train(*data, recipe=recipe, **(brief if recipe else NARROW | brief))

    monkeypatch.setattr(faussaire, "train", train_briefly)
    for name, protocol in PROTOCOLS.items():
        monkeypatch.setitem(PROTOCOLS, name, replace(protocol, n_real=MEASURED, n_fake=MEASURED))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_tells_to_type_works(
    document: Path, a_reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"faussaire": faussaire}
    for language, text in blocks(document):
        if language == "python":
            exec(compile(text, document.name, "exec"), names)
            continue
        for words in commands(text):
            if words[1] in ("serve", "class"):
                assert_serves(words)
            else:
                assert run(shortened(words)) == 0, (words, capsys.readouterr().err)


def assert_serves(words: list[str]) -> None:
    """Start a server, wait until it says where, and end it."""
    program = [sys.executable, "-m", *words, "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        said = ""
        while "http://" not in said:
            line = server.stdout.readline()
            assert line, said
            said += line
        server.terminate()


def test_both_readmes_show_the_same_commands() -> None:
    """Only the names of what the reader brings or makes are translated."""
    english, french = (
        [words for _, text in blocks(ROOT / name) for words in commands(text)] for name in ("README.md", "README.fr.md")
    )
    assert [[translated(word) for word in words] for words in french] == english


def translated(word: str) -> str:
    """Return a word of a command with the names of the English README."""
    for french, english in FRENCH.items():
        word = word.replace(french, english)
    return word


@pytest.mark.parametrize("language", READINGS)
def test_a_reading_shows_commands_of_the_readme_and_programs_that_are_python(language: str) -> None:
    known = [words for _, text in blocks(READINGS[language]) for words in commands(text)]
    for document in (ROOT / "docs" / language).glob("*.md"):
        for words in [words for _, text in blocks(document) for words in commands(text)]:
            assert words in known, document
        for program in re.findall(r"^```py\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            compile(program, document.name, "exec")


def test_both_readings_have_the_same_pages_pictures_and_words() -> None:
    english, french = (ROOT / "docs" / language for language in READINGS)
    assert [path.name for path in sorted(english.iterdir())] == [path.name for path in sorted(french.iterdir())]
    for path in english.iterdir():
        texts = [(folder / path.name).read_text("utf-8") for folder in (english, french)]
        pictures, titles = ([re.findall(pattern, t) for t in texts] for pattern in (r"\]\((\S+\.png)\)", r"(?m)^#+ "))
        assert pictures[0] == pictures[1]
        assert titles[0] == titles[1]
    pairs = [
        {tuple(line.split(" | ")[:2]) for line in (folder / "glossary.md").read_text("utf-8").splitlines()[8:]}
        for folder in (english, french)
    ]
    assert {(f"| {first}", second.removeprefix("| ")) for second, first in pairs[1]} == pairs[0]
    assert len(pairs[0]) == 42


def test_the_index_and_the_navigation_lead_to_every_page() -> None:
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    index, navigation = ((ROOT / name).read_text("utf-8") for name in ("docs/index.md", "mkdocs.yml"))
    assert {page for page in pages if f"]({page})" not in index} == set()
    assert {page for page in pages if f": {page}\n" not in navigation} == set()


def written(language: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each document, of each notebook of the course, and of all that the views say."""
    french = {ROOT / "README.fr.md", *(ROOT / "docs" / "fr").glob("*.md")}
    english = {ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")} - french
    for path in french if language == "fr" else english:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in (ROOT / "course" / language).glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield str(path.relative_to(ROOT)), "\n".join("".join(cell["source"]) for cell in cells)
    for path in SOURCE.rglob(f"{language}.toml"):  # of pages that stand alone
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    yield "views", str(texts(language))
    yield from ((english, french if language == "fr" else english) for english, french in sentences_in_french().items())


@pytest.mark.parametrize(
    ("language", "odd"),
    [("en", r"[\d}]\s%(?!\s*[\d(]|\w)"), ("fr", r"[\d}](?:%| %(?!\s*[\d(]|\w))")],
)
def test_a_share_is_written_in_one_way_in_each_language(language: str, odd: str) -> None:
    found = {place: re.findall(f".{{0,30}}{odd}", text) for place, text in written(language)}
    assert len(found) > 1000
    assert {place: lines for place, lines in found.items() if lines} == {}


def test_every_file_of_the_documents_that_is_named_is_there() -> None:
    missing = [
        f"{document.name}: {target}"
        for document in [ROOT / "README.md", ROOT / "README.fr.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert missing == []
