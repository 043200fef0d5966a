"""Places in latent space, as an address can name them.

A sample of a seed is `7.3`: seed 7, number 3 of those that `/api/generate?seed=7` makes, counted from 0. Sums are
written out: `7.3-9.1+2.0` is latent arithmetic (Radford et al. 2016, arXiv 1511.06434, section 6.3.2), and
`7.3*0.9+55.2*0.44` a neighbour of 7.3. The prior is a Gaussian, whose samples lie near a sphere: a sum is brought
back to the mean length of its terms, and a walk goes along great circles (White 2016, arXiv 1609.04468, section 2.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from faussaire.core.errors import RequestError
from faussaire.views.web.api.generate import MAX_N, MAX_SEED, drawn

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.generation.generator import Generator

MAX_TERMS = 8
TERM = re.compile(r"([+-]?)(\d{1,19})\.(\d{1,3})(?:\*(\d{1,2}(?:\.\d{1,6})?))?")


def latent_at(generator: Generator, expression: str) -> tuple[Tensor, Tensor | None]:
    """Return the latent `[z_dim]` that an expression names, and the class `[]` of its first term, if it has any.

    Raises:
        RequestError: it names none.
    """
    import torch

    terms = list(TERM.finditer(expression))
    if "".join(term.group() for term in terms) != expression or not 1 <= len(terms) <= MAX_TERMS:
        raise RequestError(
            422, "z: up to {most} terms such as 7.3 (seed 7, sample 3) or 7.3-9.1+2.0*0.5", most=MAX_TERMS
        )
    if any(not term[1] for term in terms[1:]):
        raise RequestError(422, "z: terms are joined by + or -")
    parts, classes, weights = [], [], []
    for sign, seed, index, weight in (term.groups() for term in terms):
        if int(seed) > MAX_SEED or int(index) >= MAX_N:
            raise RequestError(
                422, "z: a seed is at most {most}, and a sample's number below {n}", most=str(MAX_SEED), n=MAX_N
            )
        z, labels, _ = drawn(generator, int(seed), int(index) + 1)
        parts.append(z[-1])
        classes.append(None if labels is None else labels[-1])
        weights.append(float(weight or 1) * (-1 if sign == "-" else 1))
    stacked = torch.stack(parts)
    if len(parts) == 1:
        return stacked[0] * weights[0], classes[0]
    total = (stacked * torch.tensor(weights)[:, None]).sum(0)
    brought_back: Tensor = total * (stacked.norm(dim=1).mean() / total.norm().clamp_min(1e-9))
    return brought_back, classes[0]


def walk(points: Tensor, frames: int) -> Tensor:
    """Return latents `[about frames, z_dim]` on a closed way through `points` `[P, z_dim]`, along great circles."""
    import torch

    legs = []
    per_leg = max(1, frames // len(points))
    share = torch.arange(per_leg)[:, None] / per_leg
    for start, end in zip(points, points.roll(-1, 0), strict=True):
        cosine = torch.dot(start, end) / (start.norm() * end.norm()).clamp_min(1e-9)
        angle = torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))
        legs.append((((1 - share) * angle).sin() * start + (share * angle).sin() * end) / angle.sin())
    return torch.cat(legs)
