"""Every architecture can be taken elsewhere: its graph makes what torch makes."""

from __future__ import annotations

import pytest
import torch

from faussaire.core.errors import ExportError
from faussaire.generation.export._graph import difference, graph
from faussaire.generation.export.page.trace import program_of
from faussaire.generation.generator import Generator
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import architectures, build_generator
from toy import image_spec, music_spec, text_spec

Z_DIM = 10
SPECS = {
    "image": [image_spec(12, 3, ("a", "b")), image_spec(36, 3, ("a", "b"))],
    "music": [music_spec(2, 24, ("a", "b"))],
    "text": [text_spec(5, 4, ("a", "b"))],
}
"""Samples of each kind of data, with classes: large ones may be made otherwise than small ones. An architecture that
makes another kind needs one here."""
CASES = [
    pytest.param(name, spec, id=f"{name}-{'x'.join(map(str, spec.shape))}")
    for name, made in architectures().items()
    for spec in SPECS[(made.modalities or ("image",))[0]]
]


def generator_of(name: str, spec: SampleSpec) -> Generator:
    """A generator of an architecture in which every layer counts: none is at the 0 or 1 that it begins at."""
    G = build_generator(name, spec, z_dim=Z_DIM, seed=1, num_classes=len(spec.classes))
    random = torch.Generator().manual_seed(0)
    for tensor in G.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(0.1 * torch.rand(tensor.shape, generator=random))
    return Generator(G, spec, z_dim=Z_DIM, name="noise", nimg=0, class_shares=(0.5, 0.5), architecture=name)


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_the_graph_makes_the_samples_that_torch_makes(name: str, spec: SampleSpec) -> None:
    """On 1,000 latents of both classes, in batches of 1, 99 and 100, truncated or not."""
    generator = generator_of(name, spec)
    found = difference(graph(generator).SerializeToString(), generator)
    assert found.largest < 1e-4 or (found.discrete and found.others <= 5)


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_a_generator_is_made_of_layers_that_the_page_can_run(name: str, spec: SampleSpec) -> None:
    """That the page computes what torch computes is tested in a browser: tests/browser/test_exported_page.py."""
    generator = generator_of(name, spec)
    program = program_of(generator.module, Z_DIM, 2)
    assert program.shapes[program.output] == (1, *generator.spec.shape)
    assert len(program.inputs) == 3  # latent, truncation, class


def test_an_architecture_with_a_layer_that_cannot_be_exported_says_so() -> None:
    class Drum(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.special.bessel_j0(z)

    generator = Generator(Drum(), image_spec(8, 1), z_dim=64, name="noise", nimg=0, architecture="drum")
    with pytest.raises(ExportError, match="'drum' has a layer that cannot be exported"):
        graph(generator)
