"""A folder of pictures for who has none at hand: flowers that nobody planted, each drawn by a few random numbers."""

from __future__ import annotations

import colorsys
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

LARGE = 3  # times: drawn so, and made smaller, edges are soft
KINDS = {"daisies": (9, 14), "roses": (4, 6)}
"""Least and most petals, by kind."""


def plant(folder: str | Path, n: int = 1200, *, seed: int = 0) -> Path:
    """Draw n flowers as PNG files into a folder for each kind, and among them three files that are no use.

    Returns:
        The folder. What was there before stays, so that it is made once.
    """
    folder = Path(folder)
    if folder.is_dir():
        return folder
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
    random = np.random.default_rng(seed)
    for number in range(n):
        kind = list(KINDS)[number % len(KINDS)]
        flower(kind, random).save(folder / kind / f"{number:04d}.png")
    (folder / "daisies" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    (folder / "daisies" / "empty.png").write_bytes(b"")
    (folder / "roses" / "notes.txt").write_text("watered on Monday\n", encoding="utf-8")
    return folder


def flower(kind: str, random: np.random.Generator) -> Image.Image:
    """Draw one flower, somewhat off the middle, on a ground of sky or grass."""
    width, height = (int(side) for side in random.integers(64, 100, 2))
    image = Image.new("RGB", (width * LARGE, height * LARGE), _colour(random.uniform(0.3, 0.6), 0.25, 0.9))
    draw = ImageDraw.Draw(image)
    middle = np.array([width, height]) * LARGE * random.uniform(0.44, 0.56, 2)
    reach = min(width, height) * LARGE * random.uniform(0.3, 0.4)
    least, most = KINDS[kind]
    num_petals, turn = int(random.integers(least, most + 1)), random.uniform(0, math.tau)
    hue = random.uniform(0.12, 0.17) if kind == "daisies" else random.uniform(0.88, 1.02)
    stem = _colour(0.33, 0.6, random.uniform(0.35, 0.55))
    draw.line([*middle, middle[0] + reach * random.uniform(-0.3, 0.3), height * LARGE], fill=stem, width=3 * LARGE)
    size = reach * min(0.5, 1.9 / num_petals + 0.06)
    for petal in range(num_petals):
        angle = turn + math.tau * petal / num_petals
        x, y = middle + (reach - size) * np.array([math.cos(angle), math.sin(angle)])
        shade = _colour(hue % 1, 0.1 if kind == "daisies" else 0.75, random.uniform(0.85, 1.0))
        draw.ellipse([x - size, y - size, x + size, y + size], fill=shade)
    heart, (x, y) = reach * 0.3, middle
    draw.ellipse([x - heart, y - heart, x + heart, y + heart], fill=_colour(0.12, 0.9, 0.9))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue
