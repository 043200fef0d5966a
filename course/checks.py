"""What tells a reader whether an exercise is right, and if not which mistake it is.

Answers are tested by numbers and properties, never by names of layers: functions of training are called with stubs, a G
that makes zeros and a D that returns its input, for which losses and steps are known exactly. Each usual mistake has
numbers of its own, so that it can be named. An answer that is not right yet never stops a notebook: `Answer.use` is the
reader's own where it is right, and ours where not.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import answers
from words import Words

RIGHT, WRONG = "✓", "✗"
COLOURS = {True: "#1b7f79", False: "#c8553d"}
REAL = torch.tensor([[2.0], [1.0], [-0.5]])
Z = torch.tensor([[1.0], [2.0], [0.5]])
BIAS = 0.5
"""Of the D of step 2, so that labels of 0 and of 1 give different losses for fakes of 0."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What there is to say of an exercise."""

    right: bool
    texts: tuple[str, ...]
    """What was found, a sentence each."""
    use: Any
    """What the notebook goes on with: the reader's answer if it is right, or else ours."""

    def __repr__(self) -> str:
        return "\n".join(f"{RIGHT if self.right else WRONG} {text}" for text in self.texts)

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in repr(self).splitlines())
        colour = COLOURS[self.right]
        return f'<div style="border-left: 4px solid {colour}; padding: 0.4em 0.8em; color: {colour}">{lines}</div>'


class Line(nn.Module):
    """A stub of one weight and one bias: weight 0 makes zeros of anything, weight 1 is the identity."""

    def __init__(self, weight: float, bias: float = 0.0, *, sigmoid: bool = False) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(bias))
        self.sigmoid = sigmoid

    def forward(self, x: Tensor) -> Tensor:
        """Return weight · x + bias, as a probability where D ends so."""
        logits = self.weight * x + self.bias
        return logits.sigmoid() if self.sigmoid else logits


Step = Callable[[nn.Module, nn.Module, torch.optim.Optimizer, Tensor, Tensor], Any]


def find_in_step_1(step: Step, *, sigmoid: bool = False) -> list[str]:
    """Name the mistakes in `step(G, D, optimizer of D, real, z)`, which returns the loss of D; none if it is right."""
    G, D = Line(0.0), Line(1.0, sigmoid=sigmoid)
    real, fake = softplus(-REAL).mean().item(), softplus(torch.zeros(())).item()
    mistakes = {"swapped": softplus(REAL).mean().item() + fake, "only-real": real, "only-fake": fake}
    loss, failed = _run(step, G, D, torch.optim.SGD(D.parameters(), lr=0.1), REAL, Z)
    if failed:
        return failed
    found = ["not-detached"] if _is_touched(G, (0.0, 0.0)) else []
    found += _by_its_loss(loss, real + fake, mistakes)
    return found or _by_its_move(D, (1.0, 0.0), lambda D: softplus(-_logits(D, REAL)).mean() + softplus(D.bias))


def find_in_step_2(step: Step, *, sigmoid: bool = False) -> list[str]:
    """Name the mistakes in `step(G, D, optimizer of G, z)`, which returns the loss of G; none if it is right."""
    G, D = Line(0.0), Line(1.0, BIAS, sigmoid=sigmoid)
    right, other = softplus(torch.tensor(-BIAS)).item(), softplus(torch.tensor(BIAS)).item()
    loss, failed = _run(step, G, D, torch.optim.SGD([*G.parameters()], lr=0.1), Z)
    if failed:
        return failed
    found = ["not-frozen"] if _is_touched(D, (1.0, BIAS)) else []
    found += [] if all(p.requires_grad for p in D.parameters()) else ["still-frozen"]
    found += _by_its_loss(loss, right, {"swapped-2": other, "saturating": -other})
    return found or _by_its_move(G, (0.0, 0.0), lambda G: softplus(-(_logits(G, Z) + BIAS)).mean())


def _run(step: Callable[..., Any], *stubs: Any) -> tuple[float, list[str]]:
    """Return the loss that a step returned; or the mistake for which there is none."""
    before = [p.detach().clone() for module in stubs[:2] for p in module.parameters()]
    try:
        loss = step(*stubs)
    except RuntimeError as error:
        return 0.0, ["cut" if "does not require grad" in str(error) else f"raises:{error}"]
    except Exception as error:
        return 0.0, [f"raises:{type(error).__name__}: {error}"]
    if loss is None or loss is ...:
        after = [p for module in stubs[:2] for p in module.parameters()]
        is_moved = any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
        return 0.0, ["nothing-returned" if is_moved else "empty"]
    return float(_numbers(loss)[0]) if len(_numbers(loss)) == 1 else math.nan, []


