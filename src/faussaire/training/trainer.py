"""The game itself: D learns to tell real from fake, G learns to be taken for real, and again.

Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1, with the parts that fifteen years of practice have added behind
names of their own: a loss (losses.LOSSES), penalties applied every k-th step of D with k times the weight (lazy
regularisation, Karras et al. 2020, arXiv 1912.04958), and an average of G whose samples are better than G's own.
Nothing here knows what a sample is, and no step draws from or moves a global random state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from faussaire.core.config import Config
from faussaire.core.devices import device_of, multiplying
from faussaire.core.errors import DivergenceError
from faussaire.core.finite import all_finite
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
from faussaire.training.shards import Shard, Shards, backward_into, gradients


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
        self.num_penalised = -(-config.batch // config.penalty_one_in)  # of each batch, the first and every k-th on
        self.z = torch.empty(0)  # the latents of the last step of D that are this process's
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
        real, labels = self.batches.real(state.nimg, shards.rows), self.batches.labels(state.nimg, shards.rows)
        random = generator_for(config.seed, "D", state.nimg)
        self.z = z = self.latents(random)
        real_draws, fake_draws = self.draws("augment real"), self.draws("augment fake")
        is_penalised = bool(config.penalties) and state.nimg // config.batch % config.penalty_every == 0
        if is_penalised:
            at = generator_for(config.seed, "penalty", state.nimg, 0)
            self.shares = torch.rand(self.num_penalised, generator=at).to(self.device)
        seed_dropout(state.D, random)

        def judge(shard: Shard) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            labels_here = shards.part(shard, labels)
            with statistics_frozen(shard.G), torch.set_grad_enabled(self.reuses_fakes and shards.keeps_fakes):
                shard.fake = self.forge(shard, z, labels_here)
            seen_real = apply(shards.part(shard, real), shards.part(shard, real_draws))
            seen_fake = apply(shard.fake.detach(), shards.part(shard, fake_draws))
            real_logits, fake_logits = self.logits(shard.D, seen_real, seen_fake, labels_here)
            loss = self.loss.discriminator(real_logits, fake_logits).sum() / config.batch
            penalty = loss.new_zeros(())
            if is_penalised:
                penalty = self.penalty(shard, seen_real, seen_fake, labels_here)
            backward_into(shard, "D", loss + config.penalty_weight * config.penalty_every * penalty)
            return real_logits.detach(), fake_logits.detach(), loss.detach(), penalty.detach()

        real_parts, fake_parts, losses, penalties = map(list, zip(*shards.run(judge), strict=True))
        (real_logits, fake_logits), (loss, penalty) = self.update("D", real_parts, fake_parts, sums=[losses, penalties])
        state.nimg += config.batch
        values = self.accuracies(real_logits, fake_logits) | {"loss_D": loss}
        if is_penalised:
            values["penalty"] = penalty
        if self.augment:
            self.adapt(2 * float(values["accuracy_real"].mean()) - 1)
        return Judged(real=real, fake=shards.fakes(), real_logits=real_logits, fake_logits=fake_logits, values=values)

    def train_generator(self, real_logits: Tensor, turn: int = 0) -> Tensor:
        """Step 2: update G through D, which stays as it is; return the loss of G.

        `real_logits` `[N]` are those of D's own last step: a relativistic loss needs some, and to take these saves
        a forward pass of D. Where G treats each sample for itself, the first turn takes the fakes of that step, too.
        """
        config, shards, nimg = self.config, self.shards, self.state.nimg
        random = generator_for(config.seed, "G", nimg, turn)
        labels, own_logits = self.batches.labels(nimg - config.batch, shards.rows), shards.own(real_logits)
        is_same = self.reuses_fakes and turn == 0
        z = self.z if is_same else self.latents(random)
        draws = self.draws("augment G", turn)
        seed_dropout(self.state.D, random)

        def deceive(shard: Shard) -> Tensor:
            labels_here = shards.part(shard, labels)
            fake = shard.fake if is_same and shards.keeps_fakes else self.forge(shard, z, labels_here)
            fake_logits = shard.D(apply(fake, shards.part(shard, draws)), labels_here)
            loss = self.loss.generator(shards.part(shard, own_logits), fake_logits).sum() / config.batch
            backward_into(shard, "G", loss)
            return loss.detach()

        _, (loss,) = self.update("G", sums=[shards.run(deceive)])
        return loss

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

    def penalty(self, shard: Shard, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        """Return a shard's part of the mean of the penalties over those of the batch that are penalised."""
        config = self.config
        start, every = self.shards.start(shard), config.penalty_one_in
        first = -(-start // every)  # of the penalised, those before are in shards before
        chosen = slice(first * every - start, None, every)
        real, fake = real[chosen], fake[chosen]
        shares = self.shares[first : first + len(real)]
        point_labels = None if labels is None else labels[chosen].repeat(len(config.penalties))

        def judge(points: Tensor) -> Tensor:
            logits: Tensor = shard.D(points, point_labels)
            return logits

        slopes = penalise(config.penalties, judge, real, fake, shares)
        return slopes.sum() / self.num_penalised

    def accuracies(self, real_logits: Tensor, fake_logits: Tensor) -> Values:
        """Return of each real and each fake of a batch, by D's logits `[N]`, whether D was right: 1 or 0."""
        boundary = self.loss.boundary(real_logits, fake_logits)
        return {
            "accuracy_real": (real_logits > boundary).float(),
            "accuracy_fake": (fake_logits < boundary).float(),
        }

    def draws(self, stream: str, *position: int) -> Draws:
        """Draw how each sample of a batch is augmented before D sees it; return those of this process."""
        config, shape = self.config, self.batches.samples.shape[1:]
        random = generator_for(config.seed, stream, self.state.nimg, *position)
        return self.shards.own(draw(self.augment, config.batch, shape, self.state.augment, random))

    def adapt(self, r_t: float) -> None:
        """Augment more where D finds more of the reals real than it should, and less where fewer (ADA)."""
        state, before = self.state, self.state.nimg - self.config.batch  # the plan may change after the step, not in it
        if self.plan.progress(before) > ADAPT_FROM:
            speed = speed_for(self.plan.at(before).end_nimg)
            state.augment = min(STRONGEST, next_strength(state.augment, r_t, self.config.batch, speed_images=speed))

    def update(self, network: str, *rows: list[Tensor], sums: list[list[Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
        """Take one step of Adam down the gradients of all shards, if they and the losses that they are of are finite.

        Returns:
            The figures of the whole batch, and the losses: see `Shards.meet`.
        """
        found, losses = self.shards.meet(network, *rows, sums=sums)
        if not all_finite([*losses, *gradients(self.shards.parameters(network))]):
            raise DivergenceError(not_finite(f"the loss of {network}, or its gradient,", self.state.nimg))
        dict(self.state.optimizers())[f"opt_{network}"].step()
        return found, losses

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
