"""How smooth is the game in two dimensions, and do its experiments keep their word, whatever the seed?

    python benchmarks/playground.py [--seeds 3] [--seconds 3] [--profile preset]

In headless Chromium, from the disk, at 1280 and at 360 pixels, and there on a processor that the browser slows down
four times. Smoothness: pictures a second while an experiment runs, the longest wait for one, and the milliseconds of
script in each (work, which a busy machine does not change as it changes the clock). Promises: each experiment is begun
by its button with each seed, and runs at its own speed until its sentence has come true; then it is played anew by
rounds, and must be as promised at each of its marks; then it is mended as its sentence says. Exit code 1 if anything
was not as promised, or a second had fewer than thirty pictures.

--profile prints where the processor's time goes while an experiment runs as fast as it can.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from faussaire.views.web.playground.document import document

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
VIEWS = {"1280 px": (1280, 900, 1.0), "360 px": (360, 740, 1.0), "360 px, four times as slow": (360, 740, 4.0)}
"""Width, height, and how many times slower the processor is made."""

PACES = (("good", "at 60 rounds a second", 60), ("strong", "at 60 rounds a second", 60), ("good", "flat out", 1000))
FRAMES_A_SECOND = 30.0
PATIENCE_SECONDS = 20.0  # of who waits for a sentence to come true

COUNT_FRAMES = """() => {
  globalThis.seen?.disconnect();
  globalThis.waits = [];
  globalThis.seen = new MutationObserver(() => waits.push(performance.now()));
  seen.observe(document.body, { attributeFilter: ["data-frames"] });
}"""
TAKE = "(change) => { faussaire.play.run(false); faussaire.play.choose(change); faussaire.play.restart(); }"
PLAY_TO = """(rounds) => {
  const { play } = faussaire;
  play.run(false);
  play.rounds(rounds - play.game.rounds);
  play.show();
}"""
STANDS = """() => {
  const { play } = faussaire, now = play.story.now();
  return { ...now, accuracy: play.story.accuracy(), verdict: document.body.dataset.verdict, rounds: play.game.rounds };
}"""


@dataclass(frozen=True)
class Promise:
    """What the sentence of an experiment says, as something that can be counted."""

    holds: str
    """JavaScript, of what STANDS gives."""

    marks: tuple[int, ...]
    """Rounds after which it must hold."""

    cure: dict[str, Any] = field(default_factory=dict)
    """The settings that mend it, new networks begun."""

    mended: str = "true"
    cured_at: int = 0


PROMISES = {
    "good": Promise("s.covered >= 7 && s.verdict === 'good'", (400, 800, 1200, 2400)),
    "ring": Promise("s.covered >= 0.87 * s.of && s.verdict === 'good'", (800, 1200)),
    "collapse": Promise(
        "s.covered >= 1 && s.covered <= 3 && s.verdict === 'collapse'",
        (400, 600, 1200),
        {"optimizerG": "adam", "penalty": "r1r2", "dSteps": 2, "beta1": 0},
        "s.covered >= 7",
        600,
    ),
    "swing": Promise(
        "s.verdict === 'swing'", (300, 600, 1200), {"beta1": 0, "penalty": "r1r2"}, "s.verdict === 'good'", 400
    ),
    "strong": Promise(
        "s.accuracy > 0.99 && s.pull < 0.01 && s.verdict === 'strong'", (60, 100), {"loss": "bce"}, "s.pull > 1", 60
    ),
}


def smoothness(page: Any, preset: str, speed: int, slower: float, seconds: float) -> tuple[float, float, float]:
    """Return pictures a second while an experiment runs, the longest wait in ms, and ms of script in each picture."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # of the processor, not of the clock
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.click(f"#preset-{preset}")
    page.evaluate("speed => faussaire.play.choose({ speed })", speed)
    time.sleep(1.5)  # the pace finds itself
    page.evaluate(COUNT_FRAMES)
    before = script_seconds(session)
    time.sleep(seconds)
    after, at = script_seconds(session), page.evaluate("waits")
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()
    page.click("#run")
    waits = [late - early for early, late in pairwise(at)]
    return 1000 * len(waits) / (at[-1] - at[0]), max(waits), 1000 * (after - before) / len(at)


