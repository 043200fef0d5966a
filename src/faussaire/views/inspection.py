"""What `faussaire inspect` says of data before any training: on the console, and on one page that can be sent by mail.

The page holds everything, its pictures included, and loads nothing; a CSV beside it names every file that was left out.
How long training would take is measured, by a few steps of the default networks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from faussaire import __version__
from faussaire.core.config import named
from faussaire.core.errors import ConfigError
from faussaire.core.files import make_folder, replacing, write_atomically
from faussaire.core.inline import data_address
from faussaire.core.marks import REASONS
from faussaire.core.rng import draw_places
from faussaire.core.terminal import literal, say, show, waiting
from faussaire.data import Dataset, prepare
from faussaire.data.pool.outcomes import KEPT
from faussaire.data.store.records import Records
from faussaire.generation.samples import ARRAY, FOLDER, REMEDY, kind_of
from faussaire.modalities import of_spec
from faussaire.modalities.forms import Shown
from faussaire.modalities.pictures import GAP, PAPER, embedded, grid, save
from faussaire.modalities.spec import Counts
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.templating import environment
from faussaire.views.words import ENGLISH, Words, texts

SHEET = 20  # images on the contact sheet
COLUMNS = 5
CAPTION = 16  # pixels under each image
MINUTES = 10  # of the training that is foretold: the default
NAMED = 20  # files named one by one on the console
LISTED = 200  # … and on the page


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there is to say of a set."""

    dataset: Dataset
    surveys: dict[str, Counts]
    """How large the samples that are used were, in one way or several."""

    modes: Counts
    converted: Counts
    """What was done to images that are used."""

    rejected: Counts
    """Why images are not used."""

    speed: float | None
    """Images per second that the default networks are trained by here; None where they cannot make such images."""

    @property
    def notes(self) -> list[str]:
        """What there is to say of the whole set."""
        return [*self.dataset.inventory.notes, *([self.dataset.few] if self.dataset.few else [])]

    def as_what(self, words: Words) -> str:
        """Say what training sees."""
        return words.said(of_spec(self.dataset.spec).describe(self.dataset.spec.shape))

    def time(self, words: Words) -> str:
        """Say how long training is likely to take."""
        if self.speed is None:
            return words("inspection.console.no_speed")
        images = self.speed * 60 * MINUTES
        passes = images / len(self.dataset.images)
        speed, shown, epochs = map(words.numbers.estimate, (self.speed, images, passes))
        return words("inspection.console.speed", speed=speed, minutes=MINUTES, images=shown, passes=epochs)


def inspect_data(
    data: Sequence[str],
    console: Console,
    *,
    out: str | Path | None,
    measure_speed: Callable[[Dataset], float | None],
    words: Words = ENGLISH,
    **settings: Any,
) -> None:
    """Print what there is to know about `data`, and write the page, a contact sheet, and the list of rejected files.

    `settings` are those of `faussaire.prepare`. `measure_speed` gives the images a second that training takes here.
    `out` is where the contact sheet goes; the others lie beside it. Unless it says so, nothing is written into the
    data. `words` are of the language of console and page; the CSV is in English, for programs.

    Raises:
        ConfigError, DataError: as `prepare`.
        CheckpointError: a file cannot be written.
    """
    if out is not None:
        if kind_of(out) == ARRAY:
            raise ConfigError(f"--out {out}: the contact sheet is a picture; name one (sheet.png), or a folder (DIR/)")
        make_folder(Path(out) if kind_of(out) == FOLDER else Path(out).parent)  # before anything is read
    text = named(data)
    with waiting(console, words("inspection.console.reading", name=text)):
        dataset = prepare(data, **settings)
        found = examine(dataset, measure_speed(dataset))
    _print(console, found, words)
    sheet = Path(out) if out is not None else _beside(data)
    if out is None or kind_of(out) == FOLDER:
        sheet = sheet / f"{dataset.name}-contact-sheet.png"
    picture = contact_sheet(dataset)
    with replacing(sheet, remedy=REMEDY) as beside:
        save(picture, beside)
    page = sheet.with_name(f"{dataset.name}-inspection.html")
    write_atomically(page, _page(found, text, picture, words).encode(), remedy=REMEDY)
    say(console, words("inspection.console.sheet", path=str(sheet)))
    say(console, words("inspection.console.page", path=str(page)))
    if len(dataset.inventory.rejected):
        rejected = sheet.with_name(f"{dataset.name}-rejected.csv")
        write_atomically(rejected, _rejected_csv(dataset.inventory.rejected).encode(), remedy=REMEDY)
        say(console, words("inspection.console.rejected", path=str(rejected)))


