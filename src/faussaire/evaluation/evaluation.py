"""What was found out about a generator, and what a report, a table and a comparison are made of; it needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from faussaire.evaluation.verdicts.figures import say_of_copies
from faussaire.modalities import SampleSpec, of_spec

if TYPE_CHECKING:
    import numpy as np

    from faussaire.evaluation.memorisation import Memorisation
    from faussaire.evaluation.protocols import Score
    from faussaire.evaluation.verdicts.verdict import Verdict

NUM_SHOWN = 64


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything that was found out about a generator."""

    name: str
    """Of the run."""

    data: str
    """Name of the data that it was trained on."""

    spec: SampleSpec
    """What a sample is."""

    nimg: int
    """Images that its D had seen."""

    samples: np.ndarray
    """Its first samples of seed 0, nobody having chosen: uint8 `[NUM_SHOWN, H, W, C]` for images."""

    reals: str
    """Names the real images, whose mark is in the name of every figure: others cannot be compared with these."""

    scores: tuple[Score, ...]
    """The figures, each with interval, n and protocol."""

    copies: Memorisation | None
    """The test for copies; None where there are no held-out images to set the scale."""

    pairs: tuple[np.ndarray, np.ndarray] | None
    """The closest pairs, nearest first: samples and their training images, each uint8 `[P, H, W, C]`."""

    verdicts: tuple[Verdict, ...]
    """What the figures say in words, the most important first."""

    notes: tuple[str, ...]
    """What a reader must know: which reals, what was not measured and why."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Say why its figures show less than they seem to.

        `pixels`: they are of features without content, as better ones cannot be had here; `seen`: the reals are those
        that it was trained on, which a copier would match best; `copies`: these were not looked for; `rare_copies`:
        they were, with so few held-out images that only a generator that copies nearly always would show.
        """
        kind = of_spec(self.spec)
        best, plainest = kind.judged_by[0], kind.judged_by[-1]
        found = {
            "pixels": best != plainest and all(s.extractor.split()[0] == plainest for s in self.scores[:1]),
            "seen": self.reals.startswith("train:"),
            "copies": self.copies is None and all(score.metric != "new" for score in self.scores),
            "rare_copies": self.copies is not None and self.copies.with_few and not self.copies.is_copier,
        }
        return tuple(name for name, holds in found.items() if holds)

    def __repr__(self) -> str:
        """Say in one line whose it is, what it came to, and which figures it has."""
        said = ", ".join(verdict.name for verdict in self.verdicts) or "no verdict"
        figures = ", ".join(dict.fromkeys(score.metric for score in self.scores))
        return f"Evaluation({self.name!r}, {self.nimg / 1000:,.1f} kimg, {said}: {figures})"

    def as_json(self) -> dict[str, object]:
        """Return reals, figures, what each means, verdicts, and what the test for copies says, as JSON types."""
        from faussaire.evaluation.metrics import MEANINGS  # torch

        meanings = {name: MEANINGS[name] for name in dict.fromkeys(score.metric for score in self.scores)}
        return {
            "reals": self.reals,
            "scores": self.rows(),
            "meanings": {name: {"title": m.title, "better": m.better} for name, m in meanings.items()},
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "doubts": list(self.doubts),
            "copies": None if self.copies is None else self._copies(self.copies),
        }

    @staticmethod
    def _copies(found: Memorisation) -> dict[str, object]:
        return {"p_value": found.p_value, "num_held_out": found.num_held_out, "text": say_of_copies(found)}

    def rows(self) -> list[dict[str, object]]:
        """Return the figures as JSON types."""
        return [asdict(score) for score in self.scores]
