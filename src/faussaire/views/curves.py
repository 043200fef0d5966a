"""Pictures of a run made from its folder alone: curves.png of its reports and progress.gif of its samples.

They read `events.jsonl` and `samples/`, never the training, so they can be drawn again at any time from what is left.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from faussaire.core.marks import SHEET, text_of
from faussaire.modalities.pictures import write_film
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.words import ENGLISH, Words

REAL_COLOUR, FAKE_COLOUR, D_COLOUR, G_COLOUR = "#1b7f79", "#c8553d", "#2f4858", "#e09f3e"
HELD_OUT_COLOUR = "#6a4fb3"

MARGINS = {"left": 0.1, "right": 0.985, "bottom": 0.095, "top": 0.98, "hspace": 0.07}
"""Around the curves, in shares of the picture: room for a loss of six figures at the left."""

MAX_FRAMES = 120  # of the film: all are in memory while it is written


def refresh(run: RunFolder, words: Words = ENGLISH) -> None:
    """Draw both anew, with words in one language; one that cannot be drawn is told of in a warning.

    Raises:
        CheckpointError: the disk is full, or the like.
    """
    stats, _, _ = run.reports()
    with run.drawing(run.path / "curves.png") as beside:
        draw_curves(beside, stats, words)
    frames = _frames(run)
    if frames:
        with run.drawing(run.path / "progress.gif") as beside:
            write_film(beside, frames)


def _frames(run: RunFolder) -> list[Path]:
    """Return the pictures of the film: all of them, or evenly spaced ones and the last."""
    pictured = {str(e.data.get("path")): None for e in run.history() if e.kind == "samples"}
    frames = [path for name in pictured if run.holds(path := run.path / name) and path.is_file()]
    places = np.linspace(0, len(frames) - 1, min(len(frames), MAX_FRAMES))
    return [frames[place] for place in np.rint(places).astype(int)]


def draw_curves(path: Path, stats: list[Event], words: Words = ENGLISH) -> None:
    """Draw the losses, and D's accuracy with the 50 % mark, over thousands of images."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot, which keeps figures in a global state

    kimg = [event.nimg / 1000 for event in stats]
    figure = Figure(figsize=(9, 5.5))  # without a layout engine, which draws everything once more to measure it
    FigureCanvasAgg(figure)
    losses, accuracy = figure.subplots(2, 1, sharex=True, gridspec_kw=MARGINS)
    for name, colour in (("D", D_COLOUR), ("G", G_COLOUR)):
        losses.plot(kimg, _values(stats, f"loss_{name}"), color=colour, label=words(f"report.curves.loss_{name}"))
    for name, colour in (("real", REAL_COLOUR), ("fake", FAKE_COLOUR)):
        label = words(f"report.curves.right_{name}")
        accuracy.plot(kimg, 100 * _values(stats, f"accuracy_{name}"), color=colour, label=label)
    held_out = 100 * _values(stats, "accuracy_held_out")
    known = np.isfinite(held_out)  # measured now and then, and never where nothing is held out
    if known.any():
        label = words("report.curves.right_held_out")
        accuracy.plot(np.array(kimg)[known], held_out[known], color=HELD_OUT_COLOUR, label=label)
    accuracy.axhline(50, color="black", linewidth=1, linestyle="--", label=words("report.curves.chance"))
    accuracy.set_ylim(0, 102)
    losses.set_ylabel(words("report.curves.loss"))
    accuracy.set_ylabel(words("report.curves.accuracy"))
    accuracy.set_xlabel(words("report.curves.x"))
    for axes, corner in ((losses, "upper right"), (accuracy, "lower right")):
        axes.grid(alpha=0.25)
        axes.legend(loc=corner, fontsize="small")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, place: words.numbers.tick(value))
    figure.savefig(path, dpi=110, metadata={"Software": text_of(SHEET)})


def _values(stats: list[Event], name: str) -> np.ndarray:
    """Return a figure of each report, NaN where it is not known."""
    values = [event.data.get(name) for event in stats]
    return np.array([value if isinstance(value, int | float) else np.nan for value in values])
