"""What the sounds of a set are brought to: one rate and one length, those of the data where nobody asks for others."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from faussaire.core.errors import ConfigError
from faussaire.modalities import samples
from faussaire.modalities.audio.spectra import LARGE_FROM, Spectra

SECONDS, RATE = (0.1, 2 * LARGE_FROM), (4_000, 48_000)
"""The least and the most of either option."""

FOUND_RATE = 8_000
"""Samples a second at most, unless more are asked for: speech is understood, and a window is few numbers."""

FOUND_SECONDS = (0.2, 1.0)
STEP_SECONDS = 0.04
HELD = 0.95  # of the sounds are no longer than what is found

WINDOWS_FROM = 5
"""A recording of so many windows or more is cut into windows; shorter ones are one sound each."""

UNTOLD_WINDOW = 1.0
"""Seconds of a window, where nothing is asked for and there are recordings to be cut."""

LENGTHS = "lengths"
"""The question what rate a file has, and how long its sound is without the silence about it."""

LOOKED_AT = 256  # files

OPTIONS = {"seconds": None, "rate": None}


@dataclass(frozen=True, kw_only=True)
class Rule(samples.Rule):
    """One length and one rate."""

    seconds: float

    rate: int
    """Samples a second."""

    window: float
    """Seconds from window to window of long recordings."""

    @property
    def spectra(self) -> Spectra:
        """What makes pictures of waves, and waves of pictures."""
        return Spectra(self.seconds, self.rate)

    @property
    def shape(self) -> tuple[int, ...]:
        """(1, bands, columns)."""
        return (1, self.spectra.side, self.spectra.side)

    def facts(self) -> dict[str, Any]:
        """Return length and rate: the shape does not say them."""
        return {"seconds": self.seconds, "rate": self.rate}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what `as_dict` was made of."""
        seconds = float(facts["seconds"])
        return cls(seconds=seconds, rate=int(facts["rate"]), window=float(facts.get("window", seconds)))

    def notes(self) -> list[str]:
        """Say what becomes of a sound."""
        return [
            f"silence at either end is trimmed (40 dB below the loudest), what is left is padded or cut to "
            f"{self.seconds:g} s, channels are averaged, the peak is set to 1",
            f"recordings of {WINDOWS_FROM} times {self.window:g} s or more are cut into windows, each a sound",
        ]


def window_seconds(asked: float | None) -> float:
    """Return how long the windows of long recordings are."""
    return UNTOLD_WINDOW if asked is None else asked


def check(options: Mapping[str, Any]) -> None:
    """Raise ConfigError for an option that is out of its range."""
    for name, (least, most), unit in (("seconds", SECONDS, "s"), ("rate", RATE, "samples a second")):
        value = options[name]
        if value is not None and not least <= value <= most:
            raise ConfigError(f"--{name} {value:g} is not from {least:g} to {most:g} {unit}")


def rule_for(items: samples.Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
    """Decide on rate and length, and say why."""
    rate, seconds, notes = options["rate"], options["seconds"], []
    if rate is None or seconds is None:
        found = [one for one in items.answers(LENGTHS, items.drawn(LOOKED_AT, "lengths")) if one]
        if rate is None:
            rate = _found_rate([int(native) for native, _ in found])
            notes.append(f"{rate:,} samples a second{_why_rate([int(native) for native, _ in found], rate)}")
        if seconds is None:
            seconds, note = _found_seconds([float(length) for _, length in found])
            notes.append(note)
    return Rule(seconds=seconds, rate=rate, window=window_seconds(options["seconds"])), notes


def _found_rate(rates: Sequence[int]) -> int:
    return max(RATE[0], min(FOUND_RATE, statistics.mode(rates))) if rates else FOUND_RATE


def _why_rate(rates: Sequence[int], rate: int) -> str:
    if not rates:
        return ": no file could be measured"
    native = statistics.mode(rates)
    more = "; more if --rate asks for it" if native > rate else ""
    return f": most files have {native:,}{more}"


def _found_seconds(lengths: Sequence[float]) -> tuple[float, str]:
    """Return the length that holds nearly all sounds, from 0.2 to 1 s, and why."""
    least, most = FOUND_SECONDS
    if not lengths:
        return most, f"windows of {most:g} s: no file could be measured"
    short = sorted(lengths)[: max(1, math.ceil(HELD * len(lengths)))]
    seconds = min(most, max(least, round(math.ceil(short[-1] / STEP_SECONDS - 1e-6) * STEP_SECONDS, 2)))
    median = statistics.median(lengths)
    more = "; longer if --seconds asks for it" if short[-1] > seconds else ""
    return seconds, f"windows of {seconds:g} s: the sounds have a median of {median:.2f} s{more}"
