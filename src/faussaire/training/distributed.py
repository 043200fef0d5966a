"""One training by several processes: the first one leads, the others do as it does.

Every process makes every step, each on its rows of the batch, and all make the same tensors. What depends on a clock,
a signal or a file is decided by the first alone, and told before the next step: a new plan, a score that all make
samples for, the end. The others write nothing and show nothing.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from faussaire.core.errors import DataError, DivergenceError
from faussaire.core.world import World
from faussaire.data import Dataset
from faussaire.evaluation.while_training import Scorer
from faussaire.runs.checkpoint import TrainState
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import refuse_other_images
from faussaire.runs.plan import Plan, Segment
from faussaire.training.result import StepResult
from faussaire.training.trainer import Trainer

STEP, REPLAN, RESTORE, SCORE, END = range(5)
"""What the first process tells the others to do next: a step as it is, by a new plan, or from a state that it gives
them; a score; nothing more."""


class Leader:
    """The trainer of the first process, as the loop sees it: each step is told to the others first."""

    def __init__(self, trainer: Trainer, world: World) -> None:
        self.trainer, self.world = trainer, world
        self._told = trainer.plan.segments[-1]
        self._nimg = trainer.state.nimg  # of the state that all processes have
        self._is_astray = False

    @property
    def plan(self) -> Plan:
        """How far along the run is after so many images."""
        return self.trainer.plan

    @property
    def state(self) -> TrainState:
        """What is trained."""
        return self.trainer.state

    def step(self) -> StepResult:
        """Let all processes make a step, by the plan as it now is, from where the first was rolled back to, if it was.

        Raises:
            DivergenceError: as `Trainer.step`, in every process alike.
        """
        newest = self.plan.segments[-1]
        if self._is_astray or self.state.nimg != self._nimg:
            tell(self.world, RESTORE)
            share(self.state, self.plan, self.world)
        elif newest != self._told:
            tell(self.world, REPLAN, newest)
        else:
            tell(self.world, STEP)
        self._told, self._is_astray = newest, True
        result = self.trainer.step()
        self._nimg, self._is_astray = self.state.nimg, False
        return result


def scored_by_all(scorer: Scorer, world: World) -> Scorer:
    """Return a scorer for the first process that has the others do their part."""

    def score() -> list[dict[str, Any]]:
        tell(world, SCORE)
        return scorer()

    return score


def follow(trainer: Trainer, scorer: Scorer | None, world: World) -> None:
    """Do as the first process does, until it ends.

    A step that went wrong did so in every process alike: what becomes of it, the first one says.
    """
    while (told := world.order([STEP, *_NO_SEGMENT]))[0] != END:
        if told[0] == SCORE:
            assert scorer is not None
            scorer()
            continue
        if told[0] == REPLAN:
            trainer.plan.add(_unpacked(told[1:]))
        if told[0] == RESTORE:
            share(trainer.state, trainer.plan, world)
        with suppress(DivergenceError):
            trainer.step()


def tell(world: World, what: int, segment: Segment | None = None) -> None:
    """Tell the others, where there are any, what to do, and by which new segment of the plan."""
    if world.size > 1:
        world.order([what, *(_NO_SEGMENT if segment is None else _packed(segment))])


def _packed(segment: Segment) -> list[int]:
    (bits,) = struct.unpack("<q", struct.pack("<d", segment.progress))
    return [segment.nimg, bits, segment.end_nimg, segment.halvings]


def _unpacked(numbers: Sequence[int]) -> Segment:
    nimg, bits, end_nimg, halvings = numbers
    (progress,) = struct.unpack("<d", struct.pack("<q", bits))
    return Segment(nimg=nimg, progress=progress, end_nimg=end_nimg, halvings=halvings)


_NO_SEGMENT = [0, 0, 0, 0]


def share(state: TrainState, plan: Plan, world: World) -> None:
    """Give every process the state and the plan of the first: no other needs to see its disk."""
    if world.size == 1:
        return
    counts = {"nimg": state.nimg, "seconds": state.seconds, "augment": state.augment}
    told: dict[str, Any] = world.from_first({"counts": counts, "plan": [asdict(segment) for segment in plan.segments]})
    tensors = world.tensors_from_first(state.tensors() if world.is_first else {})
    if not world.is_first:
        state.load_tensors(tensors)
        for name, value in told["counts"].items():
            setattr(state, name, value)
        plan.segments = [Segment(**segment) for segment in told["plan"]]


def check_images(dataset: Dataset, original: RunFolder | None, world: World) -> None:
    """Raise where processes have different images, or where a run to be made again was trained on others.

    Raises:
        DataError, ConfigError: the first process says what is wrong.
    """
    expected = world.from_first(dataset.fingerprint)

    def check() -> None:
        if dataset.fingerprint != expected:
            raise DataError(f"{dataset.name} holds other images on {socket.gethostname()} than for the first process")

    world.together(check)
    if original is not None and world.is_first:
        refuse_other_images(original, dataset)


def first_on_each_machine(world: World, place: int, work: Callable[[], Any]) -> Any:
    """Do `work` in the first process of each machine, then in the others: they find in the cache what it left there.

    Raises:
        FaussaireError: it failed somewhere; the first process says why.
    """
    done = world.together(work if place == 0 else lambda: None)
    others = world.together(work if place > 0 else lambda: None)
    return done if place == 0 else others