def _by_its_loss(loss: float, right: float, mistakes: Mapping[str, float]) -> list[str]:
    """Name the mistake whose loss it is; the mean of both halves is as good as their sum."""
    near = [name for name, value in {"": right, "half": right / 2, **mistakes}.items() if abs(loss - value) < 1e-4]
    if not near:
        return [f"other-loss:{loss:.4f}:{right:.4f}"]
    return [] if near[0] in ("", "half") else [near[0]]


def _by_its_move(network: Line, before: tuple[float, float], loss: Callable[[Line], Tensor]) -> list[str]:
    """Say whether the network went down the slope of its loss."""
    fresh = Line(*before)
    slope = torch.stack(torch.autograd.grad(loss(fresh), [fresh.weight, fresh.bias]))
    move = torch.stack([network.weight, network.bias]).detach() - torch.tensor(before)
    if not move.any():
        return ["no-step"]
    return [] if float((move * slope).sum()) < 0 else ["uphill"]


def _logits(line: Line, x: Tensor) -> Tensor:
    return line.weight * x + line.bias


def _is_touched(network: Line, before: tuple[float, float]) -> bool:
    """Say whether a network that was to stay as it is has moved, or holds a gradient that the next step would take."""
    moved = (network.weight.item(), network.bias.item()) != before
    return moved or any(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def find_in_shares(shares: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `shares(D, real, fake)`, which returns how often D is right on real and on fake."""
    fake = torch.tensor([[-1.0], [-2.0], [3.0], [-0.5]])
    returned, failed = _call(shares, Line(1.0), REAL, fake)
    if failed:
        return failed
    numbers = _numbers(returned)
    if len(numbers) != 2:
        return ["two-numbers"]
    mistakes = {"": (2 / 3, 3 / 4), "swapped-shares": (3 / 4, 2 / 3), "in-percent": (200 / 3, 75.0)}
    mistakes |= {"wrong-side": (1 / 3, 1 / 4), "fake-as-real": (2 / 3, 1 / 4), "counts": (2.0, 3.0)}
    near = [name for name, right in mistakes.items() if np.allclose(numbers, right, atol=1e-4)]
    if not near:
        return ["other-shares:{:.3f}:{:.3f}".format(*numbers)]
    return [near[0]] if near[0] else []


def _call(function: Callable[..., Any], *inputs: Any) -> tuple[Any, list[str]]:
    """Return what a function returned; or the mistake for which there is nothing."""
    try:
        returned = function(*inputs)
    except Exception as error:
        return None, [f"raises:{type(error).__name__}: {error}"]
    return returned, ["empty"] if returned is None or returned is ... else []


def _numbers(value: Any) -> np.ndarray:
    """Return a number, or several, in whatever dress, as float64 `[n]`; none if it is no such thing."""
    try:
        parts = value if isinstance(value, list | tuple) else [value]
        return np.array([float(part.detach() if isinstance(part, Tensor) else part) for part in parts])
    except (TypeError, ValueError, RuntimeError):
        return np.empty(0)


@dataclass(frozen=True)
class Checks:
    """The checks of all exercises, in one language."""

    language: str

    def step_1(self, step: Step, *, sigmoid: bool = False) -> Answer:
        """Check the step of D; `sigmoid` where D returns probabilities, and not logits."""
        ours = answers.step_1_by_probability if sigmoid else answers.step_1
        return self._answer("step-1", step, ours, find_in_step_1(step, sigmoid=sigmoid))

    def step_2(self, step: Callable[..., Any], *, sigmoid: bool = False) -> Answer:
        """Check the step of G."""
        ours = answers.step_2_by_probability if sigmoid else answers.step_2
        return self._answer("step-2", step, ours, find_in_step_2(step, sigmoid=sigmoid))

    def shares_right(self, shares: Callable[..., Any]) -> Answer:
        """Check the count of how often D is right."""
        return self._answer("shares", shares, answers.shares_right, find_in_shares(shares))

    def _answer(self, exercise: str, theirs: Any, ours: Any, found: Sequence[str]) -> Answer:
        """Say what was found in the reader's answer: names in `words.toml`, with values behind colons."""
        words = Words(self.language, "checks")
        if not found:
            return Answer(right=True, texts=(words(f"{exercise}-right"),), use=theirs)
        texts = []
        for finding in found:
            name, *values = finding.split(":", 1 if finding.startswith("raises") else -1)
            texts.append(words(name, **{f"v{number}": value for number, value in enumerate(values)}))
        return Answer(right=False, texts=(*texts, words("ours")), use=ours)
