"""A notebook, executed by nbclient in a kernel of its own: what its cells show, and what becomes of a stop."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from faussaire.runs.folder import RunFolder
from faussaire.views.notebook import run_html
from toy import write_squares

CELLS = {
    "begin": """
        import os, signal, threading, time
        import faussaire
        from faussaire.runs.control import ask
        from faussaire.runs.folder import RunFolder

        small = dict(architecture="dense", z_dim=16, batch_size=20, threads=1)

        def at_the_first_report(folder, act):
            def wait():
                while not any(RunFolder(folder).events("stats")):
                    time.sleep(0.02)
                act()
            threading.Thread(target=wait, daemon=True).start()
    """,
    "train": 'run = faussaire.train("squares.npy", run="runs/squares", kimg=0.5, **small)',
    "run": "run",
    "generator": "run.generator()",
    "history": "history = run.history()\nhistory.tail(2)",
    "stop": """
        at_the_first_report("runs/stopped", lambda: ask(RunFolder("runs/stopped"), "stop"))
        stopped = faussaire.train("squares.npy", run="runs/stopped", kimg=1_000_000, **small)
        print(stopped.state)
    """,
    "interrupt": """
        at_the_first_report("runs/interrupted", lambda: os.kill(os.getpid(), signal.SIGINT))
        interrupted = faussaire.train("squares.npy", run="runs/interrupted", kimg=1_000_000, **small)
        print(interrupted)
    """,
    "evaluate": 'faussaire.evaluate(run, data="squares.npy", protocols="fd2000-pixels-dct")',
    "compare": 'faussaire.compare(run, stopped, data="squares.npy", protocols="fd2000-pixels-dct")',
    "mistake": 'faussaire.train("squares.npy", kimg=1, minutes=1)',
    "complete": """
        from IPython.core.completer import provisionalcompleter
        code = "faussaire.train('mnist', minu"
        with provisionalcompleter():
            print([found.text for found in get_ipython().Completer.completions(code, len(code))])
    """,
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell left in the notebook; a cell that raised unasked would have ended the test."""
    import nbformat  # three seconds, which each process would wait that looks for tests
    from nbclient import NotebookClient

    folder = tmp_path_factory.mktemp("notebook")
    write_squares(folder / "squares.npy")
    cells = {name: nbformat.v4.new_code_cell(unindented(source)) for name, source in CELLS.items()}
    cells["mistake"].metadata["tags"] = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=list(cells.values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANG", "en_GB.UTF-8")
        patch.setenv("LC_ALL", "")
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return {name: cell.outputs for name, cell in cells.items()}


def unindented(source: str) -> str:
    lines = source.strip("\n").splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines).strip()


def shown(outputs: list[Any], kind: str) -> list[str]:
    """Return what a cell shows in one form, output by output."""
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def printed(outputs: list[Any]) -> str:
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_a_training_shows_figures_and_samples_that_are_replaced_in_place(outputs: dict[str, list[Any]]) -> None:
    (figures,) = shown(outputs["train"], "text/html")
    assert "Finished after" in figures
    assert "The discriminator is right on real images" in figures
    assert "60 images are few" in figures  # the verdict
    assert 'aria-valuenow="100"' in figures
    (picture,) = shown(outputs["train"], "image/png")
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert image.width > 200
    assert {"The last samples, after 0.5 thousand images"} <= set(shown(outputs["train"], "text/plain"))
    streams = [output.name for cell in outputs.values() for output in cell if output.output_type == "stream"]
    assert set(streams) == {"stdout"}  # standard error, which front ends paint red, and rich's hint at ipywidgets
    assert "Device:" in printed(outputs["train"])


def test_a_run_shows_its_state_its_verdict_and_its_last_samples(outputs: dict[str, list[Any]]) -> None:
    (markup,) = shown(outputs["run"], "text/html")
    assert "Finished after" in markup
    assert "60 images are few" in markup
    assert 'src="data:image/png;base64,' in markup
    assert shown(outputs["run"], "image/png")
    (line,) = shown(outputs["run"], "text/plain")
    assert line == "Run('runs/squares'): finished, 0.5 kimg, few"


def test_a_generator_shows_twenty_samples_and_says_what_it_is(outputs: dict[str, list[Any]]) -> None:
    (line,) = shown(outputs["generator"], "text/plain")
    assert line == "Generator('squares': grey images of 12x12, dense, after 0.5 kimg)"
    (markup,) = shown(outputs["generator"], "text/html")
    assert (
        "<figcaption>Generator(&#x27;squares&#x27;: grey images of 12x12, dense, after 0.5 kimg)</figcaption>" in markup
    )
    (picture,) = shown(outputs["generator"], "image/png")
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert image.size == (312, 250)


def test_the_history_is_a_data_frame_by_images_seen(outputs: dict[str, list[Any]]) -> None:
    (table,) = shown(outputs["history"], "text/html")
    assert "<th>loss_D</th>" in table
    assert "<th>500</th>" in table  # the last row


@pytest.mark.parametrize("cell", ["stop", "interrupt"])
def test_a_stop_from_the_page_and_an_interrupted_kernel_return_the_run(
    outputs: dict[str, list[Any]], cell: str
) -> None:
    assert "stopped" in printed(outputs[cell]).splitlines()[-1]
    assert "and saved in runs/" in printed(outputs[cell])
    (figures,) = shown(outputs[cell], "text/html")
    assert "stopped, can go on" in figures


def test_figures_are_tables_with_intervals(outputs: dict[str, list[Any]]) -> None:
    (table,) = shown(outputs["evaluate"], "text/html")
    assert "fd60x2000-pixels-dct" in table
    assert shown(outputs["evaluate"], "text/plain")[-1] == "Evaluation('squares', 0.5 kimg, no verdict: frechet)"
    (table,) = shown(outputs["compare"], "text/html")
    assert "stopped \N{MINUS SIGN} squares" in table


def test_an_editor_completes_the_settings(outputs: dict[str, list[Any]]) -> None:
    assert "minutes=" in printed(outputs["complete"])


def test_a_mistake_is_one_line(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs["mistake"]
    assert output.output_type == "error"
    assert output.traceback == ["faussaire.ConfigError: give one length: --minutes, --kimg or --epochs"]


def test_the_words_are_those_of_the_environment(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    markup = run_html(RunFolder(squares_run))
    assert "Terminé après" in markup
    assert "Le discriminateur a raison sur les images réelles" in markup
    assert "2,0 milliers d’images" in markup
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "Finished after" in run_html(RunFolder(squares_run))
