"""How fast training goes, and what fits into the memory of a card."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from faussaire.core.config import Config, resolve
from faussaire.core.errors import DeviceError
from faussaire.training.probing import in_parts_that_fit, steady


def test_a_probe_that_was_suspended_measures_the_same_speed() -> None:
    steps = [0.1, 0.2, 0.1, 0.2, 0.1]  # every second one is penalised
    assert steady(steps) == pytest.approx(0.7)
    assert steady([*steps, 3600.0]) == pytest.approx(0.7 + 0.15)


def test_a_batch_is_cut_in_as_few_parts_as_fit_into_the_memory() -> None:
    asked = []

    def measure(config: Config) -> float:
        asked.append(config.shards)
        if (config.shards or 1) < 8:
            raise torch.OutOfMemoryError("no more")
        return 100.0

    config = resolve(None, {"data": "x", "batch_size": 16, "width": 8})
    fitted, found = in_parts_that_fit(config, measure, at_most=16)
    assert (fitted, found) == (replace(config, shards=8), 100.0)
    assert asked == [None, 2, 4, 8]


def test_what_fits_in_no_way_is_told_with_the_way_out() -> None:
    def measure(config: Config) -> float:
        raise torch.OutOfMemoryError("no more")

    config = resolve(None, {"data": "x", "batch_size": 4, "width": 8})
    told = "batch of 4, even in 4 parts: give a smaller --batch-size, --width or --resolution"
    with pytest.raises(DeviceError, match=told):
        in_parts_that_fit(config, measure, at_most=4)
