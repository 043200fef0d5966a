import torch

from faussaire.modalities import SampleSpec
from faussaire.models.architectures.lean import BINOMIAL, LeanGenerator, smoothed


def test_a_filter_of_1_2_1_leaves_flat_maps_alone_and_nothing_of_two_pixels_period() -> None:
    weights = torch.tensor(BINOMIAL)
    flat = torch.full((2, 3, 6, 8), 0.7)
    assert torch.allclose(smoothed(flat, weights), flat)
    stripes = torch.tensor([1.0, -1.0]).repeat(4).expand(1, 1, 8, 8)
    for period_of_two in (stripes, stripes.mT, stripes * stripes.mT):
        assert smoothed(period_of_two, weights)[..., 1:-1, 1:-1].abs().max() < 1e-6


def test_a_filter_spreads_a_point_by_one_four_and_sixteenths_and_repeats_edges() -> None:
    point = torch.zeros(1, 1, 5, 5)
    point[0, 0, 2, 2] = point[0, 0, 0, 0] = 16
    made = smoothed(point, torch.tensor(BINOMIAL))[0, 0]
    assert made[1:4, 1:4].tolist() == [[2, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert made[0, :2].tolist() == [9, 3]


def test_only_images_above_32_pixels_are_filtered() -> None:
    for side, filtered in ((28, False), (32, False), (48, True), (64, True)):
        G = LeanGenerator(SampleSpec(modality="image", shape=(3, side, side)), 16, 0, 4)
        G.initialise(torch.Generator().manual_seed(0))
        assert ("binomial" in G.state_dict()) == filtered
        made = G(torch.randn(8, 16, generator=torch.Generator().manual_seed(1))).detach()
        power = torch.fft.fft2(made).abs().square().mean((0, 1))
        at_nyquist, all_over = power[side // 2].mean(), power.mean()
        assert (at_nyquist < 0.1 * all_over) == filtered
