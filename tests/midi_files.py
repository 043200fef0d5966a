"""Standard MIDI files byte by byte, as no library would write them: what odd files are made of."""

from __future__ import annotations

import struct

DIVISION = 480
END = b"\0\xff\x2f\0"


def time(ticks: int) -> bytes:
    """A number as MIDI writes times."""
    found = [ticks & 0x7F]
    while ticks := ticks >> 7:
        found.append(0x80 | ticks & 0x7F)
    return bytes(reversed(found))


def notes(*pitches: int, quarters: float = 1, channel: int = 0) -> bytes:
    """Notes one after the other."""
    length = time(round(quarters * DIVISION))
    return b"".join(
        bytes([0, 0x90 | channel, pitch, 64]) + length + bytes([0x80 | channel, pitch, 0]) for pitch in pitches
    )


def running(*pitches: int) -> bytes:
    """Quarter notes by running status: the command stands once, and an end is a note of velocity 0."""
    rest = b"".join(bytes([0, pitch, 64]) + time(DIVISION) + bytes([pitch, 0]) for pitch in pitches)
    return rest[:1] + b"\x90" + rest[1:]


def track(events: bytes, end: bytes = END) -> bytes:
    """A track chunk."""
    return b"MTrk" + struct.pack(">I", len(events + end)) + events + end


def midi(*tracks: bytes, form: int = 1, division: int = DIVISION) -> bytes:
    """A whole file."""
    return b"MThd" + struct.pack(">IHHH", 6, form, len(tracks), division) + b"".join(tracks)


def metre(numerator: int, power: int) -> bytes:
    """A time signature: 6/8 is (6, 3)."""
    return bytes([0, 0xFF, 0x58, 4, numerator, power, 24, 8])


SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
TUNE = notes(*SCALE, *SCALE[::-1])
"""Four bars of quarter notes."""
