"""What a training writes into its run folder: reports, pictures, scores, checkpoints, each when `cadence` says so.

Nothing here changes a tensor of the run but through the plan, and a change of plan is on the disk before it counts:
so the clock decides what is written when, and never what is learnt from a given plan.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from faussaire.core.errors import DivergenceError, FaussaireError
from faussaire.core.files import writing
from faussaire.core.moments import Moments, half_interval, rounded, with_half
from faussaire.data.batches import Batches
from faussaire.evaluation.verdicts.training import judge, landmarks
from faussaire.evaluation.while_training import Scorer
from faussaire.generation.saved import generator_nimg, write_generator
from faussaire.modalities import SampleSpec
from faussaire.runs import control
from faussaire.runs.best import Best, best_of
from faussaire.runs.checkpoint import check_finite, save_checkpoint
from faussaire.runs.clock import RunClock
from faussaire.runs.folder import RunFolder
from faussaire.runs.plan import Pace
from faussaire.training.cadence import Cadence
from faussaire.training.gauges import batch_diversity, measure_overfitting
from faussaire.training.outlook import Outlook
from faussaire.training.pictures import Pictures
from faussaire.training.result import Judged, StepResult
from faussaire.training.rollback import roll_back
from faussaire.training.trainer import Trainer

PAUSE_SECONDS = 0.2  # between two looks at whether a pause is over


class Recorder:
    """Writes the run folder of one training.

    Args:
        run: the folder, locked.
        trainer: what is trained.
        spec: what a sample is.
        name: of the data set.
        clock: of the command: a time budget counts from its start.
        budget_seconds: the time budget of the whole run, or None.
        redraw: draws the views of the folder (curves, film) anew.
        held_out: real samples `[V, *shape]` that are never trained on, for the gauge of overfitting; None without.
        held_out_labels: their classes `[V]`, where the game is conditional.
        scorer: scores the generator; None where there is nothing to score against.
        outlook: foretells by the scores; by those of this run alone if not given.
    """

    def __init__(
        self,
        run: RunFolder,
        trainer: Trainer,
        spec: SampleSpec,
        *,
        name: str,
        clock: RunClock,
        budget_seconds: float | None,
        redraw: Callable[[], None],
        held_out: Tensor | None = None,
        held_out_labels: Tensor | None = None,
        scorer: Scorer | None = None,
        outlook: Outlook | None = None,
    ) -> None:
        self.run, self.trainer, self.spec, self.name = run, trainer, spec, name
        self.redraw, self.scorer = redraw, scorer
        self.outlook = outlook or Outlook(trainer.config)
        self.held_out, self.held_out_labels = held_out, held_out_labels
        self.interrupted: Callable[[], bool] = lambda: False  # whether a signal asks the process to stop
        self.pace = Pace(budget_seconds) if budget_seconds is not None else None
        self.clock, self._earlier_seconds = clock, trainer.state.seconds  # the latter in processes before this one
        self.cadence = Cadence(pictures=trainer.config.pictures, score_minutes=trainer.config.score_minutes)
        self.pictures = Pictures(run, trainer, spec)
        self._class_shares = class_shares(trainer.batches) if trainer.config.conditional else []
        self._record = run.record()
        self._has_redrawn = self._stop = False
        self._recall()

    def _recall(self) -> None:
        """Take over what the folder tells of the run so far."""
        history = self.run.history()
        self._reports = landmarks([event.data for event in history if event.kind == "stats"])
        scores = [event for event in history if event.kind == "score"]
        self.outlook.recall(scores)
        self.pictures.recall(history)
        self._scored_nimg = scores[-1].nimg if scores else -1
        self._best = best_of(self.run.events("score", "resumed"))
        self._verdict = ""
        self.moments = Moments()
        self._last_judged: Judged | None = None
        self._last_report_at = (0.0, 0)  # seconds, images

    def seconds(self) -> float:
        """Return the time spent in the whole run; pauses, and the time between processes, are left out."""
        return self._earlier_seconds + self.clock.seconds()

    def progress(self) -> float:
        """Return the share of the run that is done."""
        return self.trainer.plan.progress(self.trainer.state.nimg)

    def begin(self) -> None:
        """Picture the reals and what G makes of the grid as it stands."""
        nimg = self.trainer.state.nimg
        control.forget(self.run)
        self._settle_best()
        self.pictures.draw_reals()
        if nimg == 0:
            self.pictures.draw_grid()
            self._save(with_views=True)
        self._set_out()

    def _set_out(self) -> None:
        """Begin to count towards what is due, and plan."""
        now = self.seconds()
        self._last_report_at = (now, self.trainer.state.nimg)
        self.cadence.begin(now, self.progress())
        self._replan(now)

    def roll_back(self, error: DivergenceError) -> None:
        """Take training back to the last good checkpoint, and let it go on from there with half the learning rate.

        Raises:
            DivergenceError: that was done often enough.
        """
        roll_back(self.run, self.trainer, error)
        if self.pace is not None:
            self.pace.begin_again()
        self._recall()
        self._settle_best()
        self._set_out()

    def after_step(self, result: StepResult) -> None:
        """Take in a step; picture, score, report and save where it is time to.

        Raises:
            DivergenceError: whatever looked met a number that is not finite; nothing of it is saved.
        """
        is_first = self._last_judged is None
        self.take_in(result)
        if is_first:  # so that a page has something to show at once
            self.pictures.draw_judged(result.judged, self.trainer.z)
        if self.pace is not None and self.pace.is_due(self.trainer.plan, nimg=self.trainer.state.nimg):
            self._replan(self.seconds())
        if self.cadence.picture_is_due(self.progress()):
            self.pictures.draw_grid()
        if self.cadence.scores.is_due(self.seconds()):
            self.take_score()
        now = self.seconds()
        if self.cadence.report_is_due(now, self.progress()):
            self.report()
            self._obey()
        if self.cadence.save_is_due(now) and not self.trainer.plan.finished(self.trainer.state.nimg):
            self._save(with_views=self.cadence.views.is_due(now))
            self.cadence.saved(self.seconds())

    def take_in(self, result: StepResult) -> None:
        """Keep what a step was made of until the next report; no number is read before."""
        self._last_judged = result.judged
        for values in result.values:
            self.moments.add(values)

    def report(self) -> None:
        """Emit what was measured since the last report, judge it, and keep the plan to the clock.

        Raises:
            DivergenceError: a weight or an average is not finite; nothing is told.
        """
        judged = self._last_judged
        assert judged is not None
        nimg, now = self.trainer.state.nimg, self.seconds()
        check_finite(self.trainer.state.weights(), nimg)  # no step looks at the average
        measured = self.moments.read()
        data = self._figures(measured, judged, now)
        began = self.seconds()
        self._reports = landmarks([*self._reports, data])
        self.pictures.draw_judged(judged, self.trainer.z)
        verdict = judge(self._reports, critic=self.trainer.passes.loss.critic)
        self.run.emit("stats", nimg=nimg, **data, verdict=verdict.name, verdict_text=verdict.text)
        if verdict.name != self._verdict:
            self.run.emit("verdict", nimg=nimg, name=verdict.name, text=verdict.text)
            self._verdict = verdict.name
        done = self.seconds()
        self.cadence.reported(done - began, done, self.progress())

    def _figures(self, measured: dict[str, dict[str, float]], judged: Judged, now: float) -> dict[str, Any]:
        """Return the figures of a report; the plan is kept to the clock first."""
        state = self.trainer.state
        means = {name: values["mean"] for name, values in measured.items()}
        halves = {f"{name}_half": half_interval(measured[name]) for name in ("loss_D", "loss_G")}
        reported_at, reported_nimg = self._last_report_at
        self._last_report_at = (now, state.nimg)
        speed = (state.nimg - reported_nimg) / max(now - reported_at, 1e-9)
        self._replan(now)
        return {
            **{name: rounded(value) for name, value in (means | halves).items()},
            "n": int(measured["accuracy_real"]["n"]),
            **with_half("diversity", batch_diversity(judged.fake, judged.real)),
            **self._gauge(),
            "progress": round(self.progress(), 5),
            "augment": round(state.augment, 4),
            "lr": state.opt_G.param_groups[0]["lr"],
            "seconds": round(now, 2),
            "seconds_left": round(self._seconds_left(now, speed), 1),
            "nimg_per_second": round(speed, 1),
        }

    def _gauge(self) -> dict[str, float | None]:
        """Return r_v, and how often D is right on training and on held-out samples; None where it is not measured:
        without held-out samples, or too soon for its cost.
        """
        began = self.seconds()
        if self.held_out is None or not self.cadence.gauges.is_due(began):
            return with_half("r_v", None)
        gauged = measure_overfitting(self.trainer, self.held_out, self.held_out_labels)
        done = self.seconds()
        self.cadence.gauges.spend(done - began, done)
        return gauged.as_dict()

    def _replan(self, now: float) -> None:
        """Put a new segment in force where the clock asks for it, once it is on the disk."""
        if self.pace is None:
            return
        plan, nimg = self.trainer.plan, self.trainer.state.nimg
        segment = self.pace.replan(plan, nimg=nimg, seconds=now, step_nimg=self.trainer.step_nimg)
        if segment is not None:
            self.run.emit("plan", durable=True, **asdict(segment))
            plan.add(segment)

    def _seconds_left(self, now: float, speed: float) -> float:
        """Return what is left of the run; 0 at its end, whatever its budget has left."""
        nimg = self.trainer.state.nimg
        if self.trainer.plan.finished(nimg):
            return 0.0
        if self.pace is not None:
            return max(0.0, self.pace.budget_seconds - now)
        return (self.trainer.plan.at(nimg).end_nimg - nimg) / max(speed, 1e-9)

    def asked_to_stop(self) -> bool:
        """Say whether a signal or a request in the folder asks to stop; the latter is seen at reports."""
        return self._stop or self.interrupted()

    def _obey(self) -> None:
        """Do what was asked for through the folder. A pause saves first, and the clock of the run stands still."""
        if control.asked(self.run) == "pause":
            self._save(with_views=True)
            began = self.seconds()
            self.run.emit("paused", nimg=self.trainer.state.nimg, durable=True, seconds=round(began, 2))
            while control.asked(self.run) == "pause" and not self.interrupted():
                time.sleep(PAUSE_SECONDS)
            paused = self.seconds() - began
            self.clock.leave_out(paused)
            self.run.emit("continued", nimg=self.trainer.state.nimg, paused_seconds=round(paused, 2))
        self._stop = control.asked(self.run) == "stop"

    def save(self) -> None:
        """Write a checkpoint, the generator and every picture, of the grid as it stands too: the run may stop here.

        Raises:
            DivergenceError: a weight is not finite; nothing is written.
            CheckpointError: the disk is full, or the like.
        """
        self._save(with_views=True, is_last=True)
        self.run.emit("stopped", nimg=self.trainer.state.nimg, durable=True, seconds=round(self.seconds(), 2))

    def end(self) -> None:
        """Report, save and say that the run is complete."""
        nimg = self.trainer.state.nimg
        self.pictures.draw_last()
        self.take_score()
        if self.moments.any():
            self.report()
        self._save(with_views=True)
        self.run.emit("done", nimg=nimg, durable=True, seconds=round(self.seconds(), 2))

    def mend(self) -> None:
        """Make again what the folder of a finished run has lost, of its state alone; its clock stands still."""
        self.clock.leave_out(self.clock.seconds())
        self.begin()
        self.end()

    def rescue(self) -> None:
        """Save the tensors, where they can be saved: the run cannot go on, as something else could not be written."""
        self.trainer.state.seconds = self.seconds()
        with suppress(FaussaireError):
            self._checkpoint()

    def _save(self, *, with_views: bool, is_last: bool = False) -> None:
        state, began = self.trainer.state, self.seconds()
        state.seconds = began
        z, samples = self.pictures.forge_pairs()  # before anything is written: finite weights may make what is not
        path = self._checkpoint()
        self._write_generator(self.run.generator_folder)
        self.pictures.draw_latents(z, samples)
        self.run.emit("checkpoint", nimg=state.nimg, durable=True, path=path.name, seconds=round(began, 2))
        if is_last:  # after the checkpoint: who asks for a stop may not wait for pictures
            self.pictures.draw_last()
        if with_views:
            self._redraw()
            if self.pace is not None:
                # The last save must fit into the budget too: keep what this one took, and a breath to exit.
                took = self.cadence.views.spent_at - began
                self.pace.reserve_seconds = 1.2 * took + 0.2 + self.cadence.scores.cost_seconds

    def _checkpoint(self) -> Path:
        told = {"record": self._record, "plan": [asdict(segment) for segment in self.trainer.plan.segments]}
        best_nimg = None if self._best is None else self._best.nimg
        return save_checkpoint(self.trainer.state, self.run.checkpoints, run=told, best_nimg=best_nimg)

    def _redraw(self) -> None:
        """Have the views of the folder drawn anew; one that fails is told of in a warning."""
        began = self.seconds()
        try:
            self.redraw()
        except FaussaireError:
            raise
        except Exception as error:
            self.run.warn("the views of the folder could not be drawn", error)
        done = self.seconds()
        self.cadence.views.spend(done - began if self._has_redrawn else 0.0, done)  # the first waits for imports
        self._has_redrawn = True

    def _write_generator(self, folder: Path) -> None:
        config, shares = self.trainer.config, self._class_shares
        write_generator(
            self.trainer.state,
            folder,
            config=config,
            spec=self.spec,
            name=self.name,
            class_shares=shares,
            write=self.run.write,
        )

    def take_score(self) -> None:
        """Score the averaged generator, and keep it if it is the best so far.

        A checkpoint is written first, so that no resume goes back beyond the best score; then the score is told, and
        then `best/` is written, which a resume from that checkpoint can make good.
        """
        nimg = self.trainer.state.nimg
        if self.scorer is None or self._scored_nimg == nimg:
            return
        began = self.seconds()
        rows = self.scorer()
        is_best = self._best is None or rows[0]["value"] < self._best.value
        if is_best:
            self._save(with_views=False)
            self._best = Best(nimg=nimg, value=rows[0]["value"])
        self.run.emit(
            "score", nimg=nimg, durable=is_best, rows=rows, **self.outlook.take(nimg, rows, self.trainer.plan)
        )
        self._scored_nimg = nimg
        self._settle_best()
        done = self.seconds()
        self.cadence.scores.spend(done - began, done)

    def _settle_best(self) -> None:
        """Let `best/` hold the generator of the best score that stands, or nothing."""
        nimg = self.trainer.state.nimg
        best = None if self._best is None else self._best.nimg
        if generator_nimg(self.run.best) == best:
            return
        if best == nimg:
            with writing(self.run.best):
                self.run.best.mkdir(exist_ok=True)
            self._write_generator(self.run.best)
        elif self.run.best.exists():
            shutil.rmtree(self.run.best, ignore_errors=True)
            self.run.manifest.forget(self.run.best)
            text = "best/ held another generator than that of the best score that stands, and was removed"
            self.run.emit("warning", nimg=nimg, text=text)


def class_shares(batches: Batches) -> list[float]:
    """Return how often each class comes in the data; nothing where it has no labels."""
    if batches.classes is None:
        return []
    counts = np.bincount(batches.classes, minlength=batches.num_classes)
    return [round(float(share), 6) for share in counts / counts.sum()]
