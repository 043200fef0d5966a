"""A real JupyterLab in Chromium: what a cell shows as it trains, and what the stop button leaves to the next cell."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accessibility import violations
from faussaire.views.web.server.serve import listen
from toy import write_squares
from web_client import wait_for

pytestmark = pytest.mark.slow

CELLS = (
    """
import faussaire
small = dict(architecture="dense", z_dim=16, batch_size=20, threads=1)""",
    'run = faussaire.train("squares.npy", run="runs/squares", kimg=300, pictures=300, **small)',
    'print("next:", run.state, run.generator().sample(3).shape)',
)
ALONE = (
    "--no-browser", "--allow-root", "--ServerApp.port_retries=0", "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    '--ServerApp.jpserver_extensions={"jupyterlab": True, "jupyter_lsp": False, "jupyter_server_terminals": False}',
)  # fmt: skip
"""It asks nobody for what is new or for extensions, and begins without what a notebook does not need."""

SWITCHED_OFF = ("@jupyterlab/apputils-extension:announcements", "@jupyterlab/lsp-extension")
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL = ".jp-Notebook .jp-Cell:nth-child({number} of .jp-Cell) .jp-OutputArea-output"
TRAINING, NEXT = CELL.format(number=2), CELL.format(number=3)
FIGURES = f"{TRAINING}[data-mime-type='text/html']"  # of pictures by themselves JupyterLab tells a reader nothing
BAR, PICTURE = f"{TRAINING} [role=progressbar]", f"{TRAINING} img"


@dataclass
class Seen:
    """What was seen of the notebook in its life."""

    early: list[str]
    """What the cell said at first, an item an output."""

    late: list[str]
    """What it said once that had changed."""

    pictures: list[str]
    """Addresses of the picture, as they changed."""

    bars: tuple[int, int]
    """How many progress bars there were, early and late."""

    hindrances: list[str]
    stopped: list[str]
    """What it said after the stop button."""

    next_cell: str
    strangers: list[str]
    """Addresses elsewhere that were asked for anything."""


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """Run a JupyterLab that knows no user and no earlier session; give the address of the notebook in it."""
    import nbformat  # three seconds, which each process would wait that looks for tests

    work, config = folder / "work", folder / "config"
    (config / "labconfig").mkdir(parents=True)
    off = {"disabledExtensions": dict.fromkeys(SWITCHED_OFF, True)}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(off))
    work.mkdir()
    write_squares(work / "squares.npy")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), work / "game.ipynb")
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    own |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PLATFORM_DIRS": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    told = (f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}")
    command = [sys.executable, "-m", "jupyterlab", *ALONE, *told]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        wait_for(process, port, seconds=180)
        yield f"http://127.0.0.1:{port}/lab/tree/game.ipynb?token={token}"
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Seen]:
    """The life of a notebook: all cells are run, the second trains until it is interrupted by the stop button."""
    with lab(tmp_path_factory.mktemp("lab")) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        try:
            page = context.new_page()
            page.set_default_timeout(120_000)
            strangers: list[str] = []
            page.on("request", lambda asked: strangers.append(asked.url) if is_stranger(asked.url) else None)
            page.goto(address)
            page.wait_for_selector(':text("Python 3 (ipykernel) | Idle")')
            page.click(".lm-MenuBar-item:has-text('Run')")
            page.click(".lm-Menu-item:has-text('Run All Cells')")
            yield watched(page, strangers)
        finally:
            context.close()


def is_stranger(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def watched(page: Any, strangers: list[str]) -> Seen:
    """Watch the second cell until its figures and its picture have changed, then press the stop button."""
    said = f"{TRAINING} >> text=/thousand images so far/"
    page.wait_for_selector(said)
    page.wait_for_selector(PICTURE)
    first, source = page.inner_text(said), page.get_attribute(PICTURE, "src")
    early, bars = page.locator(TRAINING).all_inner_texts(), page.locator(BAR).count()
    changed(page, lambda: page.inner_text(said) != first)
    changed(page, lambda: page.get_attribute(PICTURE, "src") != source)
    late, found = page.locator(TRAINING).all_inner_texts(), violations(page, FIGURES)
    bars_late, pictures = page.locator(BAR).count(), [source, page.get_attribute(PICTURE, "src")]
    page.click('[data-command="notebook:interrupt-kernel"]')
    page.wait_for_selector(f"{NEXT}:has-text('next:')")
    return Seen(
        early=early,
        late=late,
        pictures=pictures,
        bars=(bars, bars_late),
        hindrances=found,
        stopped=page.locator(TRAINING).all_inner_texts(),
        next_cell=page.inner_text(NEXT),
        strangers=strangers,
    )


def changed(page: Any, has_changed: Callable[[], bool]) -> None:
    """Wait until something has changed."""
    deadline = time.monotonic() + 120
    while not has_changed():
        assert time.monotonic() < deadline, "nothing has changed for two minutes"
        page.wait_for_timeout(100)


def test_progress_is_replaced_in_place(seen: Seen) -> None:
    assert seen.bars == (1, 1)
    assert len(seen.early) == len(seen.late)
    assert seen.early != seen.late
    assert "% done, " in "\n".join(seen.late)


def test_the_picture_of_the_samples_is_replaced_in_place(seen: Seen) -> None:
    assert len(set(seen.pictures)) == 2
    assert all(address.startswith("data:image/png;base64,") for address in seen.pictures)


def test_the_verdict_stands_in_the_cell(seen: Seen) -> None:
    assert "60 images are few: the generator will mostly recombine them" in "\n".join(seen.late)


def test_what_a_cell_shows_violates_no_rule_of_axe(seen: Seen) -> None:
    assert seen.hindrances == []


def test_the_stop_button_returns_the_run_to_the_next_cell(seen: Seen) -> None:
    assert seen.next_cell.strip() == "next: stopped (3, 12, 12, 1)"
    assert "stopped, can go on" in "\n".join(seen.stopped)
    assert "Traceback" not in "\n".join(seen.stopped)


def test_nothing_is_asked_of_another_machine(seen: Seen) -> None:
    assert seen.strangers == []
