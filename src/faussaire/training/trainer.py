"""The game itself: D learns to tell real from fake, G learns to be taken for real, and again.

Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with the parts that fifteen years of practice have added behind
names of their own: a loss (losses.LOSSES), penalties applied every k-th step of D with k times the weight (lazy
regularisation, Karras et al. 2020, arXiv 1912.04958), and an average of G whose samples are better than G's own.
Nothing here knows what a sample is, and no step draws from or moves a global random state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from faussaire.core.captured import AtOnce, Captured, CardTape, Compute, Found, Given
from faussaire.core.config import Config
from faussaire.core.devices import device_of, multiplying, records
from faussaire.core.errors import DivergenceError
from faussaire.core.finite import are_finite
from faussaire.core.rng import generator_for
from faussaire.core.world import ALONE, World
from faussaire.data.batches import Batches
from faussaire.models.architectures import seed_dropout, statistics_frozen
from faussaire.models.augment import ADAPT_FROM, STRONGEST, Draws, apply, draw, next_strength, speed_for
from faussaire.models.losses import LOSSES
from faussaire.models.penalties import penalise
from faussaire.runs.checkpoint import TrainState, not_finite
from faussaire.runs.plan import Plan
from faussaire.training.result import Judged, StepResult, Values
from faussaire.training.schedules import ema_beta, learning_rate
from faussaire.training.shards import Shard, Shards, backward_into


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
    ) -> None:
        self.config, self.batches, self.state, self.plan = config, batches, state, plan
        self.loss = LOSSES[config.loss]
        self.shards = Shards(state.G, state.D, shards, batch_size=config.batch, threads=threads, world=world)
        self.device = device_of(state.G)
        self.augment = config.augment or ()  # through these D sees every sample, as strongly as it overfits
        self.reuses_fakes, self.one_pass = bool(state.G.per_sample), bool(state.D.per_sample)
        self.keeps_fakes = self.reuses_fakes and self.shards.keeps_fakes
        self.compute: Compute = AtOnce()
        if self.can_be_recorded():
            self.compute = Captured(period=config.penalty_every, tape=CardTape(self.device))
            self.keeps_fakes &= config.d_steps == 1  # a recording of G goes back through one of D, not through several
        self.num_penalised = -(-config.batch // config.penalty_one_in)  # of each batch, the first and every k-th on
        self.z = torch.empty(0)  # the latents of the last step of D that are this process's
        # Listed once: to walk through the modules takes time at every step.
        self.averages: list[Tensor] = list(state.G_ema.parameters())
        self.running = list(zip(state.G_ema.buffers(), state.G.buffers(), strict=True))

    def can_be_recorded(self) -> bool:
        """Say whether every step does the same operations, and the device can play them back."""
        return records(self.device) and self.shards.is_one_thread and self.reuses_fakes and self.one_pass

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
            given["shares"] = torch.rand(self.num_penalised, generator=at).to(self.device)
        seed_dropout(state.D, random)
        found = self.compute(("D", is_penalised), self.judge, given)
        self.take_step("D", found)
        shards.fakes, self._judged_as = found.fakes, is_penalised
        state.nimg += config.batch
        values = {name: figure for name, figure in found.figures.items() if not name.endswith("_logits")}
        if self.augment:
            self.adapt(2 * float(values["accuracy_real"].mean()) - 1)
        return Judged(
            real=real,
            fake=torch.cat([fake.detach() for fake in found.fakes]),
            real_logits=found.figures["real_logits"],
            fake_logits=found.figures["fake_logits"],
            values=values,
        )

    def judge(self, given: Given) -> Found:
        """Take reals and fakes through D; `given` are the numbers that were drawn for this."""
        config, shards = self.config, self.shards
        real_draws, fake_draws = (Draws(under(given, stream)) for stream in ("augment real", "augment fake"))

        def judge_shard(shard: Shard) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            labels = shards.part(shard, given.get("labels"))
            with statistics_frozen(shard.G), torch.set_grad_enabled(self.keeps_fakes):
                shard.fake = self.forge(shard, given["z"], labels)
            seen_real = apply(shards.part(shard, given["real"]), shards.part(shard, real_draws))
            seen_fake = apply(shard.fake.detach(), shards.part(shard, fake_draws))
            real_logits, fake_logits = self.logits(shard.D, seen_real, seen_fake, labels)
            loss = self.loss.discriminator(real_logits, fake_logits).sum() / config.batch
            penalty = loss.new_zeros(())
            if "shares" in given:
                penalty = self.penalty(shard, seen_real, seen_fake, labels, given["shares"])
            backward_into(shard, "D", loss + config.penalty_weight * config.penalty_every * penalty)
            return real_logits.detach(), fake_logits.detach(), loss.detach(), penalty.detach()

        real_parts, fake_parts, losses, penalties = map(list, zip(*shards.run(judge_shard), strict=True))
        gradients, (real_logits, fake_logits), (loss, penalty) = shards.meet(
            "D", real_parts, fake_parts, sums=[losses, penalties]
        )
        logits = {"real_logits": real_logits, "fake_logits": fake_logits}
        figures = logits | self.accuracies(real_logits, fake_logits) | {"loss_D": loss}
        if "shares" in given:
            figures["penalty"] = penalty
        is_finite = are_finite([loss, penalty, *gradients])
        return Found(gradients=gradients, fakes=shards.fakes, figures=figures, is_finite=is_finite)

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
        keeps = is_same and self.keeps_fakes
        key = ("G", self._judged_as if keeps else None)  # it goes back through what that pass of D has kept
        found = self.compute(key, lambda given: self.deceive(given, keeps=keeps), given)
        self.take_step("G", found)
        return found.figures["loss_G"]

    def deceive(self, given: Given, *, keeps: bool) -> Found:
        """Take fakes through D, towards REAL; those that it has judged before where they are kept."""
        shards, draws = self.shards, Draws(under(given, "augment G"))

        def deceive_shard(shard: Shard) -> Tensor:
            labels = shards.part(shard, given.get("labels"))
            fake = shard.fake if keeps else self.forge(shard, given["z"], labels)
            fake_logits = shard.D(apply(fake, shards.part(shard, draws)), labels)
            loss = self.loss.generator(shards.part(shard, given["real_logits"]), fake_logits).sum() / self.config.batch
            backward_into(shard, "G", loss)
            return loss.detach()

        gradients, _, (loss,) = shards.meet("G", sums=[shards.run(deceive_shard)])
        is_finite = are_finite([loss, *gradients])
        return Found(gradients=gradients, fakes=[], figures={"loss_G": loss}, is_finite=is_finite)

    def latents(self, random: torch.Generator) -> Tensor:
        """Draw the latents of a batch, and return those of this process `[n, z_dim]`."""
        return self.shards.own(torch.randn(self.config.batch, self.config.z_dim, generator=random)).to(self.device)

    def forge(self, shard: Shard, z: Tensor, labels: Tensor | None) -> Tensor:
        """Make the fakes of a shard, of the latents `[n, z_dim]` of this process and of the labels of its part.

        G may multiply in bf16, D may not (docs/LAB.md).
        """
        with multiplying(self.device, self.config.precision):
            made: Tensor = shard.G(self.shards.part(shard, z), labels)
        return made.float()

    def logits(self, D: nn.Module, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return D's logits of reals and of fakes; by one pass where it may be, which costs less than two."""
        if not self.one_pass:
            return D(real, labels), D(fake, labels)
        both = D(torch.cat([real, fake]), None if labels is None else labels.repeat(2))
        real_logits, fake_logits = both.chunk(2)
        return real_logits, fake_logits

    def penalty(self, shard: Shard, real: Tensor, fake: Tensor, labels: Tensor | None, shares: Tensor) -> Tensor:
        """Return a shard's part of the mean of the penalties over those of the batch that are penalised.

        `shares` is one number for each of those: see `penalise`.
        """
        config = self.config
        start, every = self.shards.start(shard), config.penalty_one_in
        first = -(-start // every)  # of the penalised, those before are in shards before
        chosen = slice(first * every - start, None, every)
        real, fake = real[chosen], fake[chosen]
        point_labels = None if labels is None else labels[chosen].repeat(len(config.penalties))

        def judge(points: Tensor) -> Tensor:
            logits: Tensor = shard.D(points, point_labels)
            return logits

        slopes = penalise(config.penalties, judge, real, fake, shares[first : first + len(real)])
        return slopes.sum() / self.num_penalised

    def accuracies(self, real_logits: Tensor, fake_logits: Tensor) -> Values:
        """Return of each real and each fake of a batch, by D's logits `[N]`, whether D was right: 1 or 0."""
        boundary = self.loss.boundary(real_logits, fake_logits)
        return {
            "accuracy_real": (real_logits > boundary).float(),
            "accuracy_fake": (fake_logits < boundary).float(),
        }

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

    def adapt(self, r_t: float) -> None:
        """Augment more where D finds more of the reals real than it should, and less where fewer (ADA)."""
        state, before = self.state, self.state.nimg - self.config.batch  # the plan may change after the step, not in it
        if self.plan.progress(before) > ADAPT_FROM:
            speed = speed_for(self.plan.at(before).end_nimg)
            state.augment = min(STRONGEST, next_strength(state.augment, r_t, self.config.batch, speed_images=speed))

    def take_step(self, network: str, found: Found) -> None:
        """Take one step of Adam down the gradients that were found, if they and the losses that they are of are finite.

        Raises:
            DivergenceError: they are not.
        """
        if not found.is_finite:
            raise DivergenceError(not_finite(f"the loss of {network}, or its gradient,", self.state.nimg))
        self.point_down(network, found)
        dict(self.state.optimizers())[f"opt_{network}"].step()

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


def under(given: Given, stream: str) -> Given:
    """Return what was drawn from one stream, by the rest of its names."""
    return {name.removeprefix(f"{stream}/"): drawn for name, drawn in given.items() if name.startswith(f"{stream}/")}
