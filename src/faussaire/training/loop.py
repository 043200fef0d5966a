"""The loop around the three steps: until the plan is fulfilled, or somebody asks to stop.

Whoever meets a number that is not finite raises DivergenceError, in a step or after it: training is then rolled back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from faussaire.core.errors import DivergenceError
from faussaire.runs.checkpoint import TrainState
from faussaire.runs.plan import Plan
from faussaire.training.result import StepResult


class Steps(Protocol):
    """What makes the steps: `trainer.Trainer`, or many of them in step (`distributed.Leader`)."""

    @property
    def plan(self) -> Plan:
        """How far along the run is after so many images."""

    @property
    def state(self) -> TrainState:
        """What is trained."""

    def step(self) -> StepResult:
        """Play one round."""


class Watcher(Protocol):
    """What the loop tells of itself; `recorder.Recorder` is the one that writes a run folder."""

    def begin(self) -> None:
        """The first step is about to be made."""

    def after_step(self, result: StepResult) -> None:
        """A step was made."""

    def save(self) -> None:
        """Training stops here for now."""

    def roll_back(self, error: DivergenceError) -> None:
        """Take training back to where all was well; raise where that is no use any more."""

    def end(self) -> None:
        """Training is complete."""


def train(trainer: Steps, watcher: Watcher, *, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Step until the plan is fulfilled or somebody asks to stop; return whether it is fulfilled.

    Raises:
        DivergenceError: training left the finite numbers, and to roll it back was no use.
    """
    watcher.begin()
    while True:
        try:
            while not trainer.plan.finished(trainer.state.nimg):
                result = trainer.step()
                watcher.after_step(result)
                if should_stop():
                    watcher.save()
                    return False
            watcher.end()
            return True
        except DivergenceError as error:
            watcher.roll_back(error)
