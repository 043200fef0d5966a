"""The figures of `faussaire evaluate`, as the live page shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from faussaire.core.errors import CheckpointError
from faussaire.runs.folder import RunFolder

SHOWN = ("metric", "protocol", "value", "low", "high", "n_real", "n_fake")
"""Of a row."""


@dataclass(frozen=True)
class Evaluated:
    """What there is to show of an evaluation."""

    figures: list[dict[str, Any]] = field(default_factory=list)
    """Rows of scores.json with what each means."""

    notes: list[str] = field(default_factory=list)
    """What their reader must do without."""


def evaluated(run: RunFolder) -> Evaluated:
    """Return the figures of scores.json; none where the run was not evaluated, or by another version."""
    try:
        rows = run.read_json(run.path / "scores.json")["scores"]
    except (CheckpointError, KeyError):
        return Evaluated()
    from faussaire.evaluation.metrics import MEANINGS, missing_beside  # torch: only where there is something to show

    try:
        meanings = [MEANINGS[row["metric"]] for row in rows]
        figures = [{k: row[k] for k in SHOWN} for row in rows]
        notes = missing_beside((str(row["protocol"]), row["metric"]) for row in rows)
    except (KeyError, TypeError):
        return Evaluated()
    told = zip(figures, meanings, strict=True)
    return Evaluated([{**figure, "title": meaning.title, "better": meaning.better} for figure, meaning in told], notes)