def script_seconds(session: Any) -> float:
    """Return how long the page has computed so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration"))


def kept(page: Any, preset: str, seed: int) -> tuple[list[str], bool]:
    """Return how an experiment stands along the way, in words, and whether it kept its promise."""
    promise = PROMISES[preset]
    page.evaluate(TAKE, {"seed": seed})
    page.click(f"#preset-{preset}")
    began = time.monotonic()
    while not (well := holds(page, promise.holds)) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(0.1)
    told = [f"{'true' if well else 'NOT TRUE'} after {time.monotonic() - began:.1f} s"]
    page.evaluate(TAKE, {})
    for rounds in promise.marks:
        page.evaluate(PLAY_TO, rounds)
        well &= holds(page, promise.holds)
        told.append(stands(page))
    if promise.cure:
        page.evaluate(TAKE, promise.cure)
        page.evaluate(PLAY_TO, promise.cured_at)
        well &= holds(page, promise.mended)
        told.append(f"mended: {stands(page)}")
    return told, well


def holds(page: Any, condition: str) -> bool:
    """Say whether something is true of the game, `s`, as it stands."""
    return bool(page.evaluate(f"((s) => {condition})(({STANDS})())"))


def stands(page: Any) -> str:
    """Say how the game stands."""
    now = page.evaluate(STANDS)
    figures = f"{now['covered']} of {now['of']}, {now['onData']:.0%} on it, D {now['accuracy']:.0%}"
    return f"{now['rounds']}: {figures}, arrows {now['pull']:.2g}, {now['verdict']}"


def profile(page: Any, preset: str, seconds: float) -> Iterator[str]:
    """Yield the functions that take the most of the processor's time, with their share."""
    session = page.context.new_cdp_session(page)
    page.click(f"#preset-{preset}")
    page.evaluate("faussaire.play.choose({ speed: 1000 })")
    session.send("Profiler.enable")
    session.send("Profiler.start")
    time.sleep(seconds)
    taken = session.send("Profiler.stop")["profile"]
    names = {node["id"]: node["callFrame"]["functionName"] or "(nameless)" for node in taken["nodes"]}
    spent: Counter[str] = Counter()
    for node, microseconds in zip(taken["samples"], taken["timeDeltas"], strict=True):
        spent[names[node]] += microseconds
    yield from (f"{share / sum(spent.values()):6.1%} {name}" for name, share in spent.most_common(12))


@contextmanager
def opened(browser: Any, address: str, width: int, height: int) -> Iterator[Any]:
    """Open the page at a width; complaints of its console are failures."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("body.ready")
    yield page
    context.close()
    assert not complaints, complaints


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--profile", metavar="PRESET", choices=PROMISES)
    asked = parser.parse_args()
    fine = True
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "playground.html"
        path.write_text(document(), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        if asked.profile:
            with opened(browser, f"file://{path}", 1280, 900) as page:
                print("\n".join(profile(page, asked.profile, asked.seconds)))
            return
        for view, (width, height, slower) in VIEWS.items():
            with opened(browser, f"file://{path}", width, height) as page:
                for preset, words, speed in PACES:
                    frames, wait, script = smoothness(page, preset, speed, slower, asked.seconds)
                    fine &= frames >= FRAMES_A_SECOND
                    figures = f"{frames:.1f} pictures a second, {script:.1f} ms of script each"
                    print(f"{view}, {preset}, {words}: {figures}, longest wait {wait:.0f} ms", flush=True)
        with opened(browser, f"file://{path}", 1280, 900) as page:
            for preset in PROMISES:
                for seed in range(1, asked.seeds + 1):
                    told, well = kept(page, preset, seed)
                    fine &= well
                    print(f"{preset}, seed {seed}: {'kept' if well else 'NOT KEPT'}; {'; '.join(told)}", flush=True)
        browser.close()
    sys.exit(not fine)


if __name__ == "__main__":
    main()
