"""The time of a step: against the same loop written plainly in torch, and against the peak of matrix multiplication.

    python benchmarks/speed.py [--widths 8 16 32 64] [--side 28] [--channels 1] [--rounds 3] [--seconds 4]

For each width of the default networks three contestants take turns, as many rounds as asked for:
    ours    `Trainer.step` on noise held as uint8, on as many shards as there are threads
    plain   the same networks, loss, lazy penalty, schedule and average as a textbook writes them: `zero_grad`,
            `backward`, `step` of the default Adam, fresh fakes for G, threads inside operations
    peak    products of two fp32 matrices 2048×2048, on the same threads
Work is counted in floating-point operations by torch's own formulas, on a trainer of one shard: convolutions and
products with all their derivatives, no activations. `share` is ours a second over peak a second; G is in fp32 unless
--bf16 is given. `own` is the share of a step spent outside of the networks, Adam, the sum of gradients and the average
of G: batches, draws, counts, schedules (issue C, line 7: share >= 0.6 for networks wide enough, own < 0.05 at the
default width). All figures are medians of the rounds, with the least and the most.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from faussaire.core.config import Config, resolve
from faussaire.core.rng import numpy_generator_for
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec, modality
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.schedules import cosine, ema_beta
from faussaire.training.shards import cut, is_cuttable
from faussaire.training.trainer import Trainer

IMAGE = modality("image")
IMAGES = 10_000
PEAK_SIDE = 2048
WARM_STEPS = 3


def noise_of(spec: SampleSpec) -> np.ndarray:
    """Return uint8 `[10000, *shape]` in place of images."""
    return numpy_generator_for(0, "speed").integers(0, 256, (IMAGES, *spec.shape), dtype="uint8")


def trainer_of(config: Config, spec: SampleSpec, shards: int) -> Trainer:
    """Make the trainer of a run that never ends, on noise."""
    batches = Batches(noise_of(spec), to_real=IMAGE.to_real, batch_size=config.batch, seed=0)
    return Trainer(config, batches, fresh_state(config, spec), endless(), shards=shards)


class Plain:
    """The same training as a textbook writes it."""

    def __init__(self, config: Config, spec: SampleSpec) -> None:
        state = fresh_state(config, spec)
        self.config, self.G, self.D = config, state.G, state.D
        self.average = copy.deepcopy(self.G)
        betas = (config.beta1, config.beta2)
        self.opt_G = torch.optim.Adam(self.G.parameters(), lr=config.peak_lr, betas=betas)
        self.opt_D = torch.optim.Adam(self.D.parameters(), lr=config.peak_lr, betas=betas)
        self.images = IMAGE.to_real(noise_of(spec))
        self.random = torch.Generator().manual_seed(0)
        self.steps = 0

    def fakes(self) -> torch.Tensor:
        """Make a batch of fakes."""
        config = self.config
        z: torch.Tensor = torch.randn(config.batch, config.z_dim, generator=self.random)
        return self.G(z)

    def step(self) -> None:
        """One update of D, one of G, one of the average."""
        config = self.config
        for optimizer in (self.opt_D, self.opt_G):
            optimizer.param_groups[0]["lr"] = cosine(0.0, config.peak_lr, config.peak_lr * config.lr_final)
        real = self.images[torch.randint(IMAGES, (config.batch,), generator=self.random)]
        fake = self.fakes().detach()
        loss = softplus(self.D(fake) - self.D(real)).mean()
        if self.steps % config.penalty_every == 0:
            for samples in (real, fake):
                some = samples[:: config.penalty_one_in].clone().requires_grad_(True)
                (gradient,) = torch.autograd.grad(self.D(some).sum(), some, create_graph=True)
                squares = 0.5 * gradient.flatten(1).square().sum(1)
                loss = loss + config.penalty_weight * config.penalty_every * squares.mean()
        self.opt_D.zero_grad()
        loss.backward()
        self.opt_D.step()
        self.D.requires_grad_(False)
        with torch.no_grad():
            real_logits = self.D(real)
        loss = softplus(real_logits - self.D(self.fakes())).mean()
        self.opt_G.zero_grad()
        loss.backward()
        self.opt_G.step()
        self.D.requires_grad_(True)
        self.steps += 1
        beta = ema_beta(config.batch, config.ema * self.steps * config.batch)
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.G.parameters(), strict=True):
                kept.lerp_(now, 1 - beta)


class Stopwatch:
    """Sums up the time of some methods of a trainer."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that is timed, unless it is called from one that is."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began, self._depth = time.perf_counter(), self._depth + 1
            try:
                return method(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - began

        return timed


def seconds_of(step: Callable[[], object], seconds: float, least: int) -> float:
    """Return the mean time of a step over some seconds, and over `least` steps at least."""
    for _ in range(WARM_STEPS):
        step()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds or done % least:
        step()
        done += 1
    return (time.perf_counter() - began) / done


class Flops(TorchDispatchMode):
    """Counts floating-point operations as FlopCounterMode does, whose hooks on modules stop at second derivatives."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do an operation, and count it."""
        out = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func._overloadpacket):
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def flops_of(config: Config, spec: SampleSpec) -> float:
    """Count the operations of a step, the penalties' share in it."""
    trainer = trainer_of(config, spec, shards=1)
    with Flops() as counter:
        for _ in range(config.penalty_every):
            trainer.step()
    return counter.total / config.penalty_every


