"""Terminals of any width, streams that break, and names that look like markup: none of them ends a training."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from faussaire.api import train
from faussaire.cli.main import run as command
from faussaire.core.terminal import Stream, Terminal, clean, failure, say, waiting
from faussaire.evaluation.evaluation import Evaluation
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.console import TrainingView, gauge
from faussaire.views.inspection import inspect_data
from faussaire.views.listing import print_listing
from faussaire.views.tables import print_evaluation
from toy import POINTS
from views.test_curves import STATS

QUICK = {"kimg": 0.2, "architecture": "dense", "batch_size": 10, "pictures": 2}
MARKUP = ("[hd]", "[/b]", "[red]a", "[link=x]", "\\[b]", ":smile:")


@contextmanager
def standard_output(kind: str) -> Iterator[io.TextIOWrapper]:
    """Give a stream that breaks."""
    if kind == "full":
        stream = open("/dev/full", "w")  # noqa: SIM115
    elif kind == "broken pipe":
        read, write = os.pipe()
        os.close(read)
        stream = os.fdopen(write, "w")
    else:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=kind)
    yield stream
    try:
        stream.close()
    except OSError:
        stream.buffer.raw.close()  # type: ignore[attr-defined]


def warnings(run: Path) -> list[str]:
    return [event.data["text"] for event in RunFolder(run).events("warning")]


def is_done(run: Path) -> bool:
    return [event.kind for event in RunFolder(run).events()][-1] == "done"


@pytest.mark.parametrize("kind", ["full", "broken pipe"])
def test_a_training_whose_output_breaks_says_so_once_and_goes_on(
    kind: str, tmp_path: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standard_output(kind) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert command(["train", str(images_folder), "--run", str(tmp_path / "r"), *flags()]) == 0
    assert is_done(tmp_path / "r")
    (text,) = warnings(tmp_path / "r")
    assert re.search(r"TrainingView.* (No space left|Broken pipe).*; the training goes on", text)


def flags() -> list[str]:
    return [word for name, value in QUICK.items() for word in (f"--{name.replace('_', '-')}", str(value))]


@pytest.mark.parametrize(
    ("kind", "code"), [("full", 1), ("broken pipe", 0), ("ascii", 0), ("latin-1", 0), ("utf-8", 0)]
)
def test_a_command_that_prints_fails_only_where_the_print_is_lost(
    kind: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with standard_output(kind) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert command(["list", "losses"]) == code
    error = capsys.readouterr().err
    assert error.splitlines() == (
        ["faussaire: cannot write to standard output: No space left on device"] if code else []
    )


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&- <&-", "| head -1", ">/dev/full 2>&1"])
def test_a_process_ends_without_a_word_of_its_streams(redirection: str) -> None:
    line = f'"{sys.executable}" -m faussaire list datasets {redirection}; echo "code ${{PIPESTATUS[0]}}" >&3'
    done = subprocess.run(["bash", "-c", f"exec 3>&1; {line}"], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ("code 1" if "full" in redirection else "code 0")
    assert "rror" not in done.stderr


def test_what_is_opened_later_does_not_take_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    program = (
        "import os; from faussaire.core.terminal import open_standard_streams; open_standard_streams();"
        f"file = open({str(tmp_path / 'f')!r}, 'w'); os.write(1, b'x'); assert file.fileno() > 2"
    )
    subprocess.run(["bash", "-c", '"$0" -c "$1" >&- <&-', sys.executable, program], check=True)
    assert (tmp_path / "f").read_text() == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_letter_that_the_terminal_lacks_is_replaced(encoding: str) -> None:
    beneath = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream = Stream(beneath)
    stream.write("caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{CAT} \udce9\n")
    stream.flush()
    text = beneath.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert text.startswith("caf")
    assert text.endswith("?\n")
    assert stream.error is None


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_gauge_is_drawn_in_the_letters_that_a_terminal_has(encoding: str) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=80, force_terminal=True, color_system=None)
    view = TrainingView(RunFolder("unused"), title="t", console=console)
    view._stats = STATS
    with console.capture() as capture:
        console.print(view.display())
    assert ("┃" in capture.get(), "#" in capture.get()) == ((True, False) if encoding == "utf-8" else (False, True))


@pytest.mark.parametrize("width", [1, 2, 10, 20, 35, 36, 37, 38, 43, 44, 50, 79, 80, 200])
@pytest.mark.parametrize("height", [1, 25])
def test_the_display_fits_a_terminal_of_any_size(width: int, height: int, tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    run = RunFolder(tmp_path)
    with TrainingView(run, title="faussaire: mnist, 10,000 grey images", console=console):
        run.emit("stats", nimg=64, **STATS)
        run.emit("stats", nimg=128, **{**STATS, "accuracy_real": None})
    assert warnings(tmp_path) == []
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert max(len(line) for line in re.split(r"[\r\n]", plain)) <= width
    assert width < 10 or height == 1 or "25%" in plain


def test_a_terminal_that_shrinks_is_no_error(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    run = RunFolder(tmp_path)
    with TrainingView(run, title="t", console=console):
        for width in (100, 30, 5, 1, 60):
            console.width = width
            run.emit("stats", nimg=64, **STATS)
    assert warnings(tmp_path) == []


def test_gauges_of_any_width_are_as_wide_as_asked_for() -> None:
    assert [len(gauge(0.5, width).plain) for width in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize("dumb", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(dumb: dict[str, str], tmp_path: Path) -> None:
    out = io.StringIO()
    run = RunFolder(tmp_path)
    with TrainingView(run, title="title", console=Console(file=out, force_terminal=True, _environ=dumb)):
        run.emit("stats", nimg=64, **STATS)
    assert "25%" in out.getvalue()
    assert "\x1b[?25l" not in out.getvalue()


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), RecursionError(), OSError(5, "I/O error")])
def test_a_listener_that_fails_is_told_nothing_more_and_the_others_hear_of_it(
    error: BaseException, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path)
    heard: list[Event] = []
    asked = []

    def fails(event: Event) -> None:
        asked.append(event.kind)
        raise error

    run.listeners += [fails, heard.append]
    run.emit("stats", nimg=64)
    run.emit("done", nimg=128)
    assert asked == ["stats"]
    assert sorted(event.kind for event in heard) == ["done", "stats", "warning"]
    assert "fails failed and is told nothing more" in warnings(tmp_path)[0]
    assert [event.nimg for event in run.events("warning")] == [64]


class Broken(io.StringIO):
    """A file of a console that somebody hands over, and that fails."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_console_that_fails_from_the_beginning_is_no_reason_not_to_train(
    terminal: bool, tmp_path: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "on_broken_pipe", lambda self: exit(1))  # as rich has it, but for its dup2
    run = train(images_folder, run=tmp_path / "r", console=Console(file=Broken(), force_terminal=terminal), **QUICK)
    assert is_done(run.path)
    assert len(warnings(run.path)) == 1


