"""Every page by axe-core, in both languages, both schemes, wide and narrow; text to be read, targets to be hit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from accessibility import hindrances
from every_page import Places, every_page
from faussaire.views.web.classroom import pupils
from web_client import copy_of, serving

pytestmark = pytest.mark.slow

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LOOKS = {"en": ((WIDE, "dark"),), "fr": ((WIDE, "light"), (NARROW, "dark"))}
"""How a page is looked at in each language; French sentences are the longer ones."""

FINISHED = 'body[data-state="finished"]'
NUMBERS = count(1)

Views = Iterator[str]
"""Brings an opened page to one thing that can be seen on it after the other, and names it."""


def still(selector: str) -> Callable[[Any], Views]:
    """See a page as it is, once it has what is looked for."""

    def views(page: Any) -> Views:
        page.wait_for_selector(selector, state="attached")
        yield selector

    return views


def finished(page: Any) -> Views:
    page.wait_for_selector(FINISHED)
    page.wait_for_selector("#curve-accuracy .main-svg", state="attached")
    page.click("#tour")
    yield "a run to its end, a part explained"


def learning(page: Any) -> Views:
    page.wait_for_selector('#diagram[data-step="1"]')
    yield "a run that learns"
    page.click("#stop")
    yield "asked whether a stop is meant"


def explored(page: Any) -> Views:
    for z in ("0.1", "0.4", "0.7"):
        page.click(f'[data-z="{z}"]')
    for asked, made in (
        ("#walk", "#film:not([hidden])"),
        ("#compute", "#result img"),
        ("#find", "#nearest:not([hidden])"),
    ):
        page.click(asked)
        page.wait_for_selector(made)
    yield "all that can be asked for"


def asked_to_the_end(page: Any, result: str) -> Views:
    page.click("#begin")
    page.wait_for_selector("#asking:not([hidden])")
    yield "a question"
    for _ in range(20):
        page.keyboard.press("r")
    page.wait_for_selector(f"{result}:not([hidden])")
    yield "the result"


def quizzed(page: Any) -> Views:
    yield "the beginning"
    yield from asked_to_the_end(page, "#results")


def a_pupil(page: Any) -> Views:
    page.wait_for_selector("#door")
    yield "the door"
    page.fill("#name", f"Zoé {next(NUMBERS)}")
    page.press("#name", "Enter")
    page.wait_for_selector("#choices:not([hidden])")
    yield "the forger"
    page.click('.places a[href="#quiz"]')
    page.click("#real:enabled")
    page.wait_for_selector("#told b")
    yield "real or fake"
    page.click('.places a[href="#vote"]')
    page.click("#left:enabled")
    page.wait_for_selector("#voted bdi")
    yield "which is better"
    page.click('.places a[href="#board"]')
    page.wait_for_selector("#seers .me")
    page.wait_for_selector("#strengths li")
    page.wait_for_selector("#tiles .tile")
    yield "the board"
    page.click("#leave")
    yield "asked whether they leave"


def the_teacher(page: Any) -> Views:
    page.wait_for_selector("#tiles .tile")
    yield "the class"
    page.click("#forget")
    yield "asked whether all is to be forgotten"


def on_the_wall(page: Any) -> Views:
    page.click('.places a[href*="projector"]')
    page.wait_for_selector(".projector #tiles .tile")
    yield "the projector"


def played(page: Any) -> Views:
    page.click("#run")
    page.wait_for_timeout(200)
    page.click("#run")
    yield "a few rounds"


def exported(page: Any) -> Views:
    page.wait_for_selector("body.ready")
    page.click("#fill")
    page.wait_for_selector("#wall[data-rate]")
    yield "its wall filled"


def exported_with_reals(page: Any) -> Views:
    yield from exported(page)
    yield from asked_to_the_end(page, "#result")


def unfolded(page: Any) -> Views:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    yield "unfolded"


PAGES: dict[str, tuple[Callable[[Places], str], Callable[[Any], Views]]] = {
    "runs": (lambda p: p.studio, still(".runs")),
    "no runs": (lambda p: p.empty, still("main")),
    "live": (lambda p: f"{p.studio}runs/squares", finished),
    "live, learning": (Places.learning, learning),
    "live, sounds": (lambda p: f"{p.studio}runs/tones", still(FINISHED)),
    "live, music": (lambda p: f"{p.studio}runs/tunes", still(FINISHED)),
    "live, text": (lambda p: f"{p.studio}runs/lines", still(FINISHED)),
    "live, begun": (lambda p: f"{p.studio}runs/begun", still("body[data-state]")),
    "explore": (lambda p: f"{p.studio}runs/squares/explore", explored),
    "explore, sounds": (lambda p: f"{p.studio}runs/tones/explore", explored),
    "explore, text": (lambda p: f"{p.studio}runs/lines/explore", explored),
    "explore, begun": (lambda p: f"{p.studio}runs/begun/explore", still("main")),
    "quiz": (lambda p: f"{p.studio}runs/squares/quiz", quizzed),
    "quiz, sounds": (lambda p: f"{p.studio}runs/tones/quiz", quizzed),
    "quiz, text": (lambda p: f"{p.studio}runs/lines/quiz", quizzed),
    "visit": (lambda p: f"{p.studio}runs/squares/visit/7", still(".sample")),
    "visit, sounds": (lambda p: f"{p.studio}runs/tones/visit/7", still("audio")),
    "visit, music": (lambda p: f"{p.studio}runs/tunes/visit/7", still("audio")),
    "visit, text": (lambda p: f"{p.studio}runs/lines/visit/7", still(".line")),
    "take": (lambda p: f"{p.studio}runs/squares/take", still("#make")),
    "take, begun": (lambda p: f"{p.studio}runs/begun/take", still("main")),
    "playground": (lambda p: f"{p.studio}playground", played),
    "public": (lambda p: p.public, still(".sample")),
    "public, nothing there": (lambda p: f"{p.public}abc", still("main")),
    "nothing there": (lambda p: f"{p.studio}runs/nothing", still("main")),
    "class, a pupil": (lambda p: p.pupils, a_pupil),
    "class, the teacher": (lambda p: p.teacher, the_teacher),
    "class, the wall": (lambda p: p.teacher, on_the_wall),
    "class, not the teacher": (lambda p: f"{p.pupils}teacher", still("main")),
    "report": (lambda p: f"file://{p.files}/report-LANG.html", unfolded),
    "inspection": (lambda p: f"file://{p.files}/inspection-LANG.html", unfolded),
    "cells of a notebook": (lambda p: f"file://{p.files}/cells-LANG.html", unfolded),
    "exported": (lambda p: f"file://{p.files}/squares.html", exported_with_reals),
    "exported, sounds": (lambda p: f"file://{p.files}/tones.html", exported),
    "exported, music": (lambda p: f"file://{p.files}/tunes.html", exported),
    "exported, text": (lambda p: f"file://{p.files}/lines.html", exported),
}
"""Every page: where it is, and how one comes to see what can be seen there."""

OF_ONE_KIND = (", sounds", ", music", ", text")
"""Pages that differ from those of images in their samples alone: they are looked at in the longer language."""

LOOKED_AT = [
    (name, language) for name in PAGES for language in LOOKS if language == "fr" or not name.endswith(OF_ONE_KIND)
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, squares_run: Path) -> Iterator[Places]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pupils, "PER_SECOND", 1_000)
        with every_page(tmp_path_factory.mktemp("every"), squares_run) as made:
            yield made


@pytest.mark.parametrize(("name", "language"), LOOKED_AT)
def test_a_page_can_be_seen_heard_read_and_pressed(name: str, language: str, places: Places, browser: Any) -> None:
    address, views = PAGES[name]
    context = browser.new_context(locale=language, viewport=WIDE)
    try:
        page = context.new_page()
        page.goto(address(places).replace("LANG", language))
        for view in views(page):
            for size, scheme in LOOKS[language]:
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=scheme)
                page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                assert hindrances(page) == [], f"{view}, {size['width']} px wide, {scheme}"
    finally:
        context.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_the_three_steps_stand_above_the_diagram_in_the_first_screen(
    served: str, open_page: Any, width: int, height: int
) -> None:
    page = open_page(f"{served}/runs/squares", viewport={"width": width, "height": height})
    boxes = [page.locator(f'#steps li[data-step="{step}"]').bounding_box() for step in (1, 2, 3)]
    diagram = page.locator("#diagram").bounding_box()
    assert all(box["y"] + box["height"] <= min(height, diagram["y"]) for box in boxes)


def test_a_finished_run_replays_its_last_round_and_film_and_curves_are_there_unscrolled(
    served: str, open_page: Any
) -> None:
    page = open_page(f"{served}/runs/squares")
    page.wait_for_selector('body[data-state="finished"]')
    page.wait_for_selector("#frame[src]")
    page.wait_for_selector("#curve-accuracy .main-svg", state="attached")
    page.click('#steps li[data-step="2"] button')
    page.wait_for_selector('#diagram[data-step="2"]')
    assert "fakes through the discriminator" in page.inner_text("#step-text")
    page.wait_for_selector(".traveller", state="attached")
    page.wait_for_selector('#diagram[data-step="0"]')  # and then it stands still again


def test_a_lost_connection_is_said_and_turns_the_buttons_off(tmp_path: Path, squares_run: Path, open_page: Any) -> None:
    lines = len((squares_run / "events.jsonl").read_bytes().splitlines())
    run = copy_of(squares_run, tmp_path / "squares", lines=lines - 1)  # as if it had no end yet
    with serving(run) as (_, port):
        page = open_page(f"http://127.0.0.1:{port}/runs/squares")
        page.wait_for_selector("body[data-state]")
    for name in ("pause", "resume", "stop"):
        page.wait_for_selector(f"#{name}:disabled", state="attached")
    assert "The connection to the server is lost" in page.inner_text("#state")
    assert hindrances(page) == []


def hovered(page: Any, curve: str) -> list[str]:
    """Return what is said beside the pointer over the middle of a curve."""
    box = page.locator(f"#curve-{curve} .nsewdrag").bounding_box()
    for share in (0.4, 0.5):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_selector(f"#curve-{curve} .hoverlayer text")
    return page.locator(f"#curve-{curve} .hoverlayer text").all_text_contents()


@pytest.mark.parametrize(
    ("where", "language", "fraction", "thousands", "names"),
    [
        ("page", "fr", r"\d,\d", "10\N{NARROW NO-BREAK SPACE}000", ["discriminateur", "générateur"]),
        ("report", "fr", r"\d,\d", "10\N{NARROW NO-BREAK SPACE}000", ["perte de D", "perte de G"]),
        ("page", "en", r"\d\.\d", "10,000", ["discriminator", "generator"]),
    ],
)
def test_curves_are_numbered_as_the_language_has_it(
    where: str, language: str, fraction: str, thousands: str, names: list[str], places: Places, open_page: Any
) -> None:
    at = {"page": f"{places.studio}runs/squares", "report": f"file://{places.files}/report-{language}.html"}
    page = open_page(at[where], locale=language)
    page.wait_for_selector("#curve-losses .main-svg", state="attached")
    page.locator("#curve-losses").scroll_into_view_if_needed()
    ticks = page.locator("#curve-losses .xtick text")
    odd = r"\d,\d" if language == "en" else r"\d\.\d"
    ticks.first.wait_for()
    assert any(re.search(fraction, text) for text in ticks.all_text_contents())
    said = hovered(page, "losses")
    assert [text.partition(" : ")[0] for text in said[1:]] == names  # none of them cut
    assert all(re.search(fraction, text) and not re.search(odd, text) for text in said)
    page.evaluate("Plotly.restyle('curve-losses', {y: [Array.from({length: 99}, (_, i) => 20000 + 5 * i)]}, [0])")
    page.wait_for_function(
        "(wanted) => [...document.querySelectorAll('#curve-losses .ytick text')].some((e) => e.textContent === wanted)",
        arg=thousands,
    )


@pytest.mark.parametrize(
    ("run", "drawn", "said"),
    [("squares", True, None), ("all-learnt", False, "none are, as there are too few that differ")],
)
def test_the_discriminator_on_held_out_images_has_a_curve_or_the_reason_why_not(
    run: str, drawn: bool, said: str | None, places: Places, open_page: Any
) -> None:
    page = open_page(f"{places.studio}runs/{run}")
    page.wait_for_selector("#curve-accuracy .main-svg", state="attached")
    page.wait_for_selector("figure:has(#curve-accuracy) figcaption:has-text('Now')")
    names = page.evaluate("document.getElementById('curve-accuracy').data.map((line) => line.name)")
    assert ("on real images held out" in names) == drawn
    caption = page.inner_text("figure:has(#curve-accuracy) figcaption")
    assert ("on real images held out" in caption.partition("no curve")[0]) == drawn
    assert ("no curve" in caption) == (said is not None)
    assert said is None or said in caption
