"""A pair for piano rolls: one-dimensional along time, the pitches being its channels.

G: z → dense to 8 steps of 8w channels → per doubling of the steps a convolution, a shuffle of channels into steps, a
residual convolution → 64 steps. Each map votes for pitches at its own steps, and its votes are repeated and added
(output skips: Karras et al. 2020, arXiv 1912.04958, section 4.1): long notes come first, so that they do not fragment.
Each also votes for pitch classes, in all octaves and voices at once, and a dense layer of z does so for the whole
window: chords and a key. Each helps (docs/LAB.md).
D: what sounds, what begins, and the pitch classes of all voices together, as channels → a dense layer at each step →
stride-2 convolutions down to 8 steps → dense; the pitch classes of each bar and of the window join before the logit.
With the pitches as channels a layer knows chords, and sees in the same time ten times as many windows as a
two-dimensional one.

G's notes are on or off, in training too, by deterministic binary neurons with a straight-through gradient (Dong & Yang
2018, arXiv 1804.09399, section 3.2; Bengio et al. 2013, arXiv 1308.3432). Of voices that have one note at a time the
likeliest alone is on, or none: the gradient is then that of a softmax over the pitches and a rest. A vote beyond all
doubt has none, and nothing keeps votes from growing until G stands still while D goes on; so they are held to a margin
that leaves some in doubt (docs/LAB.md).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad, relu

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import class_logits, kaiming, with_classes
from faussaire.models.architectures._registry import Architecture

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a LeakyReLU of that slope
WIDTH = 8
CHANNELS = 8  # times the width
BASE = 8  # steps of the smallest map
BARS = 4
SEMITONES = 12
SURE = 20.0  # the margin by which, on average and at most, a note wins in training
STEEP = 20.0  # in evaluation, the slope between off and on, of votes of size 1
JUDGED, TONAL = 128, 64  # numbers before the logit: of the notes, and of the pitch classes


class Residual(nn.Module):
    """x + conv(lrelu(conv(x))) along time, the second convolution starting at 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, 3, padding=1)
        self.second = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[N, width, T]` to the same shape."""
        out: Tensor = self.second(leaky_relu(self.first(x), SLOPE))
        return x + out


class RollGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → rolls `[N, V, 64, P]`, -1 silent and 1 sounding."""

    per_sample = True

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, width: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.voices, steps, self.pitches = spec.shape
        self.single = bool(spec.facts.get("single", False))
        channels = CHANNELS * width
        doublings = (steps // BASE).bit_length() - 1
        self.map_shape = (channels, steps >> doublings)
        self.dense = nn.Linear(z_dim + num_classes, math.prod(self.map_shape))
        self.mix = Residual(channels)
        self.shuffled = nn.ModuleList(nn.Conv1d(channels, 2 * channels, 3, padding=1) for _ in range(doublings))
        self.residuals = nn.ModuleList(Residual(channels) for _ in range(doublings))
        num_votes = self.voices * self.pitches + SEMITONES
        self.heads = nn.ModuleList(nn.Conv1d(channels, num_votes, 1) for _ in range(doublings + 1))
        self.key = nn.Linear(z_dim + num_classes, SEMITONES)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        for layer in [self.dense, self.key, *self.heads, *self.shuffled]:
            kaiming(layer, generator)
        for residual in [self.mix, *self.residuals]:
            kaiming(residual.first, generator, gain=GAIN)
            kaiming(residual.second, generator, gain=0.0)
        for layer in self.shuffled:
            alike_in_twos(layer)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make one window of each latent."""
        z = with_classes(z, labels, self.num_classes)
        x = self.mix(leaky_relu(channel_norm(self.dense(z).unflatten(1, self.map_shape)), SLOPE))
        votes = self.heads[0](x)
        for conv, residual, head in zip(self.shuffled, self.residuals, self.heads[1:], strict=True):
            x = shuffle_steps(leaky_relu(conv(x), SLOPE))
            x = leaky_relu(channel_norm(residual(x)), SLOPE)
            votes = votes.repeat_interleave(2, dim=2) + head(x)
        classes = votes[:, -SEMITONES:] + self.key(z)[:, :, None]
        notes = votes[:, :-SEMITONES].reshape(-1, self.voices, self.pitches // SEMITONES, SEMITONES, votes.shape[2])
        notes = (notes + classes[:, None, None]).flatten(2, 3).float()
        return 2 * self.neurons(notes).transpose(2, 3) - 1

    def neurons(self, votes: Tensor) -> Tensor:
        """Return 1 for the notes that are on, 0 for the others, of votes `[N, V, P, T]`.

        In evaluation the step is a slope, steep beside the size of the votes, so that what differs by a rounding, as an
        exported graph does, makes the same samples; above 0.5 a note is on.
        """
        if not self.training:
            margin = votes - self.rivals(votes) if self.single else votes
            size = votes.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-6
            return ((STEEP * margin / size).clamp(-1, 1) + 1) / 2
        votes = votes / (self.margin(votes) / SURE).clamp(min=1.0)
        on = votes > 0
        if self.single:
            on = on & (votes >= votes.amax(2, keepdim=True))
            with_rest = torch.logaddexp(votes.logsumexp(2, keepdim=True), votes.new_zeros(()))
            soft = (votes - with_rest).exp()
        else:
            soft = votes.sigmoid()
        return soft + (on.to(votes.dtype) - soft).detach()  # forward it is hard, backward soft

    def margin(self, votes: Tensor) -> Tensor:
        """Return by how much notes are on or off, of votes `[N, V, P, T]`: a mean `[N, 1, 1, 1]` over voices and steps.

        It is what is between the best and the next, a rest among them; where several may sound, between the best and 0.
        """
        if not self.single:
            return votes.amax(2).abs().mean((1, 2))[:, None, None, None]
        rest = votes.new_zeros(()).expand(*votes.shape[:2], 1, votes.shape[3])
        best, second = torch.cat([votes, rest], dim=2).topk(2, dim=2).values.unbind(2)
        return (best - second).mean((1, 2))[:, None, None, None]

    @staticmethod
    def rivals(votes: Tensor) -> Tensor:
        """Return what each note of a voice has to beat: the best of the others, and 0, that of a rest."""
        best = votes.amax(2, keepdim=True)
        is_best = votes >= best
        second = votes.masked_fill(is_best, 0.0).amax(2, keepdim=True)
        return torch.where(is_best, second, best).clamp(min=0)


class RollDiscriminator(nn.Module):
    """Rolls `[N, V, 64, P]` → logits `[N]`."""

    per_sample = True

    def __init__(self, spec: SampleSpec, num_classes: int, width: int) -> None:
        super().__init__()
        voices, steps, pitches = spec.shape
        channels = CHANNELS * width
        doublings = (steps // BASE).bit_length() - 1
        self.first = nn.Conv1d(2 * voices * pitches + SEMITONES, channels, 1)
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, 4, stride=2, padding=1) for _ in range(doublings))
        self.dense = nn.Linear(channels * (steps >> doublings), JUDGED)
        self.tonal = nn.Linear((BARS + 1) * SEMITONES, TONAL)
        self.head = nn.Linear(JUDGED + TONAL, max(1, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        for layer in [self.first, *self.convs, self.dense, self.tonal]:
            kaiming(layer, generator, gain=GAIN)
        kaiming(self.head, generator)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge each window."""
        sounds = ((samples + 1) / 2).transpose(2, 3)  # [N, V, P, 64], 0 and 1
        begins = relu(sounds - pad(sounds, (1, 0))[..., :-1])
        num, voices, pitches, steps = sounds.shape
        classes = sounds.reshape(num, voices * pitches // SEMITONES, SEMITONES, steps).sum(1)  # [N, 12, 64]
        x = leaky_relu(self.first(torch.cat([sounds.flatten(1, 2), begins.flatten(1, 2), classes], dim=1)), SLOPE)
        for conv in self.convs:
            x = leaky_relu(conv(x), SLOPE)
        bars = classes.reshape(num, SEMITONES, BARS, steps // BARS).mean(3)
        tonal = torch.cat([bars.mean(2, keepdim=True), bars], dim=2) * BARS  # their spread is then near 1
        seen = torch.cat([self.dense(x.flatten(1)), self.tonal(tonal.flatten(1))], dim=1)
        out: Tensor = self.head(leaky_relu(seen, SLOPE))
        return class_logits(out, labels)


def channel_norm(x: Tensor) -> Tensor:
    """Scale the channels at each step of `[N, C, T]` to a mean square of 1 (Karras 2018, arXiv 1710.10196)."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)


@torch.no_grad()
def alike_in_twos(conv: nn.Module) -> None:
    """Let two channels that become two steps have the same weights: at first a step is repeated, as no rhythm is known.

    As `alike_in_fours` does for pixels (ICNR: Aitken et al. 2017, arXiv 1707.02937).
    """
    assert isinstance(conv, nn.Conv1d)
    conv.weight.copy_(conv.weight[::2].repeat_interleave(2, 0))


def shuffle_steps(x: Tensor) -> Tensor:
    """Turn every two channels of `[N, 2C, T]` into two steps: `[N, C, 2T]`."""
    num, channels, steps = x.shape
    return x.reshape(num, channels // 2, 2, steps).transpose(2, 3).reshape(num, channels // 2, 2 * steps)


ARCHITECTURE = Architecture(
    name="roll",
    description="that of music: along time, pitches as channels, notes on or off by straight-through neurons",
    generator=RollGenerator,
    discriminator=RollDiscriminator,
    modalities=("music",),
    width=WIDTH,
)
