"""What becomes of a training that leaves the finite numbers: back to the last good checkpoint, and on half as fast.

Nothing that is not finite is ever saved (`runs.checkpoint`), so the newest whole checkpoint is the last good one. That
the learning rate is halved from there on is a segment of the plan, which is on the disk before it takes effect: whoever
resumes or replays the run halves it at the same image, and makes the same tensors. After HALVINGS of them, training
ends: what is wrong is then not the learning rate alone.
"""

from __future__ import annotations

from dataclasses import asdict

from faussaire.core.config import GAMMA, Config
from faussaire.core.decimals import plain
from faussaire.core.errors import DivergenceError
from faussaire.runs.checkpoint import load_newest
from faussaire.runs.folder import RunFolder
from faussaire.training.trainer import Trainer

HALVINGS = 3
"""At most, of a run: the learning rate is then an eighth of what its schedule says."""


def roll_back(run: RunFolder, trainer: Trainer, error: DivergenceError) -> None:
    """Take the state of the newest whole checkpoint, halve the learning rate from there on, and say so.

    Raises:
        DivergenceError: that was done often enough, or there is no checkpoint; it says what to begin again with.
    """
    state, plan = trainer.state, trainer.plan
    lost_nimg, halvings = state.nimg, plan.segments[-1].halvings
    found, damaged = load_newest(state, run.checkpoints) if halvings < HALVINGS else (None, [])
    if found is None:
        tried = (
            f" for the {halvings + 1}. time, though its learning rate was halved {halvings} times" if halvings else ""
        )
        advised = DivergenceError(
            f"{error}{tried}: the training has diverged. Its last checkpoint is good, and so is the generator in "
            f"{run.generator_folder}; {against_divergence(trainer.config)}"
        )
        run.emit("diverged", nimg=lost_nimg, durable=True, text=str(advised))
        raise advised from None
    segment = plan.halved(state.nimg)
    run.emit("plan", durable=True, **asdict(segment))
    plan.add(segment)
    run.emit("resumed", nimg=state.nimg, seconds=state.seconds)
    text = (
        f"{error}: back to the checkpoint of {state.nimg:,}, and on from there with half the learning rate "
        f"(halving {segment.halvings} of at most {HALVINGS})"
    )
    run.emit("rolled_back", nimg=state.nimg, lost_nimg=lost_nimg, halvings=segment.halvings, most=HALVINGS, text=text)
    for line in damaged:
        run.emit("warning", nimg=state.nimg, text=line)


def against_divergence(config: Config) -> str:
    """Say what to begin again with; nothing that was on already."""
    ways = ["a smaller --lr"]
    if config.penalties and config.penalty_weight > GAMMA:
        ways.insert(0, f"a smaller --gamma than {plain(config.penalty_weight, 6)}")
    if missing := [name for name in ("r1", "r2") if name not in config.penalties]:
        ways.append(" ".join(f"--penalties {name}" for name in [*config.penalties, *missing]))
    return f"begin again in another --run with {', or with '.join(ways)}"
