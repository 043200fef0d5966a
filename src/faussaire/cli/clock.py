"""The clock of a command: when its process began."""

from __future__ import annotations

import os
import time


def process_start() -> float:
    """Return when this process began, on the clock of `time.monotonic`: a time budget includes the imports."""
    now = time.monotonic()
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])  # field 22: start, in ticks since boot
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return now  # no /proc: the second that the imports took is not counted
    return now - age if 0 <= age < 60 else now
