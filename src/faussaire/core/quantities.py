"""What the numbers among the settings count, in words, so that a mistyped one is answered in the terms of its user.

The command line, a recipe and Python ask for the same: `--minutes soon`, `minutes = "soon"` and `minutes=nan` are each
told that `--minutes takes a number of minutes such as 10 or 0.5`.
"""

from __future__ import annotations

import math

from faussaire.core.errors import ConfigError

QUANTITIES = {
    "batch_size": "a whole number of images such as 64",
    "beta1": "a share from 0 to below 1 such as 0.5",
    "beta2": "a share from 0 to below 1 such as 0.9",
    "channels": "a whole number: 1, 3 or 4",
    "d_steps": "a whole number of steps such as 1",
    "ema": "a share from 0 to below 1 such as 0.05",
    "epochs": "a number of passes over the data such as 20 or 0.5",
    "fps": "a whole number of pictures a second such as 30",
    "g_steps": "a whole number of steps such as 1",
    "gamma": "a weight above 0 such as 1 or 0.5",
    "gpus": "a whole number of GPUs such as 8",
    "kimg": "a number of thousands of images such as 100 or 0.5",
    "letters": "a whole number of letters such as 20",
    "lr": "a learning rate above 0 such as 0.006",
    "lr_final": "a share from 0 to 1 such as 0.05",
    "minutes": "a number of minutes such as 10 or 0.5",
    "n": "a whole number of samples such as 64",
    "nodes": "a whole number of nodes such as 4",
    "penalty_every": "a whole number of steps such as 2",
    "penalty_one_in": "a whole number of images such as 4",
    "pictures": "a whole number of pictures such as 48",
    "pixels": "a whole number of pixels such as 64",
    "port": "a whole number such as 8765",
    "price": "an amount of money for an hour such as 3 or 0.7",
    "rate": "a whole number of samples a second such as 8000",
    "resolution": "a whole number of pixels such as 64",
    "score_minutes": "a number of minutes such as 10 or 0.5",
    "seconds": "a number of seconds such as 10 or 0.5",
    "seed": "a whole number such as 0",
    "seeds": "a whole number such as 0",
    "shards": "a whole number of parts such as 2",
    "threads": "a whole number of threads such as 2",
    "tiles": "a whole number of samples such as 16",
    "truncation": "a number from 0 to 2 such as 0.7",
    "width": "a whole number of channels such as 8",
    "z_dim": "a whole number of numbers such as 100",
}
"""What the setting of each name takes."""


def refused(flag: str, name: str, value: object) -> ConfigError:
    """Return the error that says what a flag takes, and that a value is not that; `name` is of the setting."""
    wanted = QUANTITIES[name]
    if isinstance(value, str):
        return ConfigError(f"{flag} takes {wanted}, not {value!r}")
    shown = f"{value:g}" if isinstance(value, float) else value
    return ConfigError(f"{flag} takes {wanted}, not {shown}")


def read_number(flag: str, name: str, text: str) -> float:
    """Read a number as it was typed.

    Raises:
        ConfigError: it is none, or not a finite one.
    """
    try:
        number = float(text)
    except ValueError:
        raise refused(flag, name, text) from None
    if not math.isfinite(number):
        raise refused(flag, name, text)
    return number


def read_whole(flag: str, name: str, text: str) -> int:
    """Read a whole number, which 64 and 1e3 are; 1.5 is none, and is not rounded unasked.

    Raises:
        ConfigError: it is none.
    """
    number = read_number(flag, name, text)
    if not number.is_integer():
        raise refused(flag, name, text)
    return int(number) if set(text.lower()) & {"e", "."} else int(text)
