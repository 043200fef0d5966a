"""The mark in what faussaire wrote, by which it is known when it lies amid the data, and is not learnt.

A picture is marked by a line of text inside it, wherever its format has room for one: a text chunk in PNG, a comment in
GIF and JPEG, the name of the software in TIFF and WebP, two reserved words in BMP. A name is no mark: users rename. A
sheet (a grid, a curve, a film) is never an image to learn from; a sample may be, where somebody wants that. A cache is
marked by a file in it, and a run is known by its files.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

SHEET, SAMPLE = "sheet", "sample"

FOLDER_MARK = ".faussaire"
"""A folder with this file in it holds nothing but what faussaire wrote."""

OWN_NOTE = "made by faussaire"
"""Why a picture is left out."""

REASONS = ("file", "reason")
"""Header of the table of what was left out, and why: no labels."""

_TEXT = "made by faussaire: "
_WORDS = {kind: (_TEXT + kind).encode() for kind in (SHEET, SAMPLE)}
_BMP = {SHEET: b"fauG", SAMPLE: b"fauS"}  # the two reserved words in the header
_BMP_AT = 6
_HEAD_BYTES, _TAIL_BYTES = 2048, 1024  # where the text lies in the formats that put it first, and last
_RUN = ("config.json", "events.jsonl")


def text_of(kind: str) -> str:
    """Return the line of text that marks a picture."""
    return _TEXT + kind


def mark_bmp(path: Path, kind: str) -> None:
    """Mark a BMP, which has no room for text."""
    with path.open("r+b") as file:
        file.seek(_BMP_AT)
        file.write(_BMP[kind])


def mark_in(data: bytes) -> str:
    """Return SHEET or SAMPLE where a picture with this content was made by faussaire; empty where it was not."""
    if data.startswith(b"BM"):
        return next((kind for kind, word in _BMP.items() if data[_BMP_AT : _BMP_AT + 4] == word), "")
    for kind, word in _WORDS.items():
        if data.find(word, 0, _HEAD_BYTES) >= 0 or data.find(word, max(0, len(data) - _TAIL_BYTES)) >= 0:
            return kind
    return ""


def mark_folder(folder: Path) -> None:
    """Mark a folder that is empty; one that holds other things would be lost to the data."""
    with suppress(OSError):  # what is written there next says what is wrong
        if not any(folder.iterdir()):
            (folder / FOLDER_MARK).write_text("made by faussaire, which passes this folder over as data\n", "utf-8")


def is_marked(names: Collection[str]) -> bool:
    """Whether a folder that holds these names was written by faussaire: it is marked, or is a run."""
    return FOLDER_MARK in names or all(name in names for name in _RUN)
