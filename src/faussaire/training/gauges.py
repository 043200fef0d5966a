"""Figures of one moment of a training, each with its 95 % interval: variety of the fakes, overfitting of D.

They are made of one batch, so that they cost little and move with the run; the metrics of `faussaire.evaluation` are
the ones to compare runs by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from faussaire.core.intervals import LEVEL, Estimate, jackknife_variance, normal, student_quantile
from faussaire.core.moments import rounded, with_half
from faussaire.core.rng import draw_places
from faussaire.generation.latents import latents
from faussaire.models.architectures import statistics_frozen
from faussaire.models.augment import r_v
from faussaire.training.trainer import Trainer

LEAST_JUDGED = 256
"""Training images, and forgeries, that D is tested on, if there are so many, however few images are held out."""


@dataclass(frozen=True, kw_only=True)
class Gauged:
    """How D, as it stands, tells samples that it was trained on from ones that it has never seen."""

    r_v: Estimate | None
    """See `overfitting`."""

    accuracy_seen: float
    """The share of training samples for which D is right, without augmentation and dropout."""

    accuracy_held_out: float
    """The same of held-out samples: what D knows of reals, and not only of those that it knows by heart."""

    n_seen: int
    """Training samples judged, and as many fakes."""

    n_held_out: int
    """Held-out samples judged."""

    def as_dict(self) -> dict[str, float | None]:
        """Return it as the event of a report holds it."""
        accuracies = {name: rounded(getattr(self, name)) for name in ("accuracy_seen", "accuracy_held_out")}
        return with_half("r_v", self.r_v) | accuracies | {"n_seen": self.n_seen, "n_held_out": self.n_held_out}


@torch.no_grad()
def measure_overfitting(trainer: Trainer, held_out: Tensor, labels: Tensor | None = None) -> Gauged:
    """Compare D on random samples that it was trained on with D on `held_out` ones `[N, *shape]`, of the classes
    `labels` `[N]` where the game is conditional. They are the same at every call, so that the figure moves as D does.
    """
    state, batches, config = trainer.state, trainer.batches, trainer.config
    num_seen = max(len(held_out), LEAST_JUDGED)
    places = draw_places(len(batches.samples), num_seen, seed=config.seed, stream="r_v seen")
    seen, seen_labels = batches.to_real(batches.samples[places]).to(trainer.device), None
    z = latents(len(seen), config.z_dim, seed=config.seed, stream="r_v").to(trainer.device)
    if labels is not None and batches.classes is not None:
        seen_labels = torch.from_numpy(batches.classes[places]).to(trainer.device)
    with statistics_frozen(state.G):
        fake = state.G(z, seen_labels)
    state.D.eval()  # without dropout; D has no other state
    judged = ((seen, seen_labels), (held_out, labels), (fake, seen_labels))
    of_seen, of_new, of_fake = (state.D(samples, sample_labels) for samples, sample_labels in judged)
    state.D.train()
    boundary = trainer.passes.loss.boundary(of_seen, of_fake)
    right = [float((logits > boundary).float().mean()) for logits in (of_seen, of_new)]
    return Gauged(
        r_v=overfitting(of_seen, of_new, of_fake),
        accuracy_seen=right[0],
        accuracy_held_out=right[1],
        n_seen=len(seen),
        n_held_out=len(held_out),
    )


def batch_diversity(fake: Tensor, real: Tensor) -> Estimate:
    """Return how much fakes `[N, *shape]` vary over how much reals `[M, *shape]` do: about 1 is right, 0 is collapse.

    The mean over the coordinates of a sample of their standard deviation over the batch, N and M at least 3. The
    variance is that of the jackknife (Efron & Stein 1981) on either side, joined by the delta method.
    """
    (above, variance_above), (below, variance_below) = _spread(fake), _spread(real)
    below = max(below, 1e-12)
    value = above / below
    return normal(value, (variance_above + value**2 * variance_below) / below**2)


def overfitting(seen: Tensor, new: Tensor, fake: Tensor) -> Estimate | None:
    """Return r_v of D's logits of training samples `[N]`, new ones `[M]` and fakes `[L]`; None where it is undefined.

    0 where D makes no difference between seen and new, 1 where new ones look as wrong as fakes: `r_v`. Undefined, too,
    where one side is a single sample. The variance is that of the delta method, and the interval Student's, by the side
    of the fewest samples: that is mostly the new ones.
    """
    fewest, value = min(map(len, (seen, new, fake))), r_v(seen, new, fake)
    if fewest < 2 or value is None:
        return None
    variances = [float(logits.var() / len(logits)) for logits in (seen, new, fake)]
    gap = float(seen.mean()) - float(fake.mean())
    slopes = ((1 - value) / gap, -1 / gap, value / gap)
    variance = sum(slope**2 * variance for slope, variance in zip(slopes, variances, strict=True))
    half = student_quantile(LEVEL, fewest - 1) * math.sqrt(variance)
    return Estimate(value=value, low=value - half, high=value + half)


def _spread(samples: Tensor) -> tuple[float, float]:
    """Return the mean standard deviation of the coordinates of samples `[N, *shape]`, and its jackknife variance."""
    n = len(samples)
    off = samples.flatten(1)
    off = (off - off.mean(0)).square_()
    total = off.sum(0)
    without = (total - off.mul_(n / (n - 1))).clamp_(min=0).div_(n - 2).sqrt_().mean(1)
    spread = total.div(n - 1).sqrt().mean()
    return float(spread), jackknife_variance(without.double())


@torch.no_grad()
def gradient_norm(module: torch.nn.Module) -> float:
    """Return the Euclidean norm of the gradient that last reached a network, over all of its parameters."""
    return float(torch.nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None]))
