"""Images: float tensors `[N, C, H, W]` in [-1, 1], kept as bytes, seen by people as uint8 `[N, H, W, C]` and as PNG.

One channel is grey, three are RGB, four have alpha. Small images are enlarged by a whole factor with hard edges, so
that a picture shows the pixels that the network made and nothing that a viewer smoothed over them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from faussaire.core.marks import mark_in
from faussaire.modalities import spec
from faussaire.modalities.image import copies, layouts
from faussaire.modalities.image.decode import (
    FORMATS,
    IMAGE_SUFFIXES,
    decode_frames,
    decoders,
    fit_array,
    is_image,
    num_frames,
    quiet_pillow,
    size_of,
)
from faussaire.modalities.image.depths import extents_of, levels_of
from faussaire.modalities.image.layouts import ArrangedImages
from faussaire.modalities.image.ranges import is_about_range
from faussaire.modalities.image.rule import ALL, LEVELS, OPTIONS, SIZES, Rule, check, rule_for, with_all_depths
from faussaire.modalities.pictures import MIN_TILE, cut, picture
from faussaire.modalities.spec import NUM_PARTS, Arranged, Counts, Decoded, Items, Samples, SampleSpec, floats

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

MODES = {1: "L", 3: "RGB", 4: "RGBA"}

_RATIOS = ("tall, above 2:1", "tall, up to 2:1", "upright, up to 3:2", "square", "wide, up to 3:2", "wide, up to 2:1",
           "wide, above 2:1")  # fmt: skip


class Images(spec.Modality):
    """The modality of images."""

    name = "image"
    script_in = __name__
    suffixes = IMAGE_SUFFIXES
    formats = "PNG, JPEG, WebP, BMP, GIF, TIFF or AVIF images"
    options = OPTIONS
    blank = f"nearly blank images (values vary by less than {copies.BLANK_BELOW:g} of 255)"
    scored_by = "pixels-dct"
    judged_by = ("efficientnet-lite0", "pixels-dct")
    told_by = ("nyquist", "labels-cnn")
    rereads = True
    defaults: ClassVar[Mapping[str, Any]] = {"architecture": "lean"}

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ConfigError for an option that is out of its range."""
        check(options)

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with these 16 bytes is an image."""
        return is_image(head)

    def takes_array(self, shape: Sequence[int], dtype: np.dtype) -> bool:
        """Whether an array has the shape of images."""
        flat = len(shape) == 2 and layouts.flat_shape(shape[1]) is not None
        return dtype.kind in layouts.NUMBERS and (len(shape) in (3, 4) or flat)

    def decoders(self) -> str:
        """Return which versions of Pillow and its like are installed."""
        return decoders()

    def quiet(self) -> AbstractContextManager[None]:
        """Silence Pillow's warnings."""
        return quiet_pillow()

    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
        """Decide what images are brought to, and say why."""
        return rule_for(items, options)

    def wider(self, rule: spec.Rule, items: Items) -> Rule:
        """Measure every image of more than 8 bits."""
        return with_all_depths(cast(Rule, rule), items)

    def rule_from(self, facts: Mapping[str, Any]) -> Rule:
        """Return the rule that `as_dict` was made of."""
        return Rule.from_dict(facts)

    def splits(self, options: Mapping[str, Any]) -> bool:
        """Whether each frame of an animation is an image."""
        return bool(options["frames"] == ALL)

    def options_for(self, spec: SampleSpec) -> dict[str, Any]:
        """Return resolution and channels."""
        return {"resolution": spec.shape[1], "channels": spec.shape[0]}

    def answer(self, question: str, data: bytes, parts: Sequence[int] | None) -> Any:
        """Return width and height, or None, and the mark; the number of frames; or extents."""
        if question == SIZES:
            return size_of(data), mark_in(data)
        if question == LEVELS:
            return levels_of(data, FORMATS, parts)
        return num_frames(data) if question == NUM_PARTS else extents_of(data, FORMATS, parts)

    def decode(self, data: bytes, rule: spec.Rule, parts: Sequence[int] | None) -> list[Decoded]:
        """Decode some frames of a file, in rising order; None: the first, saying how many there are."""
        return decode_frames(data, cast(Rule, rule), parts)

    def arranged(self, array: np.ndarray, *, where: str, typed: bool = True) -> ArrangedImages:
        """Find layout and range of an array of images."""
        return layouts.arranged(array, where=where, typed=typed)

    def agreed(self, parts: Sequence[Arranged]) -> list[Arranged]:
        """Let arrays of one number type of more than 8 bits have one range."""
        return [*layouts.agreed([cast(ArrangedImages, part) for part in parts])]

    def as_rows(self, block: np.ndarray, rule: spec.Rule) -> Decoded | None:
        """Take uint8 `[n, C, R, R]` as it is, grey repeated where three channels are asked for."""
        num, depth, height, width = block.shape
        channels, *side = rule.shape
        if [height, width] != side or depth not in (channels, 1 if channels == 3 else channels):
            return None
        row = np.ascontiguousarray(np.broadcast_to(block, (num, *rule.shape)))
        return Decoded(row=row, width=width, height=height, mode=MODES[depth])

    def fit(self, sample: np.ndarray, rule: spec.Rule) -> Decoded:
        """Bring uint8 `[C, H, W]` to the rule, as a file would be."""
        return fit_array(sample, cast(Rule, rule))

    def as_file(self, row: np.ndarray) -> bytes:
        """Return uint8 `[C, H, W]` as a PNG."""
        content = io.BytesIO()
        picture(self.from_rows(row[None])[0]).save(content, "PNG", compress_level=1)
        return content.getvalue()

    def measure(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what images look like, and whether they are grey or nearly blank."""
        return copies.measure(rows)

    def alike(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return whether pairs of images nearly agree in their pixels."""
        return copies.alike(first, second)

    def narrow(self, rows: np.ndarray, rule: spec.Rule) -> np.ndarray:
        """Keep one channel of grey images."""
        return np.ascontiguousarray(rows[:, : rule.shape[0]])

    def widen(self, rows: np.ndarray, rule: spec.Rule) -> np.ndarray:
        """Repeat the channel of grey images."""
        return np.repeat(rows, rule.shape[0], axis=1) if rows.shape[1] < rule.shape[0] else rows

    def to_real(self, rows: np.ndarray) -> Tensor:
        """Turn uint8 `[N, C, H, W]` into float32 in [-1, 1]: 0 is -1, 255 is 1."""
        import torch

        levels = rows if isinstance(rows, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(rows))
        return levels.float().div_(127.5).sub_(1.0)

    takes_tensors = True

    def to_array(self, samples: Samples) -> np.ndarray:
        """Turn `[N, C, H, W]` in [-1, 1] into uint8 `[N, H, W, C]`, rounding to nearest and clipping."""
        pixels = floats(samples) * np.float32(127.5)
        pixels += np.float32(127.5)
        np.clip(np.rint(pixels, out=pixels), 0, 255, out=pixels)
        return np.ascontiguousarray(pixels.astype(np.uint8).transpose(0, 2, 3, 1))

    def from_rows(self, rows: np.ndarray) -> np.ndarray:
        """Turn uint8 `[N, C, H, W]` into `[N, H, W, C]`."""
        return np.ascontiguousarray(rows.transpose(0, 2, 3, 1))

    def to_rows(self, arrays: np.ndarray) -> np.ndarray:
        """Turn uint8 `[N, H, W, C]` into `[N, C, H, W]`."""
        return np.ascontiguousarray(arrays.transpose(0, 3, 1, 2))

    def augmentations(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return all but `flip`: a mirrored digit is no digit, and no file says so; `colour` for RGB alone."""
        return ("translation", "colour", "cutout") if shape[0] == 3 else ("translation", "cutout")

    def describe(self, shape: tuple[int, ...]) -> str:
        """Say what images are, by colour and size."""
        channels, height, width = shape
        return {
            1: f"grey images of {height}x{width}",
            3: f"colour images of {height}x{width}",
            4: f"colour images with alpha of {height}x{width}",
        }[channels]

    def is_told(self, note: str) -> bool:
        """Whether a note says what numbers were taken for."""
        return is_about_range(note)

    def survey(self, width: np.ndarray, height: np.ndarray) -> dict[str, Counts]:
        """Count sizes and shapes."""
        width, height = width.astype(np.int64), height.astype(np.int64)
        pairs, counts = np.unique(width << 32 | height, return_counts=True)
        named = [f"{pair >> 32}x{pair & 0xFFFFFFFF}" for pair in pairs.tolist()]
        sizes = zip(named, counts.tolist(), strict=True)
        places = np.searchsorted([1 / 2, 2 / 3, 1 - 1e-9, 1 + 1e-9, 3 / 2, 2], width / np.maximum(1, height))
        shapes = zip(_RATIOS, np.bincount(places, minlength=len(_RATIOS)).tolist(), strict=True)
        return {
            "sizes": sorted(sizes, key=lambda size: -size[1]),
            "shapes": [(shape, num) for shape, num in shapes if num],
        }

    def tiles(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        """Repeat the pixels of uint8 `[N, H, W, C]` by a whole factor, so that they are `at_least` wide."""
        factor = _factor(arrays.shape[2], at_least)
        return arrays.repeat(factor, axis=1).repeat(factor, axis=2)

    def reread(self, sheet: np.ndarray, count: int, shape: tuple[int, ...]) -> np.ndarray:
        """Cut the images out of a sheet."""
        channels, height, width = shape
        factor = _factor(width, MIN_TILE)
        pixels = sheet.reshape(*sheet.shape[:2], channels)
        return cut(pixels, count, height=factor * height, width=factor * width)[:, ::factor, ::factor]


def _factor(width: int, at_least: int) -> int:
    """Return by how much images of a width are enlarged."""
    return math.ceil(at_least / width)


MODALITY = Images()
