"""The figures of `faussaire evaluate`, as the live page shows them."""

from __future__ import annotations

from typing import Any

from faussaire.errors import CheckpointError
from faussaire.run import RunFolder


def final_scores(run: RunFolder) -> list[dict[str, Any]]:
    """Return the rows of scores.json, or none where the run was not evaluated, or by another version."""
    try:
        rows = run.read_json(run.path / "scores.json")["scores"]
        return [{k: row[k] for k in ("metric", "protocol", "value", "low", "high", "n_real", "n_fake")} for row in rows]
    except (CheckpointError, KeyError, TypeError):
        return []
