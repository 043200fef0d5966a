"""The pages in a real Chromium, against real runs: by mouse and keyboard, wide and narrow, in both languages."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.web.pages.render import static_address
from toy import write_squares
from web_client import copy_of, serving, train_on

pytestmark = pytest.mark.slow

TRAINED_MS = 200_000  # until a training of seconds has ended, beside other tests on a slow machine


@contextmanager
def training(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Train a small run with its studio; give the process and the link."""
    data = write_squares(folder / "squares.npy")
    command = [sys.executable, "-m", "faussaire", "train", str(data), "--run", str(folder / "runs" / "squares")]
    small = ["--width", "8", "--precision", "fp32", "--pictures", "12", "--studio"]
    process = subprocess.Popen([*command, *small, *flags], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(line for line in process.stdout if "Watch it learn" in line).split()[-1]
        reader = threading.Thread(target=process.stdout.read)  # so that it never waits for one
        reader.start()
        yield process, link
    finally:
        process.terminate()
        process.wait(timeout=20)
        reader.join(timeout=20)
        process.stdout.close()


def state(page: Any, name: str, *, within_ms: int | None = None) -> None:
    page.wait_for_selector(f'body[data-state="{name}"]', timeout=within_ms)


def record_steps(page: Any) -> None:
    """Note in the page which steps the diagram shows from now on: a busy machine may sleep through one of one beat."""
    page.evaluate(
        """() => {
          const diagram = document.getElementById("diagram"), { dataset } = document.body;
          dataset.steps = "";
          new MutationObserver(() => { dataset.steps += ` ${diagram.dataset.step}`; })
            .observe(diagram, { attributeFilter: ["data-step"] });
        }"""
    )


def test_the_page_follows_a_training_and_a_late_page_shows_the_same(tmp_path: Path, open_page: Any) -> None:
    with training(tmp_path, "--kimg", "72") as (process, link):
        page = open_page(link)
        page.wait_for_selector('#diagram[data-step="1"]')
        assert "learns" in page.inner_text('[data-part="discriminator"]')
        page.wait_for_selector('.judged[data-kind="fake"] li.REAL, .judged[data-kind="fake"] li.FAKE')
        page.click("#pause")
        assert re.fullmatch(r"\d+%", page.inner_text("#accuracy"))
        says = page.locator('.judged[data-kind="fake"] .says').all_inner_texts()
        assert len(says) == 6
        assert {text.strip() for text in says} <= {"caught", "fooled it"}

        state(page, "paused")
        line = page.evaluate("document.body.dataset.line")
        time.sleep(1.5)
        assert page.evaluate("document.body.dataset.line") == line
        page.click("#resume")
        state(page, "running")
        page.wait_for_selector('#diagram[data-step="2"]')
        assert "learns" in page.inner_text('[data-part="generator"]')
        state(page, "finished", within_ms=TRAINED_MS)
        early = settled(page)
        page.context.close()
        assert process.wait(timeout=60) == 0
    with serving(tmp_path / "runs") as (_, port):
        assert settled(open_page(f"http://127.0.0.1:{port}/runs/squares")) == early


def settled(page: Any) -> list[str]:
    """Return what the page says of a finished run, the curves drawn and the slider at its end."""
    state(page, "finished")
    page.locator("#slider").scroll_into_view_if_needed()
    page.wait_for_selector("#frame[src]")
    for name in ("accuracy", "losses", "diversity"):
        page.locator(f"#curve-{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#curve-{name} .main-svg", state="attached")
    page.wait_for_timeout(2500)
    thumbnails = page.evaluate(
        "[...document.querySelectorAll('.judged svg')].map(s => s.outerHTML).join().replaceAll(location.origin, '')"
    )
    frame = page.get_attribute("#frame", "src")
    return [page.inner_text("main"), thumbnails, frame]


def test_stop_saves_ends_and_takes_the_server_along(tmp_path: Path, open_page: Any) -> None:
    with training(tmp_path, "--minutes", "5", "--title", "This square does not exist") as (process, link):
        page = open_page(link)
        state(page, "running")
        assert "<h1>This square does not exist</h1>" in page.request.get(f"{link}runs/squares/visit/7").text()
        page.click("#stop")
        page.click("dialog button[value=no]")
        assert page.is_visible("#stop")
        page.click("#stop")
        page.click("dialog button[value=stop]")
        state(page, "stopped")
        assert "same command" in page.inner_text("#state")
        page.context.close()
        assert process.wait(timeout=30) == 130
    kinds = [event.kind for event in RunFolder(tmp_path / "runs" / "squares").events()]
    assert kinds[-1] == "stopped"
    deadline = time.monotonic() + 15
    while answers(link):
        assert time.monotonic() < deadline, "the studio outlived its training"
        time.sleep(0.3)


def answers(link: str) -> bool:
    import socket
    from urllib.parse import urlsplit

    try:
        socket.create_connection(("127.0.0.1", urlsplit(link).port or 80), timeout=1).close()
    except OSError:
        return False
    return True


def test_motion_is_left_out_where_it_is_not_wanted(
    served: str, tmp_path: Path, open_page: Any, squares_run: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    run = RunFolder(copy_of(squares_run, runs / "now", lines=0))
    told = [event for event in RunFolder(squares_run).events() if event.kind != "done"]
    ended = threading.Event()

    def tell() -> None:  # as if it were learning at this moment
        for event in told:
            run.emit(event.kind, nimg=event.nimg, **event.data)
        while not ended.wait(1.0):
            run.emit("stats", nimg=told[-1].nimg, **next(e.data for e in told if e.kind == "stats"))

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        with serving(runs) as (_, port):
            moving, still = (
                open_page(f"http://127.0.0.1:{port}/", reduced_motion=wish) for wish in ("no-preference", "reduce")
            )
            moving.wait_for_selector('#diagram[data-step="1"]')
            still.wait_for_timeout(2500)
            assert still.get_attribute("#diagram", "data-step") in (None, "0")
    finally:
        ended.set()
        thread.join()


WEEK = """async (address) => {
  const { Story } = await import(address);
  const story = new Story();
  let most = 0;
  for (let i = 0; i < 50000; i++) {
    for (const kind of ["judged", "stats"]) story.take({ kind, nimg: i * 64, data: {} }, i);
    most = Math.max(most, story.events.length);
  }
  return { most, judged: story.all("judged").length, told: story.all("stats").map((event) => event.nimg / 64) };
}"""


def test_a_page_that_stays_open_for_long_keeps_an_even_part_of_what_it_was_told(served: str, open_page: Any) -> None:
    kept = open_page(served).evaluate(WEEK, static_address("story.js"))
    assert kept["most"] <= 6_000
    assert kept["judged"] == 1
    assert kept["told"][0] == 0
    assert kept["told"][-200:] == list(range(49_800, 50_000))
    gaps = [after - before for before, after in pairwise(kept["told"])]
    assert max(gaps) <= 100


def test_the_film_by_slider_and_played(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares")
    state(page, "finished")
    page.locator("#slider").scroll_into_view_if_needed()
    page.wait_for_selector("#frame[src]")
    last = page.get_attribute("#frame", "src")
    page.focus("#slider")
    page.keyboard.press("Home")
    first = page.get_attribute("#frame", "src")
    assert first != last
    assert "0.0 thousand images" in page.inner_text("#where")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#frame", "src") not in (first, last)
    page.click("#play")
    page.wait_for_selector("#play:has-text('Stop the film')")
    page.click("#play")
    assert page.inner_text("#play") == "Play"


@pytest.mark.parametrize("part", ["noise", "generator", "discriminator"])
def test_the_whole_of_a_box_is_its_button(served: str, open_page: Any, part: str) -> None:
    page = open_page(f"{served}/runs/squares")
    state(page, "finished")
    box = page.locator(f'[data-part="{part}"]')
    size = box.bounding_box()
    box.click(position={"x": 6, "y": size["height"] - 6})
    assert page.is_visible("#explanation")


def test_the_last_round_is_held_and_stepped_and_its_gradient_comes_back(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares")
    state(page, "finished")
    page.wait_for_selector('.judged[data-kind="fake"] image[href]', state="attached")  # or nothing is there to travel
    page.evaluate(  # what travels is there for a beat, which a busy machine may sleep through
        """() => {
          window.travelled = [];
          new MutationObserver((changes) => {
            for (const { addedNodes } of changes) for (const one of addedNodes)
              window.travelled.push(one.querySelector("svg image[href]") ? "picture" : one.className.trim());
          }).observe(document.getElementById("travellers"), { childList: true });
        }"""
    )
    record_steps(page)
    page.click('#steps li[data-step="2"] button')
    page.wait_for_selector('body[data-steps~="2"][data-steps$=" 0"]')
    travelled = page.evaluate("window.travelled")
    assert "picture" in travelled
    assert "gradient" in travelled[-1]
    assert travelled.index("picture") < len(travelled) - 1
    for step in (1, 2, 3, 1):
        page.click("#one-step")
        page.wait_for_selector(f'#diagram[data-step="{step}"]')
    page.wait_for_timeout(1500)  # two beats: what is held stays
    assert page.get_attribute("#diagram", "data-step") == "1"


def test_a_round_moves_in_few_leaps_and_nothing_but_it_is_drawn_again(served: str, open_page: Any) -> None:
    """Whatever is drawn sixty times a second, or is a layer of its own, is paid for by the machine that trains."""
    page = open_page(f"{served}/runs/squares")
    state(page, "finished")
    page.wait_for_timeout(1000)  # no picture is new
    page.evaluate(
        """() => {
          window.animated = [];
          for (const kind of ["transitionrun", "animationstart"])
            document.addEventListener(kind, (event) => window.animated.push(event.target.outerHTML));
          window.places = new Set();
          new MutationObserver(() => {
            for (const one of document.querySelectorAll(".traveller")) window.places.add(one.style.transform);
          }).observe(document.getElementById("travellers"), { attributes: true, subtree: true, childList: true });
        }"""
    )
    record_steps(page)
    page.focus('#steps li[data-step="1"] button')
    page.keyboard.press("Enter")
    page.wait_for_selector('body[data-steps~="3"][data-steps$=" 0"]')
    assert page.evaluate("window.animated") == []
    # Four of each wire: 10 forwards and 4 back, some in both steps.
    assert 20 <= page.evaluate("window.places.size") <= 56
    assert page.evaluate("document.querySelectorAll('#diagram canvas, .traveller').length") == 0


@pytest.mark.parametrize(("locale", "name"), [("en", "Discriminator (examiner)"), ("fr-FR", "Discriminateur (expert)")])
def test_explain_mode_by_keyboard(served: str, open_page: Any, locale: str, name: str) -> None:
    page = open_page(f"{served}/runs/squares", locale=locale)
    state(page, "finished")
    page.focus("#tour")
    page.keyboard.press("Enter")
    seen = []
    for _ in range(8):
        seen.append(page.inner_text("#explained"))
        sentences = page.locator("#sentences p").all_inner_texts()
        assert len(sentences) == 3
        assert not any("{" in sentence or "…" in sentence for sentence in sentences), sentences
        page.keyboard.press("Enter")  # the button "next part" has the focus
    assert len(set(seen)) == 8
    assert name in seen
    page.keyboard.press("Escape")
    assert page.is_hidden("#explanation")


def test_explore_samples_sliders_walk_arithmetic_and_copies(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares/explore")
    page.click('[data-z="0.1"]')
    page.focus('[data-z="0.4"]')
    page.keyboard.press("Space")
    page.click('[data-z="0.7"]')
    assert page.locator("#chosen li").count() == 3
    loaded(page)
    before = page.get_attribute("#large", "src")
    page.locator("#moves input").first.focus()
    page.keyboard.press("End")
    assert "0.7%7E8%2C0" in page.get_attribute("#large", "src") != before
    page.focus("#truncation")
    page.keyboard.press("Home")
    page.wait_for_selector('#sheet img[src*="truncation=0&"]')
    page.keyboard.press("End")
    page.click("#walk")
    page.wait_for_selector("#film:not([hidden])")
    page.click("#compute")
    page.wait_for_selector('#result [data-z="0.1-0.4+0.7"]')
    page.click("#find")
    page.wait_for_selector("#nearest:not([hidden])")
    assert "of 54 training images" in page.inner_text("#nearest")
    loaded(page)
    page.focus("#moves input >> nth=1")
    page.keyboard.press("End")
    assert page.is_hidden("#nearest")  # it was that of another sample
    page.click("#keep")
    assert page.locator("#chosen li").count() == 4
    pulled = page.get_attribute("#large", "src")
    page.reload()
    page.wait_for_selector("#chosen li")
    assert page.locator("#chosen li").count() == 4
    assert page.get_attribute("#large", "src") == pulled
    with page.expect_download() as download:
        page.click("#save-npz")
    assert download.value.suggested_filename.endswith(".npz")


def test_neighbours_at_the_distance_to_begin_with_are_of_the_kind_of_their_sample(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares/explore")
    page.wait_for_selector("#sheet [data-z]")

    def made(z: str) -> np.ndarray:
        content = page.request.get(f"{served}/api/latent", params={"z": z, "format": "npz"}).body()
        return np.load(io.BytesIO(content))["samples"].astype(float)

    places = page.evaluate("[...document.querySelectorAll('#sheet [data-z]')].map((button) => button.dataset.z)")
    sheet = np.concatenate([made(z) for z in places])
    for place in (0, 5, 11):
        page.click(f'#sheet [data-z="{places[place]}"]')
        near = page.evaluate("[...document.querySelectorAll('#neighbours [data-z]')].map((one) => one.dataset.z)")
        assert len(near) == 6
        for z in near:
            distances = np.square(sheet - made(z)).reshape(len(sheet), -1).mean(1)
            assert distances.argmin() == place


def test_the_nearest_image_of_what_was_shown_before_is_not_shown(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares/explore")
    page.click('[data-z="0.1"]')
    held: list[Any] = []
    page.route("**/api/nearest*", lambda route: held.append(route))
    page.click("#find")
    while not held:
        page.wait_for_timeout(50)
    page.focus("#truncation")
    page.keyboard.press("Home")  # another sample is shown before the answer comes
    with page.expect_response("**/api/nearest*"):
        held[0].continue_()
    page.wait_for_function("document.getElementById('said').textContent === ''")
    page.wait_for_timeout(200)
    assert page.is_hidden("#nearest")


def loaded(page: Any) -> None:
    """Wait until every picture that the page has is there."""
    deadline = time.monotonic() + 20
    while not page.evaluate(
        "[...document.images].every(i => !i.getAttribute('src') || (i.complete && i.naturalWidth > 0))"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_quiz_to_its_end_by_keyboard_in_french(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares/quiz", locale="fr")
    page.focus("#begin")
    page.keyboard.press("Enter")
    for i in range(20):
        page.wait_for_selector(f"#question:has-text('Image {i + 1} sur 20')")
        page.keyboard.press("r" if i % 2 else "f")
    page.wait_for_selector("#results:not([hidden])")
    assert re.fullmatch(r"Vous avez eu raison \d+ fois sur 20", page.inner_text("#result"))
    assert page.locator("#tally li").count() >= 3
    assert "intervalle à 95" in page.inner_text("#tally")
    assert page.locator("#truth li").count() == 20
    loaded(page)


def test_a_quiz_is_finished_while_the_training_goes_on_and_the_server_is_away_for_a_while(
    tmp_path: Path, squares_run: Path, open_page: Any
) -> None:
    run = copy_of(squares_run, tmp_path / "runs" / "squares")
    with serving(run) as (_, port):
        page = open_page(f"http://127.0.0.1:{port}/runs/squares/quiz")
        page.click("#begin")
        for i in range(20):
            page.wait_for_selector(f"#question:has-text('Image {i + 1} of 20')")
            if i % 5 == 4:
                train_on(run)
            if i == 19:
                loaded(page)
                break
            page.keyboard.press("r")
    page.keyboard.press("f")  # nobody is there to take the answers
    page.wait_for_selector("#said:has-text('Counting')")
    with serving(run, port=port):
        page.wait_for_selector("#results:not([hidden])")
        assert page.locator("#truth li").count() == 20
        loaded(page)


def test_the_language_is_switched_and_remembered(served: str, open_page: Any) -> None:
    page = open_page(f"{served}/runs/squares")
    assert "The discriminator is right" in page.inner_text("h2 >> nth=0")
    page.click("text=Français")
    assert "Le discriminateur a raison" in page.inner_text("h2 >> nth=0")
    page.goto(f"{served}/runs/squares/quiz")
    assert page.get_attribute("html", "lang") == "fr"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_scripts_write_numbers_as_python_does(served: str, open_page: Any, language: str) -> None:
    page = open_page(f"{served}/runs/squares?lang={language}")
    numbers = Numbers(language, MINUS)
    written = page.evaluate(
        """async () => {
          const live = document.querySelector('script[src$="live.js"]').src;
          const w = await import(live.replace("live.js", "words.js"));
          return [w.percent(0.742), w.number(0.00005), w.number(-12345.6, 4), w.whole(1234567), w.thousands(1234560)];
        }"""
    )
    python = [numbers.percent(0.742), numbers.figure(0.00005, 3), numbers.figure(-12345.6)]
    assert written == [*python, numbers.count(1234567), numbers.thousands(1234560)]


def test_a_printed_page_has_nothing_to_press_and_is_light(served: str, open_page: Any) -> None:
    page = open_page(served + "/runs/squares", color_scheme="dark")
    page.wait_for_selector('body[data-state="finished"]')
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    shown = page.evaluate("[...document.querySelectorAll('button, input')].filter((e) => e.checkVisibility()).length")
    of_the_diagram = page.locator(".ask:visible, .steps button:visible").count()  # headings, on paper
    assert shown == of_the_diagram
    page.wait_for_selector("#frame[src]")
    page.wait_for_selector("#curve-accuracy .main-svg", state="attached")  # unscrolled
    page.emulate_media(media="screen")
