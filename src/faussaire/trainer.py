"""The game itself: D learns to tell real from fake, G learns to be taken for real, and again.

Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with the parts that fifteen years of practice have added behind
names of their own: a loss (losses.LOSSES), penalties applied every k-th step of D with k times the weight (lazy
regularisation, Karras et al. 2020, arXiv 1912.04958), and an average of G whose samples are better than G's own.
Nothing here knows what a sample is, and no step draws from or moves a global random state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from faussaire.architectures import judge_of, per_sample, seed_dropout, statistics_frozen
from faussaire.augment import ADAPT_FROM, STRONGEST, Draws, apply, draw, next_strength, speed_for
from faussaire.checkpoint import TrainState
from faussaire.config import Config
from faussaire.core.intervals import Estimate
from faussaire.data.batches import Batches, as_real
from faussaire.gauges import batch_diversity, overfitting
from faussaire.losses import LOSSES
from faussaire.parallel import Shard, Shards, back
from faussaire.penalties import penalise
from faussaire.plan import Plan
from faussaire.rng import draw_places, generator_for, latents, with_classes
from faussaire.schedules import SCHEDULES, ema_beta
from faussaire.stats import Moments


class Trainer:
    """One step of the game on one state.

    Args:
        config: the settings.
        batches: real samples by position, with their labels where the game is conditional.
        state: the networks, optimizers and counts; every step changes it in place.
        plan: how far along the run is after so many images.
        shards: threads that each take their part of every batch; 1 for networks that look across a batch.
        augment: names of the augmentations through which D sees every sample, as strongly as it overfits.
    """

    def __init__(
        self,
        config: Config,
        batches: Batches,
        state: TrainState,
        plan: Plan,
        *,
        shards: int = 1,
        augment: Sequence[str] = (),
    ) -> None:
        self.config, self.batches, self.state, self.plan = config, batches, state, plan
        self.loss = LOSSES[config.loss]
        self.shards = Shards(state.G, state.D, shards)
        self.augment = augment
        self.reuses_fakes, self.one_pass = per_sample(state.G), per_sample(state.D)
        self.looked_at = torch.arange(config.batch) % config.penalty_one_in == 0  # by penalties, of each batch
        self.num_looked_at = int(self.looked_at.sum())
        # Listed once: to walk through the modules takes time at every step.
        self.averages: list[Tensor] = list(state.G_ema.parameters())
        self.running = list(zip(state.G_ema.buffers(), state.G.buffers(), strict=True))
        self.moments = Moments()

    @property
    def step_nimg(self) -> int:
        """Images shown to D in one step."""
        return self.config.batch * self.config.d_steps

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
        state, config, shards = self.state, self.config, self.shards
        real, labels = self.batches.real(state.nimg), self.batches.labels(state.nimg)
        z = self.latents(random := generator_for(config.seed, "D", state.nimg), labels)
        of_real, of_fake = (self.draws(f"augment {side}") for side in ("real", "fake"))
        penalised = bool(config.penalties) and state.nimg // config.batch % config.penalty_every == 0
        seed_dropout(state.D, random)

        def judge(shard: Shard) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            with statistics_frozen(shard.G), torch.set_grad_enabled(self.reuses_fakes):
                shard.fake = self.fakes(shard, z)
            of = shards.part(shard, labels)
            seen = apply(shards.part(shard, real), shards.part(shard, of_real))
            fake = apply(shard.fake.detach(), shards.part(shard, of_fake))
            if self.one_pass:  # twice the batch costs less than a second pass
                D = judge_of(shard.D, None if of is None else of.repeat(2))
                real_logits, fake_logits = D(torch.cat([seen, fake])).chunk(2)
            else:
                D = judge_of(shard.D, of)
                real_logits, fake_logits = D(seen), D(fake)
            loss = self.loss.discriminator(real_logits, fake_logits).sum() / len(real)
            penalty = torch.zeros(())
            if penalised:
                here = shards.part(shard, self.looked_at)
                D = judge_of(shard.D, None if of is None else of[here].repeat(len(config.penalties)))
                places = generator_for(config.seed, "penalty", state.nimg, shard.index)
                penalty = penalise(config.penalties, D, seen[here], fake[here], places).sum() / self.num_looked_at
            back(shard, "D", loss + config.gamma * config.penalty_every * penalty)
            return real_logits.detach(), fake_logits.detach(), loss.detach(), penalty.detach()

        real_parts, fake_parts, losses, penalties = zip(*shards.run(judge), strict=True)
        self.update("D")
        state.nimg += len(real)
        self.last_real, self.last_fake = real, shards.fakes()
        self.last_logits = real_logits, fake_logits = torch.cat(real_parts), torch.cat(fake_parts)
        boundary = self.loss.boundary(real_logits, fake_logits)
        self.moments.add("accuracy_real", right := (real_logits > boundary).float())
        self.moments.add("accuracy_fake", (fake_logits < boundary).float())
        self.moments.add("loss_D", torch.stack(losses).sum())
        if penalised:
            self.moments.add("penalty", torch.stack(penalties).sum())
        if self.augment:
            self.adapt(2 * float(right.mean()) - 1)
        return real_logits

    def train_generator(self, real_logits: Tensor, turn: int = 0) -> None:
        """Step 2: update G through D, which stays as it is.

        `real_logits` `[N]` are those of D's own last step: a relativistic loss needs some, and to take these saves
        a forward pass of D. Where G treats each sample for itself, the first turn takes the fakes of that step, too.
        """
        config, shards, nimg = self.config, self.shards, self.state.nimg
        random = generator_for(config.seed, "G", nimg, turn)
        labels = self.batches.labels(nimg - config.batch)
        z = None if self.reuses_fakes and turn == 0 else self.latents(random, labels)
        draws = self.draws("augment G", turn)
        seed_dropout(self.state.D, random)

        def forge(shard: Shard) -> Tensor:
            fake = shard.fake if z is None else self.fakes(shard, z)
            seen = apply(fake, shards.part(shard, draws))
            D = judge_of(shard.D, shards.part(shard, labels))
            loss = self.loss.generator(shards.part(shard, real_logits), D(seen)).sum() / len(real_logits)
            back(shard, "G", loss)
            return loss.detach()

        self.moments.add("loss_G", torch.stack(shards.run(forge)).sum())
        self.update("G")

    def latents(self, random: torch.Generator, labels: Tensor | None) -> Tensor:
        """Draw the inputs of G `[N, z_dim]`, with the classes `labels` `[N]` behind where the game is conditional."""
        z = torch.randn(self.config.batch, self.config.z_dim, generator=random)
        return z if labels is None else with_classes(z, labels, self.batches.num_classes)

    def fakes(self, shard: Shard, z: Tensor) -> Tensor:
        """Make the fakes of a shard of `z` `[N, num_inputs]`; G may multiply in bf16, D may not (docs/LAB.md)."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.precision == "bf16"):
            made: Tensor = shard.G(self.shards.part(shard, z))
        return made.float()

    def draws(self, stream: str, *position: int) -> Draws:
        """Draw how each sample of a batch is augmented before D sees it."""
        random = generator_for(self.config.seed, stream, self.state.nimg, *position)
        return draw(self.augment, self.config.batch, self.batches.samples.shape[1:], self.state.augment, random)

    def adapt(self, r_t: float) -> None:
        """Augment more where D finds more of the reals real than it should, and less where fewer (ADA)."""
        state, before = self.state, self.state.nimg - self.config.batch  # the plan may change after the step, not in it
        if self.plan.progress(before) > ADAPT_FROM:
            speed = speed_for(self.plan.at(before).end_nimg)
            state.augment = min(STRONGEST, next_strength(state.augment, r_t, self.config.batch, speed_images=speed))

    def update(self, network: str) -> None:
        """Take one step of Adam down the gradients of all shards."""
        self.shards.sum_gradients(network)
        dict(self.state.optimizers())[f"opt_{network}"].step()

    @torch.no_grad()
    def average_generator(self) -> None:
        """Step 3: move G_ema towards G; the running statistics of batch normalisation are taken as they are."""
        beta = ema_beta(self.step_nimg, self.config.ema * self.state.nimg)
        torch._foreach_lerp_(self.averages, self.shards.parameters("G"), 1.0 - beta)
        for kept, now in self.running:
            kept.copy_(now)

    def set_learning_rate(self) -> None:
        """Set both learning rates from the share of the run that is done."""
        config = self.config
        progress = self.plan.progress(self.state.nimg)
        lr = SCHEDULES[config.lr_schedule](progress, config.peak_lr, config.peak_lr * config.lr_final)
        for _, optimizer in self.state.optimizers():
            optimizer.param_groups[0]["lr"] = lr

    @torch.no_grad()
    def diversity(self) -> Estimate:
        """Return how much the last fakes vary over how much the last reals do."""
        return batch_diversity(self.last_fake, self.last_real)

    @torch.no_grad()
    def overfitting(self, held_out: Tensor, labels: Tensor | None = None) -> Estimate | None:
        """Return r_v: how far D tells random samples that it was trained on from `held_out` ones `[N, *shape]`,
        of the classes `labels` `[N]` where the game is conditional.
        """
        state, batches = self.state, self.batches
        places = draw_places(len(batches.samples), len(held_out), seed=self.config.seed, stream="r_v seen")
        seen, seen_labels = as_real(batches.samples[places]), None
        z = latents(len(seen), self.config.z_dim, seed=self.config.seed, stream="r_v")
        if labels is not None and batches.classes is not None:
            seen_labels = torch.from_numpy(batches.classes[places])
            z = with_classes(z, seen_labels, batches.num_classes)
        with statistics_frozen(state.G):
            fake = state.G(z)
        state.D.eval()  # without dropout; D has no other state
        judged = ((seen, seen_labels), (held_out, labels), (fake, seen_labels))
        logits = [judge_of(state.D, of)(x) for x, of in judged]
        state.D.train()
        return overfitting(*logits)


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
