"""What is not installed is named with the extra that brings it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from faussaire.core.extras import EXTRAS, missing
from without_torch import run_without_torch

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_error_names_the_extra() -> None:
    error = missing(ModuleNotFoundError("No module named 'torch'", name="torch.nn"), what="training")
    assert str(error) == (
        "training needs torch and what goes with it (torch is not installed): pip install 'faussaire[train]'"
    )


def test_another_module_is_none_of_ours() -> None:
    assert missing(ModuleNotFoundError("No module named 'mine'", name="mine")) is None


@pytest.mark.skipif(not PYPROJECT.exists(), reason="not in a checkout")
def test_the_table_is_that_of_pyproject() -> None:
    declared = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    for extra, modules in EXTRAS.items():
        packages = {part.split(">")[0].split("=")[0] for part in declared["optional-dependencies"][extra]}
        own = {name.replace("-", "_") for name in packages if not name.startswith("faussaire[")}
        assert own <= set(modules)
    assert not any("torch" in part for part in declared["dependencies"])


def test_what_needs_torch_says_so_in_one_line() -> None:
    """Every verb, and every name of the package, in a Python that has only the base."""
    verbs = ["train mnist", "evaluate run", "compare a b", "serve", "demo", "inspect mnist"]
    told = run_without_torch(
        f"""
import faussaire
from faussaire.cli.main import run
codes = [run(verb.split()) for verb in {verbs!r}]
try:
    faussaire.train
except faussaire.ConfigError as error:
    print(error)
print(codes)
"""
    )
    assert [line for line in told.stderr.splitlines() if "pip install 'faussaire[train]'" not in line] == []
    assert len(told.stderr.splitlines()) == len(verbs)
    assert told.stdout.splitlines()[0].startswith("faussaire.train needs torch")
    assert told.stdout.splitlines()[1] == str([2] * len(verbs))
