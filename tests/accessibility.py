"""What a page in a browser is measured by: the rules of axe-core, the size of texts and targets, what can be read."""

from __future__ import annotations

import statistics
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

LEAST_TEXT_PX, LEAST_MEDIAN_PX, LEAST_TARGET_PX = 12, 13, 24

VIOLATIONS = """async (within) => {
  const found = await axe.run(within ?? document, { resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`));
}"""


@cache
def axe() -> str:
    """Return the script of axe-core (Deque, MPL-2.0), out of the package that brings it; it is given to no user."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@cache
def measures() -> str:
    """Return the script of what else is asked."""
    return Path(__file__).with_suffix(".js").read_text("utf-8")


def violations(page: Any, within: str | None = None) -> list[str]:
    """Return the rule and the element of each violation that axe-core finds, in all of a page or within a selector."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe())
    found: list[str] = page.evaluate(VIOLATIONS, within)
    return found


def hindrances(page: Any) -> list[str]:
    """Return all that keeps somebody from using a page as it is now: a sentence each."""
    if not page.evaluate("'measured' in window"):
        page.evaluate(measures())
    sizes = page.evaluate("measured.textSizes()")
    found = {
        "the median of the texts": (statistics.median(sizes), LEAST_MEDIAN_PX),
        "a text": (min(sizes), LEAST_TEXT_PX),
    }
    return [
        *violations(page),
        *(f"{what} is {size} px large" for what, (size, wanted) in found.items() if size < wanted),
        *page.evaluate("(least) => measured.smallTargets(least)", LEAST_TARGET_PX),
        *(f"nothing is said of {what}" for what in page.evaluate("measured.unnamed()")),
        *(f"no label is before {cell}" for cell in page.evaluate("measured.unlabelled()")),
        *page.evaluate("measured.unreadable()"),
    ]
