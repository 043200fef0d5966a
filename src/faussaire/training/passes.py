"""What D and G compute of a batch: both passes, of numbers that were drawn before.

A pass draws nothing and changes no weight: it is a function of tensors, so that a device can record it (core.captured).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from faussaire.core.captured import Found, Given
from faussaire.core.config import Config
from faussaire.core.devices import multiplying
from faussaire.core.finite import are_finite
from faussaire.models.architectures import statistics_frozen
from faussaire.models.augment import Draws, apply
from faussaire.models.losses import LOSSES
from faussaire.models.penalties import penalise
from faussaire.training.result import Values
from faussaire.training.shards import Shard, Shards, backward_into


class Passes:
    """Both passes over a batch.

    Args:
        config: the settings.
        shards: the parts of every batch that are this process's, and who takes them.
        device: where all of it is computed.
        one_pass: whether D treats each sample for itself, so that reals and fakes go through it together.
        keeps_fakes: whether G's own way is kept in the pass of D, for that of G to go back.
    """

    def __init__(
        self, config: Config, shards: Shards, device: torch.device, *, one_pass: bool, keeps_fakes: bool
    ) -> None:
        self.config, self.shards, self.device = config, shards, device
        self.one_pass, self.keeps_fakes = one_pass, keeps_fakes
        self.loss = LOSSES[config.loss]
        self.num_penalised = -(-config.batch // config.penalty_one_in)  # of each batch, the first and every k-th on

    def judge(self, given: Given) -> Found:
        """Take reals and fakes through D; `given` are the numbers that were drawn for this."""
        config, shards = self.config, self.shards
        real_draws, fake_draws = (Draws(under(given, stream)) for stream in ("augment real", "augment fake"))

        def judge_shard(shard: Shard) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
            labels = shards.part(shard, given.get("labels"))
            with statistics_frozen(shard.G), torch.set_grad_enabled(self.keeps_fakes):
                fake = self.forge(shard, given["z"], labels)
            seen_real = apply(shards.part(shard, given["real"]), shards.part(shard, real_draws))
            seen_fake = apply(fake.detach(), shards.part(shard, fake_draws))
            real_logits, fake_logits = self.logits(shard.D, seen_real, seen_fake, labels)
            loss = self.loss.discriminator(real_logits, fake_logits).sum() / config.batch
            penalty = loss.new_zeros(())
            if "shares" in given:
                penalty = self.penalty(shard, seen_real, seen_fake, labels, given["shares"])
            backward_into(shard, "D", loss + config.penalty_weight * config.penalty_every * penalty)
            return real_logits.detach(), fake_logits.detach(), loss.detach(), penalty.detach(), fake

        real_parts, fake_parts, losses, penalties, fakes = map(list, zip(*shards.run(judge_shard), strict=True))
        gradients, (real_logits, fake_logits), (loss, penalty) = shards.meet(
            "D", real_parts, fake_parts, sums=[losses, penalties]
        )
        logits = {"real_logits": real_logits, "fake_logits": fake_logits}
        figures = logits | self.accuracies(real_logits, fake_logits) | {"loss_D": loss}
        if "shares" in given:
            figures["penalty"] = penalty
        is_finite = are_finite([loss, penalty, *gradients])
        return Found(gradients=gradients, fakes=fakes, figures=figures, is_finite=is_finite)

    def deceive(self, given: Given, *, goes_on: bool) -> Found:
        """Take fakes through D, towards REAL: those of the pass of D, where it goes on from there."""
        shards, draws = self.shards, Draws(under(given, "augment G"))

        def deceive_shard(shard: Shard) -> Tensor:
            labels = shards.part(shard, given.get("labels"))
            fake = shard.fake if goes_on else self.forge(shard, given["z"], labels)
            fake_logits = shard.D(apply(fake, shards.part(shard, draws)), labels)
            loss = self.loss.generator(shards.part(shard, given["real_logits"]), fake_logits).sum() / self.config.batch
            backward_into(shard, "G", loss)
            return loss.detach()

        gradients, _, (loss,) = shards.meet("G", sums=[shards.run(deceive_shard)])
        is_finite = are_finite([loss, *gradients])
        return Found(gradients=gradients, fakes=[], figures={"loss_G": loss}, is_finite=is_finite)

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


def under(given: Given, stream: str) -> Given:
    """Return what was drawn from one stream, by the rest of its names."""
    return {name.removeprefix(f"{stream}/"): drawn for name, drawn in given.items() if name.startswith(f"{stream}/")}
