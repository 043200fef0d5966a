"""What a run tells while it trains, and when: reports by the clock, pictures by progress, checkpoints by the clock.

Nothing here changes a tensor of the run but through the plan, and a change of plan is on the disk before it counts:
so the clock decides what is written when, and never what is learnt from a given plan.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faussaire.core.errors import DivergenceError, FaussaireError
from faussaire.core.intervals import Estimate
from faussaire.core.moments import half_interval, rounded, with_half
from faussaire.core.rng import draw_places
from faussaire.data.batches import as_real
from faussaire.evaluation.evaluate import Scorer
from faussaire.evaluation.health import FLAT_SCORES, figure, judge, landmarks
from faussaire.generation.latents import latents
from faussaire.generation.saved import generator_nimg, write_generator
from faussaire.modalities import SampleSpec, modality
from faussaire.runs import control
from faussaire.runs.best import Best, best_of
from faussaire.runs.checkpoint import not_finite, save_checkpoint
from faussaire.runs.clock import RunClock
from faussaire.runs.folder import RunFolder
from faussaire.runs.plan import Pace
from faussaire.training.gauges import gradient_norm, measure_diversity, measure_overfitting
from faussaire.training.trainer import Trainer

REPORT_SECONDS = 1.0
REPORT_SHARE = 0.02  # a short run is reported more often: what goes wrong is to be named in its first fifth
FIRST_SAVE_SECONDS = 2.0  # then 4, 8, 16, 32 seconds after the start …
SAVE_SECONDS = 60.0  # … and every minute
REFRESH_SECONDS = 30.0  # the views cost half a second, ten times what a checkpoint does …
VIEWS_SHARE = 0.006  # … and no more of the time than this
TOLD_SHARE = 0.003  # of the time, for reports: telling, judging, and whoever listens
MAX_REPORT_SECONDS = 10.0
GRID = 64
LATENT_PAIRS = 16
JUDGED = 6  # reals, and as many fakes, shown with D's verdict at each report
STRIPS = 16  # files used in turn for their pictures: a reader has as many seconds to fetch one
PAUSE_SECONDS = 0.2  # between two looks at whether a pause is over
GAUGE_SHARE = 0.01  # of the time, for the gauge of overfitting
SCORE_SHARE = 0.04  # of the time; the next score waits until the last one costs no more


class Recorder:
    """Writes the run folder of one training.

    Args:
        run: the folder, locked.
        trainer: what is trained.
        spec: what a sample is.
        name: of the data set.
        clock: of the command: a time budget counts from its start.
        budget_seconds: the time budget of the whole run, or None.
        refresh: redraws the views of the folder (curves, film).
        held_out: real samples `[V, *shape]` that are never trained on, for the gauge of overfitting; None without.
        held_out_labels: their classes `[V]`, where the game is conditional.
        score: scores the generator; None where there is nothing to score against.
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
        refresh: Callable[[], None],
        held_out: Tensor | None = None,
        held_out_labels: Tensor | None = None,
        score: Scorer | None = None,
    ) -> None:
        self.run, self.trainer, self.spec, self.name = run, trainer, spec, name
        self.refresh, self.held_out, self.score = refresh, held_out, score
        self.held_out_labels = held_out_labels
        self.interrupted: Callable[[], bool] = lambda: False  # whether a signal asks the process to stop
        self._stop = False
        self.modality = modality(spec.modality)
        self.pace = Pace(budget_seconds) if budget_seconds is not None else None
        self.clock, self._earlier_seconds = clock, trainer.state.seconds  # the latter in processes before this one
        self._z = latents(GRID, trainer.config.z_dim, seed=trainer.config.seed, stream="grid")
        self._labels: Tensor | None = None
        self._class_shares: list[float] = []
        if trainer.config.conditional and trainer.batches.classes is not None:
            num_classes = trainer.batches.num_classes
            self._labels = grid_classes(num_classes, seed=trainer.config.seed)
            counts = np.bincount(trainer.batches.classes, minlength=num_classes)
            self._class_shares = [round(float(share), 6) for share in counts / counts.sum()]
        history = run.history()
        self._reports = landmarks([event.data for event in history if event.kind == "stats"])
        scores = [event for event in history if event.kind == "score"][-FLAT_SCORES:]
        self._scores = [figure(event.data["rows"][0]) for event in scores]
        self._scored_nimg = scores[-1].nimg if scores else -1
        self._best = best_of(run.events("score", "resumed"))
        self._score_cost = self._scored = self._gauge_cost = self._gauged = 0.0
        self._verdict = ""
        self._mark, self._pictured = 0, -1
        self._num_reports = 0  # of this process
        self._next_report = self._next_save = self._refreshed = self._began = 0.0
        self._refresh_cost = self._report_cost = 0.0  # seconds
        self._last_report_at = (0.0, 0)  # seconds, images

    def seconds(self) -> float:
        """Return the time spent in the whole run; pauses, and the time between processes, are left out."""
        return self._earlier_seconds + self.clock.seconds()

    def begin(self) -> None:
        """Picture the reals and what G makes of the grid as it stands."""
        state = self.trainer.state
        control.forget(self.run)
        self._settle_best()
        reals = self.trainer.batches.samples
        chosen = draw_places(len(reals), GRID, seed=self.trainer.config.seed, stream="reals")
        with self.run.drawing(self.run.path / "reals.png") as beside:
            self.modality.write_grid(beside, as_real(reals[chosen]))
        self._mark = math.floor(self.trainer.plan.progress(state.nimg) * self.trainer.config.pictures)
        if state.nimg == 0:
            self._picture()
            self._save(with_views=True)
        now = self._began = self.seconds()
        self._last_report_at = (now, state.nimg)
        self._next_report, self._next_save = now + REPORT_SECONDS, now + FIRST_SAVE_SECONDS
        self._replan(now)

    def after_step(self) -> None:
        """Picture, score, report and save where it is time to.

        Raises:
            DivergenceError: whatever looked met a number that is not finite; nothing more is saved.
        """
        with self._divergence_told():
            self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        mark = math.floor(self.trainer.plan.progress(self.trainer.state.nimg) * self.trainer.config.pictures)
        if mark > self._mark:
            self._mark = mark
            self._picture()
        self._score_when_cheap()
        now = self.seconds()
        told = self._reports[-1]["progress"] if self._reports else 0.0
        if now >= self._next_report or self.trainer.plan.progress(self.trainer.state.nimg) - told >= REPORT_SHARE:
            self.report()
            self._obey()
            wait = min(max(REPORT_SECONDS, self._report_cost / TOLD_SHARE), MAX_REPORT_SECONDS)
            self._next_report = self.seconds() + wait
        if now >= self._next_save and not self.trainer.plan.finished(self.trainer.state.nimg):
            due = max(REFRESH_SECONDS, self._refresh_cost / VIEWS_SHARE)
            self._save(with_views=now - self._refreshed >= due)
            self._next_save = self.seconds() + min(SAVE_SECONDS, now - self._began)

    def report(self) -> None:
        """Emit what was measured since the last report, judge it, and keep the plan to the clock.

        Raises:
            DivergenceError: a loss is not finite.
        """
        state, now = self.trainer.state, self.seconds()
        measured = self.trainer.moments.read()
        means = {name: values["mean"] for name, values in measured.items()}
        halves = {f"{name}_half": half_interval(measured[name]) for name in ("loss_D", "loss_G")}
        reported_at, reported_nimg = self._last_report_at
        self._last_report_at = (now, state.nimg)
        speed = (state.nimg - reported_nimg) / max(now - reported_at, 1e-9)
        self._replan(now)
        segment = self.trainer.plan.at(state.nimg)
        data = {
            **{name: rounded(value) for name, value in (means | halves).items()},
            "n": int(measured["accuracy_real"]["n"]),
            **with_half("diversity", measure_diversity(self.trainer)),
            **with_half("r_v", self._gauge()),
            "progress": round(self.trainer.plan.progress(state.nimg), 5),
            "augment": round(state.augment, 4),
            "lr": self.trainer.state.opt_G.param_groups[0]["lr"],
            "seconds": round(now, 2),
            "seconds_left": round(self._seconds_left(now, speed, segment.end_nimg), 1),
            "nimg_per_second": round(speed, 1),
        }
        began = self.seconds()
        self._reports = landmarks([*self._reports, data])
        self._show_judged()
        verdict = judge(self._reports, scores=self._scores, critic=self.trainer.loss.critic)
        self.run.emit("stats", nimg=state.nimg, **data, verdict=verdict.name, verdict_text=verdict.text)
        if verdict.name != self._verdict:
            self.run.emit("verdict", nimg=state.nimg, name=verdict.name, text=verdict.text)
            self._verdict = verdict.name
        self._report_cost = self.seconds() - began
        for name in ("loss_D", "loss_G"):
            if not math.isfinite(means[name]):
                raise DivergenceError(not_finite(f"the loss of {name[-1]}", state.nimg))

    def save(self) -> None:
        """Write a checkpoint, the generator and every picture: the run may stop here.

        Raises:
            DivergenceError: a weight is not finite; nothing is written.
            CheckpointError: the disk is full, or the like.
        """
        with self._divergence_told():
            self._save(with_views=True)
        self.run.emit("stopped", nimg=self.trainer.state.nimg, durable=True, seconds=round(self.seconds(), 2))

    @contextmanager
    def _divergence_told(self) -> Iterator[None]:
        """Let a training that ends by divergence say so to its views, though no report was due."""
        try:
            yield
        except DivergenceError as error:
            if self.trainer.moments.any():
                self.report()  # which ends by an error of its own, where it is the loss that is not finite
            self.run.emit("verdict", nimg=self.trainer.state.nimg, name="not finite", text=str(error))
            raise

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

    def _show_judged(self) -> None:
        """Show a few samples of D's last step with its logits, and how strong the gradients are that teach it and G."""
        trainer, state = self.trainer, self.trainer.state
        path = self.run.judged / f"{self._num_reports % STRIPS}.png"
        self._num_reports += 1
        with self.run.drawing(path) as beside:
            shown = torch.cat([trainer.last_real[:JUDGED], trainer.last_fake[:JUDGED]])
            self.modality.write_strip(beside, shown)
        real, fake = trainer.last_logits
        self.run.emit(
            "judged",
            nimg=state.nimg,
            path=f"judged/{path.name}",
            real=[rounded(logit) for logit in real[:JUDGED].tolist()],
            fake=[rounded(logit) for logit in fake[:JUDGED].tolist()],
            boundary=rounded(float(trainer.loss.boundary(real, fake))),
            gradient_D=rounded(gradient_norm(state.D)),
            gradient_G=rounded(gradient_norm(state.G)),
        )

    def _save(self, *, with_views: bool) -> None:
        state, began = self.trainer.state, self.seconds()
        state.seconds = began
        z, labels = self._z[:LATENT_PAIRS], None if self._labels is None else self._labels[:LATENT_PAIRS]
        samples = state.forge(z, labels)  # before anything is written: finite weights may make what is not
        path = save_checkpoint(state, self.run.checkpoints)
        self._write_generator(self.run.generator_folder)
        with self.run.drawing(self.run.path / "noise.png") as beside:
            self.modality.write_latents(beside, z, samples)
        self.run.emit("checkpoint", nimg=state.nimg, durable=True, path=path.name, seconds=round(began, 2))
        if with_views:
            self._refresh_views()
            if self.pace is not None:
                # The last save must fit into the budget too: keep what this one took, and a breath to exit.
                self.pace.reserve_seconds = 1.2 * (self._refreshed - began) + 0.2 + self._score_cost

    def _refresh_views(self) -> None:
        """Have the views of the folder drawn anew; one that fails is told of in a warning."""
        began = self.seconds()
        try:
            self.refresh()
        except FaussaireError:
            raise
        except Exception as error:
            self.run.warn("the views of the folder could not be drawn", error)
        self._refresh_cost = self.seconds() - began if self._refreshed else 0.0  # the first waits for imports
        self._refreshed = self.seconds()

    def rescue(self) -> None:
        """Save the tensors, where they can be saved: the run cannot go on, as something else could not be written."""
        self.trainer.state.seconds = self.seconds()
        with suppress(FaussaireError):
            save_checkpoint(self.trainer.state, self.run.checkpoints)

    def _write_generator(self, folder: Path) -> None:
        config = self.trainer.config
        shares = self._class_shares
        write_generator(self.trainer.state, folder, config=config, spec=self.spec, name=self.name, class_shares=shares)

    def end(self) -> None:
        """Report, save and say that the run is complete."""
        state = self.trainer.state
        with self._divergence_told():
            if self._pictured != state.nimg:
                self._picture()  # the clock may end a run between two pictures
            self._take_score()
            if self.trainer.moments.any():
                self.report()
            self._save(with_views=True)
        self.run.emit("done", nimg=state.nimg, durable=True, seconds=round(self.seconds(), 2))

    def _gauge(self) -> Estimate | None:
        """Return r_v, or None where it is not measured: without held-out samples, or too soon for its cost."""
        began = self.seconds()
        if self.held_out is None or (began - self._gauged) * GAUGE_SHARE < self._gauge_cost:
            return None
        r_v = measure_overfitting(self.trainer, self.held_out, self.held_out_labels)
        self._gauged = self.seconds()
        self._gauge_cost = self._gauged - began
        return r_v

    def _score_when_cheap(self) -> None:
        """Score where it was asked for and the last score cost no more than its share of the time since then."""
        since = self.seconds() - max(self._scored, self._began)
        asked = since >= 60 * (self.trainer.config.score_minutes or 0.0)
        if asked and since * SCORE_SHARE >= max(self._score_cost, 0.5):
            self._take_score()

    def _take_score(self) -> None:
        """Score the averaged generator, and keep it if it is the best so far.

        A checkpoint is written first, so that no resume goes back beyond the best score; then the score is told, and
        then `best/` is written, which a resume from that checkpoint can make good.
        """
        nimg = self.trainer.state.nimg
        if self.score is None or self._scored_nimg == nimg:
            return
        began = self.seconds()
        rows = self.score()
        is_best = self._best is None or rows[0]["value"] < self._best.value
        if is_best:
            self._save(with_views=False)
            self._best = Best(nimg=nimg, value=rows[0]["value"])
        self.run.emit("score", nimg=nimg, durable=is_best, rows=rows)
        self._scores = [*self._scores, figure(rows[0])][-FLAT_SCORES:]
        self._scored_nimg = nimg
        self._settle_best()
        self._scored = self.seconds()
        self._score_cost = self._scored - began

    def _settle_best(self) -> None:
        """Let `best/` hold the generator of the best score that stands, or nothing."""
        nimg = self.trainer.state.nimg
        best = None if self._best is None else self._best.nimg
        if generator_nimg(self.run.best) == best:
            return
        if best == nimg:
            self.run.best.mkdir(exist_ok=True)
            self._write_generator(self.run.best)
        elif self.run.best.exists():
            shutil.rmtree(self.run.best, ignore_errors=True)
            text = "best/ held another generator than that of the best score that stands, and was removed"
            self.run.emit("warning", nimg=nimg, text=text)

    def _picture(self) -> None:
        """Picture the fixed grid as G_ema makes it now."""
        state = self.trainer.state
        self._pictured = state.nimg
        path = self.run.samples / f"{state.nimg:012d}.png"
        samples = state.forge(self._z, self._labels)
        with self.run.drawing(path) as beside:
            self.modality.write_grid(beside, samples)
        progress = round(self.trainer.plan.progress(state.nimg), 5)
        self.run.emit("samples", nimg=state.nimg, path=f"samples/{path.name}", progress=progress)

    def _replan(self, now: float) -> None:
        """Put a new segment in force where the clock asks for it, once it is on the disk."""
        if self.pace is None:
            return
        plan, nimg = self.trainer.plan, self.trainer.state.nimg
        segment = self.pace.replan(plan, nimg=nimg, seconds=now, step_nimg=self.trainer.step_nimg)
        if segment is not None:
            self.run.emit("plan", durable=True, **asdict(segment))
            plan.add(segment)

    def _seconds_left(self, now: float, speed: float, end_nimg: int) -> float:
        if self.pace is not None:
            return max(0.0, self.pace.budget_seconds - now)
        return (end_nimg - self.trainer.state.nimg) / max(speed, 1e-9)


def grid_classes(num_classes: int, *, seed: int) -> Tensor:
    """Return the class int64 `[64]` of each picture of the grid: all in turn, or 64 drawn from where there are more."""
    shown = draw_places(num_classes, GRID, seed=seed, stream="grid classes")
    return torch.from_numpy(shown[np.arange(GRID) % len(shown)])
