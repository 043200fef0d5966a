"""What a person sees while a run trains: a view of its events, in a terminal or line by line.

In a terminal (or a notebook) one display that renews itself; elsewhere a plain line now and then, fit for a log.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from faussaire.core.intervals import wilson
from faussaire.core.terminal import FAILURES, Terminal, broken, clean, failure, wrapped
from faussaire.evaluation.forecast import said
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.listening import Listener
from faussaire.views.numbers import Numbers, clock
from faussaire.views.words import ENGLISH, Words

LINE_SHARE = 0.05  # without a terminal: a line at least every 5 % of the run …
LINE_SECONDS = 30.0  # … and every half minute
WIDTH = 80
LEAST_BAR = 8
TONES = {"good": "green", "open": "default", "bad": "red"}
LEAST_FIGURES = 17  # columns of the figures beside the bars, so that these do not change with every digit
BLOCKS, ASCII = "█·┃", "#.|"  # of a gauge


class TrainingView(Listener):
    """Shows the events of a run as they come. Use it as a context manager around the training.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        console: where to; standard error if not given, so that standard output stays clean.
        words: in which language.
    """

    def __init__(self, run: RunFolder, *, title: str, console: Console | None = None, words: Words = ENGLISH) -> None:
        super().__init__(run, title=title, words=words)
        self.console = console or Terminal(stderr=True)
        self._stats: dict[str, Any] = {}
        self._nimg = 0
        self._verdict = ("starting", "starting")
        self._forecast = ""
        self._line = (-1.0, -LINE_SECONDS)
        self._fancy = self.console.is_interactive or self.console.is_jupyter
        # Without a thread of its own: what goes wrong in it is told where it can be caught.
        self._live = Live(console=self.console, auto_refresh=False) if self._fancy else None

    def start(self) -> None:
        """Begin to draw, or say what is trained."""
        if self._live is not None:
            self._live.start()
            self._live.update(self.display(), refresh=True)
        else:
            self._print(self.title)

    def stop(self) -> None:
        """Draw no more."""
        if self._live is not None:
            with suppress(*FAILURES):
                self._live.stop()

    def _print(self, text: str, style: str = "") -> None:
        """Print a line literally, and raise what keeps it from being seen: whoever told the event knows what to do."""
        self.console.print(Text(wrapped(clean(text), self.console), style), soft_wrap=True)
        if (broken := failure(self.console)) is not None:
            raise broken

    def show(self, event: Event) -> None:
        """Take in one event."""
        self._nimg, words = event.nimg, self.words
        if event.kind in ("warning", "rolled_back"):
            self._print(words("console.training.warning", text=words.said(event.data["text"])), style="yellow")
        elif event.kind == "paused":
            self._print(words("console.training.paused"))
        elif event.kind == "continued":
            self._print(words("console.training.continued", time=clock(event.data["paused_seconds"])))
        elif event.kind == "resumed":
            self._print(words("console.training.resumed", thousands=words.numbers.thousands(event.nimg)))
        elif event.kind == "score":
            self._forecast = words.said(said(event.data["forecast"])) if "forecast" in event.data else ""
        elif event.kind == "stats":
            self._stats = event.data
            self._verdict = (event.data["verdict"], words.said(event.data["verdict_text"]))
            if self._live is not None:
                self._live.update(self.display(), refresh=True)
                if (broken := failure(self.console)) is not None:
                    raise broken
            elif self._line_is_due():
                self._print(self.line())

    def _line_is_due(self) -> bool:
        progress, seconds = self._stats["progress"], self._stats["seconds"]
        share, then = self._line
        if progress - share < LINE_SHARE and seconds - then < LINE_SECONDS:
            return False
        self._line = (progress, seconds)
        return True

    def line(self) -> str:
        """Return the last report as one plain line."""
        s, numbers = self._stats, self.words.numbers
        return self.words(
            "console.training.line",
            progress=f"{numbers.percent(s['progress']):>5}",
            time=clock(s["seconds_left"]),
            speed=numbers.count(s["nimg_per_second"]),
            real=share(s["accuracy_real"], s["n"], numbers),
            fake=share(s["accuracy_fake"], s["n"], numbers),
            n=s["n"],
            D=self._loss("D"),
            G=self._loss("G"),
            verdict=self._verdict[1] + (f"; {self._forecast}" if self._forecast else ""),
        )

    def display(self) -> RenderableType:
        """Return the whole display: at most 80 columns wide, and without bars where there is no room for them."""
        words, s, width = self.words, self._stats, min(WIDTH, self.console.width)
        title = Text(self.title, style="bold", overflow="ellipsis", no_wrap=True)
        if not s:
            return Group(title, Text(words("console.training.starting"), style="dim"))
        name, text = self._verdict
        verdict = Text(broken(text, width), style=TONES[Verdict(name=name, text=text).tone])
        below = [verdict, *([Text(broken(self._forecast, width))] if self._forecast else [])]
        rows = self._rows()
        figures = max(LEAST_FIGURES, *(len(text) for _, _, text in rows))
        names = max(len(name) for name, _, _ in rows)
        bar = width - names - figures - 4
        if bar < LEAST_BAR:
            lines = [Text(f"{name}: {text.strip()}") for name, _, text in rows]
            return Group(title, *lines, Text(words("console.training.chance")), self._facts(width), *below)
        table = Table.grid(padding=(0, 2))
        for _ in range(3):
            table.add_column(no_wrap=True)
        for place, (name, value, text) in enumerate(rows):
            drawn = self._gauge(value, bar) if place else ProgressBar(total=1.0, completed=value or 0.0, width=bar)
            table.add_row(name, drawn, text)
        mark = " " * (names + bar // 2) + words("console.training.chance_mark")
        judged = words("console.training.judged", n=s["n"])
        scale = Text(mark + f"{judged:>{max(width - len(mark), len(judged) + 2)}}", style="dim", no_wrap=True)
        return Group(title, table, scale, self._facts(width), *below)

    def _rows(self) -> list[tuple[str, float | None, str]]:
        """Return name, share and words of each row that has a bar."""
        words, s, numbers = self.words, self._stats, self.words.numbers
        left = words("console.training.left", time=clock(s["seconds_left"]))
        rows = [(words("console.training.progress"), s["progress"], f"{numbers.percent(s['progress']):>5}  {left}")]
        for side in ("real", "fake"):
            value = s[f"accuracy_{side}"]
            rows.append((words(f"console.training.right_on_{side}"), value, share(value, s["n"], numbers)))
        return rows

    def _facts(self, width: int) -> Text:
        words, numbers = self.words, self.words.numbers
        losses = words("console.training.losses", D=self._loss("D"), G=self._loss("G"))
        speed = numbers.count(self._stats["nimg_per_second"])
        shown = words("console.training.shown", thousands=numbers.thousands(self._nimg), speed=speed)
        gap = "   " if len(losses) + len(shown) + 3 <= width else "\n"
        return Text.assemble(losses, (gap + shown, "dim"))

    def _loss(self, network: str) -> str:
        return self.words.numbers.loss(self._stats[f"loss_{network}"], self._stats[f"loss_{network}_half"])

    def _gauge(self, value: float | None, width: int) -> Text:
        return gauge(value, width, letters=BLOCKS if self.console.encoding.startswith("utf") else ASCII)


def gauge(share: float | None, width: int, *, letters: str = BLOCKS) -> Text:
    """Draw a share of 1 as a bar with a mark at one half; `letters`: of the filled part, of the rest, and the mark."""
    filled = round((share or 0.0) * width)
    cells = [letters[0] if i < filled else letters[1] for i in range(width)]
    middle = width // 2
    return Text("".join([*cells[:middle], *letters[2:], *cells[middle + 1 :]])[:width], style="cyan")


def share(value: float | None, n: int, numbers: Numbers) -> str:
    """Write a share of n images in per cent with its 95 % interval (Wilson's)."""
    if value is None:
        return numbers.figure(None)
    interval = wilson(value * n, n)
    return numbers.share(value, interval.low, interval.high)
