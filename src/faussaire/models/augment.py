"""Augmentations that D sees through: what lets a GAN learn from hundreds of images instead of tens of thousands.

Reals and fakes pass through the same random operations before D judges them, in both steps, and the gradient of D
flows back through them into G (DiffAugment: Zhao et al. 2020, arXiv 2006.10738, whose operations and ranges these
are). Each fires on each sample with probability p, which follows how far D overfits (ADA: Karras et al. 2020,
arXiv 2006.06676, section 3). An operation is a function of numbers that were drawn before, one row for each sample,
all zeros for "leave it": so drawing has a generator and a position, and applying has neither. All are gathers, masks
and multiplications, affine in the image, hence differentiable as often as wanted; translation, colour and cutout of
64 images of 32 x 32 x 3 take under 1 ms of one core forward, and 2 with the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from faussaire.core.devices import is_host
from faussaire.core.errors import ConfigError
from faussaire.modalities import SampleSpec, of_spec
from faussaire.models.augmentations import AUGMENTATIONS

ADAPT_FROM = 0.03  # of the run: at first D is right because fakes are poor, and not because it knows the reals
STRONGEST = 0.8  # beyond, fakes may learn the augmentation (Karras et al. 2020, arXiv 2006.06676, figure 4)
TARGET_R_T = 0.6  # Karras et al. 2020, section 3
TARGET_R_V = 0.5  # the same
UNSEEN, LEAST_UNSEEN = 16, 4  # held-out samples that D is shown at each of its steps, of so many at least: for r_v
SPEED_SHARE = 0.1  # of the images of a run
SPEED_LEAST, SPEED_MOST = 10_000, 500_000  # images; the latter is the paper's

PLENTY = 20_000  # images
FEW = 2_000  # images


@dataclass(frozen=True)
class Draws:
    """What happens to each sample of a batch: plain tensors, to be kept, cut in parts or used again.

    `draws[a:b]` belongs to `images[a:b]`: applied part by part, a batch becomes what it becomes as a whole.
    """

    amounts: Mapping[str, Tensor]
    """Amounts `[N, K]` of each operation by name, in the order of application."""

    def __len__(self) -> int:
        return next((len(amounts) for amounts in self.amounts.values()), 0)

    def __getitem__(self, part: slice) -> Draws:
        return Draws({name: amounts[part] for name, amounts in self.amounts.items()})

    def to(self, device: torch.device) -> Draws:
        """Return the same on a device, to which all of them go as one."""
        if is_host(device) or not self.amounts:
            return self
        widths = [amounts.shape[1] for amounts in self.amounts.values()]
        moved = torch.cat(list(self.amounts.values()), dim=1).to(device)
        return Draws(dict(zip(self.amounts, torch.split(moved, widths, dim=1), strict=True)))


def draw(policy: Sequence[str], n: int, shape: tuple[int, ...], p: float, generator: torch.Generator) -> Draws:
    """Draw what happens to each of `n` samples; the same generator state gives the same draws.

    Args:
        policy: names of AUGMENTATIONS; their order does not matter.
        n: samples in the batch.
        shape: (C, H, W) of a sample.
        p: chance that an operation fires, for each operation and sample by itself; 1 is always, 0 never. What is
            drawn does not depend on it: a larger p keeps all that fired and adds to it.
        generator: moves on by the same count of numbers, whatever p is.

    Raises:
        ConfigError: no such operation.
    """
    unknown = [name for name in policy if name not in AUGMENTATIONS]
    if unknown:
        raise ConfigError(f"unknown augmentation {unknown[0]!r}; known: {', '.join(AUGMENTATIONS)}")
    chosen = {}
    for name, augmentation in AUGMENTATIONS.items():
        if name in policy:
            u = torch.rand(n, 1 + augmentation.numbers, generator=generator, device=generator.device)
            fires = u[:, :1] < p
            chosen[name] = augmentation.amounts(u[:, 1:], shape) * fires
    return Draws(chosen)


def apply(images: Tensor, draws: Draws) -> Tensor:
    """Return the images `[N, C, H, W]` as D shall see them; those on which nothing fired are exactly as they were.

    After `colour` values may leave [-1, 1], up to 2.5 in grey and 4.5 in RGB: clamped, they would give G no gradient.
    """
    for name, amounts in draws.amounts.items():
        # A processor is asked first; elsewhere the answer would have to be waited for, so the work is done at once.
        if not is_host(amounts.device) or amounts.any():
            images = AUGMENTATIONS[name].apply(images, amounts)
    return images


def policy_for(num_images: int, spec: SampleSpec) -> tuple[str, ...]:
    """Choose the operations by the number of training images; `reason_for` says why.

    None for 20,000 images or more, the mildest of those that the modality names for 2,000 or more, all of them below.
    """
    able = of_spec(spec).augmentations(spec.shape)
    return () if num_images >= PLENTY else able[:1] if num_images >= FEW else able


def reason_for(num_images: int, spec: SampleSpec) -> str:
    """Return one line that tells why `policy_for` chose what it did."""
    able = of_spec(spec).augmentations(spec.shape)
    if not able:
        return f"no augmentation: none is known for {spec.modality}"
    images = f"{num_images:,} image{'' if num_images == 1 else 's'}"
    if num_images >= PLENTY:
        return f"no augmentation: {images} are enough for D not to learn them by heart"
    names = " and ".join(", ".join(policy_for(num_images, spec)).rsplit(", ", 1))
    if num_images >= FEW:
        return f"augmentation: {names}, as D may learn {images} by heart (none from {PLENTY:,} on)"
    no_colour = "" if "colour" in able else "; no colour, as they have not three channels"
    return f"augmentation: {names}, as D would soon learn {images} by heart{no_colour}"


def r_v(seen: Tensor, unseen: Tensor, fake: Tensor) -> float | None:
    """Return how far reals that D never saw look to it like fakes, by its logits: 0 is not at all, 1 wholly.

    (E D(train) - E D(validation)) / (E D(train) - E D(generated)): Karras et al. 2020, arXiv 2006.06676, eq. 1. None
    where D does not place fakes below the reals that it trains on.
    """
    of_seen, of_unseen, of_fake = (float(logits.mean()) for logits in (seen, unseen, fake))
    return (of_seen - of_unseen) / (of_seen - of_fake) if of_seen > of_fake else None


def overfits(seen: Tensor, unseen: Tensor | None, fake: Tensor, boundary: Tensor | float) -> bool:
    """Tell whether D knows its reals by heart, of its logits `[N]` of them, of reals held out, and of fakes.

    Karras et al. 2020, arXiv 2006.06676, eq. 1, either heuristic: `r_v` is above TARGET_R_V; or r_t, how many more
    reals D finds REAL than FAKE, is above TARGET_R_T. A relativistic D has all reals by heart long before r_t says so,
    as its logits of them need not lie far above those of fakes; r_v needs reals that were held out.

    Args:
        seen: logits of training samples.
        unseen: logits of held-out ones, where there are any.
        fake: logits of fakes.
        boundary: of the loss between REAL and FAKE: `Loss.boundary`.
    """
    r_t = 2 * int((seen > boundary).sum()) / len(seen) - 1
    if r_t > TARGET_R_T or unseen is None:
        return r_t > TARGET_R_T
    known = r_v(seen, unseen, fake)
    return known is not None and known > TARGET_R_V


def next_strength(p: float, is_too_much: bool, images: int, *, speed_images: int) -> float:
    """Return the next p: a fixed step up where D overfits, down where it does not, within [0, STRONGEST].

    Karras et al. 2020, arXiv 2006.06676, section 3. A pure function: p is the whole state, and a checkpoint holds it.

    Args:
        p: chance that an operation fires, so far.
        is_too_much: whether D `overfits`.
        images: shown to D since p last moved.
        speed_images: images in which p can go from 0 to 1; see `speed_for`.
    """
    return min(STRONGEST, max(0.0, p + (1 if is_too_much else -1) * images / speed_images))


def speed_for(total_images: int) -> int:
    """Return the images in which p may go from 0 to 1, for a run of `total_images`.

    The paper's 500,000 are 2 % of its 25 million; a run of 50,000 would end at p = 0.1. A tenth of the run lets p
    arrive while the learning rate is still high. At least 10,000: a crossing is then 40 adjustments of four batches of
    64: the noise of r_t over 256 logits, 0.05 at the target, averages out.
    """
    return round(min(SPEED_MOST, max(SPEED_LEAST, SPEED_SHARE * total_images)))
