"""The house: imports go one way, files stay readable, and what must never be in them is not.

What measures a file is a function here, and is itself tried on files that break the rule: a check that cannot fail
checks nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

import faussaire
from faussaire.data.sources import kinds as kinds_module
from faussaire.data.sources.kind import SourceKind
from faussaire.data.sources.kinds import SOURCES
from faussaire.evaluation.metrics import METRICS
from faussaire.modalities import SampleSpec
from faussaire.models import architectures

SOURCE = Path(faussaire.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
WRITTEN = sorted(path for suffix in ("py", "js", "css", "j2", "toml") for path in SOURCE.rglob(f"*.{suffix}"))
"""All that is written by hand."""

MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_ROOMS = 400, 45, 10

ROOMS = (
    "core",
    "modalities",
    "data",
    "models",
    "runs",
    "generation",
    "evaluation",
    "training",
    "views",
    "api",
    "cli",
    "__main__",
)
"""Each may import those before it, and none after it; `api` and `__main__` are doors, of one file each."""


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported_by(path: Path) -> set[str]:
    """Return the rooms that a file imports from, wherever in it, or takes a file out of."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: an import that does not say from which room"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
        else:
            whole = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
        found |= {room[1] for name in whole if (room := re.match(r"faussaire\.(\w+)[\w.]*$", name))}
    return found - {"__version__"}


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions_of(path: Path) -> dict[str, int]:
    """Return the number of lines of each function in a file of Python or JavaScript, by its first line."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if path.suffix == ".py":
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        return {f"{n.lineno}: {n.name}": (n.end_lineno or n.lineno) - n.lineno + 1 for n in functions}
    found = {}
    for first, line in enumerate(lines):
        if JS_FUNCTION.search(line) and "= (() => {" not in line:  # a file in a scope of its own
            indent = line[: len(line) - len(line.lstrip())]
            last = next(i for i in range(first + 1, len(lines)) if lines[i].startswith(f"{indent}}}"))
            found[f"{first + 1}: {line.strip()}"] = last - first + 1
    return found


JS_FUNCTION = re.compile(
    r"=> \{$"  # const f = () => {, and what is handed to another
    r"|\bfunction\b.*\{$"
    r"|^ +(?!(if|for|while|switch|catch)\b)(async |get |set |static )*[\w#]+\(.*\) \{$"  # a method
)


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "__init__.py" or p.parent != SOURCE], ids=str)
def test_imports_go_one_way(path: Path) -> None:
    own = ROOMS.index(room_of(path))
    assert {room for room in imported_by(path) if ROOMS.index(room) > own} == set()


def test_the_trainer_knows_nothing_of_pictures() -> None:
    for room in ("models", "runs", "training"):
        for path in (SOURCE / room).rglob("*.py"):
            assert "PIL" not in path.read_text("utf-8"), path
    trainer = (SOURCE / "training" / "trainer.py").read_text("utf-8")
    assert "faussaire.data.batches" in trainer
    assert "faussaire.evaluation" not in trainer
    assert "faussaire.modalities" not in trainer


def test_views_read_run_folders_and_never_a_training() -> None:
    for path in (SOURCE / "views").rglob("*.py"):
        assert "training" not in imported_by(path), path


def test_no_file_is_too_long() -> None:
    assert {str(path): n for path in WRITTEN if (n := lines_of(path)) > MOST_LINES} == {}
    assert lines_of(SOURCE / "training" / "trainer.py") <= 250


def test_no_function_is_too_long() -> None:
    """The loop itself may be longer."""
    found = {
        f"{path.relative_to(SOURCE)}:{name}": n
        for path in WRITTEN
        if path.suffix in (".py", ".js")
        for name, n in functions_of(path).items()
    }
    assert len(found) > 1000
    assert {name: n for name, n in found.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def test_no_room_holds_more_than_a_third_of_the_house() -> None:
    lines: dict[str, int] = {}
    for path in WRITTEN:
        lines[room_of(path)] = lines.get(room_of(path), 0) + lines_of(path)
    assert {room: n for room, n in lines.items() if n > sum(lines.values()) / 3} == {}
    assert len([room for room in lines if (SOURCE / room).is_dir()]) <= MOST_ROOMS


@pytest.mark.parametrize(
    "text",
    [
        "from faussaire.views.console import Console",
        "from faussaire import views",
        "import faussaire.views.web as web",
        "def f():\n    from faussaire.views import words",
        "page = files('faussaire.views')",
    ],
)
def test_an_import_is_seen_in_every_dress(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.py").write_text(f'"""Of faussaire.cli."""\n{text}\n', "utf-8")
    assert imported_by(tmp_path / "one.py") == {"views"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("one.py", "def f():", "        return 1"),
        ("one.py", "class A:\n    async def f(self):", "        return 1"),
        ("one.js", "function f(a) {", "}"),
        ("one.js", "const f = async (a) => {", "};"),
        ("one.js", "class A {\n  get f() {", "  }\n}"),
        ("one.js", "addEventListener('x', () => {", "});"),
    ],
)
def test_a_function_is_measured_in_every_dress(tmp_path: Path, name: str, first: str, last: str) -> None:
    between = "        if (a) {\n        }\n" if name.endswith("js") else "        if a: pass\n" * 2
    (tmp_path / name).write_text(f"{first}\n{between * 30}{last}\n", "utf-8")
    assert list(functions_of(tmp_path / name).values()) == [62]


def test_a_metric_is_one_file_and_one_entry() -> None:
    """What else there is of one (title, direction, meaning, which features it takes) stands in its own file."""
    names = {path.stem for path in (SOURCE / "evaluation" / "metrics").glob("*.py")} - {"__init__", "spec"}
    assert names == {metric.compute.__module__.rpartition(".")[2] for metric in METRICS.values()}
    assert named_by(re.compile(rf"evaluation\.metrics(\.| import .*)\b({'|'.join(names)})\b")) == set()


def test_a_source_is_one_file_and_one_entry() -> None:
    kinds = SOURCE / "data" / "sources"
    entries = [name for name, value in vars(kinds_module).items() if isinstance(value, SourceKind)]
    assert len(entries) == len(SOURCES)
    importing = re.compile(rf"from faussaire\.data\.sources\.\w+ import .*\b({'|'.join(entries)})\b")
    assert named_by(importing) == {kinds / "kinds.py", kinds / "locate.py"}  # which knows a folder of an IDX pair


def test_an_architecture_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
        from dataclasses import replace

        from faussaire.models.architectures.dense import ARCHITECTURE

        ARCHITECTURE = replace(ARCHITECTURE, name="copied")
    """
    (tmp_path / "copied.py").write_text(textwrap.dedent(program), "utf-8")
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    spec = SampleSpec(modality="image", shape=(1, 4, 4))
    G = architectures.build_generator("copied", spec, z_dim=2, seed=0)
    assert G(torch.zeros(3, 2)).shape == (3, 1, 4, 4)
    names = {path.stem for path in (SOURCE / "models" / "architectures").glob("[a-z]*.py")}
    assert named_by(re.compile(rf"models\.architectures(\.| import .*)\b({'|'.join(names)})\b")) == set()


