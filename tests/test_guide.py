"""The guide says what is so: every event and every field of a run, every metric, every embedded set has its place."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from pathlib import Path

import pytest

import faussaire
from faussaire.core.config import flag
from faussaire.data import embedded_sets
from faussaire.evaluation.metrics import METRICS
from faussaire.evaluation.protocols import Score
from faussaire.runs.folder import RECORDED, RunFolder
from faussaire.runs.opening import FREE

GUIDE = Path(__file__).parent.parent / "docs" / "guide"
PAGE = (GUIDE / "run-folder.md").read_text("utf-8")


def rows(page: str) -> set[str]:
    """Return what the rows of a page's tables begin with, in backticks."""
    return set(re.findall(r"(?m)^\| `([\w-]+)`", (GUIDE / page).read_text("utf-8")))


def named_in(section: str) -> set[str]:
    """Return what a section of the page names in backticks, a path by its first part."""
    (text,) = re.findall(rf"(?ms)^## {re.escape(section)}$(.*?)(?=^## |\Z)", PAGE)
    return set(re.findall(r"`([\w ]+)`", text))


def emitted() -> dict[str, set[str]]:
    """Return the names of what the source gives to `RunFolder.emit`, by kind of event."""
    found: dict[str, set[str]] = {}
    for path in Path(faussaire.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "emit":
                kind = ast.literal_eval(node.args[0])
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                found.setdefault(kind, set()).update(names - {"nimg", "durable"})
    return found


def test_every_kind_of_event_and_what_it_holds_is_described() -> None:
    known = named_in("events.jsonl")
    assert len(emitted()) >= 14
    for kind, names in emitted().items():
        assert {kind, *names} <= known, kind


def test_every_field_of_the_events_of_a_run_is_described(squares_run: Path) -> None:
    known = named_in("events.jsonl")
    for event in RunFolder(squares_run).events():
        if event.kind != "config":
            assert event.data.keys() <= known, event.kind


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("config.json", "config.json"),
        ("generator/config.json", "generator/"),
        ("checkpoints/*/state.json", "checkpoints/{nimg}/"),
    ],
)
def test_every_field_of_its_json_files_is_described(squares_run: Path, name: str, section: str) -> None:
    path = next(squares_run.glob(name))
    content = json.loads(path.read_text("utf-8"))
    assert content.keys() <= named_in(section)
    if "spec" in content:
        assert content["spec"].keys() <= named_in("config.json")


def test_what_a_run_must_record_is_described() -> None:
    assert RECORDED.keys() <= named_in("config.json")


def test_every_metric_and_every_field_of_a_score_is_described() -> None:
    page = (GUIDE / "evaluate.md").read_text("utf-8")
    assert {metric.short for metric in METRICS.values()} <= rows("evaluate.md")
    assert {field.name for field in dataclasses.fields(Score)} <= set(re.findall(r"`(\w+)`", page))


def test_every_embedded_set_is_described_with_its_licence() -> None:
    page = (GUIDE / "data.md").read_text("utf-8")
    for name, found in embedded_sets().items():
        assert re.search(rf"(?m)^\| `{name}` \|.*\| {re.escape(found.licence)} \|$", page), name


def test_what_may_change_when_a_run_goes_on_is_described() -> None:
    (line,) = re.findall(r"Only (.*?) and the path of the data", (GUIDE / "settings.md").read_text("utf-8"))
    assert set(re.findall(r"`(--[\w-]+)`", line)) == {flag(name) for name in FREE if name != "data"}
