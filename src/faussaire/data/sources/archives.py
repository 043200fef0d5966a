"""A zip or tar of image files, read in place: no entry is ever written to the disk, so no entry's path can do harm.

A tar that is compressed as a whole is unpacked once, to a file without a name that vanishes with the process: entries
can then be read in any order. What their tables of contents mean is told by members.py.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import tempfile
import threading
import zipfile
import zlib
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import IO

from faussaire.core.errors import DataError
from faussaire.data.dataset import Source
from faussaire.data.decode.chunks import content
from faussaire.data.disk import why_unread
from faussaire.data.sources.files import too_large
from faussaire.data.sources.members import Members, Reading, archive_source
from faussaire.data.sources.packed import UNPACKED_TIMES, most_bytes, unpacker
from faussaire.data.store.folder import writing

_ENCRYPTED, _UTF_8 = 0x1, 0x800  # general purpose bit flags
_UNIX = 3  # the system that an entry was made by
_BYTES = "latin-1"  # in which a name that is not said to be UTF-8 is its bytes
_LONGEST_LINK = 4096
_BLOCK_BYTES = 2**20
_ZIP_EXTRA_BYTES = 64  # a guess at the extra fields between an entry's name and its content


def zip_source(path: Path, scratch: Path) -> Source:
    """List the images of a zip.

    Raises:
        DataError: the file cannot be opened, is not a zip, or its `labels.csv` cannot be used.
    """
    try:
        file = _ZipBytes(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        archive = zipfile.ZipFile(file, metadata_encoding=_BYTES)
    except Exception as error:  # zipfile has several for damaged tables of contents, struct.error among them
        file.close()
        _raise_if_of_the_moment(error, path)
        raise DataError(f"{path} is not a zip, or is damaged ({error}): make or download it again") from error
    try:
        reading = Reading(
            whole=partial(_zip_read, archive, _Reader(file)),
            head=partial(_zip_head, archive),
            problem=_zip_problem,
        )
        members: Members[zipfile.ZipInfo] = Members()
        for info in archive.infolist():
            name = _zip_name(info)
            if _is_zip_link(info):
                _add_zip_link(members, name, archive, info)
            elif not name.endswith("/"):
                members.files.append((name, info))
        return archive_source(members, reading, path, file.close)
    except BaseException:
        file.close()
        raise


class _ZipBytes(io.BufferedReader):
    """A zip whose table of contents says UTF-8 only of names that are: others would cost the whole archive."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ever; `zipfile` reads the table of contents in one go."""
        data = super().read(-1 if size is None else size)
        return _with_true_flags(bytearray(data)) if data.startswith(b"PK\1\2") else data


