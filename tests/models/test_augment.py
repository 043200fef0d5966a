"""Every augmentation keeps the promises of its registry; draws are by sample; the strength follows D."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from faussaire.core.errors import ConfigError
from faussaire.core.rng import generator_for
from faussaire.modalities import SampleSpec
from faussaire.models.augment import (
    STRONGEST,
    Draws,
    apply,
    draw,
    next_strength,
    overfits,
    policy_for,
    reason_for,
    speed_for,
)
from faussaire.models.augmentations.images import CUTOUT_FILL
from faussaire.models.augmentations.images import OF_IMAGES as AUGMENTATIONS
from faussaire.models.penalties import squared_gradient

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 24, 40), (4, 9, 7), (2, 64, 64), (1, 1, 1), (3, 2, 3)]
EVERY = tuple(AUGMENTATIONS)
# Amounts that leave a sample alone although the operation fired.
NEUTRAL = {"flip": 0.5, "colour": 0.0, "translation": 1 / 81, "cutout": 0.0}


def random(name: str = "test") -> torch.Generator:
    return generator_for(0, name)


def images(n: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(n, *shape, generator=random("images"), dtype=dtype) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", EVERY)
def test_any_size_and_channels_keep_their_shape_and_stay_finite(name: str, shape: tuple[int, ...]) -> None:
    real = images(16, shape)
    seen = apply(real, draw((name,), 16, shape, 1.0, random()))
    assert seen.shape == real.shape
    assert seen.dtype == real.dtype
    assert torch.isfinite(seen).all()
    most = {"colour": 4.5 if shape[0] == 3 else 2.5}.get(name, 1.0)
    assert seen.abs().max() <= most


@pytest.mark.parametrize("name", EVERY)
def test_at_p_0_images_are_exactly_as_they_were(name: str) -> None:
    real = images(16, (3, 32, 32))
    nothing = draw((name,), 16, (3, 32, 32), 0.0, random())
    assert torch.equal(apply(real, nothing), real)
    # Not only because `apply` passes such a batch by: the operation itself does nothing.
    assert torch.equal(AUGMENTATIONS[name].apply(real, nothing.amounts[name]), real)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 28, 28)])
@pytest.mark.parametrize("name", EVERY)
def test_at_p_1_every_sample_changes_but_for_neutral_amounts(name: str, shape: tuple[int, ...]) -> None:
    n = 2000
    real = images(1, shape).expand(n, *shape)
    draws = draw((name,), n, shape, 1.0, random())
    changed = (apply(real, draws) != real).flatten(1).any(1)
    neutral = (draws.amounts[name] == 0).all(1)
    assert torch.equal(changed, ~neutral)
    share = NEUTRAL[name]
    assert abs(neutral.float().mean() - share) <= 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize("name", EVERY)
def test_what_did_not_fire_is_untouched_beside_what_did(name: str) -> None:
    real = images(2000, (3, 8, 8))
    draws = draw((name,), 2000, (3, 8, 8), 0.3, random())
    neutral = (draws.amounts[name] == 0).all(1)
    assert torch.equal(apply(real, draws)[neutral], real[neutral])
    always = draw((name,), 2000, (3, 8, 8), 1.0, random())
    fired = (~neutral).sum() / (always.amounts[name] != 0).any(1).sum()
    assert abs(fired - 0.3) < 0.06


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9)])
@pytest.mark.parametrize("name", EVERY)
def test_gradients_agree_with_differences_twice(name: str, shape: tuple[int, ...]) -> None:
    draws = draw((name,), 2, shape, 1.0, random("gradcheck"))
    real = images(2, shape, torch.float64).requires_grad_(True)

    def seen(x: Tensor) -> Tensor:
        return apply(x, draws).square()  # the square gives a second derivative that is not 0

    assert torch.autograd.gradcheck(seen, (real,))
    assert torch.autograd.gradgradcheck(seen, (real,))


@pytest.mark.parametrize("name", EVERY)
def test_a_gradient_penalty_goes_through_to_d(name: str) -> None:
    D = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(4 * 36, 1))
    for parameter in D.parameters():
        nn.init.normal_(parameter, std=0.1, generator=random("D"))
    real = images(8, (3, 8, 8)).requires_grad_(True)
    logits = D(apply(real, draw((name,), 8, (3, 8, 8), 1.0, random()))).squeeze(1)
    squared_gradient(logits, real).sum().backward()
    weight = D[0].weight
    assert isinstance(weight, Tensor)
    assert weight.grad is not None
    assert torch.isfinite(weight.grad).all()
    assert weight.grad.abs().sum() > 0


def test_the_same_generator_draws_the_same_and_another_does_not() -> None:
    first, again, other = (draw(EVERY, 64, (3, 32, 32), 0.7, random(stream)) for stream in ("a", "a", "b"))
    for name in EVERY:
        assert torch.equal(first.amounts[name], again.amounts[name])
        assert not torch.equal(first.amounts[name], other.amounts[name])


def test_the_order_of_a_policy_changes_nothing() -> None:
    real = images(8, (3, 16, 16))
    there, back = (draw(policy, 8, (3, 16, 16), 1.0, random()) for policy in (EVERY, EVERY[::-1]))
    assert torch.equal(apply(real, there), apply(real, back))


def test_neither_the_strength_nor_drawing_touches_other_random_states() -> None:
    before = torch.get_rng_state()
    one, other = random(), random()
    weak, strong = draw(EVERY, 500, (3, 16, 16), 0.2, one), draw(EVERY, 500, (3, 16, 16), 0.8, other)
    assert torch.equal(one.get_state(), other.get_state())
    assert torch.equal(torch.get_rng_state(), before)
    for name in EVERY:  # all that fired at 0.2 fires at 0.8, in the same way
        fired = weak.amounts[name] != 0
        assert torch.equal(weak.amounts[name][fired], strong.amounts[name][fired])


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_halves_of_a_batch_become_what_the_whole_becomes(shape: tuple[int, ...]) -> None:
    real = images(10, shape)
    draws = draw(EVERY, 10, shape, 0.8, random())
    whole = apply(real, draws)
    parts = [apply(real[part], draws[part]) for part in (slice(0, 4), slice(4, 10))]
    assert (len(draws), len(draws[0:4]), len(draws[4:10])) == (10, 4, 6)
    assert torch.equal(torch.cat(parts), whole)


def test_an_empty_policy_does_nothing() -> None:
    real = images(4, (1, 8, 8))
    assert apply(real, draw((), 4, (1, 8, 8), 1.0, random())) is real
    assert len(Draws({})) == 0


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown augmentation 'color'; known: flip, colour, translation, cutout"):
        draw(("translation", "color"), 4, (3, 8, 8), 1.0, random())


@pytest.mark.parametrize(("side", "most"), [(28, 4), (32, 4), (64, 8), (128, 16), (3, 0)])
def test_shifts_reach_both_ends_and_no_further(side: int, most: int) -> None:
    shifts = draw(("translation",), 5000, (1, side, 2 * side), 1.0, random()).amounts["translation"]
    assert (shifts[:, 0].min(), shifts[:, 0].max()) == (-most, most)
    assert shifts[:, 1].unique().tolist() == list(range(-int(side / 4 + 0.5), int(side / 4 + 0.5) + 1))
    counts = torch.bincount((shifts[:, 0] + most).long(), minlength=2 * most + 1)
    expected = 5000 / (2 * most + 1)
    assert ((counts - expected).abs() <= 5 * math.sqrt(expected)).all()


def test_a_translated_image_goes_down_and_right_and_keeps_its_ground() -> None:
    real = torch.full((1, 1, 6, 6), -1.0)
    real[0, 0, 2, 3] = 1.0
    real[0, 0, 0, 0] = 0.5
    seen = AUGMENTATIONS["translation"].apply(real, torch.tensor([[2.0, 1.0]]))[0, 0]
    assert seen[4, 4] == 1.0
    assert (seen[:3, :2] == 0.5).all()  # the corner is repeated
    assert (seen.sum() + 1 * (36 - 7)).item() == pytest.approx(1.0 + 6 * 0.5)
    away = AUGMENTATIONS["translation"].apply(real, torch.tensor([[-9.0, 0.0]]))[0, 0]
    assert (away == -1.0).all()


def test_colour_is_the_three_steps_of_the_paper() -> None:
    real = images(5, (3, 7, 6))
    amounts = draw(("colour",), 5, (3, 7, 6), 1.0, random()).amounts["colour"]
    brightness, saturation, contrast = amounts.view(5, 3, 1, 1, 1).unbind(1)
    x = real + brightness
    x = (x - x.mean(1, keepdim=True)) * (1 + saturation) + x.mean(1, keepdim=True)
    x = (x - x.mean((1, 2, 3), keepdim=True)) * (1 + contrast) + x.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(AUGMENTATIONS["colour"].apply(real, amounts), x)


def test_colour_of_one_channel_is_brightness_and_contrast() -> None:
    amounts = draw(("colour",), 100, (1, 8, 8), 1.0, random()).amounts["colour"]
    assert (amounts[:, 1] == 0).all()
    assert (amounts[:, [0, 2]] != 0).all()
    assert amounts.abs().max() <= 0.5


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 7, 5)])
def test_cutout_fills_a_rectangle_that_can_be_anywhere(shape: tuple[int, ...]) -> None:
    real = images(3000, shape) + 3.0
    holes = (apply(real, draw(("cutout",), 3000, shape, 1.0, random())) == CUTOUT_FILL).all(1)
    area = holes.flatten(1).sum(1)
    sizes = [int(side / 2 + 0.5) for side in shape[1:]]
    assert area.max() == sizes[0] * sizes[1]
    assert area.min() >= 1
    assert (holes.float().mean(0) > 0).all()  # every pixel is sometimes hidden …
    assert (holes.float().mean(0) < 0.5).all()  # … and mostly seen


def test_flip_mirrors_left_and_right() -> None:
    real = images(2, (3, 4, 5))
    seen = AUGMENTATIONS["flip"].apply(real, torch.tensor([[1.0], [0.0]]))
    assert torch.equal(seen, torch.stack([real[0].flip(2), real[1]]))


@pytest.mark.parametrize(
    ("num_images", "channels", "policy"),
    [
        (1, 3, ("translation", "colour", "cutout")),
        (1_999, 3, ("translation", "colour", "cutout")),
        (1_999, 1, ("translation", "cutout")),
        (1_999, 4, ("translation", "cutout")),
        (2_000, 3, ("translation",)),
        (19_999, 1, ("translation",)),
        (20_000, 3, ()),
    ],
)
def test_the_policy_follows_the_number_of_images(num_images: int, channels: int, policy: tuple[str, ...]) -> None:
    spec = SampleSpec(modality="image", shape=(channels, 32, 32))
    assert policy_for(num_images, spec) == policy
    assert all(AUGMENTATIONS[name].automatic for name in policy)
    reason = reason_for(num_images, spec)
    assert all(name in reason for name in policy)
    assert f"{num_images:,} image" in reason
    assert ("no augmentation" in reason) == (not policy)


def test_what_is_no_image_is_left_alone_and_no_flip_is_automatic() -> None:
    points = SampleSpec(modality="points", shape=(2,))
    assert policy_for(10, points) == ()
    assert reason_for(10, points) == "no augmentation: none is known for points"
    assert not AUGMENTATIONS["flip"].automatic


def test_d_overfits_where_reals_that_it_never_saw_look_like_fakes_to_it() -> None:
    seen, fake = torch.tensor([0.9, -0.1, 1.2, 0.4]), torch.tensor([-0.9, 0.3, -0.5, -0.5])  # means 0.6 and -0.4
    assert not overfits(seen, seen, fake, 0.1)  # r_v 0
    assert not overfits(seen, seen - 0.49, fake, 0.1)
    assert overfits(seen, seen - 0.51, fake, 0.1)
    assert not overfits(seen, None, fake, 0.1)  # r_t is 2 * 3 / 4 - 1
    assert not overfits(fake, fake - 0.51, seen, 0.0)  # where fakes are placed above reals, r_v says nothing


def test_d_overfits_where_it_is_right_on_nearly_all_reals() -> None:
    logits = torch.arange(20.0)
    assert not overfits(logits, None, logits - 10, 4.5)  # 15 of 20: 0.5
    assert overfits(logits, None, logits - 10, 2.5)
    assert overfits(logits, logits, logits - 10, 2.5)


def test_the_strength_moves_by_a_fixed_step_and_stays_within_its_bounds() -> None:
    assert next_strength(0.5, True, 256, speed_images=10_000) == pytest.approx(0.5256)
    assert next_strength(0.5, False, 256, speed_images=10_000) == pytest.approx(0.4744)
    assert next_strength(0.79, True, 256, speed_images=10_000) == 0.8
    assert next_strength(0.01, False, 256, speed_images=10_000) == 0.0


@pytest.mark.parametrize(
    ("total", "speed"), [(1, 10_000), (50_000, 10_000), (2_000_000, 200_000), (25_000_000, 500_000), (2**62, 500_000)]
)
def test_the_strength_can_arrive_in_a_tenth_of_a_run(total: int, speed: int) -> None:
    assert speed_for(total) == speed
    p = 0.0
    for _ in range(math.ceil(speed / 256)):
        p = next_strength(p, True, 256, speed_images=speed)
    assert p == STRONGEST
