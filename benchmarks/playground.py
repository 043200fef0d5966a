"""How smooth is the game in two dimensions on a slow laptop, and do its experiments keep their word with other seeds?

    python benchmarks/playground.py [--slower 4] [--seconds 10] [--seeds 5]

In headless Chromium, from the disk. For each experiment: pictures and rounds a second while it runs, on a processor
that the browser slows down `--slower` times; then, at full speed, after a fixed number of rounds with each of several
seeds: places covered, share of forgeries on the data, how often D is right, and the verdict.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from faussaire.views.web.playground.document import document

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
ROUNDS = {"good": 400, "ring": 400, "collapse": 300, "swing": 400, "strong": 200}
COUNTS = "[Number(document.body.dataset.frames), faussaire.play.game.rounds]"
PLAYED = """([preset, seed, rounds]) => {
  const { play, DEFAULTS, PRESETS } = faussaire;
  play.run(false);
  play.load({ settings: { ...DEFAULTS, ...PRESETS[preset], preset, seed }, drawn: [] });
  play.rounds(rounds);
  play.show();
  const { covered, of, onData } = play.story.now();
  return { covered, of, onData, accuracy: play.story.accuracy(), verdict: document.body.dataset.verdict };
}"""


def smoothness(page: Any, preset: str, slower: float, seconds: float) -> tuple[float, float]:
    """Return pictures and rounds a second while an experiment runs."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.click(f"#preset-{preset}")
    time.sleep(1)
    before, began = page.evaluate(COUNTS), time.monotonic()
    time.sleep(seconds)
    after, taken = page.evaluate(COUNTS), time.monotonic() - began
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.click("#run")
    return (after[0] - before[0]) / taken, (after[1] - before[1]) / taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slower", type=float, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "playground.html"
        path.write_text(document(), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.goto(f"file://{path}")
        for preset, rounds in ROUNDS.items():
            pictures, speed = smoothness(page, preset, asked.slower, asked.seconds)
            print(f"{preset}: {pictures:.0f} pictures and {speed:.0f} rounds a second", flush=True)
            for seed in range(1, asked.seeds + 1):
                told = page.evaluate(PLAYED, [preset, seed, rounds])
                covered, share = f"{told['covered']} of {told['of']}", f"{told['onData']:.0%} on the data"
                right = f"D right {told['accuracy']:.0%}"
                print(f"  seed {seed}: {covered}, {share}, {right}, {told['verdict']}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
