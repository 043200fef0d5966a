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
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import answers
from faussaire.core.config import resolve
from faussaire.core.errors import FaussaireError
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import Numbers
from faussaire.views.verdict import in_words, verdict_on
from faussaire.views.words import words_for
from words import Words, speak

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


def find_in_generator(new: Callable[[], Any], *, shape: tuple[int, ...], z_dim: int = 100) -> list[str]:
    """Name the mistakes in `new()`, which returns a G that makes samples `[n, *shape]` in [-1, 1]."""
    G, failed = _call(new)
    if failed:
        return failed
    z = 3 * torch.randn(8, z_dim, generator=torch.Generator().manual_seed(0))
    made, failed = _call(G, z)
    if failed:
        return failed
    if not isinstance(made, Tensor) or tuple(made.shape) != (8, *shape):
        return [f"other-shape:{tuple(getattr(made, 'shape', ()))}:{(8, *shape)}"]
    lowest, highest = made.min().item(), made.max().item()
    if lowest < -1 or highest > 1 or (lowest >= 0 and made.std() > 0):
        return [f"out-of-range:{lowest:.2f}:{highest:.2f}"]
    return [] if made.std(0).max() > 1e-6 else ["all-alike"]


def find_in_choice(only: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `only(images, labels, wanted)`, which returns the images of one class."""
    images, labels = np.arange(6).reshape(6, 1, 1, 1), np.array([7, 3, 7, 0, 3, 7])
    returned, failed = _call(only, images, labels, 7)
    if failed:
        return failed
    found = np.asarray(returned)
    if found.dtype == bool or found.ndim != images.ndim:
        return ["mask-or-places"]
    by_number = {(0, 2, 5): [], (1, 3, 4): ["others-kept"]}
    return by_number.get(tuple(found.ravel().tolist()), ["other-images"])


def find_in_way(between: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `between(a, b, n)`, which returns latents `[n, z_dim]` from a to b, both included."""
    a, b = torch.tensor([0.0, 2.0, -1.0]), torch.tensor([4.0, 0.0, -1.0])
    way, failed = _call(between, a, b, 5)
    if failed:
        return failed
    if not isinstance(way, Tensor) or tuple(way.shape) != (5, 3):
        return [f"other-shape:{tuple(getattr(way, 'shape', ()))}:(5, 3)"]
    if torch.allclose(way.flip(0), torch.lerp(a, b, torch.linspace(0, 1, 5)[:, None]), atol=1e-5):
        return ["backwards"]
    if not torch.allclose(way[[0, -1]], torch.stack([a, b]), atol=1e-5):
        return ["ends-missing"]
    steps = way.diff(dim=0).norm(dim=1)
    return [] if steps.max() < 1.2 * steps.min() else ["uneven"]


def find_in_names(first_named: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `first_named(data, n)`, which returns n images and the name of the class of each."""
    data = SimpleNamespace(
        images=np.arange(5 * 4, dtype=np.uint8).reshape(5, 1, 2, 2),
        labels=np.array([1, 0, 2, 2, 0]),
        spec=SimpleNamespace(classes=("boot", "bag", "coat")),
    )
    returned, failed = _call(first_named, data, 4)
    if failed:
        return failed
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return ["images-and-names"]
    images, names = np.asarray(returned[0]), [str(name) for name in returned[1]]
    if len(images) != 4 or len(names) != 4:
        return [f"other-number:{len(images)}:{len(names)}"]
    if names == ["1", "0", "2", "2"]:
        return ["numbers-not-names"]
    return [] if names == ["bag", "boot", "coat", "coat"] and images.ravel()[0] == 0 else ["other-names"]


def find_in_nearest(nearest: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `nearest(fakes, reals)`, which returns the place of the real nearest to each fake."""
    reals = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [6.0, 6.0]])
    fakes = torch.tensor([[9.0, 1.0], [0.0, 10.0], [1.0, 1.0]])
    returned, failed = _call(nearest, fakes, reals)
    if failed:
        return failed
    found = np.asarray(returned).ravel()
    if found.shape == (4,):
        return ["other-axis"]
    if found.shape != (3,):
        return [f"other-shape:{found.shape}:(3,)"]
    if found.tolist() == torch.cdist(fakes, reals).argmax(1).tolist():
        return ["farthest"]
    return [] if found.tolist() == [1, 2, 0] else ["other-places"]


