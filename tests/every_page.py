"""Everything that can be looked at in a browser: small runs of every kind of data, served and written to files."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from rich.console import Console

import faussaire
from class_client import class_of
from faussaire.generation.export import export
from faussaire.runs.folder import RunFolder
from faussaire.views.inspection import inspect_data
from faussaire.views.notebook import comparisons_html, evaluation_html, run_html
from faussaire.views.report import write_report
from faussaire.views.web.app import create_app
from faussaire.views.web.classroom.app import create_class
from faussaire.views.web.library import Library
from faussaire.views.web.server.hosts import HostNames
from faussaire.views.web.server.serve import listen
from faussaire.views.words import words_for
from midi_files import midi, notes, track
from sounds import write_tones
from toy import without_curves
from web_client import copy_of

SMALL = {"kimg": 0.06, "batch_size": 20, "z_dim": 16, "pictures": 1, "threads": 1}
LANGUAGES = ("en", "fr")
PROTOCOLS = ("fd2000-pixels-dct", "pr2000-pixels-dct")


NOTEBOOK = """<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>cells</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>cells</h1>{cells}</main></body></html>"""
"""What little a front end puts around the cells of a notebook."""


@dataclass(frozen=True)
class Places:
    """Where the pages are."""

    studio: str
    """Of runs `squares`, `tones`, `tunes` and `lines`, of `learning`, which has no end yet, `begun`, which has told
    nothing but its settings, and `all-learnt`, of whose data nothing is held out."""

    public: str
    """The page "this does not exist" alone."""

    empty: str
    """A studio without runs."""

    pupils: str
    teacher: str
    files: Path
    """The folder of `report-LANG.html`, `inspection-LANG.html`, `cells-LANG.html` and exported pages."""

    def learning(self) -> str:
        """Let the run that has no end report once more, so that it is seen to learn; return its address."""
        run = RunFolder(self.files / "runs" / "learning")
        last = list(run.events("stats"))[-1]
        run.emit("stats", nimg=last.nimg, **last.data)
        return f"{self.studio}runs/learning"


@contextmanager
def every_page(folder: Path, squares_run: Path) -> Iterator[Places]:
    """Make the runs and the files in a folder, and serve them."""
    runs = folder / "runs"
    write_runs(runs, folder / "data", squares_run)
    write_files(folder, runs)
    (folder / "empty").mkdir()
    with ExitStack() as stack:
        room = stack.enter_context(class_of(squares_run, folder / "class", minutes=0.5, runs=("one", "two")))
        pupils = stack.enter_context(listening(create_class(room, HostNames("127.0.0.1"))))
        room.addresses[:] = [pupils]
        yield Places(
            studio=stack.enter_context(listening(create_app(Library(runs)))),
            public=stack.enter_context(listening(create_app(Library(runs / "squares"), public_only=True))),
            empty=stack.enter_context(listening(create_app(Library(folder / "empty")))),
            pupils=pupils,
            teacher=f"{pupils}teacher/{room.secret}",
            files=folder,
        )


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve an application by a thread of this process, until the block ends; give its address."""
    with listen("127.0.0.1", 0) as socket:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
        app.state.closing = lambda: server.should_exit
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def write_runs(runs: Path, data: Path, squares_run: Path) -> None:
    """Make the runs of the studio: those of other kinds than images are trained for a moment."""
    runs.mkdir()
    data.mkdir()
    (data / "lines.txt").write_text("\n".join(f"{a}{b}{c}" for a in "abc" for b in "def" for c in "ghi"), "utf-8")
    (data / "tunes").mkdir()
    for start in range(20):
        pitches = [60 + (start * step) % 12 for step in range(16)]
        (data / "tunes" / f"{start}.mid").write_bytes(midi(track(notes(*pitches)), form=0))
    for name, given, size in (
        ("tones", write_tones(data / "tones", 15), {"width": 2, "precision": "fp32"}),
        ("tunes", data / "tunes", {"width": 1, "precision": "fp32"}),
        ("lines", data / "lines.txt", {}),
    ):
        with without_curves():
            faussaire.train(given, run=runs / name, console=Console(file=io.StringIO()), **SMALL, **size)
    squares = copy_of(squares_run, runs / "squares")
    whole = len((squares / "events.jsonl").read_bytes().splitlines())
    copy_of(squares_run, runs / "learning", lines=whole - 1)
    hold_nothing_out(RunFolder(copy_of(squares_run, runs / "all-learnt")))
    begun = copy_of(squares_run, runs / "begun", lines=1)
    for tensors in begun.rglob("*.safetensors"):
        tensors.unlink()


def hold_nothing_out(run: RunFolder) -> None:
    """Let a run say that nothing of its data was held out."""
    told = list(run.events())
    run.events_file.unlink()
    for event in told:
        nothing = {"num_held_out": 0} if event.kind == "config" else {"accuracy_held_out": None}
        run.emit(event.kind, nimg=event.nimg, **(event.data | nothing))


def write_files(folder: Path, runs: Path) -> None:
    """Write the pages that are files: reports, inspections, cells of a notebook, and what is exported."""
    given = write_tones(folder / "data" / "given", 15)
    (given / "broken.wav").write_bytes(b"no sound")
    silent, speed = Console(file=io.StringIO()), 1000.0
    quiet: dict[str, Any] = {"protocols": PROTOCOLS, "progress": lambda what, done, total: None}
    evaluation = faussaire.evaluate(runs / "squares", **quiet)
    compared = faussaire.compare(runs / "squares", runs / "learning", **quiet)
    for language in LANGUAGES:
        words = words_for(language)
        report = write_report(RunFolder(runs / "squares"), evaluation, words)
        report.rename(folder / f"report-{language}.html")
        out = folder / f"inspected-{language}"
        inspect_data([str(given)], silent, out=f"{out}/", measure_speed=lambda dataset: speed, words=words)
        next(out.glob("*-inspection.html")).rename(folder / f"inspection-{language}.html")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LC_ALL", f"{language}.UTF-8")
            cells = (run_html(RunFolder(runs / "squares")), evaluation_html(evaluation), comparisons_html(compared))
        (folder / f"cells-{language}.html").write_text(NOTEBOOK.format(lang=language, cells="".join(cells)), "utf-8")
    for name in ("squares", "tones", "tunes", "lines"):
        export(runs / name, "page", folder / f"{name}.html", with_reals=True)