@dataclass(frozen=True)
class Row:
    """One round at one width."""

    ours: float
    plain: float
    own: float
    peak: float
    """Floating-point operations a second; the rest are seconds."""


def play(config: Config, spec: SampleSpec, threads: int, seconds: float) -> Row:
    """Let the three take their turns once."""
    state = fresh_state(config, spec)
    shards = cut(config, is_cuttable=is_cuttable(state.G, state.D), threads=threads)
    torch.set_num_threads(threads)
    a = torch.rand(PEAK_SIDE, PEAK_SIDE, generator=torch.Generator().manual_seed(0))
    peak = 2 * PEAK_SIDE**3 / seconds_of(lambda: a @ a, seconds / 2, 1)
    plain = seconds_of(Plain(config, spec).step, seconds, config.penalty_every)
    torch.set_num_threads(1 if shards > 1 else threads)
    trainer, watch = trainer_of(config, spec, shards), Stopwatch()
    trainer.shards.run = watch.around(trainer.shards.run)  # type: ignore[method-assign]
    trainer.shards.meet = watch.around(trainer.shards.meet)  # type: ignore[method-assign]
    trainer.take_step = watch.around(trainer.take_step)  # type: ignore[method-assign]
    trainer.average_generator = watch.around(trainer.average_generator)  # type: ignore[method-assign]
    began = time.perf_counter()
    ours = seconds_of(trainer.step, seconds, config.penalty_every)
    own = 1 - watch.seconds / (time.perf_counter() - began)
    return Row(ours=ours, plain=plain, own=own, peak=peak)


def shown(values: list[float], form: str) -> str:
    """Return `median (least to most)`."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--bf16", action="store_true", help="let our G multiply in bf16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    spec = SampleSpec(modality="image", shape=(options.channels, options.side, options.side), classes=())
    precision = "bf16" if options.bf16 else "fp32"
    config = resolve(None, {"data": "noise", "batch_size": options.batch_size, "precision": precision})
    print(
        f"{options.side}×{options.side}×{options.channels}, batch {options.batch_size}, {options.threads} threads, "
        f"{precision}, n = {options.rounds} rounds"
    )
    for width in options.widths:
        at_width = replace(config, width=width)
        flops = flops_of(at_width, spec)
        rows = [play(at_width, spec, options.threads, options.seconds) for _ in range(options.rounds)]
        print(
            f"width {width}: {flops / 1e9:.2f} GFLOP a step; ours {shown([1000 * r.ours for r in rows], '.1f')} ms, "
            f"plain {shown([1000 * r.plain for r in rows], '.1f')} ms, plain / ours "
            f"{shown([r.plain / r.ours for r in rows], '.2f')}; peak {shown([r.peak / 1e9 for r in rows], '.0f')} "
            f"GFLOP/s, share {shown([flops / r.ours / r.peak for r in rows], '.3f')}; own "
            f"{shown([r.own for r in rows], '.3f')}",
            flush=True,
        )


if __name__ == "__main__":
    main()
