"""The plan of a run: how far along it is after so many images.

Schedules read progress in [0, 1]. A run of given kimg or epochs has one segment, a straight line to its end. A run of
given minutes is planned as soon as its first step is made, and anew as its speed becomes known: each segment starts
where the last one stood and aims at 1 when the time is up, so progress does not jump (but back, where a finished run is
made longer). Segments are written to events.jsonl before they take effect; a run that is resumed or replayed follows
them again, image by image, and so makes the same tensors. That a training was rolled back is a segment, too: from where
it went back to, it learns half as fast.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

UNPLANNED_NIMG = 2**62  # the end of a time budget whose speed is not yet known: progress stays at 0

REPLAN_SHARE = 0.02
SPEED_WINDOW_SECONDS = 10.0
LEAST_STEPS = 8  # of a run, however little time is left for it: the last is taken at 7/8 of every schedule


@dataclass(frozen=True, kw_only=True)
class Segment:
    """From `nimg` on, progress goes in a straight line from `progress` to 1 at `end_nimg`."""

    nimg: int
    progress: float
    end_nimg: int
    halvings: int = 0
    """How many times the learning rate was halved, because training had left the finite numbers."""


class Plan:
    """The segments of a run in force, by position."""

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        self.segments: list[Segment] = []
        for segment in segments:
            self.add(segment)

    def add(self, segment: Segment) -> None:
        """Put a segment in force from its position on: whatever was planned from there is void."""
        self.segments = [*(s for s in self.segments if s.nimg < segment.nimg), segment]

    def at(self, nimg: int) -> Segment:
        """Return the segment in force after `nimg` images."""
        return next(s for s in reversed(self.segments) if s.nimg <= nimg)

    def progress(self, nimg: int) -> float:
        """Return the share of the run that is done after `nimg` images."""
        s = self.at(nimg)
        if nimg >= s.end_nimg:
            return 1.0
        return s.progress + (1.0 - s.progress) * (nimg - s.nimg) / (s.end_nimg - s.nimg)

    def finished(self, nimg: int) -> bool:
        """Say whether nothing is left to do."""
        return nimg >= self.at(nimg).end_nimg

    def halvings(self, nimg: int) -> int:
        """Return how many times the learning rate was halved for what comes after `nimg` images."""
        return next((s.halvings for s in reversed(self.segments) if s.nimg <= nimg), 0)

    def lr_share(self, nimg: int) -> float:
        """Return what share of the schedule's learning rate the halvings have left."""
        return 0.5 ** self.halvings(nimg)

    def halved(self, nimg: int) -> Segment:
        """Return the segment by which the rest of the run, from `nimg` on, ends the same and is learnt half as fast."""
        last = self.segments[-1]
        return Segment(nimg=nimg, progress=self.progress(nimg), end_nimg=last.end_nimg, halvings=last.halvings + 1)


def endless() -> Plan:
    """Return the plan of a run that never ends, whose progress stays at 0: for probes of speed."""
    return Plan([Segment(nimg=0, progress=0.0, end_nimg=UNPLANNED_NIMG)])


class Pace:
    """Watches the clock of a run with a time budget, and says when the plan must change.

    Args:
        budget_seconds: the time given to the whole run.
    """

    def __init__(self, budget_seconds: float) -> None:
        self.budget_seconds = budget_seconds
        self.reserve_seconds = 1.5  # kept free for the last save; its caller knows better once one was timed
        self._seen: deque[tuple[float, int]] = deque()
        self._is_warm = False  # the first step no longer counts for the speed

    def is_due(self, plan: Plan, *, nimg: int) -> bool:
        """Say whether the plan must change before the next report: it has no end yet."""
        return plan.at(nimg).end_nimg == UNPLANNED_NIMG

    def replan(self, plan: Plan, *, nimg: int, seconds: float, step_nimg: int) -> Segment | None:
        """Return a new segment where the speed of the last seconds misses the budget by 2 % of what is left.

        However little that is, a run has LEAST_STEPS: in fewer it could not end annealed.

        Args:
            nimg: images seen.
            seconds: time spent in the whole run.
            step_nimg: images of one step; the end is a whole number of steps away.
        """
        self._seen.append((seconds, nimg))
        while len(self._seen) > 2 and seconds - self._seen[1][0] > SPEED_WINDOW_SECONDS:
            self._seen.popleft()
        if len(self._seen) == 3 and not self._is_warm:
            self._seen.popleft()  # the first step waits for much that no other does
            self._is_warm = True
        then, nimg_then = self._seen[0]
        if plan.segments[-1].nimg > nimg or seconds <= then:
            return None  # a resumed run first follows what was already planned, or there is no speed yet
        if plan.finished(nimg):
            return None  # a run that has ended stays so, for whoever replays it
        seconds_left = max(0.0, self.budget_seconds - self.reserve_seconds - seconds)
        steps_left = round(seconds_left * (nimg - nimg_then) / (seconds - then) / step_nimg)
        end_nimg = max(nimg + steps_left * step_nimg, LEAST_STEPS * step_nimg)
        planned = plan.at(nimg).end_nimg
        if abs(end_nimg - planned) <= REPLAN_SHARE * (planned - nimg):
            return None
        return Segment(nimg=nimg, progress=plan.progress(nimg), end_nimg=end_nimg, halvings=plan.halvings(nimg))

    def begin_again(self) -> None:
        """Forget the speed: training went back, and what was seen of it lies ahead."""
        self._seen.clear()
