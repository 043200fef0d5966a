from pathlib import Path

import pytest
import torch
from torch import Tensor

from faussaire import Generator
from faussaire.generation.export.page.trace import program_of
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import architecture
from faussaire.models.truncation import HasHiddenLayer, Truncated, mean_of_leaky_relu

Z_DIM, CLASSES = 20, 3
SPEC = SampleSpec(modality="image", shape=(1, 8, 8), classes=("a", "b", "c"))


def pair(name: str, num_classes: int = CLASSES) -> torch.nn.Module:
    G = architecture(name, SPEC).generator(SPEC, Z_DIM, num_classes, 4)
    G.initialise(torch.Generator().manual_seed(3))
    return G.eval().requires_grad_(False)


def drawn(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(n, Z_DIM, generator=generator), torch.randint(CLASSES, (n,), generator=generator)


@pytest.mark.parametrize("mean", [-2.0, 0.0, 0.7])
def test_the_mean_of_a_leaky_relu_is_that_of_a_million_draws(mean: float) -> None:
    x = mean + 1.5 * torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    exact = mean_of_leaky_relu(torch.tensor(mean), torch.tensor(1.5), 0.2)
    assert torch.nn.functional.leaky_relu(x, 0.2).mean() == pytest.approx(float(exact), abs=0.005)


def test_the_mean_of_the_hidden_layer_of_lean_is_that_of_many_latents_of_each_class() -> None:
    G, (z, _) = pair("lean"), drawn(200_000)
    assert isinstance(G, HasHiddenLayer)
    for label in range(CLASSES):
        found = G.hidden_of(z, torch.full((len(z),), label)).mean(0)
        assert (found - G.mean_hidden()[label]).abs().max() < 0.02


@pytest.mark.parametrize("name", ["lean", "hybrid", "dense"])
def test_a_truncation_of_1_changes_no_bit(name: str) -> None:
    G, (z, labels) = pair(name), drawn(16)
    assert torch.equal(Truncated(G)(z, torch.tensor(1.0), labels), G(z, labels))


def test_a_truncation_of_0_makes_one_sample_of_each_class_and_half_of_it_less_variety() -> None:
    G, (z, labels) = Truncated(pair("lean")), drawn(300)
    means = [G(z, torch.tensor(0.0), labels)[labels == label] for label in range(CLASSES)]
    assert all(torch.equal(mean, mean[:1].expand_as(mean)) for mean in means)
    assert not torch.equal(means[0][0], means[1][0])
    none = torch.zeros_like(labels)
    spread = [G(z, torch.tensor(share), none).std(0).mean().item() for share in (0.25, 0.5, 1.0)]
    assert spread[0] < 0.8 * spread[1] < 0.8 * spread[2]


def test_each_sample_may_have_a_truncation_of_its_own() -> None:
    G, (z, labels) = Truncated(pair("lean")), drawn(3)
    shares = torch.tensor([0.0, 0.5, 1.0])
    together = G(z, shares, labels)
    alone = [G(z[i : i + 1], shares[i], labels[i : i + 1]) for i in range(3)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-6)


def test_a_page_takes_the_truncation_between_latent_and_class() -> None:
    program = program_of(pair("lean"), Z_DIM, CLASSES)
    assert [program.shapes[number] for number in program.inputs] == [(1, Z_DIM), (), (1,)]


def test_samples_of_a_generator_are_those_of_its_network_behind_the_truncation(tmp_path: Path) -> None:
    G = pair("lean", 0)
    generator = Generator(G, SPEC, z_dim=Z_DIM, name="x", nimg=0)
    z, _ = next(generator.inputs(4, 9))
    expected = generator.modality.to_array(Truncated(G)(z, torch.tensor(0.5)))
    assert (generator.sample(4, seed=9, truncation=0.5) == expected).all()
