"""The share of samples that are what they were asked to be."""

from __future__ import annotations

import pytest
import torch

from faussaire.core.errors import UnmeasurableError
from faussaire.evaluation.extractors import fitted
from faussaire.evaluation.metrics.recognised import least_recognised, recognised
from faussaire.evaluation.protocols import PROTOCOLS, compute


def test_the_share_and_its_interval_are_those_of_what_was_asked_for() -> None:
    asked = torch.tensor([0] * 60 + [1] * 40)
    predicted = torch.tensor([0] * 54 + [1] * 6 + [1] * 20 + [0] * 20)
    share = recognised(predicted, asked, level=0.95)
    assert share.value == pytest.approx(0.74)
    assert 0.64 < share.low < 0.74 < share.high < 0.82
    least = least_recognised(predicted, asked, level=0.95)
    assert least.value == pytest.approx(0.5)
    assert least.high - least.low > 2 * 0.15


def test_predictions_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="same N"):
        recognised(torch.zeros(3), torch.zeros(4), level=0.95)


class Signs:
    """Tells two classes by the sign of the first feature."""

    name, version, sha256, modalities = "sound-cnn", "1", "", ("audio",)
    input_size, dimension, resize, num_classes, num_held_out = 0, 1, "none", 2, 10
    accuracy = recognised(torch.ones(10), torch.ones(10), level=0.95)

    def __call__(self, samples: torch.Tensor) -> torch.Tensor:
        return samples

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        return (features[:, 0] > 0).long()


def test_the_share_of_reals_stands_beside_that_of_samples() -> None:
    fake, real = torch.randn(80, 1, generator=torch.Generator().manual_seed(0)), torch.ones(50, 1)
    protocol = PROTOCOLS["rec2000-sound-cnn"]
    labels = (torch.tensor([1] * 40 + [0] * 10), (fake[:, 0] > 0).long())
    rows = {score.metric: score for score in compute(protocol, real, fake, Signs(), reals="", labels=labels)}
    assert rows["recognised"].value == rows["recognised-least"].value == 1
    assert rows["recognised-real"].value == pytest.approx(0.8)
    with pytest.raises(UnmeasurableError, match="--conditional"):
        compute(protocol, real, fake, Signs(), reals="")


def test_the_recogniser_of_sounds_is_made_from_labelled_data() -> None:
    assert fitted.FITTED["sound-cnn"].labelled
