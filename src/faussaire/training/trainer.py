"""The game itself: D learns to tell real from fake, G learns to be taken for real, and again.

Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with the parts that fifteen years of practice have added behind
names of their own: a loss (losses.LOSSES), penalties applied every k-th step of D with k times the weight (lazy
regularisation, Karras et al. 2020, arXiv 1912.04958), and an average of G whose samples are better than G's own.
Nothing here knows what a sample is, and no step draws from or moves a global random state.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from faussaire.core.captured import AtOnce, Captured, CardTape, Compute, Found
from faussaire.core.config import Config
from faussaire.core.devices import device_of, records
from faussaire.core.errors import DivergenceError
from faussaire.core.rng import generator_for
from faussaire.core.world import ALONE, World
from faussaire.data.batches import Batches
from faussaire.models.architectures import seed_dropout
from faussaire.models.augment import ADAPT_FROM, apply, draw, next_strength, overfits, speed_for
from faussaire.runs.checkpoint import TrainState, not_finite
from faussaire.runs.plan import Plan
from faussaire.training.descent import descend
from faussaire.training.passes import Passes
from faussaire.training.result import Judged, StepResult
from faussaire.training.schedules import ema_beta, learning_rate
from faussaire.training.shards import Shards


class Trainer:
    """One step of the game on one state.

    Args:
        config: the settings.
        batches: real samples by position, with their labels where the game is conditional.
        state: the networks, optimizers and counts; every step changes it in place.
        plan: how far along the run is after so many images.
        shards: parts that a batch is cut in, in all processes together; 1 for networks that look across a batch.
        threads: that share this process's shards; one for each if not given.
        world: the processes that train together; each of them makes every step.
        unseen: real samples held out of training, by which D shows whether it knows the others by heart.
    """

    def __init__(
        self,
        config: Config,
        batches: Batches,
        state: TrainState,
        plan: Plan,
        *,
        shards: int = 1,
        threads: int | None = None,
        world: World = ALONE,
        unseen: Batches | None = None,
    ) -> None:
        self.config, self.batches, self.state, self.plan, self.unseen = config, batches, state, plan, unseen
        self.shards = Shards(state.G, state.D, shards, batch_size=config.batch, threads=threads, world=world)
        self.device = device_of(state.G)
        self.augment = config.augment or ()  # through these D sees every sample, as strongly as it overfits
        self.reuses_fakes, one_pass = bool(state.G.per_sample), bool(state.D.per_sample)
        keeps_fakes = self.reuses_fakes and self.shards.keeps_fakes
        self.compute: Compute = AtOnce()
        if records(self.device) and self.shards.is_one_thread and self.reuses_fakes and one_pass:
            self.compute = Captured(period=config.penalty_every, tape=CardTape(self.device))
            keeps_fakes &= config.d_steps == 1  # a recording of G goes back through one of D, not through several
        self.passes = Passes(config, self.shards, self.device, one_pass=one_pass, keeps_fakes=keeps_fakes)
        self.z = torch.empty(0)  # the latents of the last step of D that are this process's
        self._judged_as = False  # whether that step was penalised
        # Listed once: to walk through the modules takes time at every step.
        self.averages: list[Tensor] = list(state.G_ema.parameters())
        self.running = list(zip(state.G_ema.buffers(), state.G.buffers(), strict=True))

    @property
    def step_nimg(self) -> int:
        """Images shown to D in one step."""
        return self.config.batch * self.config.d_steps

    def step(self) -> StepResult:
        """One update of D, one of G, one of the average G_ema (or as many as `d_steps` and `g_steps` say).

        Raises:
            DivergenceError: a loss or a gradient is not finite; no step was taken down it.
        """
        values = []
        self.compute.begin()
        self.set_learning_rate()
        # 1. Discriminator: tell real from fake, the generator fixed.
        for _ in range(self.config.d_steps):
            judged = self.train_discriminator()
            values.append(judged.values)
        # 2. Generator: make fakes that the discriminator takes for real, the discriminator fixed.
        for turn in range(self.config.g_steps):
            loss_G = self.train_generator(judged.real_logits, turn)
            values.append({"loss_G": loss_G})
        # 3. Average the generator; then do it again.
        self.average_generator()
        return StepResult(judged=judged, values=values)

    def train_discriminator(self) -> Judged:
        """Step 1: update D on one batch of reals and one of fakes, and count it."""
        state, config, shards = self.state, self.config, self.shards
        random = generator_for(config.seed, "D", state.nimg)
        self.z = self.latents(random)
        real = self.batches.real(state.nimg, shards.rows)
        given = {"real": real, "z": self.z} | self.labels(state.nimg)
        given |= self.draws("augment real") | self.draws("augment fake")
        is_penalised = bool(config.penalties) and state.nimg // config.batch % config.penalty_every == 0
        if is_penalised:
            at = generator_for(config.seed, "penalty", state.nimg, 0)
            given["shares"] = torch.rand(self.passes.num_penalised, generator=at).to(self.device)
        seed_dropout(state.D, random)
        found = self.compute(("D", is_penalised), self.passes.judge, given)
        self.take_step("D", found)
        shards.keep(found.fakes)
        self._judged_as = is_penalised
        state.nimg += config.batch
        values = {name: figure for name, figure in found.figures.items() if not name.endswith("_logits")}
        if self.augment:
            self.adapt(found.figures["real_logits"], found.figures["fake_logits"])
        return Judged(
            real=real,
            fake=torch.cat([fake.detach() for fake in found.fakes]),
            real_logits=found.figures["real_logits"],
            fake_logits=found.figures["fake_logits"],
            values=values,
        )

    def train_generator(self, real_logits: Tensor, turn: int = 0) -> Tensor:
        """Step 2: update G through D, which stays as it is; return the loss of G.

        `real_logits` `[N]` are those of D's own last step: a relativistic loss needs some, and to take these saves
        a forward pass of D. Where G treats each sample for itself, the first turn takes the fakes of that step, too.
        """
        config, nimg = self.config, self.state.nimg
        random = generator_for(config.seed, "G", nimg, turn)
        is_same = self.reuses_fakes and turn == 0
        given = {"z": self.z if is_same else self.latents(random), "real_logits": self.shards.own(real_logits)}
        given |= self.labels(nimg - config.batch) | self.draws("augment G", turn)
        seed_dropout(self.state.D, random)
        goes_on = is_same and self.passes.keeps_fakes
        key = ("G", self._judged_as if goes_on else None)  # it goes back through what that pass of D has kept
        found = self.compute(key, partial(self.passes.deceive, goes_on=goes_on), given)
        self.take_step("G", found)
        return found.figures["loss_G"]

    def latents(self, random: torch.Generator) -> Tensor:
        """Draw the latents of a batch, and return those of this process `[n, z_dim]`."""
        return self.shards.own(torch.randn(self.config.batch, self.config.z_dim, generator=random)).to(self.device)

    def labels(self, nimg: int) -> dict[str, Tensor]:
        """Return the classes `[n]` of this process's rows of a batch, under their name; nothing without classes."""
        labels = self.batches.labels(nimg, self.shards.rows)
        return {} if labels is None else {"labels": labels}

    def draws(self, stream: str, *position: int) -> dict[str, Tensor]:
        """Draw how each sample of a batch is augmented before D sees it; return those of this process.

        By the stream and the operation: `under` finds them.
        """
        if not self.augment:
            return {}
        config, shape = self.config, self.batches.samples.shape[1:]
        random = generator_for(config.seed, stream, self.state.nimg, *position)
        drawn = self.shards.own(draw(self.augment, config.batch, shape, self.state.augment, random)).to(self.device)
        return {f"{stream}/{name}": amounts for name, amounts in drawn.amounts.items()}

    def adapt(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Augment more where D knows the reals by heart, less where it does not (ADA); `[N]` logits of a batch."""
        state, before = self.state, self.state.nimg - self.config.batch  # the plan may change after the step, not in it
        if self.plan.progress(before) > ADAPT_FROM:
            boundary = self.passes.loss.boundary(real_logits, fake_logits)
            is_too_much = overfits(real_logits, self.unseen_logits(before), fake_logits, boundary)
            speed = speed_for(self.plan.at(before).end_nimg)
            state.augment = next_strength(state.augment, is_too_much, self.config.batch, speed_images=speed)

    @torch.no_grad()
    def unseen_logits(self, nimg: int) -> Tensor | None:
        """Return D's logits `[n]` of a batch that it does not train on, augmented as its own are; None without."""
        if self.unseen is None:
            return None
        random = generator_for(self.config.seed, "augment unseen", nimg)
        new = self.unseen.real(nimg)
        draws = draw(self.augment, len(new), new.shape[1:], self.state.augment, random).to(self.device)
        seed_dropout(self.state.D, random)
        logits: Tensor = self.state.D(apply(new, draws), self.unseen.labels(nimg))
        return logits

    def take_step(self, network: str, found: Found) -> None:
        """Take one step of Adam down the gradients that were found, if they and the losses that they are of are finite.

        Raises:
            DivergenceError: they are not.
        """
        if not found.is_finite:
            raise DivergenceError(not_finite(f"the loss of {network}, or its gradient,", self.state.nimg))
        self.point_down(network, found)
        descend(dict(self.state.optimizers())[f"opt_{network}"])

    def point_down(self, network: str, found: Found) -> None:
        """Give every parameter its gradient."""
        for parameter, gradient in zip(self.shards.parameters(network), found.gradients, strict=True):
            parameter.grad = gradient

    @torch.no_grad()
    def average_generator(self) -> None:
        """Step 3: move G_ema towards G; the running statistics of batch normalisation are taken as they are."""
        beta = ema_beta(self.step_nimg, self.config.ema * self.state.nimg)
        torch._foreach_lerp_(self.averages, self.shards.parameters("G"), 1.0 - beta)
        for kept, now in self.running:
            kept.copy_(now)

    def set_learning_rate(self) -> None:
        """Set both learning rates from the share of the run that is done, halved as often as it was rolled back."""
        nimg = self.state.nimg
        lr = learning_rate(self.config, self.plan.progress(nimg)) * self.plan.lr_share(nimg)
        for _, optimizer in self.state.optimizers():
            optimizer.param_groups[0]["lr"] = lr
