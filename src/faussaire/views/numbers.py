"""How numbers are written for a person: counts, figures, intervals, shares and durations, in English or in French.

What is missing is said and never 0. Significant digits, not decimals: four for a figure, three for a loss.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from faussaire.core.decimals import p_value, plain

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
SEPARATORS = {"en": (",", "."), "fr": (NARROW, ",")}
"""Of thousands and of decimals, by language."""

SPACES = {"en": " ", "fr": NARROW}
"""Before a unit (SI brochure, 2019, 5.4.3), by language."""

PER_CENT = {"en": "%", "fr": f"{NARROW}%"}
"""After a number, by language: words.js and its like write the same."""

WORDS = {
    "en": {"to": "to", "missing": "not measured", "broken": "not finite", "and": ", "},
    "fr": {"to": "à", "missing": "non mesuré", "broken": "non fini", "and": f"{NARROW}; "},
}

_ENGLISH = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
_ONLY_NUMBERS = re.compile(
    rf"[-+]?{_ENGLISH.pattern}(?: ?%)?(?: ± {_ENGLISH.pattern})?(?: \[-?{_ENGLISH.pattern}, -?{_ENGLISH.pattern}\])?"
)


@dataclass(frozen=True)
class Numbers:
    """Writes numbers in one language.

    Args:
        lang: `en` or `fr`.
        minus: what stands before a negative number; a page has the true sign, a terminal may lack it.
    """

    lang: str = "en"
    minus: str = "-"

    def count(self, number: float, decimals: int = 0) -> str:
        """Write a number in full: `60,000`."""
        return self._spelt(f"{number:,.{decimals}f}")

    def figure(self, value: float | None, digits: int = 4) -> str:
        """Write a figure with so many significant digits, or that there is none."""
        if value is None:
            return WORDS[self.lang]["missing"]
        return self._spelt(plain(value, digits, thousands=",")) if math.isfinite(value) else WORDS[self.lang]["broken"]

    def interval(self, low: float | None, high: float | None) -> str:
        """Write the ends of an interval: `11.5 to 13.25`."""
        return f"{self.figure(low)} {WORDS[self.lang]['to']} {self.figure(high)}"

    def between(self, low: float, high: float, digits: int = 4) -> str:
        """Write the ends of an interval in brackets: where commas are decimal, with a semicolon between them."""
        return f"[{self.figure(low, digits)}{WORDS[self.lang]['and']}{self.figure(high, digits)}]"

    def loss(self, value: float | None, half: float | None) -> str:
        """Write a mean with half of its interval, where there is one: `0.693 ± 0.012`."""
        if value is None:
            return WORDS[self.lang]["broken"]
        return self._spelt(f"{value:.3f}" + ("" if half is None else f" ± {half:.3f}"))

    def percent(self, share: float, digits: int | None = None) -> str:
        """Write a share of 1 in whole per cent, or with so many significant digits."""
        text = f"{100 * share:.0f}" if digits is None else plain(100 * share, digits)
        return self.of(self._spelt(text), "%")

    def share(self, value: float, low: float, high: float) -> str:
        """Write a share of 1 in whole per cent with its interval: `72% [71, 73]`."""
        return f"{self.percent(value)} [{100 * low:.0f}{WORDS[self.lang]['and']}{100 * high:.0f}]"

    def of(self, number: str, unit: str) -> str:
        """Write a number that is written already with its unit, kept on one line."""
        return number + (PER_CENT[self.lang] if unit == "%" else f"{SPACES[self.lang]}{unit}")

    def thousands(self, nimg: int) -> str:
        """Write how many thousands of images: `1,234.5`."""
        return self.count(nimg / 1000, decimals=1)

    def estimate(self, value: float) -> str:
        """Write a number of which two digits are known: `54,000`."""
        return self.count(float(f"{value:.2g}")) if value >= 10 else self.figure(value, 2)

    def tick(self, value: float) -> str:
        """Write a number beside an axis, as short as it can be."""
        return self._spelt(plain(value, 6, thousands=","))

    def p_value(self, p: float) -> str:
        """Write a p-value, and none that is smaller than it can be known."""
        return self._spelt(p_value(p))

    def _spelt(self, english: str) -> str:
        thousands, decimal = SEPARATORS[self.lang]
        return english.translate({ord(","): thousands, ord("."): decimal, ord("-"): self.minus})


def in_french(text: str) -> str:
    """Return what is an English number, with a percentage, a half or an interval maybe, as French writes it.

    Any other text stays as it is.

    >>> in_french("0.92 ± 0.05")
    '0,92 ± 0,05'
    """
    if not _ONLY_NUMBERS.fullmatch(text):
        return text
    french = Numbers("fr")
    spelt = re.sub(r", (?=-?\d)", f"{NARROW}; ", text)
    return re.sub(" ?%", f"{NARROW}%", _ENGLISH.sub(lambda number: french._spelt(number[0]), spelt))


def clock(seconds: float) -> str:
    """Write a duration as 0:07, 12:34 or 3:04:05."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