@pytest.fixture(scope="module")
def odd_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name and classes look like markup."""
    folder = tmp_path_factory.mktemp("names") / "[hd] [/b]"
    for name in MARKUP:
        (folder / name).mkdir(parents=True)
        for shade in range(0, 240, 20):
            Image.new("L", (12, 12), shade + len(name)).save(folder / name / f"[red]{shade}.png")
        (folder / name / "[blink].png").write_bytes(b"")
    return folder


@pytest.mark.parametrize("markup", [True, False])
def test_names_that_look_like_markup_are_trained_on_and_shown_as_they_are(
    odd_names: Path, tmp_path: Path, markup: bool
) -> None:
    out = io.StringIO()
    console = Console(file=out, width=500, force_terminal=True, color_system=None, markup=markup)
    run = train(odd_names, run=tmp_path / "[/red]", console=console, **QUICK)
    assert warnings(run.path) == []
    again = train(odd_names, run=tmp_path / "[/red]", console=console, **QUICK)
    for text in (f"{again.path} is finished", "[blink].png", "[hd] [/b]"):
        assert text in out.getvalue()


def test_an_inspection_shows_names_as_they_are(odd_names: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    inspect_data(
        str(odd_names),
        Console(file=out, width=500),
        measure_speed=lambda dataset: None,
        out=str(tmp_path / "[b]" / "sheet.png"),
    )
    for name in (*MARKUP, "[blink].png", "[b]"):
        assert name in out.getvalue()


def test_figures_are_shown_with_names_as_they_are(tmp_path: Path) -> None:
    out = io.StringIO()
    measured = Evaluation(
        name="[/b] run", data="[i]", spec=POINTS, nimg=1000, samples=np.zeros((1, 2)), reals="[i]", scores=(),
        copies=None, pairs=None, verdicts=(), notes=("[hd]",),
    )  # fmt: skip
    print_evaluation(Console(file=out), measured)
    assert "[/b] run, after 1.0 thousand" in out.getvalue()
    assert "[hd]" in out.getvalue()
    print_listing(Console(file=out), "recipes")


def test_control_characters_of_a_name_do_not_reach_the_terminal() -> None:
    assert clean("a\x1b[2Jb\rc\x07\u202e\nd\te") == "a\ufffd[2Jb\ufffdc\ufffd\ufffd\nd\te"
    out = io.StringIO()
    say(Console(file=out, force_terminal=True, color_system=None), "a\x1b]0;title\x07b")
    assert out.getvalue() == "a\ufffd]0;title\ufffdb\n"


def test_an_error_names_a_path_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["train", str(tmp_path / "[hd]" / "[/b]")]) == 2
    assert f"{tmp_path}/[hd]/[/b]" in capsys.readouterr().err


def test_waiting_is_shown_in_a_terminal_and_survives_one_that_fails() -> None:
    out = io.StringIO()
    with waiting(Console(file=out, force_terminal=True), "Reading [hd]") as change:
        change("Reading [/b]")
    assert "Reading [hd]" in out.getvalue()
    with waiting(Console(file=Broken(), force_terminal=True), "Reading") as change, pytest.raises(KeyError):
        raise KeyError


def test_a_terminal_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    with standard_output("full") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        terminal = Terminal()
        say(terminal, "x")
        assert "No space left" in str(failure(terminal))
    monkeypatch.setattr(sys, "stdout", None)
    say(Terminal(), "x")
    assert failure(Terminal()) is None
    assert failure(Console()) is None
