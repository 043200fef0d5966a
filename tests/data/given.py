"""A prepared set in the order of its source, to compare it with what was written there; training sees another order."""

from __future__ import annotations

import numpy as np

from faussaire.data import Dataset


def images_as_given(dataset: Dataset) -> np.ndarray:
    """Return the images that are trained on, uint8 `[N, C, H, W]`."""
    return dataset.images[_order(dataset)]


def labels_as_given(dataset: Dataset) -> list[int]:
    """Return their labels."""
    assert dataset.labels is not None
    labels: list[int] = dataset.labels[_order(dataset)].tolist()
    return labels


def _order(dataset: Dataset) -> np.ndarray:
    return np.argsort(np.asarray(dataset.images._index))
