"""`--to hub`: a folder in the layout of the Hugging Face hub, for `faussaire push` or for a friend.

config.json          what the generator is
model.safetensors    its weights; no pickle
README.md            the model card: data, licence, figures with intervals, copies, limits, how to load
samples.png          64 samples of seed 0, nobody having chosen
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faussaire.core.errors import ConfigError
from faussaire.core.files import make_folder, replacing, write_atomically
from faussaire.generation.export._exporter import Exporter, Progress, Source

CARD, SHEET = "README.md", "samples.png"
FILES = {"config.json", "model.safetensors", CARD, SHEET}
NUM_SHOWN = 64
ANYWHERE = "FOLDER"
"""What the card says in the place of the folder's own name, which changes."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may choose."""

    license: str | None = None
    """Licence of what is given away, such as cc-by-4.0. That of an embedded data set is known."""

    def __post_init__(self) -> None:
        """Check it."""
        if self.license is not None and not (self.license.strip() and self.license.isprintable()):
            raise ConfigError(f"--license is a name, such as cc-by-4.0, not {self.license!r}")


def _export(source: Source, out: Path, options: Options, progress: Progress) -> list[str]:
    """Write the folder."""
    write_hub_folder(source, out, license=options.license, repository=None, progress=progress)
    return [
        "a generator in the layout of the Hugging Face hub, with its model card",
        f"Load it anywhere: faussaire.Generator.load({str(out)!r}); share it: faussaire push {out} OWNER/NAME",
    ]


def write_hub_folder(
    source: Source, out: Path, *, license: str | None, repository: str | None, progress: Progress
) -> None:
    """Write the folder, or write it anew.

    Raises:
        ConfigError: it holds other things, cannot be written, or the generator was exported already.
        CheckpointError: the disk is full, or the like.
    """
    from faussaire.generation.export._card import card
    from faussaire.generation.saved import write_copy

    make_folder(out)
    others = sorted({entry.name for entry in out.iterdir()} - FILES)
    if others:
        raise ConfigError(f"{out} holds other things, such as {others[0]}: name a folder that is empty, or not there")
    generator = source.generator
    progress("writing the weights", 0, 3)
    write_copy(generator, out)
    progress("drawing samples", 1, 3)
    with replacing(out / SHEET) as beside:
        generator.modality.write_grid(beside, next(iter(generator.chunks(NUM_SHOWN))))
    progress("writing the model card", 2, 3)
    place = f"hub:{repository}" if repository else ANYWHERE
    text = card(source, picture=SHEET, license=license, repository=repository, place=place)
    write_atomically(out / CARD, text.encode())


def push_run(run: str | Path, name: str, *, private: bool, license: str | None, progress: Progress) -> str:
    """Upload the generator of a run to `owner/name` on the hub, and return the address of its page.

    Raises:
        ConfigError: it is no name, there is no such run, or huggingface_hub is not installed.
        ExportError: the hub does not take it.
    """
    from faussaire.generation.hub import check_installed, push, repository

    repo, _ = repository(name)
    check_installed()
    source, options = Source(run), Options(license=license)
    with tempfile.TemporaryDirectory(prefix="faussaire-push-") as temporary:
        folder = Path(temporary)
        if (source.path / CARD).is_file() and (source.path / SHEET).is_file():
            _copy(source.path, folder, options, repo)
        else:
            write_hub_folder(source, folder, license=options.license, repository=repo, progress=progress)
        progress("uploading", 3, 4)
        return push(folder, name, private=private)


def _copy(exported: Path, folder: Path, options: Options, repository: str) -> None:
    """Copy a folder that was exported before, whose card may have been written on since."""
    if options.license is not None:
        raise ConfigError(f"{exported} has its model card already: write the licence there, or push the run itself")
    for name in FILES:
        shutil.copyfile(exported / name, folder / name)
    text = (folder / CARD).read_text(encoding="utf-8")
    (folder / CARD).write_text(text.replace(f'"{ANYWHERE}"', f'"hub:{repository}"'), encoding="utf-8")


EXPORTER = Exporter(
    name="hub",
    description="a folder in the layout of the Hugging Face hub, with a model card",
    suffix="-hub",
    options=Options,
    export=_export,
)
