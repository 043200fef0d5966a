"""Pictures of a run made from its folder alone: curves.png of its reports and progress.gif of its samples.

They read `events.jsonl` and `samples/`, never the training, so they can be drawn again at any time from what is left.
"""

from __future__ import annotations

from pathlib import Path

from faussaire.data.marks import SHEET, text_of
from faussaire.modalities import Modality
from faussaire.run import RunFolder, replacing
from faussaire.runs.events import Event

REAL_COLOUR, FAKE_COLOUR, D_COLOUR, G_COLOUR = "#1b7f79", "#c8553d", "#2f4858", "#e09f3e"


def refresh(run: RunFolder, modality: Modality) -> None:
    """Draw both anew.

    Raises:
        CheckpointError: the disk is full, or the like.
    """
    stats, _, _ = run.told.curve()
    write_curves(run.path / "curves.png", stats)
    pictured = {e.data["path"]: run.path / e.data["path"] for e in run.history() if e.kind == "samples"}
    frames = [path for path in pictured.values() if path.is_file()]
    if frames:
        with replacing(run.path / "progress.gif") as beside:
            modality.write_film(beside, frames)


def write_curves(path: Path, stats: list[Event]) -> None:
    """Draw the losses, and D's accuracy with the 50 % mark, over thousands of images."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot, which keeps figures in a global state

    kimg = [event.nimg / 1000 for event in stats]
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracy = figure.subplots(2, 1, sharex=True)
    for name, colour in (("D", D_COLOUR), ("G", G_COLOUR)):
        values = [event.data[f"loss_{name}"] for event in stats]
        losses.plot(kimg, [float("nan") if v is None else v for v in values], color=colour, label=f"loss of {name}")
    for name, colour in (("real", REAL_COLOUR), ("fake", FAKE_COLOUR)):
        values = [100 * event.data[f"accuracy_{name}"] for event in stats]
        accuracy.plot(kimg, values, color=colour, label=f"D right on {name}")
    accuracy.axhline(50, color="black", linewidth=1, linestyle="--", label="chance: 50 %")
    accuracy.set_ylim(0, 102)
    losses.set_ylabel("loss")
    accuracy.set_ylabel("D's accuracy (%)")
    accuracy.set_xlabel("thousands of images shown to D")
    for axes, corner in ((losses, "upper right"), (accuracy, "lower right")):
        axes.grid(alpha=0.25)
        axes.legend(loc=corner, fontsize="small")
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110, metadata={"Software": text_of(SHEET)})
