"""How often do the intervals of faussaire.evaluation.metrics hold the truth? 95 % is promised, 93 to 97 % is asked for.

    python benchmarks/coverage.py [--repetitions 1000] [--only frechet]

Two Gaussian populations stand for reals and fakes, as features would: variances that fall like 1/i, and a fake that
differs from the real in place and in each spread by the `gap` of a scenario. Each repetition draws both sets anew. The
truth is the population's where it has a closed form (the Fréchet distance at infinity), and otherwise the mean of the
figure over all repetitions, which is what the intervals claim to cover; its own noise is 3 % of a standard deviation.
Shares are printed with their Wilson interval. 1,000 repetitions take about 15 minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from faussaire.core.intervals import Estimate, wilson
from faussaire.core.rng import generator_for, seed_for
from faussaire.evaluation.metrics.classes import class_histogram, total_variation
from faussaire.evaluation.metrics.density_coverage import density_coverage
from faussaire.evaluation.metrics.diversity import diversity
from faussaire.evaluation.metrics.frechet import frechet_estimates, frechet_from_moments
from faussaire.evaluation.metrics.kernel import kernel_distance
from faussaire.evaluation.metrics.precision_recall import precision_recall

SEED = 0


@dataclass(frozen=True)
class Scenario:
    """Two populations, and how many samples of each are seen."""

    dimension: int
    n: int
    gap: float

    def populations(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the spreads of reals and of fakes [D], and the mean of the fakes [D]; that of the reals is 0."""
        generator = generator_for(SEED, "coverage populations", self.dimension)
        spread = torch.arange(1, self.dimension + 1, dtype=torch.float64).rsqrt()
        spread = spread * (self.dimension / spread.square().sum()).sqrt()
        widened = torch.rand(self.dimension, generator=generator, dtype=torch.float64) - 0.5
        moved = torch.randn(self.dimension, generator=generator, dtype=torch.float64)
        return spread, spread * (1 + self.gap * widened), 0.3 * self.gap * spread * moved

    def draw(self, repetition: int) -> tuple[Tensor, Tensor]:
        """Return reals and fakes [n, D] of one repetition."""
        spread, spread_fake, mean_fake = self.populations()
        generator = generator_for(SEED, "coverage", self.dimension, self.n, repetition)
        noise = torch.randn(2, self.n, self.dimension, generator=generator, dtype=torch.float64)
        return noise[0] * spread, noise[1] * spread_fake + mean_fake

    def distance(self) -> float:
        """Return the Fréchet distance of the populations."""
        spread, spread_fake, mean_fake = self.populations()
        moments = (torch.zeros_like(mean_fake), spread.square().diag(), mean_fake, spread_fake.square().diag())
        return frechet_from_moments(*moments)


Figures = dict[str, Estimate | None]


def frechet(real: Tensor, fake: Tensor, seed: int) -> Figures:
    """Return both Fréchet figures."""
    both = frechet_estimates(real, fake, seed=seed)
    return {"frechet": both.at_n, "frechet-infinity": both.at_infinity}


def pairs(real: Tensor, fake: Tensor, _: int) -> Figures:
    """Return the figures built on pairs of samples."""
    return {"kernel": kernel_distance(real, fake), "diversity": diversity(real, fake)}


def neighbours(real: Tensor, fake: Tensor, seed: int) -> Figures:
    """Return the four figures of nearest neighbours."""
    names = ("precision", "recall", "density", "coverage")
    figures = (*precision_recall(real, fake, seed=seed), *density_coverage(real, fake, seed=seed))
    return dict(zip(names, figures, strict=True))


def classes(real: Tensor, fake: Tensor, seed: int) -> Figures:
    """Return the total variation of ten classes, cut from the first feature."""
    edges = torch.linspace(-2, 2, 9, dtype=torch.float64) * real.shape[1] ** 0.5 / 3
    histograms = [class_histogram(torch.bucketize(x[:, 0].contiguous(), edges), num_classes=10) for x in (real, fake)]
    return {"total variation": total_variation(*histograms, seed=seed)}


Measure = Callable[[Tensor, Tensor, int], Figures]
MEASURES: dict[str, tuple[Measure, tuple[Scenario, ...]]] = {
    "frechet": (frechet, tuple(Scenario(d, n, gap) for d, n in ((16, 500), (64, 500)) for gap in (0.0, 0.3, 1.0))),
    "pairs": (pairs, tuple(Scenario(d, 500, gap) for d in (16, 64) for gap in (0.0, 0.3, 1.0))),
    "neighbours": (neighbours, (Scenario(8, 400, 1.0), Scenario(64, 400, 0.3), Scenario(64, 400, 1.0))),
    "classes": (classes, tuple(Scenario(16, 500, gap) for gap in (0.0, 1.0, 3.0))),
}


def coverage(measure: Measure, scenario: Scenario, repetitions: int) -> dict[str, tuple[float, Tensor]]:
    """Return for each figure the truth, and value, low and high of all repetitions: [R, 3]."""
    rows: dict[str, list[list[float]]] = {}
    for repetition in range(repetitions):
        for name, e in measure(*scenario.draw(repetition), seed_for(SEED, "coverage", repetition)).items():
            if e is not None:
                rows.setdefault(name, []).append([e.value, e.low, e.high])
    tables = {name: torch.tensor(table, dtype=torch.float64) for name, table in rows.items()}
    known = {"frechet-infinity": scenario.distance()}
    return {name: (known.get(name, float(table[:, 0].mean())), table) for name, table in tables.items()}


def main() -> None:
    """Print one line per figure and scenario."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals of faussaire.evaluation.metrics.")
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--only", choices=MEASURES)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the matrices are small: a second thread only waits
    print(f"{'figure':<17} {'D':>3} {'n':>4} {'gap':>4} {'truth':>8} {'mean':>8} {'sd':>7}  coverage (95 % interval)")
    for name, (measure, scenarios) in MEASURES.items():
        for scenario in scenarios if options.only in (None, name) else ():
            for figure, (truth, table) in coverage(measure, scenario, options.repetitions).items():
                value, low, high = table.unbind(1)
                held = wilson(int(((low <= truth) & (truth <= high)).sum()), len(table))
                print(
                    f"{figure:<17} {scenario.dimension:>3} {scenario.n:>4} {scenario.gap:>4} {truth:>8.4f}"
                    f" {value.mean():>8.4f} {value.std():>7.4f}  {held.value:.3f} ({held.low:.3f} to {held.high:.3f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
