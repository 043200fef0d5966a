"""What the studio tells of a run: the same at any time, to anybody, however often the server was started."""

from __future__ import annotations

import asyncio
import json
from itertools import islice
from pathlib import Path
from typing import Any

from faussaire.runs.history import History
from faussaire.views.web.api.stream import stream
from web_client import client_of, copy_of


def told(history: History, after: int = 0, most: int = 10_000) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Return what a reader gets until the first pulse: kind, line, data."""

    async def read() -> list[bytes]:
        found = []
        async for message in stream(history, after, lambda: False):
            found.append(message)
            if b"event: pulse" in message or len(found) > most:
                break
        return found

    messages = []
    for text in b"".join(asyncio.run(read())[1:]).decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        line = int(fields["id"]) if "id" in fields else None
        messages.append((fields["event"], line, json.loads(fields["data"])))
    return [message for message in messages if message[0] != "pulse"]


def test_a_reader_gets_the_run_so_far_and_then_each_line_once(tmp_path: Path, squares_run: Path) -> None:
    lines = (squares_run / "events.jsonl").read_bytes().splitlines(keepends=True)
    run = copy_of(squares_run, tmp_path / "r", lines=5)
    history = History(run / "events.jsonl")
    ((kind, line, data),) = told(history)
    assert (kind, line, data["line"]) == ("history", 5, 5)
    (run / "events.jsonl").write_bytes(b"".join(lines[:9]) + lines[9][:20])
    after = told(history, after=5)
    assert [(kind, line) for kind, line, _ in after] == [("event", n) for n in (6, 7, 8, 9)]
    assert after[-1][2]["kind"] == json.loads(lines[8])["kind"]


def test_a_torn_line_is_counted_and_passed_over(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "r", lines=3)
    with (run / "events.jsonl").open("ab") as file:
        file.write(b'{"kind": "sta\n{"kind": "done", "nimg": 1, "time": 2.0, "data": {}}\n')
    messages = told(History(run / "events.jsonl"), after=3)
    assert [(line, data["kind"]) for _, line, data in messages] == [(5, "done")]


def test_a_reader_of_another_run_is_told_from_the_beginning(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "r", lines=2)
    assert told(History(run / "events.jsonl"), after=900)[0][0] == "history"


def test_a_server_started_in_the_middle_or_again_shows_the_same_page(tmp_path: Path, squares_run: Path) -> None:
    lines = (squares_run / "events.jsonl").read_bytes().splitlines(keepends=True)
    run = copy_of(squares_run, tmp_path / "r", lines=0)
    from_the_beginning = client_of(tmp_path)
    ever = History(run / "events.jsonl")
    for count in [*range(1, len(lines), max(1, len(lines) // 5)), len(lines)]:
        (run / "events.jsonl").write_bytes(b"".join(lines[:count]))
        late = client_of(tmp_path)
        from_the_beginning.cookies.clear()  # the language was chosen once before
        for address in ("/runs/r", "/runs/r?lang=fr", "/api/runs", "/api/runs/r", "/runs/r/explore", "/runs/r/quiz"):
            assert late.get(address).content == from_the_beginning.get(address).content, address
        assert told(History(run / "events.jsonl")) == told(ever)
    assert late.get("/api/runs/r").json()["state"] == "finished"


def test_the_folder_of_the_data_is_not_told(squares_run: Path) -> None:
    assert str(squares_run.parents[1]) in (squares_run / "events.jsonl").read_text()
    assert str(squares_run.parents[1]) not in json.dumps(told(History(squares_run / "events.jsonl")))


def test_every_page_is_there_in_both_languages(squares_run: Path) -> None:
    client = client_of(squares_run.parent)
    assert "<h1>" in client.get("/?lang=fr").text
    for page in ("/runs/squares", "/runs/squares/explore", "/runs/squares/quiz", "/runs/squares/visit/7"):
        english, french = (client.get(page, headers={"Accept-Language": code}) for code in ("en", "fr-CA,fr;q=0.9"))
        assert english.status_code == french.status_code == 200
        assert '<html lang="en">' in english.text
        assert '<html lang="fr">' in french.text
    for reads in islice(client.get("/runs/squares").text.split("/static/"), 1, None):
        assert client.get(f"/static/{reads.split(chr(34))[0]}").status_code == 200
