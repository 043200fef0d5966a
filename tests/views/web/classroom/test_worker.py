"""A thread that works again and again."""

from __future__ import annotations

import logging
import threading

import pytest

from faussaire.core.errors import DataError
from faussaire.views.web.classroom.worker import Worker


def test_a_worker_tells_what_went_wrong_and_works_on_until_it_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    twice = threading.Event()

    def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise DataError("the first time goes wrong")
        twice.set()

    worker = Worker("test", work, every_seconds=0)
    with caplog.at_level(logging.ERROR):
        worker.start()
        assert twice.wait(60)
        worker.close()
    assert worker.ended.is_set()
    assert "the first time goes wrong" in caplog.text
    count = len(done)
    worker.close()
    assert len(done) == count


def test_a_worker_that_was_never_started_closes_at_once() -> None:
    worker = Worker("test", lambda: None, every_seconds=60)
    worker.close()
    assert worker.ended.is_set()
