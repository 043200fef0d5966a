"""A tar of image files, read in place: no entry is ever written to the disk, so no entry's path can do harm.

One that is compressed as a whole is unpacked once, to a file without a name that vanishes with the process: entries can
then be read in any order. What its headers mean is told by members.py.
"""

from __future__ import annotations

import tarfile
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

from faussaire.core.disk import raise_if_of_the_moment, read_file, why_unread
from faussaire.core.errors import DataError
from faussaire.core.packed import GZIP, UNPACKED_TIMES, is_packed, most_bytes, unpacked
from faussaire.data.dataset import Source
from faussaire.data.sources.files import too_large
from faussaire.data.sources.kind import Head, SourceKind
from faussaire.data.sources.members import Members, archive_source, title_of
from faussaire.data.store.folder import writing

_BLOCK_BYTES = 2**20

_Extent = tuple[int, int]  # where the content of an entry begins, and its size


def _is_tar(head: Head) -> bool:
    """Whether it is a tar; anything that is packed by bzip2, xz or zstd is taken for one, also where it is damaged."""
    return head.inside[257:262] == b"ustar" or (head.is_packed and not head.data.startswith(GZIP))


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
    with ExitStack() as stack:
        try:
            packed = is_packed(read_file(str(path), 8))
            file, notes = _laid_down(path, scratch) if packed else (path.open("rb"), [])
        except OSError as error:
            raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
        stack.enter_context(file)
        lock, num = threading.Lock(), 0

        def read(extent: _Extent, count: int = -1) -> bytes:
            with lock:
                file.seek(extent[0])
                return file.read(extent[1] if count < 0 else min(count, extent[1]))

        members: Members[_Extent] = Members(read=read, problem=lambda extent: too_large(extent[1]))
        try:
            with closing(tarfile.TarFile(fileobj=file, tarinfo=_Member, encoding="utf-8")) as archive:
                for member in archive:
                    _add(members, member)
                    num += 1
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
        except Exception as error:  # tarfile has several for damaged headers, ValueError among them
            raise_if_of_the_moment(error, path)
            if not num:
                raise DataError(f"{path} is not a tar, or is damaged ({error}): make or download it again") from error
            notes.append(f"the tar is damaged after {num} entries ({error}): what follows is lost")
        source = archive_source(members, path, file.close, notes)
        stack.pop_all()
    return source


def _add(members: Members[_Extent], member: tarfile.TarInfo) -> None:
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


def _laid_down(path: Path, scratch: Path) -> tuple[IO[bytes], list[str]]:
    """Return a file of what a compressed tar unpacks to, and what there is to say where it is damaged.

    Raises:
        DataError: it unpacks to far more than it should, or there is no room.
    """
    notes: list[str] = []
    num_bytes, limit = 0, most_bytes(path)
    with unpacked(path) as stream, writing(scratch), ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=scratch))
        while True:
            try:
                block = stream.read1(_BLOCK_BYTES)
            except Exception as error:  # each kind of compression has its own
                raise_if_of_the_moment(error, path)
                notes.append(f"damaged where it is unpacked to {num_bytes:,} bytes ({error}): what follows is lost")
                break
            if not block:
                break
            num_bytes += len(block)
            if num_bytes > limit:
                raise DataError(
                    f"{path} unpacks to more than {UNPACKED_TIMES} times its size: this is no tar of images"
                )
            file.write(block)
        file.seek(0)
        stack.pop_all()
    return file, notes


TAR = SourceKind(
    name="tar", open=tar_source, recognises=_is_tar, patterns=("*.tar", "*.tgz", "*.tar.*"), title=title_of
)
