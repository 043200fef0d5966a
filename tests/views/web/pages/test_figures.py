"""The figures on the live page, and the command that it prints where there are none."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path

import pytest

from faussaire.cli.main import run as command
from web_client import client_of, copy_of


def live_page(runs: Path, language: str) -> str:
    """Return the text of the page of a run."""
    return html.unescape(client_of(runs).get(f"/runs/squares?lang={language}").text)


@pytest.mark.parametrize("folder", ["runs", "my runs"])
def test_the_page_prints_the_command_that_evaluates_with_the_path_as_served_and_it_works(
    folder: str, squares_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = copy_of(squares_run, tmp_path / folder / "squares")
    for served in (Path(folder), Path(folder, "squares")):
        (typed,) = re.findall(r"run: (faussaire evaluate .*)</p>", live_page(served, "en"))
        assert shlex.split(typed) == ["faussaire", "evaluate", f"{folder}/squares"]
    assert command([*shlex.split(typed)[1:], "--protocol", "fd2000-pixels-dct"]) == 0
    assert json.loads((run / "scores.json").read_text())["scores"]
    assert '<td data-label="Value">' in live_page(Path(folder), "en")


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"frechet": 2000}, "fd: ni frechet-floor ni frechet-infinity"),
        ({"frechet": 2000, "frechet-infinity": 2000}, "fd: pas de frechet-floor"),
        ({"frechet": 600, "frechet-floor": 600}, None),
    ],
)
def test_a_floor_that_was_left_out_is_said(
    metrics: dict[str, int], said: str | None, squares_run: Path, tmp_path: Path
) -> None:
    run = copy_of(squares_run, tmp_path / "squares")
    row = {"protocol": "fd", "value": 2.0, "low": 1.5, "high": 2.5, "n_real": 600}
    rows = [{**row, "metric": metric, "n_fake": n} for metric, n in metrics.items()]
    (run / "scores.json").write_text(json.dumps({"scores": rows}))
    text = live_page(run, "fr").replace("\N{NO-BREAK SPACE}:", ":")
    assert ("frechet-floor" in text) == (said is not None)
    assert said is None or said in text
    assert ("600 / 600 autres réelles" in text) == (said is None)
