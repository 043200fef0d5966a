"""What is due when, while a run trains: pure functions of the time and of the progress that they are told.

Reports come by the clock, and in a short run by progress too: what goes wrong is to be named in its first fifth.
Pictures come by progress. Saves come by the clock, at first after 2, 4, 8 … seconds. Everything that costs time has an
allowance: a share of the time that it may take, so that the next one waits until the last has been earned.
"""

from __future__ import annotations

import math

REPORT_SECONDS = 1.0
MAX_REPORT_SECONDS = 10.0
REPORT_PROGRESS = 0.02  # of the run, between two reports at most
TELLING_SHARE = 0.003  # of the time, for reports: telling, judging, and whoever listens
FIRST_SAVE_SECONDS = 2.0
SAVE_SECONDS = 60.0
REFRESH_SECONDS = 30.0  # the views cost half a second, ten times what a checkpoint does …
VIEWS_SHARE = 0.006  # … and no more of the time than this
GAUGE_SHARE = 0.01  # of the time, for the gauge of overfitting
SCORE_SHARE = 0.04
LEAST_SCORE_SECONDS = 12.5  # between two scores, however little they cost


class Allowance:
    """A share of the time, in seconds of the run's clock.

    Args:
        share: of the time, that may be spent.
        least_seconds: between two, at least.
        most_seconds: between two, at most.
    """

    def __init__(self, share: float, *, least_seconds: float = 0.0, most_seconds: float = math.inf) -> None:
        self.share, self.least_seconds, self.most_seconds = share, least_seconds, most_seconds
        self.cost_seconds = 0.0
        self.spent_at = 0.0

    def is_due(self, now: float) -> bool:
        """Say whether what the last one cost has been earned since."""
        wait = min(max(self.least_seconds, self.cost_seconds / self.share), self.most_seconds)
        return now - self.spent_at >= wait

    def spend(self, cost_seconds: float, now: float) -> None:
        """Take note that one has just been had."""
        self.cost_seconds, self.spent_at = cost_seconds, now


class Cadence:
    """The times of one process that trains.

    Args:
        pictures: how many are taken along the run.
        score_minutes: between two scores at least, where it was asked for.
    """

    def __init__(self, *, pictures: int, score_minutes: float | None) -> None:
        self.reports = Allowance(TELLING_SHARE, least_seconds=REPORT_SECONDS, most_seconds=MAX_REPORT_SECONDS)
        self.views = Allowance(VIEWS_SHARE, least_seconds=REFRESH_SECONDS)
        self.gauges = Allowance(GAUGE_SHARE)
        self.scores = Allowance(SCORE_SHARE, least_seconds=max(LEAST_SCORE_SECONDS, 60 * (score_minutes or 0.0)))
        self._pictures = pictures
        self._began_at = self._next_save_at = 0.0
        self._pictured = 0  # of the pictures along the run, those that are taken or passed over
        self._reported_progress = 0.0

    def begin(self, now: float, progress: float) -> None:
        """Take note that the first step is about to be made."""
        self._began_at, self._next_save_at = now, now + FIRST_SAVE_SECONDS
        self._reported_progress = progress
        self._pictured = math.floor(progress * self._pictures)
        self.reports.spend(0.0, now)
        self.scores.spend(0.0, now)

    def picture_is_due(self, progress: float) -> bool:
        """Say so, once for each picture along the run."""
        passed = math.floor(progress * self._pictures)
        is_due = passed > self._pictured
        self._pictured = max(self._pictured, passed)
        return is_due

    def report_is_due(self, now: float, progress: float) -> bool:
        """Say so by the clock, or as the run has come on by REPORT_PROGRESS."""
        return self.reports.is_due(now) or progress - self._reported_progress >= REPORT_PROGRESS

    def reported(self, cost_seconds: float, now: float, progress: float) -> None:
        """Take note of a report."""
        self.reports.spend(cost_seconds, now)
        self._reported_progress = progress

    def save_is_due(self, now: float) -> bool:
        """Say so: one that is due needs `saved` before the next is."""
        return now >= self._next_save_at

    def saved(self, now: float) -> None:
        """Take note of a save: the next is due when as much time has passed again as since the beginning."""
        self._next_save_at = now + min(SAVE_SECONDS, now - self._began_at)
