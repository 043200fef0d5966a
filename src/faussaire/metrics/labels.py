"""Which classes does the generator know, and in what shares? Modes and histograms from a classifier's predictions.

    total variation = 1/2 sum |p_c - q_c|  in [0, 1],      KL(fake || real) = sum q_c log(q_c / p_c)  in nats

with p and q the shares of class c among the predictions for reals and for fakes. Both are biased upwards at finite n
(by about sqrt(C / (2 pi n)) for the first); the interval of the total variation is centred on the estimate less its
bias as the jackknife sees it. The count of modes goes back to Srivastava et al. 2017 (VEEGAN), arXiv 1705.07761.
"""

from __future__ import annotations

import torch
from torch import Tensor


def class_histogram(labels: Tensor, *, num_classes: int) -> Tensor:
    """Return how many of labels [N] fall into each class: int64 [num_classes].

    Raises:
        ValueError: there are no labels, or one lies outside [0, num_classes).
    """
    if labels.ndim != 1 or labels.numel() == 0:
        raise ValueError(f"labels must be [N] with N >= 1, not {list(labels.shape)}")
    if int(labels.min()) < 0 or int(labels.max()) >= num_classes:
        raise ValueError(f"a label lies outside 0 .. {num_classes - 1}")
    return torch.bincount(labels, minlength=num_classes)