def _with_true_flags(table: bytearray) -> bytes:
    place = 0
    while table[place : place + 4] == b"PK\1\2" and place + 46 <= len(table):
        flags, (name, extra, comment) = place + 8, struct.unpack_from("<3H", table, place + 28)
        if table[flags + 1] << 8 & _UTF_8:
            try:
                table[place + 46 : place + 46 + name].decode()
            except UnicodeDecodeError:
                table[flags + 1] &= ~(_UTF_8 >> 8)
        place += 46 + name + extra + comment
    return bytes(table)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry; one that does not say that it is UTF-8 may be so all the same, as from macOS."""
    name = info.orig_filename
    if not info.flag_bits & _UTF_8 and not name.isascii():
        raw = name.encode(_BYTES)
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("cp437")  # as the format has it: each byte is a letter of its own
    return name.replace("\\", "/")


def _add_zip_link(
    members: Members[zipfile.ZipInfo], name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> None:
    target, why, _ = content(partial(archive.read, info))
    if target is None:
        members.others.append((name, why))
    else:
        members.add_link(name, target.decode("utf-8", "surrogateescape"))


def _is_zip_link(info: zipfile.ZipInfo) -> bool:
    link = info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16)
    return link and info.file_size <= _LONGEST_LINK and not info.flag_bits & _ENCRYPTED


def _zip_read(archive: zipfile.ZipFile, reader: _Reader, info: zipfile.ZipInfo) -> bytes:
    """Return the content of an entry, by `zipfile` wherever there is anything unusual about it.

    Of a small image, `zipfile` takes a fifth of the time that Pillow takes to decode it, and holds a lock meanwhile.
    """
    usual = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & _ENCRYPTED
    usual = usual and info.compress_size <= info.file_size + 2**16
    if usual and reader.concurrent:
        head = 30 + len(info.orig_filename) + _ZIP_EXTRA_BYTES  # most entries come whole by one read
        block = reader.read(info.header_offset, head + info.compress_size)
        begin = 30 + sum(struct.unpack_from("<HH", block, 26)) if len(block) >= 30 else len(block)
        data = block[begin : begin + info.compress_size]
        with suppress(zlib.error):
            if info.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size or 1)
            if len(data) == info.file_size and zlib.crc32(data) == info.CRC and block.startswith(b"PK\3\4"):
                return data
    return archive.read(info)


def _zip_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(16)


def _zip_problem(info: zipfile.ZipInfo) -> str:
    """Return why an entry cannot be read, as far as the table of contents tells."""
    if info.flag_bits & _ENCRYPTED:
        return "protected by a password"
    return too_large(info.file_size)


class _Member(tarfile.TarInfo):
    """A header whose size may not be negative: before Python 3.14 such a one sends tarfile into an endless loop."""

    def _block(self, count: int) -> int:
        if count < 0:
            raise tarfile.ReadError("a negative size")
        return -(-count // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def tar_source(path: Path, scratch: Path) -> Source:
    """List the images of a tar, compressed or not.

    Raises:
        DataError: the file cannot be opened, is not a tar, or its `labels.csv` cannot be used.
    """
    file, notes = _unpacked(path, scratch)
    try:
        reader = _Reader(file)
        members: Members[tuple[int, int]] = Members()
        num = 0
        try:
            with closing(tarfile.TarFile(fileobj=file, tarinfo=_Member, encoding="utf-8")) as archive:
                for member in archive:
                    _add_tar_member(members, member)
                    num += 1
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
        except Exception as error:  # tarfile has several for damaged headers, ValueError among them
            _raise_if_of_the_moment(error, path)
            if not num:
                raise DataError(f"{path} is not a tar, or is damaged ({error}): make or download it again") from error
            notes.append(f"the tar is damaged after {num} entries ({error}): what follows is lost")
        reading: Reading[tuple[int, int]] = Reading(
            whole=lambda member: reader.read(*member),
            head=lambda member: reader.read(member[0], 16),
            problem=lambda member: too_large(member[1]),
        )
        return archive_source(members, reading, path, file.close, notes)
    except BaseException:
        file.close()
        raise


def _add_tar_member(members: Members[tuple[int, int]], member: tarfile.TarInfo) -> None:
    if member.issym():
        members.add_link(member.name, member.linkname)
    elif member.islnk():
        members.links.append((member.name, member.linkname))
    elif member.issparse():
        members.others.append((member.name, "sparse files: pack the tar without --sparse"))
    elif member.isreg():
        members.files.append((member.name, (member.offset_data, member.size)))
    elif not member.isdir():
        members.others.append((member.name, "pipes and devices"))


class _Reader:
    """Reads parts of one open file from any thread."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    @property
    def concurrent(self) -> bool:
        """Whether reads neither wait for one another nor move the file's own position."""
        return hasattr(os, "pread")

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on, or as many as there are."""
        if self.concurrent:
            return os.pread(self._file.fileno(), count, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)


def _unpacked(path: Path, scratch: Path) -> tuple[IO[bytes], list[str]]:
    """Open a tar, or what a compressed one unpacks to; say so where it is cut short.

    Raises:
        DataError: it cannot be read, unpacks to far more than it should, or there is no room.
    """
    try:
        packed = path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    with packed:
        opener = unpacker(packed.read(8), path)
        if opener is None:
            return path.open("rb"), []
        packed.seek(0)
        limit = most_bytes(path)
        with writing(scratch):
            file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  the source closes it
            num_bytes, notes = 0, []
            stream = opener(packed)
            read = getattr(stream, "read1", stream.read)  # which gives what comes before any damage
            while True:
                try:
                    block = read(_BLOCK_BYTES)
                except Exception as error:  # each kind of compression has its own
                    _raise_if_of_the_moment(error, path)
                    notes.append(f"damaged where it is unpacked to {num_bytes:,} bytes ({error}): what follows is lost")
                    break
                if not block:
                    break
                num_bytes += len(block)
                if num_bytes > limit:
                    file.close()
                    raise DataError(
                        f"{path} unpacks to more than {UNPACKED_TIMES} times its size: this is no tar of images"
                    )
                file.write(block)
            file.seek(0)
    return file, notes


def _raise_if_of_the_moment(error: Exception, path: Path) -> None:
    """Tell what the machine cannot do now from damage, which would be taken for the end of the archive.

    Raises:
        DataError: it is the machine's fault.
    """
    if isinstance(error, MemoryError):
        raise DataError(f"{path} cannot be read: too large for the memory of this machine") from error
    if isinstance(error, OSError) and error.errno is not None:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
