"""faussaire from Python: what a run is, and what becomes of one that is asked to stop."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

import faussaire
from faussaire.core.errors import ConfigError
from faussaire.runs.control import ask
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder


def test_a_run_may_be_given_wherever_its_folder_may(squares_run: Path) -> None:
    run = faussaire.Run(squares_run)
    assert Path(run) == squares_run
    assert faussaire.Generator.load(run).nimg == run.generator().nimg
    with pytest.raises(ConfigError, match="two runs or more"):
        faussaire.compare(run)


def test_a_run_says_in_one_line_where_it_stands(squares_run: Path, tmp_path: Path) -> None:
    run = faussaire.Run(squares_run)
    assert run.state == "finished"
    assert repr(run) == f"Run({str(squares_run)!r}): finished, 2.0 kimg, few"  # its images are 60
    assert repr(faussaire.Run(tmp_path / "none")).endswith("starting, 0.0 kimg")


def test_columns_have_a_value_for_each_report(squares_run: Path) -> None:
    columns = faussaire.Run(squares_run).columns()
    reports = list(RunFolder(squares_run).events("stats"))
    assert columns["nimg"] == [event.nimg for event in reports]
    assert columns["loss_D"] == [event.data["loss_D"] for event in reports]
    assert columns["penalty"] == [event.data.get("penalty") for event in reports]


def test_the_history_without_pandas_says_what_else_there_is(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"pip install 'faussaire\[pandas\]'; run.columns\(\) gives the same"):
        faussaire.Run(squares_run).history()


@pytest.fixture
def asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask every training to stop, as its page does, at its first report."""
    emit = RunFolder.emit

    def emit_and_ask(self: RunFolder, kind: str, **data: object) -> Event | None:
        if kind == "stats":
            ask(self, "stop")
        return emit(self, kind, **data)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFolder, "emit", emit_and_ask)


@pytest.mark.usefixtures("asked_to_stop")
def test_a_stop_from_the_page_returns_the_run_which_can_go_on(tmp_path: Path, images_folder: Path) -> None:
    settings = {"architecture": "dense", "batch_size": 20, "threads": 1, "kimg": 2}
    run = faussaire.train(images_folder, run=tmp_path / "run", console=Console(file=io.StringIO()), **settings)
    assert run.state == "stopped"
    assert 0 < run.generator().nimg < 2000
