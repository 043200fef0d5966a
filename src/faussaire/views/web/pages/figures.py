"""The figures of `faussaire evaluate`, as the live page shows them."""

from __future__ import annotations

from typing import Any

from faussaire.core.errors import CheckpointError
from faussaire.runs.folder import RunFolder


def evaluated_figures(run: RunFolder) -> list[dict[str, Any]]:
    """Return the rows of scores.json with what each means, or none where the run was not evaluated, or by another
    version.
    """
    try:
        rows = run.read_json(run.path / "scores.json")["scores"]
    except (CheckpointError, KeyError):
        return []
    from faussaire.evaluation.metrics import MEANINGS  # torch: only where there is something to show

    try:
        meanings = [MEANINGS[row["metric"]] for row in rows]
        figures = [{k: row[k] for k in ("protocol", "value", "low", "high", "n_real", "n_fake")} for row in rows]
    except (KeyError, TypeError):
        return []
    return [
        {**figure, "title": meaning.title, "better": meaning.better}
        for figure, meaning in zip(figures, meanings, strict=True)
    ]
