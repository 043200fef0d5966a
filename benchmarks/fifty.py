"""Where D's accuracy goes: on training reals, held-out reals and fakes, by a learning rate that falls or stays.

    python benchmarks/fifty.py fashion-mnist --kimg 200 --out fifty/
    python benchmarks/fifty.py mnist --kimg 200 --out fifty/

In theory D ends at 50 %. Each line is the mean over a tenth of a run: D's accuracy on both sides of its training
batches, its accuracy as it stands on training reals and on held-out ones, and the Fréchet distance of that moment. At
the end of each run D alone is trained on, by `--longer` thousand images, G fixed: what it can still learn says how far
it was from the best that there is, and what it then makes of held-out reals how much of that is learning by heart.
Counted in images.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from faussaire import train
from faussaire.data import prepare
from faussaire.data.batches import Batches
from faussaire.modalities import of_spec
from faussaire.runs.checkpoint import fresh_state, load_newest
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import plan_of, recorded_config
from faussaire.training.gauges import Gauged, measure_overfitting
from faussaire.training.trainer import Trainer

PARTS = 10
SCHEDULES = ("cosine", "constant")
JUDGED = 2_000  # held-out images that D judges after it was trained alone


def curve(run: RunFolder) -> list[dict[str, float | None]]:
    """Return the means over each tenth of a run of what its reports hold, and the scores at its end."""
    stats = [event for event in run.history() if event.kind == "stats"]
    scores = [event for event in run.history() if event.kind == "score"]
    end = stats[-1].nimg
    rows = []
    for part in range(PARTS):
        low, high = part * end / PARTS, (part + 1) * end / PARTS

        def within(events: Sequence[Event], low: float = low, high: float = high) -> list[Event]:
            return [event for event in events if low < event.nimg <= high]

        row: dict[str, float | None] = {"kimg": high / 1000}
        for name in ("accuracy_real", "accuracy_fake", "accuracy_seen", "accuracy_held_out"):
            values = [event.data[name] for event in within(stats) if event.data.get(name) is not None]
            row[name] = float(np.mean(values)) if values else None
        row["frechet"] = next((event.data["rows"][0]["value"] for event in reversed(within(scores))), None)
        rows.append(row)
    return rows


def alone(run: RunFolder, data: str, longer: int) -> tuple[Gauged, Gauged]:
    """Train D alone on a finished run; return how it judged held-out reals before and after."""
    config = recorded_config(run)
    dataset = prepare(data)
    kind = of_spec(dataset.spec)
    state = fresh_state(config, dataset.spec, torch.device("cpu"))
    load_newest(state, run.checkpoints)
    batches = Batches(dataset.images, to_real=kind.to_real, batch_size=config.batch, seed=config.seed)
    trainer = Trainer(config, batches, state, plan_of(run))
    held_out = kind.to_real(dataset.held_out[:JUDGED])
    before, end = measure_overfitting(trainer, held_out), state.nimg + 1_000 * longer
    lr = max(event.data["lr"] for event in run.history() if event.kind == "stats")
    for _, optimizer in state.optimizers():
        optimizer.param_groups[0]["lr"] = lr
    while state.nimg < end:
        trainer.train_discriminator()
    return before, measure_overfitting(trainer, held_out)


def main() -> None:
    """Train, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--kimg", type=float, default=200)
    parser.add_argument("--longer", type=int, default=10, help="thousands of images that D alone is shown in the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    name, found = Path(given.data).stem, {}
    for schedule in SCHEDULES:
        folder = given.out / f"{name}-{schedule}-{given.seed}"
        console = Console(file=io.StringIO())
        settings = {"kimg": given.kimg, "seed": given.seed, "lr_schedule": schedule, "threads": 1}
        run = RunFolder(train(given.data, run=folder, console=console, **settings).path)
        rows = curve(run)
        print(f"{given.data}, {schedule} learning rate, seed {given.seed}")
        for row in rows:
            print("  ".join(f"{key} {'–' if v is None else f'{v:.3g}'}" for key, v in row.items()), flush=True)
        before, after = alone(run, given.data, given.longer)
        for when, gauged in (("at the end", before), (f"D alone for {given.longer} kimg more", after)):
            print(f"  {when}: training reals {gauged.accuracy_seen:.3f}, held out {gauged.accuracy_held_out:.3f}")
        ends = {when: vars(gauged) | {"r_v": None} for when, gauged in (("before", before), ("after", after))}
        found[schedule] = {"rows": rows, **ends}
    (given.out / f"{name}-{given.seed}.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
