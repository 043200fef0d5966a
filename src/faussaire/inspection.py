"""What `faussaire inspect` says of data before any training: counts, sizes, classes, rejections, a contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from faussaire.data import Dataset, Inventory, prepare
from faussaire.modalities.image import PAPER, enlarge, grid
from faussaire.rng import numpy_generator_for
from faussaire.run import make_folder, replacing

SHEET = 20  # images on the contact sheet
COLUMNS = 5
CAPTION = 16  # pixels under each image
NAMED = 20  # files named one by one on the console


def inspect_data(
    data: Sequence[str],
    console: Console,
    *,
    resolution: int | None,
    channels: int | None,
    classes: Sequence[str],
    out: Path | None,
) -> None:
    """Print what there is to know about `data`, and write 20 images with the names of their classes.

    Raises:
        ConfigError, DataError: as `prepare`.
        CheckpointError: the contact sheet cannot be written.
    """
    with console.status(f"Reading {data} ..."):
        dataset = prepare(data, resolution=resolution, channels=channels, classes=classes)
    inventory = dataset.inventory
    shape = "x".join(map(str, dataset.spec.shape[1:]))
    colour = "grey" if dataset.spec.shape[0] == 1 else "colour"
    console.print(f"[bold]{dataset.name}[/bold]", highlight=False)
    for name, value in (
        ("images", f"{len(inventory.kept):,} kept, {len(inventory.rejected):,} left out"),
        ("training", f"{len(dataset.images):,}, and {len(dataset.held_out):,} held out, as {colour} {shape}"),
        ("sizes", _most_common(Counter(f"{r.width}x{r.height}" for r in inventory.kept))),
        ("modes", _most_common(Counter(r.mode or "array" for r in inventory.kept))),
    ):
        console.print(f"  {name:<9} {value}", highlight=False, soft_wrap=True)
    for note in inventory.notes:
        console.print(f"  {'note':<9} {note}", highlight=False, soft_wrap=True, markup=False)
    if inventory.class_counts:
        console.print(_class_table(inventory))
    _print_odd(console, "left out", [(r.name, r.note) for r in inventory.rejected])
    _print_odd(console, "converted", [(r.name, r.note) for r in inventory.kept if r.note])
    sheet = out or Path(f"{dataset.name}-contact-sheet.png")
    make_folder(sheet.parent)
    with replacing(sheet) as beside:
        contact_sheet(dataset).save(beside)
    console.print(f"contact sheet: {sheet}", highlight=False, soft_wrap=True)


def _most_common(counts: Counter[str]) -> str:
    """Name the five most common values, and how many others there are."""
    named = ", ".join(f"{value} ({count:,})" for value, count in counts.most_common(5))
    return named + (f", and {len(counts) - 5} others" if len(counts) > 5 else "")


def _class_table(inventory: Inventory) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title="classes", title_justify="left")
    table.add_column("label", justify="right")
    table.add_column("name")
    table.add_column("images", justify="right")
    for label, (name, count) in enumerate(inventory.class_counts.items()):
        table.add_row(str(label), name, f"{count:,}")
    return table


def _print_odd(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    """Name files one by one up to a number, and beyond it count them by what became of them."""
    if not rows:
        return
    console.print(f"{title}:", highlight=False)
    if len(rows) > NAMED:
        for note, count in Counter(note for _, note in rows).most_common():
            example = next(name for name, n in rows if n == note)
            text = f"  {count:,} files: {note} (for example {example})"
            console.print(text, highlight=False, soft_wrap=True, markup=False)
        return
    for name, note in rows:
        console.print(f"  {name}: {note}", highlight=False, soft_wrap=True, markup=False)


def contact_sheet(dataset: Dataset) -> Pillow.Image:
    """Draw 20 images chosen at random (always the same), each with the name of its class under it."""
    chosen = numpy_generator_for(0, "contact sheet").permutation(len(dataset.images))[:SHEET]
    tiles = enlarge(np.ascontiguousarray(dataset.images[chosen].transpose(0, 2, 3, 1)), 84)
    if tiles.shape[-1] == 1:
        tiles = tiles.repeat(3, axis=-1)
    count, height, width, _ = tiles.shape
    framed = np.full((count, height + CAPTION, width, 3), PAPER, np.uint8)
    framed[:, :height] = tiles
    sheet = Pillow.fromarray(grid(framed, columns=COLUMNS))
    if dataset.labels is not None:
        draw = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(size=12)
        for position, index in enumerate(chosen):
            name = dataset.spec.classes[dataset.labels[index]]
            left = 2 + position % COLUMNS * (width + 2) + width // 2
            top = 2 + position // COLUMNS * (height + CAPTION + 2) + height + CAPTION // 2
            draw.text((left, top), name[:14], fill="black", font=font, anchor="mm")
    return sheet
