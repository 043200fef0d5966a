"""The game itself: D learns to tell real from fake, G learns to be taken for real, and again.

Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with the parts that fifteen years of practice have added behind
names of their own: a loss (losses.LOSSES), penalties applied every k-th step of D with k times the weight (lazy
regularisation, Karras et al. 2020, arXiv 1912.04958), and an average of G whose samples are better than G's own.
Nothing here knows what a sample is, and no step draws from or moves a global random state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from faussaire.architectures import seed_dropout, statistics_frozen
from faussaire.checkpoint import TrainState
from faussaire.config import Config
from faussaire.data.batches import Batches, as_real
from faussaire.losses import LOSSES, PENALTIES, Judged
from faussaire.plan import Plan
from faussaire.rng import generator_for, latents
from faussaire.schedules import SCHEDULES, ema_beta
from faussaire.stats import Moments


class Trainer:
    """One step of the game on one state.

    Args:
        config: the settings.
        batches: real samples by position.
        state: the networks, optimizers and counts; every step changes it in place.
        plan: how far along the run is after so many images; read by the schedules.
    """

    def __init__(self, config: Config, batches: Batches, state: TrainState, plan: Plan) -> None:
        self.config = config
        self.batches = batches
        self.state = state
        self.plan = plan
        self.loss = LOSSES[config.loss]
        self.moments = Moments()
        self.last_real: Tensor
        self.last_fake: Tensor

    @property
    def step_nimg(self) -> int:
        """Images shown to D in one step."""
        return self.config.batch_size * self.config.d_steps

    def step(self) -> None:
        """One update of D, one of G, one of the average G_ema (or as many as `d_steps` and `g_steps` say)."""
        self.set_learning_rate()
        # 1. Discriminator: tell real from fake, the generator fixed.
        for _ in range(self.config.d_steps):
            real_logits = self.train_discriminator()
        # 2. Generator: make fakes that the discriminator takes for real, the discriminator fixed.
        for turn in range(self.config.g_steps):
            self.train_generator(real_logits, turn)
        # 3. Average the generator; then do it again.
        self.average_generator()

    def train_discriminator(self) -> Tensor:
        """Step 1: update D on one batch of reals and one of fakes, and count it; return D's logits of the reals."""
        state, config = self.state, self.config
        random = generator_for(config.seed, "D", state.nimg)
        real = self.batches.real(state.nimg)
        z = torch.randn(len(real), config.z_dim, generator=random)
        with torch.no_grad(), statistics_frozen(state.G):
            fake = state.G(z)

        penalised = bool(config.penalties) and state.nimg // config.batch_size % config.penalty_every == 0
        real.requires_grad_(penalised)
        fake.requires_grad_(penalised)
        seed_dropout(state.D, random)
        real_logits, fake_logits = state.D(real), state.D(fake)
        loss = self.loss.discriminator(real_logits, fake_logits).mean()
        self.moments.add("loss_D", loss)
        if penalised:
            judged = Judged(
                D=state.D,
                real=real,
                fake=fake,
                real_logits=real_logits,
                fake_logits=fake_logits,
                generator=random,
            )
            penalty = torch.stack([PENALTIES[name](judged).mean() for name in config.penalties]).sum()
            self.moments.add("penalty", penalty)
            loss = loss + config.gamma * config.penalty_every * penalty
        update(state.opt_D, loss)

        state.nimg += len(real)
        boundary = self.loss.boundary(real_logits, fake_logits)
        self.moments.add("accuracy_real", (real_logits > boundary).float())
        self.moments.add("accuracy_fake", (fake_logits < boundary).float())
        self.last_real, self.last_fake = real.detach(), fake.detach()
        return torch.as_tensor(real_logits).detach()

    def train_generator(self, real_logits: Tensor, turn: int = 0) -> None:
        """Step 2: update G through D, which stays as it is.

        `real_logits` `[N]` are those of D's own last step: a relativistic loss needs some, and to take these saves
        a forward pass of D.
        """
        state, config = self.state, self.config
        random = generator_for(config.seed, "G", state.nimg, turn)
        z = torch.randn(len(real_logits), config.z_dim, generator=random)
        seed_dropout(state.D, random)
        state.D.requires_grad_(False)
        loss = self.loss.generator(real_logits, state.D(state.G(z))).mean()
        update(state.opt_G, loss)
        state.D.requires_grad_(True)
        self.moments.add("loss_G", loss)

    @torch.no_grad()
    def average_generator(self) -> None:
        """Step 3: move G_ema towards G; the running statistics of batch normalisation are taken as they are."""
        state = self.state
        beta = ema_beta(self.step_nimg, self.config.ema * state.nimg)
        for average, new in zip(state.G_ema.parameters(), state.G.parameters(), strict=True):
            average.lerp_(new, 1.0 - beta)
        for kept, now in zip(state.G_ema.buffers(), state.G.buffers(), strict=True):
            kept.copy_(now)

    def set_learning_rate(self) -> None:
        """Set both learning rates from the share of the run that is done."""
        config = self.config
        progress = self.plan.progress(self.state.nimg)
        lr = SCHEDULES[config.lr_schedule](progress, config.lr, config.lr * config.lr_final)
        for _, optimizer in self.state.optimizers():
            optimizer.param_groups[0]["lr"] = lr

    @torch.no_grad()
    def diversity(self) -> float:
        """Return how much the last fakes vary over how much the last reals do: about 1 is right, 0 is collapse.

        The mean over the coordinates of a sample of their standard deviation over the batch.
        """
        fake, real = (x.flatten(1).std(0).mean() for x in (self.last_fake, self.last_real))
        return float(fake / real.clamp_min(1e-12))

    @torch.no_grad()
    def overfitting(self, held_out: Tensor) -> float:
        """Return r_v: how far D tells samples that it was trained on from `held_out` ones `[N, *shape]`.

        0 where it makes no difference, 1 where new images look as wrong as fakes (Karras et al. 2020,
        arXiv 2006.06676, eq. 1: (E D(train) - E D(validation)) / (E D(train) - E D(generated))).
        """
        D, state = self.state.D, self.state
        seen = self.batches.samples[: len(held_out)]
        z = latents(len(held_out), self.config.z_dim, seed=self.config.seed, stream="r_v")
        with statistics_frozen(state.G):
            fake = state.G(z)
        D.eval()  # without dropout; D has no other state
        train, new, generated = (float(D(x).mean()) for x in (as_real(seen), held_out, fake))
        D.train()
        return (train - new) / (train - generated) if train > generated else 0.0


def update(optimizer: torch.optim.Adam, loss: Tensor) -> None:
    """Take one step of an optimizer down the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


class Watcher(Protocol):
    """What the loop tells of itself; `recorder.Recorder` is the one that writes a run folder."""

    def begin(self) -> None:
        """The first step is about to be made."""

    def after_step(self) -> None:
        """A step was made."""

    def save(self) -> None:
        """Training stops here for now."""

    def end(self) -> None:
        """Training is complete."""


def train(trainer: Trainer, watcher: Watcher, *, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Step until the plan is fulfilled or somebody asks to stop; return whether it is fulfilled."""
    watcher.begin()
    while not trainer.plan.finished(trainer.state.nimg):
        trainer.step()
        watcher.after_step()
        if should_stop():
            watcher.save()
            return False
    watcher.end()
    return True
