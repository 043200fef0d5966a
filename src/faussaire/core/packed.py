"""Streams that are packed by gzip, bzip2, xz or zstd: known by their first bytes, and read as they unpack.

What comes before any damage is had, by `read1`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from faussaire.core.errors import DataError

UNPACKED_BYTES, UNPACKED_TIMES = 2**30, 100
"""A file may unpack to so many bytes, or to so many times its size."""

GZIP = b"\x1f\x8b"
"""What a gzipped file begins with."""


def _zstd(packed: Any) -> io.BufferedReader:
    try:
        import zstandard
    except ImportError:
        raise DataError(f"{packed.name} is packed by zstd: pip install 'faussaire[zstd]' to read it") from None
    return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True))


_UNPACKERS: dict[bytes, Callable[[Any], Any]] = {
    GZIP: gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}


def is_packed(head: bytes) -> bool:
    """Whether a stream that begins so is compressed."""
    return head.startswith(tuple(_UNPACKERS))


def most_bytes(path: Path) -> int:
    """Return how many bytes a file may unpack to."""
    return max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)


@contextmanager
def unpacked(path: Path) -> Iterator[Any]:
    """Open a file as what it unpacks to: itself, where it is not packed.

    Raises:
        OSError: it cannot be opened. DataError: it is packed by zstd, for which the extra is not installed.
    """
    with path.open("rb") as file:
        head = file.peek(8)
        unpack = next((unpack for begin, unpack in _UNPACKERS.items() if head.startswith(begin)), None)
        if unpack is None:
            yield file
        else:
            with unpack(file) as stream:
                yield stream


def head_inside(path: Path, num_bytes: int) -> bytes:
    """Return the first bytes that a packed file unpacks to; those before any damage, none where an extra is missing."""
    found = b""
    errors = (EOFError, OSError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, DataError)
    with suppress(*errors), unpacked(path) as stream:
        while len(found) < num_bytes and (more := stream.read1(num_bytes - len(found))):
            found += more
    return found
