"""Exported pages of other things than images, in Chromium, from the disk, with the network off."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from faussaire.generation.export import export
from faussaire.generation.generator import Generator
from faussaire.modalities import SampleSpec
from faussaire.modalities.audio.rule import Rule
from generators import generator_of, saved_in
from toy import music_spec, text_spec

RULE = Rule(seconds=0.5, rate=8000, window=0)
SPECS = {
    "roll": music_spec(2, 24, ("major", "minor")),
    "text": text_spec(5, 8),
    "hybrid": SampleSpec(modality="audio", shape=RULE.shape, facts=RULE.facts()),
}
FILE = """async (suffix) => {
  const bytes = KIND.files.find((one) => one.suffix === suffix).bytes(await faussaire.sample("7", { index: 3 }));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
PICTURE = """async () => {
  const image = pixels(await faussaire.sample("7", { index: 3 }));
  return [image.height, image.width, btoa(Array.from(image.data, (byte) => String.fromCharCode(byte)).join(""))];
}"""

# The page may not make code of strings, and Playwright's own waiting does that each time that it looks again.
HEARD = """async () => {
  for (let looks = 0; looks < 1500; looks += 1) {
    if (listening.audio?.duration && !listening.audio.paused) return listening.audio.duration;
    await new Promise((look) => setTimeout(look, 20));
  }
  return 0;
}"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Generators of each kind, and a page beside each."""
    root, found = tmp_path_factory.mktemp("kinds"), {}
    for name, spec in SPECS.items():
        found[name] = saved_in(root / name, generator_of(name, spec, conditional=bool(spec.classes)))
        export(found[name], "page", root / f"{name}.html")
    return found


@pytest.fixture
def opened(open_page: Callable[..., Any], folders: dict[str, Path]) -> Callable[..., Any]:
    """Open the page of an architecture with the network off, and wait for its first sample."""

    def open_one(name: str, **options: Any) -> Any:
        page = open_page(f"file://{folders[name]}.html#7.3", offline=True, **options)
        page.wait_for_selector("body.ready")
        return page

    return open_one


def made(folder: Path) -> tuple[Generator, np.ndarray]:
    """The generator in a folder, and the sample that its page is asked for."""
    generator = Generator.load(folder)
    return generator, generator.sample(4, seed=7)[3:]


def shown(found: Sequence[Any]) -> np.ndarray:
    height, width, data = found
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


@pytest.mark.parametrize("name", ["roll", "hybrid"])
def test_the_page_draws_what_faussaire_draws(name: str, folders: dict[str, Path], opened: Any) -> None:
    generator, sample = made(folders[name])
    with Image.open(io.BytesIO(generator.modality.png(sample))) as picture:
        ours = np.asarray(picture.convert("RGB")).astype(int)
    theirs = shown(opened(name).evaluate(PICTURE))
    assert ours.std() > 5
    assert np.abs(theirs - ours).max() <= (2 if name == "hybrid" else 0)


def test_the_page_writes_the_midi_that_faussaire_writes(folders: dict[str, Path], opened: Any) -> None:
    generator, sample = made(folders["roll"])
    ours = next(form for form in generator.modality.forms if form.suffix == ".mid").encode(sample)
    assert base64.b64decode(opened("roll").evaluate(FILE, ".mid")) == ours
    assert len(ours) > 500


@pytest.mark.parametrize(("name", "least"), [("roll", 0.9999), ("hybrid", 0.98)])
def test_the_page_sounds_as_faussaire_does(name: str, least: float, folders: dict[str, Path], opened: Any) -> None:
    """Of sound not to the last bit: a number of a spectrum that rounds otherwise turns some phases."""
    generator, sample = made(folders[name])
    ours, theirs = (
        soundfile.read(io.BytesIO(content))
        for content in (
            next(form for form in generator.modality.forms if form.suffix == ".wav").encode(sample),
            base64.b64decode(opened(name).evaluate(FILE, ".wav")),
        )
    )
    assert theirs[1] == ours[1]
    assert len(theirs[0]) == len(ours[0])
    assert np.corrcoef(theirs[0], ours[0])[0, 1] > least


def test_the_page_spells_what_faussaire_spells(folders: dict[str, Path], opened: Any) -> None:
    _, sample = made(folders["text"])
    page = opened("text")
    line = str(sample[0])
    assert len(line) > 2
    assert page.inner_text("#read") == line
    assert line in page.get_attribute("#sample", "aria-label")
    assert base64.b64decode(page.evaluate(FILE, ".txt")).decode() == f"{line}\n"


def test_a_sample_is_heard_and_kept(opened: Any) -> None:
    page = opened("roll")
    with page.expect_download() as download:
        page.click("text=Save as .mid")
    assert download.value.suggested_filename == "squares-7.3.mid"
    page.click("#hear")
    assert page.evaluate(HEARD) > 9


@pytest.mark.parametrize("name", SPECS)
def test_a_page_of_each_kind_in_french_on_a_phone(name: str, opened: Any) -> None:
    page = opened(name, viewport={"width": 360, "height": 740}, locale="fr")
    page.click("#fill")
    page.wait_for_selector("#wall[data-rate]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert "chantillon" in page.get_attribute("#sample", "aria-label")
    assert page.is_hidden("#hear") == (name == "text")
    assert "{" not in page.inner_text("#facts")
