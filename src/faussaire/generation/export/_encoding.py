"""Frames to a file: MP4 by ffmpeg, WebP and GIF by Pillow, one frame in memory at a time.

The first and the last frame of an MP4 are whole pictures of one fixed quality, so that two that were equal before are
equal when they are decoded: a walk that loops has no jump.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from faussaire.core.errors import ConfigError, ExportError
from faussaire.core.files import make_folder, replacing
from faussaire.core.marks import SHEET, text_of
from faussaire.modalities import pictures

MP4, WEBP, GIF = ".mp4", ".webp", ".gif"
MOST_FRAMES = 3_000
"""Of a WebP or GIF, which are put together in memory."""

QUALITY = 16  # of H.264, 0 to 51; at 18 it is called visually lossless
REMEDY = "nothing of it is left there; make room, or choose another --out"


def ffmpeg() -> str | None:
    """Return the path of an ffmpeg: that of imageio-ffmpeg where it is installed, or one on the path."""
    with suppress(ImportError, RuntimeError):  # RuntimeError: it has none for this machine
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    return shutil.which("ffmpeg")


def write_frames(frames: Iterator[np.ndarray], out: Path, *, count: int, fps: int) -> None:
    """Write `count` frames uint8 `[H, W, C]` of one size as a film; the suffix says in which format.

    Raises:
        ConfigError: the suffix is that of no film, there is no ffmpeg for an MP4, or the film is too long for another.
        ExportError: ffmpeg fails.
        CheckpointError: the disk is full, or the like.
    """
    suffix = out.suffix.lower()
    if suffix not in (MP4, WEBP, GIF):
        raise ConfigError(f"--out {out}: a film is .mp4, .webp or .gif")
    program = ffmpeg()
    if suffix == MP4 and program is None:
        raise ConfigError("an MP4 takes ffmpeg: pip install 'faussaire[film]', or name a .webp or .gif by --out")
    if suffix != MP4 and count > MOST_FRAMES:
        raise ConfigError(
            f"a {suffix} of {count:,} frames is too large: name an .mp4, or at most {MOST_FRAMES:,} frames"
        )
    make_folder(out.parent)
    with replacing(out, remedy=REMEDY) as beside:
        if suffix == MP4:
            assert program is not None
            _write_mp4(frames, beside, program=program, count=count, fps=fps)
        else:
            pictures.write_frames(beside, frames, count=count, milliseconds=1000 / fps)


def size_of(path: Path) -> str:
    """Return how large a file is, in words."""
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _write_mp4(frames: Iterator[np.ndarray], path: Path, *, program: str, count: int, fps: int) -> None:
    """Give frames to ffmpeg one by one."""
    first = next(frames)
    height, width = first.shape[:2]
    process = subprocess.Popen(
        [program, *_arguments(width, height, count, fps), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    told: list[bytes] = []
    reader = threading.Thread(target=lambda: told.append(process.stderr.read()))  # type: ignore[union-attr]
    reader.start()
    try:
        _feed(itertools.chain([first], frames), process.stdin)
        failed = process.wait() != 0
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        reader.join()
        process.stderr.close()
    if failed:
        lines = b"".join(told).decode(errors="replace").strip().splitlines()
        raise ExportError(
            f"ffmpeg could not write the film ({lines[-1] if lines else 'it says nothing'}): name a .webp"
        )


def _feed(frames: Iterator[np.ndarray], pipe: IO[bytes]) -> None:
    """Write frames as RGB into a pipe; one that breaks is told of by what ffmpeg ends with."""
    with suppress(BrokenPipeError), pipe:
        for frame in frames:
            pipe.write(np.ascontiguousarray(pictures.rgb(frame)).data)


def _arguments(width: int, height: int, count: int, fps: int) -> list[str]:
    """Return the flags of ffmpeg: H.264 of fixed quality, as every browser shows it; the last frame is a whole picture.

    Sides are made even, as its colours are of half the resolution.
    """
    return [
        *("-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", str(fps), "-i", "-", "-an"),
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", str(QUALITY), "-preset", "fast"),
        *("-g", str(fps), "-force_key_frames", f"expr:eq(n,{count - 1})"),
        *("-movflags", "+faststart", "-metadata", f"comment={text_of(SHEET)}"),
    ]
