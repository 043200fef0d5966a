"""Every architecture keeps the promises that the rest of faussaire relies on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from faussaire.core.errors import ConfigError
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import (
    architecture,
    architectures,
    build_discriminator,
    build_generator,
    seed_dropout,
)
from toy import POINTS, image_spec, music_spec, text_spec

Z_DIM = 10
SPECS = {
    "image": [image_spec(8, 1), image_spec(28, 1), image_spec(32, 3), image_spec(48, 3), image_spec(28, 1, ("a", "b"))],
    "music": [music_spec(4, 48, single=True), music_spec(1, 36, single=False), music_spec(2, 24, ("a", "b"))],
    "text": [text_spec(3, 2), text_spec(26, 9), text_spec(60, 40, ("a", "b"))],
}


def specs_of(name: str) -> list[SampleSpec]:
    """Return some specs of each kind of data that an architecture makes."""
    able = architectures()[name].modalities or tuple(SPECS)
    return [spec for kind, specs in SPECS.items() if kind in able for spec in specs]


PAIRS = [(name, spec) for name in architectures() for spec in specs_of(name)] + [("dense", POINTS)]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}-{'x'.join(map(str, pair[1].shape))}-{len(pair[1].classes)}")
def pair(request: pytest.FixtureRequest) -> tuple[torch.nn.Module, torch.nn.Module, SampleSpec]:
    name, spec = request.param
    D = build_discriminator(name, spec, seed=1)
    seed_dropout(D, torch.Generator().manual_seed(0))
    return build_generator(name, spec, z_dim=Z_DIM, seed=1), D, spec


def test_shapes_and_range(pair) -> None:
    G, D, spec = pair
    fake = G(torch.randn(5, Z_DIM, generator=torch.Generator().manual_seed(0)))
    assert fake.shape == (5, *spec.shape)
    assert D(fake).shape == (5,)
    assert G.eval()(10 * torch.randn(5, Z_DIM, generator=torch.Generator().manual_seed(0))).abs().max() <= 1


def test_gradients_reach_every_parameter(pair) -> None:
    G, D, _ = pair
    # Branches that begin at 0 pass no gradient until their last layer has moved.
    for step in range(2):
        D(G(torch.randn(8, Z_DIM, generator=torch.Generator().manual_seed(step)))).sum().backward()
        if step == 0:
            with torch.no_grad():
                for parameter in (*G.parameters(), *D.parameters()):
                    parameter.add_(parameter.grad, alpha=-1e-3)
                    parameter.grad = None
    still = [n for m in (G, D) for n, p in m.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_second_derivative_reaches_the_weights_of_d(pair) -> None:
    _, D, spec = pair
    real = torch.rand(4, *spec.shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)
    gradient.flatten(1).square().sum().backward()
    weights = [p.grad for p in D.parameters() if p.dim() > 1]
    assert all(g is not None and torch.isfinite(g).all() for g in weights)
    assert any(g.abs().sum() > 0 for g in weights)


def test_same_seed_same_networks_and_another_seed_others(pair) -> None:
    G, _, spec = pair
    name = next(n for n in architectures() if type(G).__module__.endswith(n))
    again = build_generator(name, spec, z_dim=Z_DIM, seed=1).state_dict()
    other = build_generator(name, spec, z_dim=Z_DIM, seed=2).state_dict()
    assert all(torch.equal(tensor, again[key]) for key, tensor in G.state_dict().items())
    assert not all(torch.equal(tensor, other[key]) for key, tensor in G.state_dict().items())


def test_every_tensor_is_initialised_and_the_global_random_state_is_left_alone(pair) -> None:
    G, D, spec = pair
    name = next(n for n in architectures() if type(G).__module__.endswith(n))
    before = torch.get_rng_state()
    build_generator(name, spec, z_dim=Z_DIM, seed=3)
    build_discriminator(name, spec, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.isfinite(t).all() and t.abs().max() < 100 for m in (G, D) for t in m.state_dict().values())


def test_samples_in_evaluation_do_not_depend_on_their_neighbours(pair) -> None:
    G, _, _ = pair
    G.eval()
    z = torch.randn(6, Z_DIM, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(G(z)[:2], G(z[:2]), atol=1e-4)


def test_networks_treat_samples_one_by_one_where_they_say_so(pair) -> None:
    G, D, spec = pair
    z = torch.randn(6, Z_DIM, generator=torch.Generator().manual_seed(0))
    samples = torch.rand(6, *spec.shape, generator=torch.Generator().manual_seed(1))
    for network, x in ((G, z), (D, samples)):
        alone = torch.cat([network(x[:3]), network(x[3:])])
        seed_dropout(network, torch.Generator().manual_seed(0))
        assert torch.allclose(network(x), alone, atol=1e-5) == network.per_sample


@pytest.mark.parametrize("name", architectures())
def test_a_conditional_pair_makes_and_judges_samples_of_a_class(name: str) -> None:
    spec = replace(specs_of(name)[-1], classes=("a", "b", "c"))
    G = build_generator(name, spec, z_dim=Z_DIM, seed=1, num_classes=3).eval()
    D = build_discriminator(name, spec, seed=1, num_classes=3).eval()
    z = torch.randn(1, Z_DIM, generator=torch.Generator().manual_seed(0)).expand(3, -1)
    samples = G(z, torch.arange(3))
    assert not torch.allclose(samples[0], samples[1])
    logits = torch.stack([D(samples, torch.full((3,), label)) for label in range(3)], dim=1)
    assert logits.shape == (3, 3)
    assert torch.allclose(D(samples), logits.amax(1))  # without labels, the class that it likes best
    with pytest.raises(ValueError, match="the class of each sample"):
        G(z)


@pytest.mark.parametrize("name", [n for n in architectures() if architectures()[n].modalities == ("image",)])
def test_a_resolution_that_cannot_be_made_is_refused_with_those_that_can(name: str) -> None:
    with pytest.raises(ConfigError, match="--resolution 28 or 32"):
        architecture(name, image_spec(30, 1))
    with pytest.raises(ConfigError, match="dense can"):
        architecture(name, POINTS)


def test_an_unknown_architecture_is_answered_with_a_near_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'dense'"):
        architecture("dens", image_spec(28, 1))


def test_the_chapters_networks_have_the_chapters_sizes() -> None:
    """Counted by hand from the chapter's layers at 28×28×1 and 100 latents."""

    def count(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    spec = image_spec(28, 1)
    dense_G = (100 * 512 + 512) + (512 * 256 + 256) + (256 * 128 + 128) + (128 * 784 + 784) + 2 * (512 + 256 + 128)
    dense_D = (784 * 256 + 256) + (256 * 128 + 128) + (128 * 64 + 64) + 65
    conv_G = (100 * 6272 + 6272) + 2 * 128 + (128 * 64 * 25 + 64) + 2 * 64 + (64 * 25 + 1)
    conv_D = (64 * 25 + 64) + (64 * 128 * 25 + 128) + (6272 + 1)
    assert count(build_generator("dense", spec, z_dim=100, seed=0)) == dense_G
    assert count(build_discriminator("dense", spec, seed=0)) == dense_D
    assert count(build_generator("conv", spec, z_dim=100, seed=0)) == conv_G
    assert count(build_discriminator("conv", spec, seed=0)) == conv_D


def test_a_hybrid_D_is_as_wide_at_its_smallest_map_whatever_the_side() -> None:
    channels = {
        side: [conv.out_channels for conv in build_discriminator("hybrid", image_spec(side, 3), seed=0, width=16).convs]
        for side in (28, 64, 256)
    }
    assert channels == {28: [32, 64], 64: [16, 32, 64], 256: [4, 8, 16, 32, 64]}


def test_a_hybrid_G_paints_its_shapes_before_any_detail() -> None:
    G = build_generator("hybrid", image_spec(64, 3), z_dim=10, seed=0)
    z = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
    last = G.shuffled[-1]
    torch.nn.init.zeros_(last.weight)
    image = G.eval()(z)
    smooth = torch.nn.functional.interpolate(image[..., ::2, ::2], scale_factor=2, mode="bilinear")
    assert image.std() > 0.1
    assert (image - smooth).std() < 0.5 * image.std()
