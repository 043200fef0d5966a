"""The power at the finest period of the pixels: on patterns whose spectrum is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faussaire.evaluation.extractors.nyquist import NyquistExtractor
from faussaire.evaluation.metrics.grid import ratio_of_means

ROUNDING = (2 / 255) ** 2 / 12


def smooth(n: int, side: int = 32, *, seed: int = 0) -> Tensor:
    """Return images of low frequencies and a little noise, 8-bit, `[n, 3, side, side]` in [-1, 1]."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, 3, 4, 4, generator=random)
    images = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False) / 4
    images += 0.02 * torch.randn(images.shape, generator=random)
    return ((images.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def stripes(side: int, *, rows: bool) -> Tensor:
    """Return a pattern that changes its sign with each row, or column: `[side, side]`."""
    signs = 1 - 2 * (torch.arange(side) % 2)
    return signs[:, None].expand(side, side) if rows else signs.expand(side, side)


def test_the_powers_are_those_of_the_discrete_fourier_transform() -> None:
    images = smooth(5, 24)
    spectrum = torch.fft.fft2(images.double()).abs().square()  # Parseval: a row of it sums to side · Σ squares
    expected = torch.stack([spectrum[:, :, 12].mean((1, 2)), spectrum[:, :, :, 12].mean((1, 2))], 1) / 24**2
    assert NyquistExtractor()(images).double() - ROUNDING == pytest.approx(expected, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("side", [32, 27])
def test_a_grid_of_two_pixels_is_seen_in_the_direction_that_it_has(side: int) -> None:
    reals = smooth(200, side)
    gridded = smooth(200, side, seed=1) + 0.1 * stripes(side, rows=True)
    real, fake = (NyquistExtractor()(images) for images in (reals, gridded))
    assert ratio_of_means(real[:, 0], fake[:, 0]).low > 12
    assert ratio_of_means(real[:, 1], fake[:, 1]).value == pytest.approx(1.0, abs=0.1)


def test_a_checkerboard_is_seen_in_both_directions_and_a_coarser_weave_in_none() -> None:
    reals, clean = smooth(200), smooth(200, seed=1)
    checkers = clean + 0.1 * stripes(32, rows=True) * stripes(32, rows=False)
    weave = clean + 0.1 * stripes(16, rows=True).repeat_interleave(2, 0).repeat_interleave(2, 1)
    real = NyquistExtractor()(reals)
    for images, found in ((checkers, True), (weave, False)):
        fake = NyquistExtractor()(images)
        for i in range(2):
            assert (ratio_of_means(real[:, i], fake[:, i]).low > 1.5) == found


def test_an_image_of_reals_is_as_strong_as_another_and_the_interval_says_so() -> None:
    real, other = NyquistExtractor()(smooth(400)), NyquistExtractor()(smooth(400, seed=1))
    ratio = ratio_of_means(real[:, 0], other[:, 0])
    assert ratio.low < 1 < ratio.high < 1.1


def test_a_blur_is_below_one() -> None:
    reals = smooth(100)
    blurred = torch.nn.functional.avg_pool2d(reals, 3, stride=1, padding=1)
    real, fake = NyquistExtractor()(reals), NyquistExtractor()(blurred)
    assert ratio_of_means(real[:, 0], fake[:, 0]).high < 0.5


def test_reals_without_any_such_power_leave_what_rounding_adds() -> None:
    flat = torch.zeros(10, 1, 16, 16)
    assert NyquistExtractor()(flat) == pytest.approx(torch.full((10, 2), ROUNDING))
