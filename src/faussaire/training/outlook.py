"""The scores of a run as it goes, and what they foretell: what the recorder puts into the event of each score."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from faussaire.core.config import Config
from faussaire.evaluation.forecast import Seen, forecast, is_end
from faussaire.runs.events import Event
from faussaire.runs.plan import UNPLANNED_NIMG, Plan
from faussaire.training.schedules import fall_left

MOST = 512  # scores that are kept: of more, every other one

Rows = list[dict[str, Any]]
"""As a scorer gives them, the Fréchet distance first."""


class Outlook:
    """What was scored so far.

    Args:
        config: the settings of the run.
        others: `score` events at the annealed ends of other runs on the same data.
    """

    def __init__(self, config: Config, others: Iterable[Event] = ()) -> None:
        self.config = config
        self._others = list(_seen(others, own=False))
        self._own: list[Seen] = []

    def recall(self, scores: Iterable[Event]) -> None:
        """Take the `score` events of the run itself, as it stands, for all that it was told before."""
        self._own = list(_seen(scores, own=True))

    def take(self, nimg: int, rows: Rows, plan: Plan) -> dict[str, Any]:
        """Take in a score; return what its event holds besides the rows."""
        left = round(fall_left(self.config, plan.progress(nimg)), 4)
        if len(self._own) >= MOST:
            self._own = [one for i, one in enumerate(self._own) if i % 2 == 0 or is_end(self._own, i)]
        self._own.append(Seen(nimg=nimg, value=float(rows[0]["value"]), fall_left=left))
        end_nimg = plan.at(nimg).end_nimg
        if end_nimg == UNPLANNED_NIMG:
            return {"fall_left": left}
        floor = next((float(row["value"]) for row in rows if row["metric"] == "frechet-floor"), 0.0)
        found = forecast([*self._own, *self._others], end_nimg=end_nimg, floor=floor)
        (of,) = self.config.length()
        return {"fall_left": left} | ({} if found is None else {"forecast": found.as_dict(of)})


def _seen(events: Iterable[Event], *, own: bool) -> Iterable[Seen]:
    """Read scores; those of older versions do not say how far the learning rate had fallen, and only ends are known."""
    for event in events:
        with suppress(LookupError, TypeError, ValueError):
            left = event.data["fall_left"] if own else 0.0
            yield Seen(nimg=event.nimg, value=float(event.data["rows"][0]["value"]), fall_left=float(left), own=own)
