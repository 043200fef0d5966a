"""Annealed ends of other runs: which count, and that a stranger's folder is passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faussaire.runs.folder import RunFolder
from faussaire.runs.others import annealed_ends

SETTINGS = {"data": ["set"], "width": 8, "kimg": 2.0, "seed": 0}


def begin(path: Path, *, fingerprint: str = "f", **settings: Any) -> RunFolder:
    run = RunFolder(path)
    path.mkdir()
    recorded = {"config": {**SETTINGS, **settings}, "spec": {}, "num_images": 3, "threads": 1, "torch": "2"}
    run.write_json(run.config, {**recorded, "fingerprint": fingerprint})
    return run


def score(run: RunFolder, nimg: int, value: float) -> None:
    run.emit("score", nimg=nimg, rows=[{"metric": "frechet", "value": value}])


def finished(path: Path, **settings: Any) -> RunFolder:
    run = begin(path, **settings)
    score(run, 1000, 0.5)
    score(run, 2000, 0.25)
    run.emit("done", nimg=2000)
    return run


def ends(tmp_path: Path) -> list[tuple[int, float]]:
    own = finished(tmp_path / "own")
    return [
        (event.nimg, event.data["rows"][0]["value"])
        for event in annealed_ends(own, {**SETTINGS, "kimg": 9.0, "seed": 4}, "f")
    ]


def test_the_ends_of_the_same_game_count_whatever_its_length_and_seed(tmp_path: Path) -> None:
    finished(tmp_path / "same", kimg=1.0, seed=3)
    assert ends(tmp_path) == [(2000, 0.25)]


def test_other_data_other_settings_and_runs_that_did_not_end_do_not_count(tmp_path: Path) -> None:
    finished(tmp_path / "other data", fingerprint="g")
    finished(tmp_path / "wider", width=16)
    score(begin(tmp_path / "unfinished"), 2000, 0.1)
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "config.json").write_text("[")
    assert ends(tmp_path) == []
