"""`--to film`: the way through latent space, or that of the training, as MP4, WebP or GIF.

    --kind walk       one sample that becomes another and another, and in the end the first again
    --kind grid       many such walks side by side
    --kind training   the pictures that the run took of the same latents while it learnt

MP4 takes an ffmpeg, of the extra `film` or on the path; without one, and without --out, a WebP is written and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faussaire.core.config import check_seed
from faussaire.core.errors import ConfigError
from faussaire.generation.export._exporter import Exporter, Progress, Source

WALK, GRID, TRAINING = "walk", "grid", "training"
MOST_FRAMES = 36_000
"""Twenty minutes at thirty frames a second."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may choose."""

    kind: str = WALK
    """What is to be seen: walk, grid, training."""

    seconds: float = 10.0
    """How long it is."""

    fps: int = 30
    """Frames in a second."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Seeds of the samples that a walk passes; repeat the flag for several."""

    once: bool = False
    """End at the last of them, and do not return to the first."""

    tiles: int = 16
    """Walks side by side in a grid."""

    pixels: int = 256
    """Least width of the picture: a sample is enlarged by a whole factor."""

    truncation: float = 1.0
    """Below 1 samples are drawn towards the average one: more typical, and less varied."""

    label: str | None = None
    """Name or number of the class to make, where the run was trained with --conditional."""

    def __post_init__(self) -> None:
        """Check what can be checked without the generator."""
        from faussaire.generation.generator import check_truncation

        if self.kind not in (WALK, GRID, TRAINING):
            raise ConfigError(f"--kind is walk, grid or training, not {self.kind!r}")
        if not 1 <= self.fps <= 120:
            raise ConfigError(f"--fps must be 1 to 120, not {self.fps}")
        if not 0 < self.seconds * self.fps <= MOST_FRAMES or self.frames < 2:
            raise ConfigError(
                f"--seconds times --fps must be 2 to {MOST_FRAMES:,} frames, not {self.seconds:g} seconds"
            )
        if len(self.seeds) < 2 and self.kind == WALK:
            raise ConfigError("a walk passes two samples or more: repeat --seeds")
        if not 1 <= self.tiles <= 400:
            raise ConfigError(f"--tiles must be 1 to 400, not {self.tiles}")
        if not 1 <= self.pixels <= 4096:
            raise ConfigError(f"--pixels must be 1 to 4096, not {self.pixels}")
        for seed in self.seeds:
            check_seed(seed)
        check_truncation(self.truncation)

    @property
    def frames(self) -> int:
        """How many there are."""
        return round(self.seconds * self.fps)


def _export(source: Source, out: Path, options: Options, progress: Progress) -> list[str]:
    """Write the film."""
    from faussaire.generation.export._film import write_film

    return write_film(source, out, options, progress=progress)


def _suffix() -> str:
    """Return that of the best format that can be written here."""
    from faussaire.generation.export._encoding import ffmpeg

    return ".mp4" if ffmpeg() else ".webp"


EXPORTER = Exporter(
    name="film",
    description="a walk through latent space or the training, as MP4, WebP or GIF",
    suffix=_suffix,
    options=Options,
    export=_export,
)