def _beside(data: Sequence[str]) -> Path:
    """Return the folder to write in: this one, or, where that is part of the data, the one that holds the data."""
    here = Path.cwd().resolve()
    for path in (Path(one).expanduser() for one in data):
        if path.is_dir() and here.is_relative_to(path.resolve()):
            here = path.resolve().parent
    return Path() if here == Path.cwd().resolve() else here


def examine(dataset: Dataset, speed: float | None) -> Found:
    """Count what is in a data set; `speed` is that of training on it, if it was measured."""
    records = dataset.inventory.records
    outcomes = records.outcomes
    kept = outcomes["flags"] & KEPT > 0
    return Found(
        dataset=dataset,
        surveys=of_spec(dataset.spec).survey(outcomes["width"][kept], outcomes["height"][kept]),
        modes=_words(records, "mode", kept),
        converted=[(note, num) for note, num in _words(records, "note", kept) if note],
        rejected=_words(records, "note", ~kept),
        speed=speed,
    )


def _words(records: Records, column: str, mask: np.ndarray) -> Counts:
    """Count the words of a column, the most common first."""
    numbers, counts = np.unique(records.outcomes[column][mask], return_counts=True)
    found = [(records.words[number], int(num)) for number, num in zip(numbers, counts, strict=True)]
    return sorted(found, key=lambda word: -word[1])


def _print(console: Console, found: Found, words: Words) -> None:
    dataset, inventory = found.dataset, found.dataset.inventory
    say(console, dataset.name, style="bold")
    num_rejected = len(inventory.rejected)
    kept = words("inspection.console.kept", kept=len(inventory.records) - num_rejected, rejected=num_rejected)
    used = words(
        "inspection.console.used",
        train=len(dataset.images),
        held_out=len(dataset.held_out),
        what=found.as_what(words),
    )
    lines = [
        (words("inspection.console.images"), kept),
        (words("inspection.console.training"), used),
        *((words.said(name), _most_common(counts, words)) for name, counts in found.surveys.items()),
        (words("inspection.console.modes"), _most_common(found.modes, words)),
        (words("inspection.console.time"), found.time(words)),
        *((words("inspection.console.note"), words.said(note)) for note in found.notes),
    ]
    width = max(len(name) for name, _ in lines) + 1
    for name, value in lines:
        say(console, f"  {name:<{width}} {value}")
    if inventory.class_counts:
        show(console, _class_table(inventory.class_counts, words))
    _print_odd(console, words("inspection.console.left_out"), found.rejected, inventory.rejected, words)
    _print_odd(console, words("inspection.console.converted"), found.converted, inventory.kept, words)


def _most_common(counts: Counts, words: Words) -> str:
    """Name the five most common values, and how many others there are."""
    unknown = words("inspection.console.unknown")
    named = ", ".join(f"{words.said(value) or unknown} ({words.numbers.count(num)})" for value, num in counts[:5])
    return named + (words("inspection.console.more", n=len(counts) - 5) if len(counts) > 5 else "")


