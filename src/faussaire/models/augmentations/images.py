"""Augmentations of images (DiffAugment: Zhao et al. 2020, arXiv 2006.10738, whose operations and ranges these are).

All are gathers, masks and multiplications, affine in the image, hence differentiable as often as wanted.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.models.augmentations.spec import Augmentation

TRANSLATION_SHARE = 0.125  # of the side, at most
CUTOUT_SHARE = 0.5  # of the side
CUTOUT_FILL = 0.0  # mid-grey: no digit, drawing or photograph has a square of it, so the hole cannot pass for ground


# Amounts: how uniform numbers become what an operation does.


def flip_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 1]`: 1 for half of the samples. To mirror every one of them would augment nothing."""
    return (u < 0.5).float()


def colour_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 3]`: brightness in ±0.5, saturation - 1 in ±1 (0 unless three channels), contrast - 1 in ±0.5."""
    return (u - 0.5) * torch.tensor([1.0, 2.0 if shape[0] == 3 else 0.0, 1.0], device=u.device)


def translation_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 2]`: whole pixels down and to the right, each up to 12.5 % of its side, either way, 0 included."""
    most = torch.tensor([rounded(side * TRANSLATION_SHARE) for side in shape[-2:]], device=u.device)
    return (u * (2 * most + 1)).floor() - most


def cutout_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 4]`: first row and column of the square and those after its last; its centre is anywhere."""
    sides = torch.tensor(shape[-2:], device=u.device)
    sizes = torch.tensor([max(1, rounded(side * CUTOUT_SHARE)) for side in shape[-2:]], device=u.device)
    centres = (u * (sides + 1 - sizes % 2)).floor()
    first = centres - sizes // 2
    return torch.cat([first.clamp_min(0), torch.minimum(first + sizes, sides)], dim=1)


def rounded(value: float) -> int:
    """Round half up, as the reference implementation of DiffAugment does."""
    return int(value + 0.5)


# Operations: pure functions of images and amounts.


def flip(images: Tensor, amounts: Tensor) -> Tensor:
    """Mirror left and right where the amount is 1."""
    return torch.where(amounts.view(-1, 1, 1, 1) > 0, images.flip(3), images)


def colour(images: Tensor, amounts: Tensor) -> Tensor:
    """Add the brightness, then stretch each pixel about its grey by the saturation, then about the image's mean.

    The three steps of the paper multiplied out, in one pass: neither of the first two moves the mean by more than the
    brightness, so the mean of the image as it came is all that the third needs.
    """
    brightness, saturation, contrast = amounts.to(images.dtype).view(-1, 3, 1, 1, 1).unbind(1)
    scale = contrast + saturation + contrast * saturation  # = (1 + contrast) · (1 + saturation) - 1
    shift = brightness - contrast * images.mean((1, 2, 3), keepdim=True)
    if images.shape[1] == 3:
        shift = shift - (1 + contrast) * saturation * images.mean(1, keepdim=True)
    return images + (scale * images + shift)


def translation(images: Tensor, amounts: Tensor) -> Tensor:
    """Move by whole pixels, the outermost rows and columns repeated into what becomes free.

    The paper pads with 0, black in its pictures' range; in [-1, 1] that is a grey bar beside a black or white ground,
    by which D reads the shift off instead of looking at the image. A repeated border goes on with whatever ground
    there is. One gather over flattened pixels: its backward is one scatter (docs/method/augmentation.md has timings).
    """
    n, channels, height, width = images.shape
    down, right = amounts.long().unbind(1)
    rows = (torch.arange(height, device=images.device) - down[:, None]).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) - right[:, None]).clamp(0, width - 1)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).view(n, 1, height * width)
    return images.flatten(2).gather(2, pixels.expand(n, channels, -1)).view_as(images)


def within(count: int, first: Tensor, after: Tensor) -> Tensor:
    """Return bool `[N, count]`: which places lie from `first` `[N, 1]` on and before `after` `[N, 1]`."""
    places = torch.arange(count, device=first.device)
    return (places >= first) & (places < after)


def cutout(images: Tensor, amounts: Tensor) -> Tensor:
    """Fill one rectangle with mid-grey."""
    top, left, bottom, right = amounts.unsqueeze(2).unbind(1)
    in_rows, in_columns = within(images.shape[2], top, bottom), within(images.shape[3], left, right)
    return images.masked_fill((in_rows[:, :, None] & in_columns[:, None, :])[:, None], CUTOUT_FILL)


# In the order of application: cutout last, so that nothing alters its grey.
OF_IMAGES: dict[str, Augmentation] = {
    "flip": Augmentation(
        description="mirrored left and right, half of those on which it fires; wrong for digits, letters and signs",
        numbers=1,
        amounts=flip_amounts,
        apply=flip,
        automatic=False,
    ),
    "colour": Augmentation(
        description="brightness by up to 0.5, contrast times 0.5 to 1.5, saturation of RGB times 0 to 2",
        numbers=3,
        amounts=colour_amounts,
        apply=colour,
    ),
    "translation": Augmentation(
        description="moved by up to 12.5% of the side, the border repeated",
        numbers=2,
        amounts=translation_amounts,
        apply=translation,
    ),
    "cutout": Augmentation(
        description="a square of half the side, anywhere, is mid-grey",
        numbers=2,
        amounts=cutout_amounts,
        apply=cutout,
    ),
}
