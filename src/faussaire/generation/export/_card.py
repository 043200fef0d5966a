"""The model card of a generator: Markdown, under a head that the Hugging Face hub reads.

It says what was measured, and of what was not that it was not. Names come from strangers' folders: what Markdown or
YAML would take for more than text is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from faussaire import __version__
from faussaire.core.decimals import p_value, plain
from faussaire.core.names import shown
from faussaire.data.sources.embedded import embedded_sets
from faussaire.generation.export._exporter import Source

MOST_CLASSES = 50
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")
LIMITS = (
    "It makes more of what it was shown, with the gaps and biases of that; it knows nothing else.",
    "What it makes shows nobody and nothing that exists: it is no evidence of anything.",
    "Figures hold for its data, its seed and the named protocol. They do not say how it does elsewhere.",
)


def card(source: Source, *, picture: str, license: str | None, repository: str | None, place: str) -> str:
    """Return the card.

    Args:
        source: the generator, and what is known of it.
        picture: name of the picture of samples beside it.
        license: as the user gave it.
        repository: `owner/name` on the hub, where it is pushed.
        place: what `Generator.load` is to be given.
    """
    generator = source.generator
    about = generator.modality.describe(generator.spec.shape)
    name = text(repository.partition("/")[2] if repository else source.name)
    parts = [
        head(source, license),
        f"# {name}\n",
        f"![{generator.modality.name} samples of seed 0, nobody having chosen]({picture})\n",
        f"A generator of {text(about)}, learnt from {text(generator.name)} by faussaire {__version__}: a generative "
        f"adversarial network (architecture `{code(generator.architecture)}`{_width(source)}, {generator.z_dim} "
        f"numbers in a latent), whose discriminator had seen {generator.nimg:,} samples.\n",
        "## How to load it\n",
        "```python\nimport faussaire  # pip install 'faussaire[hub]'\n\n"
        f'generator = faussaire.Generator.load("{place}")\nsamples = generator.sample(64, seed=0)\n```\n',
        "No code of this repository is run: weights are safetensors, the rest is JSON.\n",
        "## Data and licence\n",
        *_data(source, license),
        "## Figures\n",
        *figures(source),
        "## Copies\n",
        copies(source.scores) + "\n",
        "## Limits\n",
        *(f"- {limit}" for limit in LIMITS),
    ]
    return "\n".join(parts) + "\n"


def head(source: Source, license: str | None) -> str:
    """Return the head that the hub reads: YAML, every value of it written as JSON."""
    generator = source.generator
    tags = ["gan", "faussaire", f"unconditional-{generator.modality.name}-generation"]
    facts: dict[str, Any] = {"library_name": "faussaire", "tags": tags}
    if license is not None:
        facts["license"] = license
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]
    return "\n".join(["---", *lines, "---", ""])


def _data(source: Source, license: str | None) -> Iterator[str]:
    generator = source.generator
    known = [embedded_sets()[name] for name in source.settings.get("data", []) if name in embedded_sets()]
    classes = generator.spec.classes
    yield f"Learnt from {text(generator.name)}{''.join(f' ({text(found.description)})' for found in known)}."
    if classes:
        named = ", ".join(text(name) for name in classes[:MOST_CLASSES])
        more = f" and {len(classes) - MOST_CLASSES:,} others" if len(classes) > MOST_CLASSES else ""
        asked = "can be asked for by name" if generator.class_shares else "came without being told apart"
        yield f"Its {len(classes):,} classes {asked}: {named}{more}."
    for found in known:
        yield f"Licence of the data: {text(found.licence)}."
    if license is not None:
        yield f"Licence of this generator: {text(license)}."
    elif not known:
        yield "Licence: not stated. Ask whoever owns the data before you use this for more than looking."
    yield ""


def figures(source: Source) -> Iterator[str]:
    """Return the lines of the table of figures, each with its interval, or the line that says that there are none."""
    rows = [row for row in source.scores.get("scores", []) if isinstance(row, Mapping)]
    current = [row for row in rows if row.get("nimg") == source.generator.nimg]
    if not current:
        yield "Not measured. `faussaire evaluate RUN` measures, and `faussaire export` then writes the figures here.\n"
        return
    meanings = source.scores.get("meanings", {})
    yield "| figure | value | interval | samples: real, generated | protocol |\n|---|---|---|---|---|"
    for row in current:
        title = meanings.get(row["metric"], {}).get("title", {}).get("en", row["metric"])
        yield (
            f"| {text(str(title))} | {plain(row['value'], 4)} "
            f"| {plain(row['low'], 4)} to {plain(row['high'], 4)} ({row['level']:.0%}) "
            f"| {row['n_real']:,}, {row['n_fake']:,} | `{code(row['protocol'])}`, seed {row['seed']} |"
        )
    verdicts = [verdict["text"] for verdict in source.scores.get("verdicts", [])]
    yield "".join(f"\nIn words: {text(str(verdict))}.\n" for verdict in verdicts)


def copies(scores: Mapping[str, Any]) -> str:
    """Return what is known of whether it copies what it learnt from."""
    found = scores.get("copies")
    if not isinstance(found, Mapping):
        return "Whether its samples are copies of what it learnt from was not tested."
    copier = any(verdict.get("name") == "copier" for verdict in scores.get("verdicts", []))
    told = "The samples are nearer to training samples than new real ones are: it copies." if copier else (
        "Not called a copier: the samples are not nearer to training samples than new real ones are, beyond chance."
    )  # fmt: skip
    return f"{found.get('text') or told} ({p_value(found['p_value'])})"


def _width(source: Source) -> str:
    return "" if source.generator.width is None else f", width {source.generator.width}"


def text(words: str) -> str:
    """Return words as Markdown that shows them and does nothing else."""
    return MARKUP.sub(r"\\\1", shown(words))


def code(words: str) -> str:
    """Return words that stand between backticks."""
    return shown(words).replace("`", "'")
