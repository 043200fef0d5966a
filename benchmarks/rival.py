"""The fixed rival of benchmarks/quality.py: a small hybrid GAN, as good as a first search found it, in plain torch.

    python benchmarks/rival.py IMAGES.npy --minutes 3 --seed 0 --width 16 --out FOLDER

IMAGES is uint8 [N, C, H, W], the side a multiple of 4. FOLDER gets samples.npy (uint8 [10000, C, H, W], of the average
of G) and rival.json (images seen, steps, seconds). The minutes are wall clock from here to the end of the last step.

It is a yardstick: it imports nothing of faussaire, and no change of the package may change it. Do not improve it.

G: z 100 → dense to side/4 of 4·width channels → pixel shuffle → one residual 3×3 of `width` channels → 3×3 → pixel
shuffle; clamped to [-1, 1], beyond which a slope of 0.1 leaks through in training. D: convolutions 4×4 with a stride
of 2, 16 and 32 channels → dense 128 → logit. Relativistic pairing, R1 and R2 of gamma 1 at every 8th step with 8 times
the weight, Adam 4e-3 with betas 0.0 and 0.99, along a cosine over the time to a twentieth; batch 64, contiguous
tensors; D's logits of the reals serve again in G's step; the average of G has a half-life of 5 % of the images seen.
"""

from __future__ import annotations

import time

BEGAN = time.monotonic()  # before torch is imported, as `faussaire train` counts it

import argparse  # noqa: E402
import copy  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn.functional import leaky_relu, pixel_shuffle, softplus  # noqa: E402

Z_DIM = 100
BATCH_SIZE = 64
LR, LR_FINAL = 4e-3, 0.05
GAMMA, PENALTY_EVERY = 1.0, 8
EMA = 0.05
SLOPE, LEAK = 0.2, 0.1
GAIN = math.sqrt(2 / (1 + SLOPE**2))
SAMPLES = 10_000


class G(nn.Module):
    """z `[N, 100]` → images `[N, C, side, side]`."""

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.base, self.width = side // 4, width
        self.dense = nn.Linear(Z_DIM, 4 * width * self.base**2)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 4 * channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Make one image of each latent."""
        x = leaky_relu(self.dense(z), SLOPE).view(-1, 4 * self.width, self.base, self.base)
        x = pixel_shuffle(x, 2)
        x = x + self.second(leaky_relu(self.first(x), SLOPE))
        x = pixel_shuffle(self.last(leaky_relu(x, SLOPE)), 2)
        y = x.clamp(-1, 1)
        return y + LEAK * (x - y) if self.training else y


class D(nn.Module):
    """Images `[N, C, side, side]` → logits `[N]`."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 16, 4, stride=2, padding=1)
        self.second = nn.Conv2d(16, 32, 4, stride=2, padding=1)
        self.dense = nn.Linear(32 * (side // 4) ** 2, 128)
        self.head = nn.Linear(128, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Judge each image."""
        x = leaky_relu(self.second(leaky_relu(self.first(x), SLOPE)), SLOPE)
        logits: Tensor = self.head(leaky_relu(self.dense(x.flatten(1)), SLOPE))
        return logits.squeeze(1)


def initialise(module: nn.Module, gains: dict[str, float], random: torch.Generator) -> None:
    """Draw each layer's weights from N(0, gain² / fan_in) and zero its bias."""
    for name, layer in module.named_children():
        nn.init.normal_(layer.weight, std=gains[name] / math.sqrt(layer.weight[0].numel()), generator=random)
        nn.init.zeros_(layer.bias)


def batches(images: np.ndarray, random: np.random.Generator) -> Iterator[Tensor]:
    """Go through the images in a new order each time, without end."""
    while True:
        order = random.permutation(len(images))
        for i in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
            yield torch.from_numpy(images[order[i : i + BATCH_SIZE]]).float().div_(127.5).sub_(1.0)


def discriminator_loss(discriminator: D, real: Tensor, fake: Tensor, *, penalised: bool) -> tuple[Tensor, Tensor]:
    """Return the loss of D, and its logits of the reals `[N]` for G to use."""
    real.requires_grad_(penalised)
    fake.requires_grad_(penalised)
    real_logits, fake_logits = discriminator(real), discriminator(fake)
    loss = softplus(fake_logits - real_logits).mean()
    if penalised:
        r1, r2 = half_squared_gradient(real_logits, real), half_squared_gradient(fake_logits, fake)
        loss = loss + GAMMA * PENALTY_EVERY * (r1 + r2)
    return loss, real_logits.detach()


def half_squared_gradient(logits: Tensor, samples: Tensor) -> Tensor:
    """Return the mean over the batch of half the squared gradient."""
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return 0.5 * gradient.flatten(1).square().sum(1).mean()


def train(images: np.ndarray, *, seconds: float, seed: int, width: int) -> tuple[G, int]:
    """Train until `seconds` after the beginning; return the average of G, and the number of steps."""
    random = torch.Generator().manual_seed(seed)
    generator, discriminator = G(images.shape[1], images.shape[2], width), D(images.shape[1], images.shape[2])
    initialise(generator, {"dense": 1.0, "first": GAIN, "second": 0.0, "last": 1.0}, random)
    initialise(discriminator, {"first": GAIN, "second": GAIN, "dense": GAIN, "head": 1.0}, random)
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    adams = [torch.optim.Adam(net.parameters(), lr=LR, betas=(0.0, 0.99)) for net in (generator, discriminator)]
    adam_g, adam_d = adams
    reals = batches(images, np.random.default_rng(seed))
    step = 0
    while (progress := (time.monotonic() - BEGAN) / seconds) < 1:
        for adam in adams:
            adam.param_groups[0]["lr"] = LR * (LR_FINAL + (1 - LR_FINAL) * 0.5 * (1 + math.cos(math.pi * progress)))
        # 1. D: tell real from fake.
        real = next(reals)
        with torch.no_grad():
            fake = generator(torch.randn(BATCH_SIZE, Z_DIM, generator=random))
        loss, real_logits = discriminator_loss(discriminator, real, fake, penalised=step % PENALTY_EVERY == 0)
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        # 2. G: be taken for real.
        discriminator.requires_grad_(False)
        fake_logits = discriminator(generator(torch.randn(BATCH_SIZE, Z_DIM, generator=random)))
        loss = softplus(real_logits - fake_logits).mean()
        adam_g.zero_grad()
        loss.backward()
        adam_g.step()
        discriminator.requires_grad_(True)
        # 3. Average G.
        step += 1
        keep = 0.5 ** (1 / (EMA * step))
        with torch.no_grad():
            for kept, now in zip(average.parameters(), generator.parameters(), strict=True):
                kept.lerp_(now, 1 - keep)
    return average, step


def main() -> None:
    """Train once, and write samples and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    images = np.load(options.images)
    average, steps = train(images, seconds=60 * options.minutes, seed=options.seed, width=options.width)
    seconds = time.monotonic() - BEGAN
    random = torch.Generator().manual_seed(options.seed + 1_000_000)
    made = []
    with torch.no_grad():
        for _ in range(0, SAMPLES, 500):
            made.append(average(torch.randn(500, Z_DIM, generator=random)).mul(127.5).add(127.5).round().byte())
    options.out.mkdir(parents=True, exist_ok=True)
    np.save(options.out / "samples.npy", torch.cat(made).numpy())
    counts = {"nimg": steps * BATCH_SIZE, "steps": steps, "seconds": seconds, "width": options.width}
    (options.out / "rival.json").write_text(json.dumps(counts))


if __name__ == "__main__":
    main()