def find_in_penalty(penalty: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `penalty(D, real)`: the mean over samples of the squared length of D's slope at each."""
    real = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    values = []
    for weight in (0.0, 1.0, 3.0):
        D = SumTimes(weight)
        value, failed = _call(penalty, D, real.clone())
        if failed:
            return failed
        values.append(float(_numbers(value)[0]) if len(_numbers(value)) == 1 else math.nan)
        if weight and not (isinstance(value, Tensor) and value.requires_grad):
            return ["no-way-back"]
    known = {"": (0, 2, 18), "not-squared": (0, 2**0.5, 3 * 2**0.5), "summed": (0, 6, 54), "by-number": (0, 1, 9)}
    near = [name for name, right in known.items() if np.allclose(values, right, atol=1e-4)]
    return [near[0]] if near and near[0] else ([] if near else ["other-slopes:{:.2f}:{:.2f}:{:.2f}".format(*values)])


class SumTimes(nn.Module):
    """A stub whose slope is the same everywhere: its weight in each of the numbers of a sample."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x: Tensor) -> Tensor:
        """Return weight · the sum of each sample, `[n]`."""
        return self.weight * x.flatten(1).sum(1)


def find_in_settings(mend: Callable[..., Any], bad: Mapping[str, Any]) -> list[str]:
    """Name the mistakes in `mend(settings)`, which returns settings that a training takes, other than those."""
    returned, failed = _call(mend, dict(bad))
    if failed:
        return failed
    if not isinstance(returned, Mapping):
        return ["no-settings"]
    try:
        resolve(None, {"data": ("mnist",), **returned})
    except FaussaireError as error:
        return [f"raises:{error}"]
    changed = {name for name in {*returned, *bad} if returned.get(name) != bad.get(name)}
    return [] if changed - {"kimg", "seed"} else ["nothing-changed"]


def find_in_new(new: Callable[..., Any]) -> list[str]:
    """Name the mistakes in `new(lines, known)`, which returns the share of the lines that are not among the known."""
    share, failed = _call(new, ["anna", "bela", "anna", "carl"], ["anna", "dora"])
    if failed:
        return failed
    values = _numbers(share)
    if len(values) != 1:
        return ["one-number"]
    known = {"": 0.5, "counted": 2.0, "in-percent": 50.0, "of-different": 2 / 3}
    near = [name for name, right in known.items() if abs(values[0] - right) < 1e-6]
    if near and near[0] == "":  # half are new and half are known: tell them apart by others
        other, failed = _call(new, ["anna", "bela", "carl", "dora", "emil"], ["anna"])
        return failed or ([] if abs(float(_numbers(other)[0]) - 0.8) < 1e-6 else ["share-of-known"])
    return [near[0]] if near else [f"other-share:{values[0]:.3f}"]


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
    """The checks of all exercises, in one language, which faussaire speaks from then on, too."""

    language: str

    def __post_init__(self) -> None:
        speak(self.language)

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

    def generator(self, new: Callable[[], Any], *, shape: tuple[int, ...]) -> Answer:
        """Check what makes a G."""
        return self._answer("generator", new, answers.new_generator, find_in_generator(new, shape=shape))

    def only(self, only: Callable[..., Any]) -> Answer:
        """Check the choice of one class."""
        return self._answer("only", only, answers.only, find_in_choice(only))

    def between(self, between: Callable[..., Any]) -> Answer:
        """Check the way between two latents."""
        return self._answer("between", between, answers.between, find_in_way(between))

    def first_named(self, first_named: Callable[..., Any]) -> Answer:
        """Check the images with the names of their classes."""
        return self._answer("first-named", first_named, answers.first_named, find_in_names(first_named))

    def nearest(self, nearest: Callable[..., Any]) -> Answer:
        """Check the search for copies."""
        return self._answer("nearest", nearest, answers.nearest, find_in_nearest(nearest))

    def penalty(self, penalty: Callable[..., Any]) -> Answer:
        """Check the penalty on D's slope."""
        return self._answer("penalty", penalty, answers.penalty, find_in_penalty(penalty))

    def settings(self, mend: Callable[..., Any], bad: Mapping[str, Any], *, ours: Callable[..., Any]) -> Answer:
        """Check settings that shall mend bad ones; whether they do, the training tells, and `verdict`."""
        return self._answer("settings", mend, ours, find_in_settings(mend, bad))

    def verdict(self, run: RunFolder, bad: str) -> Answer:
        """Check that a run does not end in a bad verdict."""
        found = verdict_on(RunFolder(run.path)).verdict.name
        words = Words(self.language, "checks")
        text = words("not-mended" if found == bad else "mended", v0=self.in_words(run))
        return Answer(right=found != bad, texts=(text,), use=run)

    def said(self, sentence: str) -> str:
        """Return one of faussaire's own sentences in the language of the notebook."""
        return words_for(self.language).said(sentence)

    def in_words(self, run: RunFolder) -> str:
        """Return what a run says of itself, in the language of the notebook."""
        folder = RunFolder(run.path)  # its `history` is events, whatever that of `run` gives
        return in_words(verdict_on(folder), self.language, run=run.path).text

    @property
    def numbers(self) -> Numbers:
        """How numbers are written in the language of the notebook."""
        return words_for(self.language).numbers

    def new_share(self, new: Callable[..., Any]) -> Answer:
        """Check the share of new lines."""
        return self._answer("new-share", new, answers.new_share, find_in_new(new))

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
