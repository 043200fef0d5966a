"""This X does not exist: one fresh sample for each visit, an address that keeps it, and nothing else."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from faussaire.modalities.forms import Shown
from faussaire.runs.standing import standing
from faussaire.views.web.api.generate import MAX_SEED, drawn, encoder
from faussaire.views.web.api.generators import Loaded
from faussaire.views.web.pages.render import page
from faussaire.views.web.shared import SharedDep

FRESH_SEEDS = 2**31  # an address that can be read out over the telephone
WORDS = {"fashion-mnist": "garment", "mnist": "digit", "spoken-digits": "voice"}
"""Names of texts, for the sets whose own name is no noun."""

router = APIRouter(include_in_schema=False)


def seed_in(seed: str) -> int:
    """Return the seed in an address; any other word there leads nowhere."""
    if not (seed.isascii() and seed.isdigit() and int(seed) <= MAX_SEED):
        raise HTTPException(404)
    return int(seed)


Seed = Annotated[int, Depends(seed_in)]


@router.get("/")
async def fresh(request: Request, shared: SharedDep) -> Response:
    """Show a sample that nobody has seen before."""
    return await show(request, shared, secrets.randbelow(FRESH_SEEDS))


@router.get("/{seed}.png")
async def sample(request: Request, shared: SharedDep, seed: Seed) -> Response:
    """Return the picture."""
    loaded = await shared.generators.newest(shared.library.run(_run_id(request)))
    return Response(await _made(loaded, seed, loaded.generator.modality.png), media_type="image/png")


@router.get("/{seed}.{suffix}")
async def file(request: Request, shared: SharedDep, seed: Seed, suffix: str) -> Response:
    """Return the file of the sample, of the kind of data: a sound, a tune, a line."""
    loaded = await shared.generators.newest(shared.library.run(_run_id(request)))
    if all(form.suffix != f".{suffix}" for form in loaded.generator.modality.forms):
        raise HTTPException(404)
    media_type, encode = encoder(loaded.generator.modality, suffix)
    return Response(await _made(loaded, seed, encode), media_type=media_type)


@router.get("/{seed}")
async def show(request: Request, shared: SharedDep, seed: Seed) -> Response:
    """Show the sample of a seed."""
    run = shared.library.run(_run_id(request))
    loaded = await shared.generators.newest(run)
    form = loaded.generator.modality.shown_form
    path = quote(request.scope["path"].rstrip("/"))
    base = path.rpartition("/")[0] if "seed" in request.path_params else path
    legible = loaded.generator.modality.legible
    text = None if legible is None else (await _made(loaded, seed, legible.encode)).decode().strip()
    _, events = await asyncio.to_thread(shared.history(run).read)
    learning = bool(events) and standing(events, time.time()).learning
    return page(
        request,
        "public.html.j2",
        seed=seed,
        base=base,
        title=shared.title,
        word=WORDS.get(loaded.generator.name),
        kind=loaded.generator.spec.modality,
        learning=learning,
        text=text,
        player=form.suffix if form and form.shown is Shown.PLAYER else None,
    )


async def _made(loaded: Loaded, seed: int, encode: Callable[[np.ndarray], bytes]) -> bytes:
    generator = loaded.generator
    return await loaded.batcher.ask(1, lambda: drawn(generator, seed, 1), encode)


def _run_id(request: Request) -> str | None:
    """Return the run in the address; None where the page stands alone."""
    run_id: str | None = request.path_params.get("run_id")
    return run_id