def named_by(pattern: re.Pattern[str]) -> set[Path]:
    """Return the files in which something stands."""
    return {path for path in FILES if pattern.search(path.read_text("utf-8"))}


def test_no_pickle_and_no_global_randomness() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & {"pickle", "random", "dill", "joblib"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called, keywords = node.func.attr, {keyword.arg for keyword in node.keywords}
                if called in {"randn", "rand", "randint", "randperm", "normal_", "uniform_", "bernoulli_"}:
                    assert "generator" in keywords, f"{path}:{node.lineno}"
                if ast.unparse(node.func) == "torch.load":
                    assert "weights_only" in keywords, f"{path}:{node.lineno}"


def test_importing_faussaire_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'PIL', 'matplotlib', 'rich', 'cyclopts'}"
    program = f"import sys, faussaire; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_every_public_name_is_there() -> None:
    for name in faussaire.__all__:
        assert getattr(faussaire, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = faussaire.trian


def test_what_is_printed_goes_through_the_terminal_which_never_fails() -> None:
    allowed = {SOURCE / "core" / "terminal.py", SOURCE / "views" / "console.py"}
    for path in set(FILES) - allowed:
        for text in ("console.print(", "console.status(", ".from_markup("):
            assert text not in path.read_text(encoding="utf-8"), path
