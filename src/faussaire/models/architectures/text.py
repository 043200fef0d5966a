"""The pair for lines of text: G writes letter after letter, each knowing those before it, D reads the whole line.

G: z → the first state of a gated recurrent unit (Cho et al. 2014, arXiv 1406.1078) of 128 numbers, and a bias at each
of its steps → logits of the next letter, plus Gumbel noise → the letter of the largest sum, which goes into the next
step; after the end of a line nothing but ends. Backwards the softmax of the sums stands for the choice
(straight-through Gumbel-softmax: Jang et al. 2017, arXiv 1611.01144, section 2.2): D sees letters, never mixtures.
The noise is a function of z, by a fixed random projection: whoever has z has the line. Without it G ends at one line
for every z (docs/LAB.md); letters that are made all at once, by convolutions, learn a third slower.
D: a convolution of kernel 5 to 64 channels → two residual blocks of kernel 5 (Gulrajani et al. 2017, arXiv 1704.00028,
appendix C, take five of 512 channels) → dense 128 → one logit. Each residual branch starts at 0 (Fixup: Zhang et al.
2019, arXiv 1901.09321). One core sees 2,400 names a second, of 10 letters.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, one_hot

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import class_logits, kaiming, with_classes
from faussaire.models.architectures._registry import Architecture

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a LeakyReLU of that slope
STATE, CHANNELS, DENSE, KERNEL, BLOCKS = 128, 64, 128, 5, 2
LEAST = 1e-6  # the probability of what Gumbel noise is cut off at: ±2.6 and 13.8


class TextGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → lines `[N, V, L]`, one-hot; letter 0 is the end."""

    per_sample = True
    projection: Tensor

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, _: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.letters, self.length = spec.shape
        self.start = nn.Linear(z_dim + num_classes, STATE)
        self.plan = nn.Linear(z_dim + num_classes, 3 * STATE)
        self.letter = nn.Linear(self.letters, 3 * STATE, bias=False)
        self.state = nn.Linear(STATE, 3 * STATE)
        self.head = nn.Linear(STATE, self.letters)
        self.register_buffer("projection", torch.empty(self.length * self.letters, z_dim))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew, and the projection, whose rows have length 1."""
        for layer in (self.start, self.plan, self.state, self.head):
            kaiming(layer, generator)
        nn.init.normal_(self.letter.weight, generator=generator)
        nn.init.normal_(self.projection, generator=generator)
        self.projection /= self.projection.norm(dim=1, keepdim=True)

    def noise(self, z: Tensor) -> Tensor:
        """Return Gumbel noise `[N, L, V]`: each number of it has that law, as z has the normal one."""
        normal = z @ self.projection.T
        uniform = (0.5 + 0.5 * torch.erf(normal / math.sqrt(2))).clamp(LEAST, 1 - LEAST)
        return -(-uniform.log()).log().view(-1, self.length, self.letters)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Write one line of each latent."""
        given, noise = with_classes(z, labels, self.num_classes), self.noise(z).to(z.dtype)
        state, plan = torch.tanh(self.start(given)), self.plan(given)
        end = one_hot(torch.zeros(1, dtype=torch.long, device=z.device), self.letters).to(z.dtype)
        letter, ended = torch.zeros_like(noise[:, 0]), torch.zeros_like(z[:, :1], dtype=torch.bool)
        line = []
        for place in range(self.length):
            state = self.step(state, plan + self.letter(letter))
            letter = self.chosen(self.head(state) + noise[:, place])
            letter = torch.where(ended, end, letter)  # without a gradient: no letter shall learn to end all others
            ended = letter[:, :1] > 0.5
            line.append(letter)
        return torch.stack(line, dim=2)

    def step(self, state: Tensor, given: Tensor) -> Tensor:
        """Return the next state `[N, STATE]` of the recurrent unit."""
        reset, update, new = given.chunk(3, dim=1)
        own_reset, own_update, own_new = self.state(state).chunk(3, dim=1)
        kept = torch.sigmoid(update + own_update)
        candidate = torch.tanh(new + torch.sigmoid(reset + own_reset) * own_new)
        return candidate + kept * (state - candidate)

    def chosen(self, logits: Tensor) -> Tensor:
        """Return the largest of logits `[N, V]` as one-hot; backwards it is their softmax."""
        hard = torch.zeros_like(logits).scatter(1, logits.argmax(1, keepdim=True), 1.0)
        if not self.training:
            return hard
        soft = logits.softmax(1)
        return hard + (soft - soft.detach())


class Residual(nn.Module):
    """x + conv(lrelu(conv(lrelu(x)))), the second convolution starting at 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2)
        self.second = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[N, width, L]` to the same shape."""
        out: Tensor = self.second(leaky_relu(self.first(leaky_relu(x, SLOPE)), SLOPE))
        return x + out


class TextDiscriminator(nn.Module):
    """Lines `[N, V, L]` → logits `[N]`."""

    per_sample = True

    def __init__(self, spec: SampleSpec, num_classes: int, _: int) -> None:
        super().__init__()
        letters, length = spec.shape
        self.read = nn.Conv1d(letters, CHANNELS, KERNEL, padding=KERNEL // 2)
        self.blocks = nn.ModuleList(Residual(CHANNELS) for _ in range(BLOCKS))
        self.dense = nn.Linear(CHANNELS * length, DENSE)
        self.head = nn.Linear(DENSE, max(1, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        kaiming(self.read, generator, gain=2.0)
        for block in self.modules():
            if isinstance(block, Residual):
                kaiming(block.first, generator, gain=GAIN)
                kaiming(block.second, generator, gain=0.0)
        kaiming(self.dense, generator, gain=GAIN)
        kaiming(self.head, generator)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge each line."""
        x = self.read(samples)
        for block in self.blocks:
            x = block(x)
        x = leaky_relu(self.dense(leaky_relu(x, SLOPE).flatten(1)), SLOPE)
        out: Tensor = self.head(x)
        return class_logits(out, labels)


ARCHITECTURE = Architecture(
    name="text",
    description="lines of text: a recurrent G that chooses letter after letter, a D of residual convolutions",
    generator=TextGenerator,
    discriminator=TextDiscriminator,
    modalities=("text",),
)
