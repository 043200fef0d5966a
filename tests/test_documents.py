"""What the documents tell a reader to type works, in order, from an empty folder; French and English say the same.

Budgets are shortened on the way (see `shortened`), and what the documents give names to of the reader's own stands
ready under these names. What is not executed, and why, is `NOT_EXECUTED` of tests/documents.py.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

import faussaire
from documents import (
    DOCUMENTS,
    LANGUAGES,
    NOT_EXECUTED,
    PROGRAMS,
    READINGS,
    RECORDS,
    ROOT,
    Piece,
    is_whole,
    pieces,
    refusal,
    why_not_executed,
)
from faussaire.cli.main import run
from faussaire.core.config import LENGTHS, flag
from faussaire.evaluation.protocols import PROTOCOLS
from faussaire.views.words import sentences_in_french, texts
from hub_server import hub
from midi_files import TUNE, midi, notes, track
from sounds import write_tones

SOURCE = Path(faussaire.__file__).parent
TYPED = [
    document
    for document in DOCUMENTS
    if document.parent.name not in READINGS and document.name not in ("README.fr.md", *RECORDS)
]
"""The French README shows the commands of the English one, which a test sees to, and its programs run beside these."""
BRIEF = {"kimg": 0.2, "threads": 1, "pictures": 2}
NARROW = {"width": 8, "precision": "fp32", "batch_size": 20}
TEXTS = ("names", "my-places.txt")
"""Their networks have one size."""
MOST = {"-n": 100, "--seconds": 0.5}
"""Samples, and seconds of a film."""
MEASURED = 200
"""Samples of every protocol."""
FRENCH = {
    "mes-photos": "my-photos",
    "grille": "grid",
    "sandales": "sandals",
    "sept-bis": "seven-again",
    "sept": "seven",
    "bottines": "boots",
    "par-nom": "by-name",
    "noms": "names",
    "PROPRIÉTAIRE/NOM": "OWNER/NAME",
}
"""Names that the French README gives to what the reader makes, and those of the English one."""


def shortened(words: list[str]) -> list[str]:
    """Return a command with a budget of seconds; what it is about stays."""
    verb, rest = words[0], words[1:]
    if verb == "train" and not {"--replay", "--help"} & set(rest):
        kept = list(rest)
        for name in LENGTHS:
            if f"--{name}" in kept:
                place = kept.index(f"--{name}")
                del kept[place : place + 2]
        settings = {
            flag(name): str(value)
            for name, value in (BRIEF if "--recipe" in kept or kept[0] in TEXTS else BRIEF | NARROW).items()
        }
        flags = [word for name, value in settings.items() if name not in kept for word in (name, value)]
        return [verb, *kept, *flags]
    if verb == "demo":
        return [verb, *rest, "--minutes", "0.05"]
    if verb in ("evaluate", "compare") and "--protocol" not in rest:
        return [verb, *rest, "--protocol", "fd2000-pixels-dct"]
    if verb in ("serve", "class"):
        return [verb, *rest, "--port", "0"]
    if "--prune" in rest:
        return [verb, *rest, "--yes"]
    return [verb, *(lessened(name, word) for name, word in zip(["", *rest], rest, strict=False))]


def lessened(name: str, value: str) -> str:
    """Return what a flag is given, or the most that there is time for."""
    return str(min(type(MOST[name])(value), MOST[name])) if name in MOST else value


def write_photographs(folder: Path) -> None:
    """Write 240 images of two kinds."""
    rng = np.random.default_rng(0)
    for number in range(240):
        path = folder / ("cats", "dogs")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((16, 16), Image.Resampling.BICUBIC).save(path)


def write_tunes(folder: Path) -> None:
    """Write eight tunes, of sixteen bars each."""
    folder.mkdir()
    for pitch in range(60, 68):
        (folder / f"{pitch}.mid").write_bytes(midi(track(notes(*range(pitch, pitch + 8)) * 4 + TUNE * 2)))


def write_places(path: Path) -> None:
    """Write 60 lines."""
    path.write_text("".join(f"Saint-{chr(97 + i % 26)}{chr(97 + i // 26)}\n" for i in range(60)), encoding="utf-8")


THEIRS = {
    "my-photos": write_photographs,
    "photos": write_photographs,
    "cats": write_photographs,
    "dogs": write_photographs,
    "my-birds": write_tones,
    "my-tunes": write_tunes,
    "my-places.txt": write_places,
}
"""What the reader has, by the names that the documents give to it."""


@pytest.fixture
def a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, a hub to push to, servers that end as soon as they have begun, and budgets that are short."""
    monkeypatch.chdir(tmp_path)
    train = faussaire.train

    def train_briefly(*data: Any, recipe: str | None = None, **settings: Any) -> Any:
        brief = {name: value for name, value in settings.items() if name not in LENGTHS} | BRIEF
        return train(*data, recipe=recipe, **(brief if recipe else NARROW | brief))

    async def end_at_once(self: uvicorn.Server) -> None:
        assert self.started

    monkeypatch.setattr(faussaire, "train", train_briefly)
    monkeypatch.setattr(uvicorn.Server, "main_loop", end_at_once)
    for name, protocol in PROTOCOLS.items():
        monkeypatch.setitem(PROTOCOLS, name, replace(protocol, n_real=MEASURED, n_fake=MEASURED))
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    with hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("document", TYPED, ids=lambda path: path.name)
def test_what_a_document_tells_to_type_works(
    document: Path, a_reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = pieces(document)
    for name, write in THEIRS.items():
        if any(name in re.split(r"[\s/]+", command) for piece in shown for command in piece.commands):
            write(a_reader / name)
    names: dict[str, Any] = {"faussaire": faussaire}
    for piece in shown:
        if piece.language == "python":
            exec(compile(piece.text, piece.place, "exec"), names)
        elif named := re.match(r"# (\S+)\n", piece.text) if piece.language == "toml" else None:
            path = a_reader / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(piece.text, encoding="utf-8")
        for command in to_execute(piece):
            obey(command, piece.place, capsys)
    if document == READINGS["en"]:
        for program in programs(READINGS["fr"]):
            exec(compile(translated(program), READINGS["fr"].name, "exec"), names)


def to_execute(piece: Piece) -> list[str]:
    """Return the commands of a piece that a reader types."""
    return [
        command
        for command in piece.commands
        if piece.language != "powershell"
        and why_not_executed(command) is None
        and (piece.language == "sh" or is_whole(command))
    ]


def obey(command: str, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Do what is typed; a server says where it is."""
    program, *words = shlex.split(command)
    if program != "faussaire":
        subprocess.run(["sh", "-c", command], check=True)
        return
    code = run(shortened(words))
    said = capsys.readouterr()
    assert code == 0, (place, command, said.err)
    assert "http://" in said.out or words[0] not in ("serve", "class")


def programs(document: Path) -> list[str]:
    """Return the programs of a document that a reader types."""
    return [piece.text for piece in pieces(document) if piece.language == "python"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_says_what_it_is_and_every_command_is_one(document: Path) -> None:
    shown = pieces(document)
    blocks = [piece for piece in shown if piece.language != "inline"]
    assert [piece.place for piece in blocks if piece.language not in LANGUAGES] == []
    hidden = rf"(?m)^\s*({'|'.join(PROGRAMS)}) "
    assert [p.place for p in blocks if p.language == "text" and re.search(hidden, p.text)] == []
    refused = {f"{piece.place}: {command}": refusal(command) for piece in shown for command in piece.commands}
    assert {command: why for command, why in refused.items() if why} == {}
    for piece in blocks:
        if piece.language in ("python", "py"):
            ast.parse(piece.text)
        if piece.language == "toml":
            tomllib.loads(piece.text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1. one\n\n   ```sh\n   faussaire list\n   ```\n", [("sh", "faussaire list\n")]),
        ("~~~\nfaussaire list\n~~~\n", [("", "faussaire list\n")]),
        ("    faussaire list\n", [("", "faussaire list\n")]),
        ('!!! note "a"\n    b\n\n    ```sh\n    make\n    ```\n', [("sh", "make\n")]),
        ("| a |\n|---|\n| `faussaire list` |\n", [("inline", "faussaire list")]),
    ],
)
def test_code_is_found_wherever_it_stands(text: str, found: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    assert [(piece.language, piece.text) for piece in pieces(path)] == found


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("faussaire train mnist --epoch 3", "Unknown option"),
        ("faussaire export RUN --to paper", "paper"),
        ("faussaire generate --class --twice", "unknown: --twice"),
        ("faussaire forge mnist", "Unknown command"),
        ("make tea", "unknown: tea"),
        ("pip install '.[train,tea]'", "unknown: tea"),
        ("python benchmarks/board.py --tea", "unknown: --tea"),
        ("torchrun --nproc-per-node 2 -m faussaire train a --epoch 3", "Unknown option"),
        ("tea --hot", "unknown: tea"),
    ],
)
def test_a_command_that_is_none_is_refused(command: str, why: str) -> None:
    assert why in refusal(command)


def test_whatever_is_not_executed_is_shown_somewhere() -> None:
    shown = [command for document in DOCUMENTS for piece in pieces(document) for command in piece.commands]
    assert {begin for begin in NOT_EXECUTED if not any(f"{c} ".startswith(f"{begin} ") for c in shown)} == set()


def test_both_readmes_show_the_same_commands_and_programs() -> None:
    """Only the names of what the reader brings or makes are translated."""
    english, french = (
        [(command, piece.language) for piece in pieces(READINGS[language]) for command in piece.commands]
        for language in ("en", "fr")
    )
    assert [(" ".join(translated(command).split()), language) for command, language in french] == english
    texts = [[ast.unparse(ast.parse(text)) for text in programs(READINGS[language])] for language in ("en", "fr")]
    assert [translated(text) for text in texts[1]] == texts[0]


def translated(text: str) -> str:
    """Return a command or a program with the names of the English README."""
    for french, english in FRENCH.items():
        text = re.sub(rf"(?<!\w){french}(?!\w)", english, text)
    return text


@pytest.mark.parametrize("language", READINGS)
def test_a_reading_shows_commands_of_the_readme(language: str) -> None:
    known = [command for piece in pieces(READINGS[language]) for command in piece.commands]
    for document in (ROOT / "docs" / language).glob("*.md"):
        for piece in pieces(document):
            assert piece.language == "inline" or set(piece.commands) <= set(known), piece.place


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
