"""A class in a real Chromium: a pupil on a telephone, another in French, and the teacher, who sees both."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web_client import copy_of

pytestmark = pytest.mark.slow

PHONE = {"viewport": {"width": 360, "height": 740}}
NAME = "<b>Zoé</b>{{7*7}}"
SMALLEST = """[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && e.textContent.trim()
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize)).reduce((a, b) => Math.min(a, b))"""
LOWEST = """[...document.querySelectorAll('button, select, .choices label, nav a, input[type=text]')]
    .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().height).reduce((a, b) => Math.min(a, b))"""
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, squares_run: Path) -> Iterator[tuple[str, str]]:
    """A class with two runs of others; the links for pupils and for the teacher."""
    runs = tmp_path_factory.mktemp("class")
    for name in ("one", "two"):
        copy_of(squares_run, runs / name)
    data = squares_run.parents[1] / "squares.npy"
    command = [sys.executable, "-m", "faussaire", "class", str(data), "--runs", str(runs), "--port", "0"]
    process = subprocess.Popen([*command, "--host", "127.0.0.1"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1], process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


def joined(open_page: Any, link: str, name: str, **options: Any) -> Any:
    """Open the page of a pupil who joins."""
    page = open_page(link, **options)
    page.fill("#name", name)
    page.press("#name", "Enter")
    page.wait_for_selector("#forger h1 bdi")
    return page


def check_layout(page: Any) -> None:
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(SMALLEST) >= 13
    assert page.evaluate(LOWEST) >= 24


def check_wall_of_thirty(teacher: Any) -> None:
    """Show thirty runs, copies of those that there are, on a small wall: the first row is whole, verdicts included."""

    def board(route: Any) -> None:
        told = route.fetch().json()
        runs = told["runs"]
        copies = [{**runs[k % len(runs)], "id": str(k), "picture": None} for k in range(30)]
        route.fulfill(json={**told, "runs": copies})

    teacher.set_viewport_size({"width": 1280, "height": 720})
    teacher.route("**/api/class/board", board)
    teacher.wait_for_selector(".tile:nth-child(30) .verdict-line:not(:empty)")
    assert teacher.evaluate(OVERFLOW) <= 0
    assert teacher.evaluate("document.querySelector('.tile').getBoundingClientRect().bottom") <= 720
    teacher.unroute("**/api/class/board")


def test_a_lesson(served: tuple[str, str], open_page: Any) -> None:
    link, secret_link = served
    teacher = open_page(secret_link)
    assert teacher.url.endswith("/teacher")
    pupil = joined(open_page, link, NAME, **PHONE)
    assert pupil.inner_text("h1 bdi") == NAME
    check_layout(pupil)
    pupil.click("text=Real or fake?")
    pupil.wait_for_selector("#real:enabled")
    assert pupil.evaluate("document.getElementById('image').decode().then(() => image.naturalWidth)") == 12
    for number, key in enumerate("rffr", 1):
        pupil.wait_for_selector("#real:enabled")
        pupil.keyboard.press(key)
        pupil.wait_for_selector(f"#own-score >> text=/ of {number} right/")
        pupil.wait_for_timeout(400)  # as nobody is faster: four things a second are let through
    assert re.match(r"(Right\.|Fooled!) It was (real|a fake by (one|two))\.", pupil.inner_text("#told"))
    check_layout(pupil)
    pupil.click("text=Which is better?")
    pupil.wait_for_selector("#left:enabled")
    check_layout(pupil)
    pupil.keyboard.press("ArrowLeft")
    pupil.wait_for_selector("text=/On the left (one|two), on the right (one|two)/")
    pupil.click("text=Board")
    pupil.wait_for_selector("#seers .me")
    check_layout(pupil)

    teacher.wait_for_selector("#seers li")
    assert teacher.inner_text("#seers .name") == NAME
    assert teacher.locator(".tile").count() == 2
    teacher.wait_for_selector("text=answers: 4 · votes: 1")
    assert teacher.evaluate("document.querySelectorAll('bdi b, bdi img, bdi script').length") == 0
    check_layout(teacher)
    teacher.goto(f"{link}teacher?view=projector")
    teacher.wait_for_selector("#strengths li")
    assert teacher.locator("main button:visible").count() == 0
    assert teacher.evaluate("parseFloat(getComputedStyle(document.querySelector('.address')).fontSize)") >= 28
    check_wall_of_thirty(teacher)

    french = joined(open_page, link, "مريم", locale="fr", color_scheme="dark")
    assert "Bonjour" in french.inner_text("h1")
    french.click("text=Entraîner mon faussaire")
    french.wait_for_selector("#mine .tile")
    assert not french.is_visible("#choices")
    french.click("text=faire oublier tout")
    french.click("dialog button[value=leave]")
    french.wait_for_selector("#door")

    pupil.context.close()  # it would find itself at the door again
    teacher.goto(f"{link}teacher")
    teacher.click("#forget")
    teacher.click("dialog button[value=forget]")
    teacher.wait_for_selector("text=In the class: 0")
