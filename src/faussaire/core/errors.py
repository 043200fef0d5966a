"""Every error that faussaire raises on purpose.

    FaussaireError
    ├── ConfigError       a setting is impossible, unknown, or not the one that the run began with   (exit code 2)
    ├── DataError         the data cannot be found, read, or used                                    (exit code 2)
    │   └── UnmeasurableError   a figure takes more images than there are, or images that differ
    ├── CheckpointError   a run folder cannot be written, or what is in it cannot be loaded          (exit code 1)
    ├── DivergenceError   the training itself failed: a loss or a weight is no longer finite         (exit code 1)
    ├── RankError         one of several processes that train together is gone                      (exit code 1)
    ├── ExtractorError    a feature network is not available                                         (exit code 2)
    ├── ExportError       a generator cannot be exported                                             (exit code 1)
    └── RequestError      what was asked of the studio by HTTP is impossible, or not now             (exit code 1)

A message says what is wrong, where, and what to do about it, in one line.
"""

from __future__ import annotations

_LONGEST = 1500
"""Characters of a message: whatever it quotes, nobody reads more."""


class FaussaireError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message as one line that is not too long and has nothing in it that cannot be printed."""
        text = " ".join(super().__str__().splitlines())
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows of it, instead of the way through faussaire's own code: `%tb` still does."""
        return [f"faussaire.{type(self).__name__}: {self}"]


class ConfigError(FaussaireError):
    """A setting is impossible, unknown, or not the one that the run began with."""

    exit_code = 2


class DataError(FaussaireError):
    """The data cannot be found, read, or used."""

    exit_code = 2


class UnmeasurableError(DataError, ValueError):
    """A figure takes more images than there are, or images that differ."""


class CheckpointError(FaussaireError):
    """A run folder cannot be written, or what is in it cannot be loaded."""


class DivergenceError(FaussaireError):
    """The training failed: a loss or a weight is no longer finite."""


class DeviceError(FaussaireError):
    """A device has too little memory for what it was asked to do."""


class RankError(FaussaireError):
    """One of several processes that work together is gone."""


class ExtractorError(FaussaireError):
    """A feature network is not available."""

    exit_code = 2


class ExportError(FaussaireError):
    """A generator cannot be exported."""


class RequestError(FaussaireError):
    """What was asked of the studio by HTTP is impossible, or not now.

    Args:
        status: of the answer.
        template: a sentence in English, with the names of `values` in braces; the pages know it in other languages.
        values: what stands for the names: text, or numbers, which each language writes in its own way.
    """

    def __init__(self, status: int, template: str, **values: str | float) -> None:
        shown = {
            name: value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:g}"
            for name, value in values.items()
        }
        super().__init__(template.format(**shown))
        self.status, self.template, self.values = status, template, values
