"""Every page by axe-core, in both languages and both schemes; text that can be read, and targets that can be hit."""

from __future__ import annotations

import statistics
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from web_client import copy_of, serving

pytestmark = pytest.mark.slow

PLACES = ("/runs/squares", "/runs/squares/explore", "/runs/squares/quiz", "/runs/squares/visit/7", "/runs/squares/take")
LEAST_TEXT_PX, LEAST_TARGET_PX = 13, 24

VIOLATIONS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`));
}"""

TEXT_SIZES = """() => {
  const sizes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { textContent, parentElement: parent } = walker.currentNode;
    if (textContent.trim() && parent.checkVisibility()) sizes.push(parseFloat(getComputedStyle(parent).fontSize));
  }
  return sizes;
}"""

TARGETS = """() => [...document.querySelectorAll("a[href], button, select, input, summary")]
  .filter((e) => e.checkVisibility() && !e.closest(".skip") && !e.closest("p") && e.getClientRects().length)
  .map((e) => {
    const box = (e.classList.contains("ask") ? e.closest(".part") : e).getBoundingClientRect();
    return [e.outerHTML.slice(0, 100), Math.min(box.width, box.height)];
  })"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core (Deque, MPL-2.0), out of the package that brings it; it is given to no user."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark"), ("en", "dark"), ("fr", "light")])
def test_no_page_violates_a_rule_of_axe(served: str, open_page: Any, axe: str, language: str, scheme: str) -> None:
    page = open_page(served + PLACES[0], locale=language, color_scheme=scheme)
    page.wait_for_selector('body[data-state="finished"]')
    for place in PLACES:
        if place != PLACES[0]:
            page.goto(served + place)
        page.evaluate(axe)
        assert page.evaluate(VIOLATIONS) == [], place


@pytest.mark.parametrize("width", [1280, 360])
def test_text_can_be_read_and_targets_can_be_hit(served: str, open_page: Any, width: int) -> None:
    page = open_page(served + PLACES[0], viewport={"width": width, "height": 900})
    page.wait_for_selector('body[data-state="finished"]')
    for place in PLACES:
        if place != PLACES[0]:
            page.goto(served + place)
        assert statistics.median(page.evaluate(TEXT_SIZES)) >= LEAST_TEXT_PX, place
        small = [(what, size) for what, size in page.evaluate(TARGETS) if size < LEAST_TARGET_PX]
        assert small == [], place


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_the_three_steps_stand_above_the_diagram_in_the_first_screen(
    served: str, open_page: Any, width: int, height: int
) -> None:
    page = open_page(served + PLACES[0], viewport={"width": width, "height": height})
    boxes = [page.locator(f'#steps li[data-step="{step}"]').bounding_box() for step in (1, 2, 3)]
    diagram = page.locator("#diagram").bounding_box()
    assert all(box["y"] + box["height"] <= min(height, diagram["y"]) for box in boxes)


def test_a_finished_run_replays_its_last_round_and_film_and_curves_are_there_unscrolled(
    served: str, open_page: Any
) -> None:
    page = open_page(served + PLACES[0])
    page.wait_for_selector('body[data-state="finished"]')
    page.wait_for_selector("#frame[src]")
    page.wait_for_selector("#curve-accuracy .main-svg", state="attached")
    page.click('#steps li[data-step="2"] button')
    page.wait_for_selector('#diagram[data-step="2"]')
    assert "fakes through the discriminator" in page.inner_text("#step-text")
    page.wait_for_selector(".traveller", state="attached")
    page.wait_for_selector('#diagram[data-step="0"]')  # and then it stands still again


def test_a_lost_connection_turns_the_buttons_off(tmp_path: Path, squares_run: Path, open_page: Any) -> None:
    lines = len((squares_run / "events.jsonl").read_bytes().splitlines())
    run = copy_of(squares_run, tmp_path / "squares", lines=lines - 1)  # as if it had no end yet
    with serving(run) as (_, port):
        page = open_page(f"http://127.0.0.1:{port}/runs/squares")
        page.wait_for_selector("body[data-state]")
    for name in ("pause", "resume", "stop"):
        page.wait_for_selector(f"#{name}:disabled", state="attached")
