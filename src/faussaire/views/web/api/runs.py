"""`/api/runs`: which runs there are, what happened in each, and what may be asked of a training."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict

from faussaire.core.errors import CheckpointError, RequestError
from faussaire.runs import control
from faussaire.runs.folder import RunFolder
from faussaire.runs.standing import standing
from faussaire.views.verdict import in_both
from faussaire.views.web.api.seats import EVENTS, EventStream
from faussaire.views.web.library import served_file
from faussaire.views.web.shared import MAX_STREAMS, Shared, SharedDep

router = APIRouter(prefix="/api/runs", tags=["runs"])


class Command(BaseModel):
    """What is asked of a training."""

    model_config = ConfigDict(extra="forbid")

    command: Literal["pause", "resume", "stop"]


@router.get("")
def list_runs(shared: SharedDep) -> list[dict[str, Any]]:
    """List the runs that are served, and where each stands."""
    return [described(shared, run_id) for run_id in shared.library.runs()]


@router.get("/{run_id}")
def show_run(shared: SharedDep, run_id: str) -> dict[str, Any]:
    """Say where a run stands."""
    return described(shared, run_id)


@router.get("/{run_id}/events", response_class=Response, responses={200: {"content": {EVENTS: {}}}})
async def follow(
    shared: SharedDep, run_id: str, last_event_id: Annotated[str, Header(max_length=20)] = "0"
) -> Response:
    """Follow a run: server-sent events, the run so far and then each line of events.jsonl, whose number is the id."""
    run, place = shared.library.run(run_id), shared.library.place(run_id)
    after = int(last_event_id) if last_event_id.isdecimal() else 0
    return EventStream(
        shared.seats,
        MAX_STREAMS,
        shared.history(run),
        after,
        closing=lambda: shared.closing(),
        judge=lambda events: in_both(run, events, place),
    )


@router.post("/{run_id}/control", status_code=202)
def ask(shared: SharedDep, run_id: str, command: Command) -> dict[str, str]:
    """Ask a training to pause, to go on, or to save and stop; it answers by an event, within about a second."""
    run = shared.library.run(run_id)
    state = described(shared, run_id)["state"]
    if state in ("finished", "stopped", "diverged", "damaged"):
        raise RequestError(409, "this run has ended: no training listens")
    control.ask(run, command.command)
    return {"asked": command.command}


@router.get("/{run_id}/files/{name:path}", response_class=FileResponse)
async def file(shared: SharedDep, run_id: str, name: str) -> Response:
    """Return a picture of a run: reals.png, noise.png, progress.gif, samples/… or judged/…"""
    path = await asyncio.to_thread(served_file, shared.library.run(run_id), name)
    # Pages ask for pictures with the line of their event, so what was fetched once never changes.
    return FileResponse(path, headers={"Cache-Control": "private, max-age=86400"})


def described(shared: Shared, run_id: str) -> dict[str, Any]:
    """Describe a run: what it is, and where it stands.

    Raises:
        RequestError: there is none of that id.
    """
    run = shared.library.run(run_id)
    _, events = shared.history(run).read()
    description: dict[str, Any] = {"id": run_id, "shape": None, "classes": [], "architecture": None}
    description |= asdict(standing(events, time.time()))
    if run.exists():
        try:
            description |= _facts(run)
        except (CheckpointError, AttributeError, TypeError):  # it is no JSON, or not that of a run
            return description | {"state": "damaged"}
        if not events:
            description["state"] = "finished"  # a generator on its own
    return description


def _facts(run: RunFolder) -> dict[str, Any]:
    """Return what a run is, from its config.json."""
    content = run.read_json(run.config)
    settings, spec = content.get("config", content), content.get("spec", {})
    return {
        "shape": spec.get("shape"),
        "classes": [str(name) for name in spec.get("classes", [])],
        "architecture": settings.get("architecture"),
    }