def _class_table(counts: dict[str, int], words: Words) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=words("inspection.console.classes"), title_justify="left")
    table.add_column(words("inspection.console.label"), justify="right")
    table.add_column(words("inspection.console.name"))
    table.add_column(words("inspection.console.images"), justify="right")
    for label, (name, count) in enumerate(counts.items()):
        table.add_row(str(label), literal(name), words.numbers.count(count))
    return table


def _print_odd(console: Console, title: str, counts: Counts, records: Records, words: Words) -> None:
    """Name files one by one up to a number, and beyond it count them by what became of them."""
    if not counts:
        return
    lines = [words("inspection.console.files", n=num, reason=words.said(note)) for note, num in counts]
    if sum(num for _, num in counts) <= NAMED:
        lines = [f"{record.name}: {words.said(record.note)}" for record in records if record.note]
    say(console, words("inspection.console.titled", title=title))
    for line in lines[:NAMED]:
        say(console, f"  {line}")
    if len(lines) > NAMED:
        say(console, words("inspection.console.other_reasons", n=len(lines) - NAMED))


def _rejected_csv(records: Records) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(REASONS)
    writer.writerows([record.name, record.note] for record in records)
    return text.getvalue()


def _page(found: Found, data: str, sheet: Pillow.Image, words: Words) -> str:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    template = environment("faussaire.views").get_template("inspection.html.j2")
    return template.render(
        version=__version__,
        lang=words.language,
        t=texts(words.language)["inspection"],
        said=words.said,
        numbers=Numbers(words.language, MINUS),
        data=data,
        found=found,
        as_what=found.as_what(words),
        time=found.time(words),
        dataset=found.dataset,
        inventory=found.dataset.inventory,
        rejected=found.dataset.inventory.rejected[:LISTED],
        heard=_heard(found.dataset),
        sheet=embedded(buffer.getvalue()),
    )


def _heard(dataset: Dataset) -> list[tuple[str, str]]:
    """Return the sounds of the contact sheet as data addresses, each with its class or number; none of other data."""
    kind = of_spec(dataset.spec)
    form = kind.shown_form
    if form is None or form.shown is not Shown.PLAYER:
        return []
    chosen = draw_places(len(dataset.images), SHEET, seed=0, stream="contact sheet")
    labels = dataset.labels
    names = [str(i + 1) if labels is None else dataset.spec.classes[labels[place]] for i, place in enumerate(chosen)]
    files = [form.encode(one[None]) for one in kind.from_rows(dataset.images[chosen])]
    return [(name, data_address(form.media_type, file)) for name, file in zip(names, files, strict=True)]


def contact_sheet(dataset: Dataset) -> Pillow.Image:
    """Draw 20 images chosen at random (always the same), each with the name of its class under it."""
    chosen = draw_places(len(dataset.images), SHEET, seed=0, stream="contact sheet")
    drawing = of_spec(dataset.spec)
    tiles = drawing.tiles(drawing.from_rows(dataset.images[chosen]), 84)
    if tiles.shape[-1] == 1:
        tiles = tiles.repeat(3, axis=-1)
    elif tiles.shape[-1] == 4:
        alpha = tiles[..., 3:] / 255
        tiles = np.rint(tiles[..., :3] * alpha + PAPER * (1 - alpha)).astype(np.uint8)
    count, height, width, _ = tiles.shape
    framed = np.full((count, height + CAPTION, width, 3), PAPER, np.uint8)
    framed[:, :height] = tiles
    sheet = Pillow.fromarray(grid(framed, columns=COLUMNS))
    if dataset.labels is not None:
        draw = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(size=12)
        for position, index in enumerate(chosen):
            name = dataset.spec.classes[dataset.labels[index]]
            left = GAP + position % COLUMNS * (width + GAP) + width // 2
            top = GAP + position // COLUMNS * (height + CAPTION + GAP) + height + CAPTION // 2
            draw.text((left, top), name[:14], fill="black", font=font, anchor="mm")
    return sheet
