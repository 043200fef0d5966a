"""Where a class is kept: one SQLite file in the folder of its runs, with one writer, that forgets when it is told to.

Nothing of a person is in it but the pseudonym: no address, no browser, no time. What a browser shows to be known again
is random, and only its SHA-256 is kept. The file can be read by its owner alone. One connection behind a lock writes
and reads, and holds the file for itself: a second server of the same class is refused instead of counting wrongly. An
answer is on the disk before it is acknowledged (WAL, synchronous=FULL). What is deleted is overwritten
(secure_delete), the log is emptied and the file packed anew: no pseudonym stays in a page that nobody uses any more.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faussaire.core.errors import ConfigError, RequestError

NAME = "class.sqlite"
MOST_BYTES = 512 * 2**20  # of the file; SQLite refuses to make it larger
PAGE_BYTES = 4_096
OPENING_SECONDS = 2.0
VERSION = 1
TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE pupil (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token BLOB NOT NULL UNIQUE, name TEXT NOT NULL, skeleton TEXT NOT NULL UNIQUE
);
CREATE TABLE training (
    number INTEGER PRIMARY KEY, pupil INTEGER REFERENCES pupil (id) ON DELETE SET NULL, run TEXT NOT NULL UNIQUE,
    choices TEXT NOT NULL, state TEXT NOT NULL
);
CREATE TABLE picture (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, version INTEGER NOT NULL, png BLOB NOT NULL,
    media_type TEXT, content BLOB
);
CREATE INDEX picture_run ON picture (run, version);
CREATE TABLE sheet (run TEXT PRIMARY KEY, version INTEGER NOT NULL, png BLOB NOT NULL);
CREATE TABLE answer (
    pupil INTEGER NOT NULL REFERENCES pupil (id) ON DELETE CASCADE, number INTEGER NOT NULL, picture INTEGER NOT NULL,
    run TEXT NOT NULL, said_real INTEGER, PRIMARY KEY (pupil, number), UNIQUE (pupil, picture)
);
CREATE TABLE vote (
    pupil INTEGER NOT NULL REFERENCES pupil (id) ON DELETE CASCADE, number INTEGER NOT NULL, "left" TEXT NOT NULL,
    "right" TEXT NOT NULL, won TEXT, PRIMARY KEY (pupil, number)
);
"""
"""A picture is real where its run is ''. `said_real` and `won` are NULL as long as a question is open."""


class Store:
    """The file of one class. Safe to use from several threads.

    Args:
        path: the file; made if it is not there.

    Raises:
        ConfigError: it cannot be had, or another server has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._db = self._opened()
        except (sqlite3.Error, OSError) as error:
            locked = "locked" in str(error)
            reason = "another server has this class open" if locked else str(error)
            raise ConfigError(f"cannot keep a class in {path}: {reason}; name another folder by --runs") from None

    def _opened(self) -> sqlite3.Connection:
        self.path.touch(mode=0o600)
        db = sqlite3.connect(self.path, timeout=OPENING_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for setting in (
                "locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON",
                "temp_store=MEMORY", f"max_page_count={MOST_BYTES // PAGE_BYTES}",
            ):  # fmt: skip
                db.execute(f"PRAGMA {setting}")
            db.execute("BEGIN IMMEDIATE")  # takes the file, for good
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                for statement in TABLES.split(";")[:-1]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={VERSION}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read, while nobody writes."""
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise RequestError(503, "answers cannot be kept: {reason}", reason=str(error)) from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all of a block or nothing of it.

        Raises:
            RequestError: the disk is full, or the file as large as it may be.
        """
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:  # a full disk has ended it already
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def pack(self) -> None:
        """Leave nothing of what was deleted, in the file or in the log beside it."""
        with self.reading() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def forget_all(self) -> None:
        """Delete the file and begin another."""
        with self._lock:
            self._db.close()
            for suffix in ("", "-wal", "-shm", "-journal"):
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.path}{suffix}")
            self._db = self._opened()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._db.close()
