"""What the teacher alone may ask for: the page of everyone's runs, the door, sending somebody out, forgetting all.

The link with the secret is opened once: it leaves a cookie, and leads to an address without the secret, which a class
may see on the wall. To everybody else these addresses do not exist.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, StrictBool

from faussaire.views.web.classroom.qr import drawn, qr_code
from faussaire.views.web.classroom.room import TEACHER, RoomDep, only_teacher
from faussaire.views.web.pages.render import page

DAY_SECONDS = 86_400

router = APIRouter(prefix="/teacher", include_in_schema=False)
guarded = APIRouter(prefix="/teacher", include_in_schema=False, dependencies=[Depends(only_teacher)])


class Door(BaseModel):
    """Whether pupils may join."""

    model_config = ConfigDict(extra="forbid")

    open: StrictBool


@guarded.get("")
def teacher_page(request: Request, room: RoomDep, view: str = "") -> Response:
    """Show everyone's run, the board, and what can be done; large and without what can be done, for the wall."""
    code = qr_code(room.addresses[0]) if room.addresses else None
    return page(
        request,
        "teacher.html.j2",
        room=room,
        door=room.register.open,
        projector=view == "projector",
        code=None if code is None else {"size": len(code), "path": drawn(code)},
    )


@guarded.post("/door")
def door(room: RoomDep, wanted: Door) -> dict[str, bool]:
    """Let pupils in, or no more."""
    room.register.open = wanted.open
    return {"open": room.register.open}


@guarded.post("/out/{pupil}")
def send_out(room: RoomDep, pupil: Annotated[int, Path(ge=1, lt=2**63)]) -> dict[str, bool]:
    """Forget one pupil, who may join again under another name as long as the door is open."""
    room.register.forget(pupil)
    room.board.forget()
    return {"out": True}


@guarded.post("/forget")
def forget(room: RoomDep) -> dict[str, bool]:
    """Forget all pupils, answers and votes: the file is deleted. The runs stay, as nobody's."""
    room.forget_all()
    return {"forgotten": True}


@router.get("/{secret}")
async def enter(room: RoomDep, secret: str) -> Response:
    """Take the secret once, and lead to the page."""
    if not secrets.compare_digest(secret.encode(errors="replace"), room.secret.encode()):
        raise HTTPException(404)
    response = RedirectResponse("/teacher", status_code=303)
    response.set_cookie(TEACHER, secret, max_age=DAY_SECONDS, samesite="lax", httponly=True)
    return response
