"""The house: imports go one way, files stay readable, and what must never be in them is not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import faussaire

SOURCE = Path(faussaire.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

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
    """Return the rooms that a file imports from, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("faussaire."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "faussaire":
            found |= {alias.name for alias in node.names} - {"__version__"}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("faussaire.")}
    return found


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
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {path: n for path, n in lengths.items() if n > 400} == {}
    assert lengths[str(SOURCE / "training" / "trainer.py")] <= 250


def test_no_function_is_too_long() -> None:
    """The loop itself may be longer."""
    lengths = {
        f"{path.relative_to(SOURCE)}: {node.name}": node.end_lineno - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert {name: n for name, n in lengths.items() if n > 45} == {}


def test_no_room_holds_more_than_a_third_of_the_house() -> None:
    lines: dict[str, int] = {}
    for path in FILES:
        room = room_of(path)
        lines[room] = lines.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    assert {room: n for room, n in lines.items() if n > sum(lines.values()) / 3} == {}
    assert len([room for room in lines if (SOURCE / room).is_dir()]) <= 10


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
