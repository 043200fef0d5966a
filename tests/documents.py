"""What the documents show to be typed: every block, whatever its indent, and every command within a line.

A document is read as Markdown, by a parser, so that what a reader sees as code is found as code.
"""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cyclopts import CycloptsError
from cyclopts.exceptions import MissingArgumentError
from markdown_it import MarkdownIt

from faussaire.cli.main import app
from faussaire.generation.export import exporters

ROOT = Path(__file__).parent.parent
READINGS = {"en": ROOT / "README.md", "fr": ROOT / "README.fr.md"}
"""The readings of `docs/en` and `docs/fr` show commands of these, so that nothing is run twice."""
RECORDS = ("BOARD.md", "LAB.md", "RESULTS.md")
"""They tell by what command a figure was measured."""
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.fr.md", "CONTRIBUTING.md", "course/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

LANGUAGES = {"sh", "powershell", "python", "py", "toml", "nginx", "text"}
"""What a block may say that it is. `py` is Python to read, of which no line is typed."""
NOT_EXECUTED = {
    "pip": "asks a package index",
    "make": "makes an environment; the pipeline makes the targets",
    ".": "enters that environment",
    "py": "Windows",
    ".venv/Scripts/activate": "Windows",
    "jupyter": "another program, which stays open",
    "torchrun": "several processes, or machines",
    "python": "a benchmark, or the whole course: minutes to hours",
    "faussaire train photos --device cuda:1": "a second GPU",
}
"""Commands that are held against their parser alone, by how they begin, and why."""
PLACEHOLDER = re.compile(r"[A-ZÉ]+(/[A-Z]+)?|…")
"""What a reader replaces, as in `faussaire evaluate RUN`."""


PROGRAMS = ("faussaire", "python", "pip", "make", "jupyter", "torchrun", "echo")
"""What a command begins with that may stand within a line."""
GONE = {"benchmarks/quality.py", "benchmarks/kill.py"}
"""By which figures were measured that still stand in docs/RESULTS.md, which says so."""


@dataclass(frozen=True)
class Piece:
    """A block of code, or code within a line, which has the language `inline`."""

    place: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands in it, each a line of its own, comments left out; of other languages none."""
        if self.language == "inline":
            return [self.text] if re.match(rf"({'|'.join(PROGRAMS)}) \S", self.text) else []
        if self.language not in ("sh", "powershell"):
            return []
        text = self.text.replace("\\\n", " ").replace("\\", "/")
        lines = [re.sub(r"(^|\s+)#.*", "", line) for line in text.splitlines()]
        return [command for line in lines if line for command in line.split(" && ")]


def pieces(document: Path) -> list[Piece]:
    """Return what is code in a document, in order."""
    found = []
    notes = r"(?m)^!!! .*\n(?:(?: {4}.*)?\n)+"  # of mkdocs: what is indented below is text
    text = re.sub(notes, lambda note: re.sub(r"(?m)^ {4}", "", note[0]), document.read_text("utf-8"))
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        place = f"{document}:{token.map[0] + 1 if token.map else 0}".removeprefix(f"{ROOT}/")
        if token.type in ("fence", "code_block"):
            found.append(Piece(place, token.info.strip(), token.content))
        found += [Piece(place, "inline", part.content) for part in token.children or () if part.type == "code_inline"]
    return found


def why_not_executed(command: str) -> str | None:
    """Return why a command is not executed; None for one that is."""
    return next((why for begin, why in NOT_EXECUTED.items() if f"{command} ".startswith(f"{begin} ")), None)


def is_whole(command: str) -> bool:
    """Return whether a command within a line can be typed: no word stands for another, and it is no verb's name."""
    program, *words = shlex.split(command)
    if program != "faussaire" or any(PLACEHOLDER.fullmatch(word) for word in words):
        return False
    try:
        parse(words)
    except MissingArgumentError:
        return False
    return len(words) > 1 or words[0].startswith("-")


def parse(words: list[str]) -> None:
    """Parse the words of a command of ours.

    Raises:
        CycloptsError: they make none.
    """
    app.parse_args(words, exit_on_error=False, print_error=False)


def refusal(command: str) -> str:
    """Return what is wrong with a command by its parser, or by what it names; "" for nothing."""
    program, *words = shlex.split(command)
    flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    if program == "make":
        targets = set(re.findall(r"(?m)^(\w[\w-]*):", (ROOT / "Makefile").read_text("utf-8")))
        return _unknown({word for word in words if "=" not in word} - targets)
    if program == "pip":
        named = {extra for word in words for found in re.findall(r"\[(.*)\]", word) for extra in found.split(",")}
        extras = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.optional-dependencies]")[2]
        return _unknown(named - set(re.findall(r"(?m)^(\w+) = \[", extras)))
    if program == "jupyter":
        return _unknown({word for word in words[1:] if not (ROOT / word).exists()})
    if program == "python" and words[:1] != ["-m"]:
        path = ROOT / words[0]
        return "" if words[0] in GONE else _unknown(flags - _flags_of(path) if path.exists() else {words[0]})
    if program == "torchrun":
        return _refusal_by_torchrun(words)
    if program == "faussaire":
        return _refusal_by_ours(words, flags)
    return _unknown({program} - {"echo", *NOT_EXECUTED})


def _unknown(names: set[str]) -> str:
    return f"unknown: {', '.join(sorted(names))}" if names else ""


def _flags_of(program: Path) -> set[str]:
    """Return the flags that a program adds to its parser."""
    calls = [node for node in ast.walk(ast.parse(program.read_text("utf-8"))) if isinstance(node, ast.Call)]
    added = [node.args for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"]
    return {name.value for names in added for name in names if isinstance(name, ast.Constant)}


def _refusal_by_torchrun(words: list[str]) -> str:
    from torch.distributed.run import get_args_parser

    try:
        told = get_args_parser().parse_args([word for word in words if word != "…"])
    except SystemExit:
        return "torchrun does not take it"
    if not told.module:
        return ""
    program, *rest = [told.training_script, *told.training_script_args]
    return refusal(shlex.join([program, *rest]))


def _refusal_by_ours(words: list[str], flags: set[str]) -> str:
    """Hold a command of ours against its parser; of one that leaves something open, the verb and the flags."""
    ways = {way for flag, way in pairwise(words) if flag == "--to"}
    if ways - exporters().keys():
        return _unknown(ways - exporters().keys())
    try:
        parse(["1" if word == "M" else word for word in words if word != "…"])
    except MissingArgumentError:
        verb = app[words[0]]
        return _unknown(flags - {name for argument in verb.assemble_argument_collection() for name in argument.names})
    except CycloptsError as error:
        return str(error)
    return ""
