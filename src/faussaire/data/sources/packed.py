"""Streams that are packed by gzip, bzip2, xz or zstd, and a table that lies in a zip."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from faussaire.core.errors import DataError
from faussaire.data.decode.decode import IMAGE_SUFFIXES

ZIP = (b"PK\3\4", b"PK\5\6")
"""What a zip begins with."""

UNPACKED_BYTES, UNPACKED_TIMES = 2**30, 100
"""A file may unpack to so many bytes, or to so many times its size."""

_TABLES = (".csv", ".tsv")


_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"


def is_packed(head: bytes) -> bool:
    """Whether a stream that begins so is compressed."""
    return head.startswith((_GZIP, _BZIP2, _XZ, _ZSTD))


def unpacker(head: bytes, path: Path) -> Callable[[IO[bytes]], Any] | None:
    """Return what unpacks a stream that begins so; None where it is not compressed.

    Raises:
        DataError: it is packed by zstd, for which the extra is not installed.
    """
    if head.startswith(_GZIP):
        return lambda packed: gzip.GzipFile(fileobj=packed)
    if head.startswith(_BZIP2):
        return bz2.BZ2File
    if head.startswith(_XZ):
        return lzma.LZMAFile
    if head.startswith(_ZSTD):
        try:
            import zstandard
        except ImportError:
            raise DataError(f"{path} is packed by zstd: pip install 'faussaire[zstd]' to read it") from None
        return lambda packed: zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    return None


def most_bytes(path: Path) -> int:
    """Return how many bytes a file may unpack to."""
    return max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)


class _Pieces(io.RawIOBase):
    """A stream read as it unpacks, so that what comes before any damage is had."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a part of the buffer."""
        piece: bytes = self._stream.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close both."""
        self._stream.close()
        super().close()


def opened(path: Path, stack: ExitStack) -> io.BufferedReader:
    """Open a file as what it unpacks to: a stream, or the table in a zip. `stack` closes it.

    Raises:
        OSError, DataError: it cannot be opened.
    """
    packed = stack.enter_context(path.open("rb"))
    head = packed.read(8)
    packed.seek(0)
    if head.startswith(ZIP):
        archive = stack.enter_context(zipfile.ZipFile(packed))
        stream: Any = archive.open(_table_in(archive) or "")
    else:
        unpack = unpacker(head, path)
        stream = packed if unpack is None else unpack(packed)
    return stack.enter_context(io.BufferedReader(_Pieces(stream)))


def head_inside(path: Path, num_bytes: int) -> bytes:
    """Return the first bytes that a packed file unpacks to; those before any damage.

    Raises:
        DataError: it is packed by zstd, for which the extra is not installed.
    """
    found = b""
    with ExitStack() as stack, suppress(EOFError, OSError, RuntimeError, ValueError, zlib.error, lzma.LZMAError):
        stream = opened(path, stack)
        while len(found) < num_bytes and (more := stream.read1(num_bytes - len(found))):
            found += more
    return found


def holds_table(path: Path) -> bool:
    """Whether a zip holds a table rather than images."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _table_in(archive) is not None
    except Exception:  # damaged; what opens it will say how
        return False


def _table_in(archive: zipfile.ZipFile) -> str | None:
    """Return the only table of a zip, or that of the training part; None where there are images."""
    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    suffixes = {PurePosixPath(name).suffix.lower() for name in names}
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in _TABLES]
    if suffixes & IMAGE_SUFFIXES:
        return None
    wanted = tables if len(tables) == 1 else [name for name in tables if "train" in PurePosixPath(name).name.lower()]
    return wanted[0] if len(wanted) == 1 else None
