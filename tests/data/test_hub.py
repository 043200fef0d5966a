"""Data sets of the hub: what fails for a moment is tried again, and no other file is read than theirs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.data.sources import hub


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return what stands in the place of the package `datasets`, which is large."""
    package = ModuleType("datasets")
    package.config = SimpleNamespace(HF_CACHE_HOME=tmp_path / "hf", HF_DATASETS_CACHE=tmp_path / "hf" / "datasets")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", package)
    monkeypatch.setattr(hub, "_PAUSES", (0.0, 0.0))
    return package


@pytest.mark.parametrize(("failures", "error"), [(2, ConnectionError("reset")), (1, TimeoutError("too slow"))])
def test_a_connection_that_fails_is_tried_again(package: ModuleType, failures: int, error: Exception) -> None:
    asked: list[str] = []

    def load(name: str) -> dict[str, str]:
        asked.append(name)
        if len(asked) <= failures:
            raise error
        return {"train": "the data"}

    package.load_dataset = load  # type: ignore[attr-defined]
    assert hub._loaded("somebody/pets", None) == "the data"
    assert len(asked) == failures + 1


def test_a_data_set_that_is_not_there_is_asked_for_once(package: ModuleType) -> None:
    asked: list[str] = []

    def load(name: str) -> None:
        asked.append(name)
        raise FileNotFoundError("no such data set")

    package.load_dataset = load  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="cannot be had"):
        hub._loaded("somebody/pets", None)
    assert len(asked) == 1


def test_a_cell_names_no_file_elsewhere(package: ModuleType, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    for path in (tmp_path / "secret.png", saved / "own.png"):
        path.write_bytes(png(7))
    (saved / "link.png").symlink_to(tmp_path / "secret.png")
    folders = hub._folders(str(saved))

    def read(name: object) -> object:
        return hub._with_bytes({"bytes": None, "path": str(name)}, folders)

    assert read("own.png") == read(saved / "own.png") == png(7)
    for name in (tmp_path / "secret.png", "../secret.png", "link.png", "/dev/zero"):
        assert isinstance(read(name), dict)
