"""What is said is there in both languages: the words of the views, and the sentences of all other rooms."""

from __future__ import annotations

import ast
import errno
import os
import re
import string
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from faussaire.core.config import load_recipe, recipes
from faussaire.core.errors import ConfigError
from faussaire.data import embedded_sets
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.metrics.spec import BETTER
from faussaire.views.numbers import NARROW
from faussaire.views.words import ENGLISH, Words, sentences_in_french, texts, typeset, words_for
from views.source_sentences import SOURCE, sentences_of

FRENCH = Words("fr")
SAME = {  # words that are the same in both languages, by view
    "pages": {"live.always_wrong", "live.pause", "live.gradient_now", "explore.move", "public.nouns.image"},
    "console": {"runs.kimg", "plan.speed", "plan.gpu.one", "plan.cpu", "listing.architectures"},
    "inspection": {"classes", "console.images", "console.modes", "console.classes", "images"},
    "report": {"architecture", "classes"},
}

UNSHOWN_FILES = (
    "generation/export/_card.py",  # a model card is the hub's, in English as its metadata are
    "generation/export/page/program.py",  # what its operations are, for whoever reads the code
    "core/litter.py",  # names of folders
    "data/sources/litter.py",
)
NO_SENTENCE = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN) |%s |class reals|eval |sample c"
    r"|export c|augment |score (reals|classes)|grid classes|labels-cnn |next batch|r_v held|music extents"
    r"|clock of|contact sheet$|Tensor \||tuple\[|import |from fau|default-src|<(svg|fig)|\(\.\*|\(fold|.*\|no class is"
    r"|\{\}; frame-ancestors"
    r"|(public|private), max-age|attachment;|Accept-Language|.*event: |(upper|lower) right|faussaire (s|g)"
    r"|soundfile \{|no soundfile|Python \{|pillow-heif \{|model name|np\.savez|made by faussaire|A generator, by"
)
"""Names of random streams and of versions, types, programs, regular expressions, headers, commands, marks in files."""

FOR_PROGRAMMERS = {
    *("module 'faussaire' has no attribute {!r}", "module {!r} has no attribute {!r}", "{} must be [N, D], not {}"),
    "a proportion needs 0 <= successes <= n and n > 0, not {} of {}",
    "Student's quantile needs a degree of freedom and a level in (0, 1), not {}, {}",
    *("{} has no initialise(generator)", "a Dropout layer was used in training before `seed_dropout`"),
    *(
        "bilinear, antialiased, to 32 x 32",
        "bicubic, antialiased, to 128 x 128",
        "bilinear, not antialiased, to 299 x 299",
    ),
}
"""What a mistake in the code would raise, and what only a record of how something was computed holds."""

PARTS = {  # of what other sentences, or other programs, say: these are looked for in them
    *("Python objects", "Object arrays", "to 8 bits", "bits scaled to 8", "those of 8 bits"),
    *("one value everywhere", "left so", "white and black", "Ankle boot"),
}
IN_ENGLISH = (
    *("How long", "The game", "What is written", "Machine and", "With --to", "Generative adv", "Usage: faussaire"),
    *(
        "A place in latent",
        "Steps, -8",
        "Places to pass",
        "png, npz",
        "Id of the run",
        "Below 1 samples are",
        "How many samp",
    ),
    *("Name or number of a class, for", "The same seed gives", "Samples of trained"),
)
"""`--help`, which cyclopts writes with words of its own, and /docs, the description of the API for programmers."""


def flat(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, content


def places_in(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("view", texts("en"))
def test_each_view_says_the_same_in_both_languages(view: str) -> None:
    english, french = dict(flat(texts("en")[view])), dict(flat(texts("fr")[view]))
    assert english.keys() == french.keys()
    assert [key for key in english if set(places_in(english[key])) != set(places_in(french[key]))] == []
    assert [key for key in english if not english[key].strip() or not french[key].strip()] == []
    same = {key for key in english if english[key] == french[key] and re.search(r"[a-z]{2}", english[key])}
    assert {key for key in same if not key.startswith(tuple(SAME[view]) or ("-",))} == set()


def test_the_code_of_the_views_uses_words_that_are_there() -> None:
    used = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name == "words" and isinstance(node.args[0], ast.Constant):
                    used.add(node.args[0].value)
                if name == "words" and isinstance(node.args[0], ast.JoinedStr):
                    used.add(re.sub(r"\{.*?\}", "*", ast.unparse(node.args[0])[2:-1]))
    known = {key for key, _ in flat(texts("en"))}
    wanted = [re.compile(re.escape(key).replace(r"\*", r"\w+") + r"(\.one|\.other)?") for key in used]
    assert len(used) > 80
    assert [key.pattern for key in wanted if not any(map(key.fullmatch, known))] == []
    spoken = {key for key in known if key.startswith(("console.", "inspection.console."))}
    assert [key for key in spoken if not any(pattern.fullmatch(key) for pattern in wanted)] == [], "used by nobody"


def shown_sentences() -> list[tuple[str, str]]:
    """Return the sentences in the source that a person may see, each with its place."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        if name not in UNSHOWN_FILES and name != "views/numbers.py":
            found += [(f"{name}:{line}", text) for line, text in sentences_of(path)]
    left_out = FOR_PROGRAMMERS | PARTS
    return [
        (place, text)
        for place, text in found
        if not NO_SENTENCE.match(text) and text not in left_out and not text.startswith(IN_ENGLISH)
    ]


def test_every_sentence_of_the_source_is_there_in_french() -> None:
    known = sentences_in_french()
    told = " ".join(text for m in MEANINGS.values() for both in (m.title, m.sentence) for text in both.values()).lower()
    shown = shown_sentences()
    assert len(shown) > 800
    missing = [(place, text) for place, text in shown if text not in known and text.lower() not in told]
    assert [(place, text) for place, text in missing if text.replace("{{", "{").replace("}}", "}") not in known] == []


def test_what_recipes_and_embedded_sets_say_of_themselves_is_there_in_french() -> None:
    sets = [text for found in embedded_sets().values() for text in (found.description, found.sample, found.licence)]
    told = {load_recipe(name)["description"] for name in recipes()} | set(sets)
    assert told - set(sentences_in_french()) == {"MIT, Zalando SE"}


def test_every_sentence_in_french_is_still_said_somewhere() -> None:
    said = {text.replace("{{", "{").replace("}}", "}") for _, text in shown_sentences()}
    for name in (
        "cli",
        "core",
        "data",
        "evaluation",
        "generation",
        "modalities",
        "models",
        "runs",
        "training",
        "views",
    ):
        path = SOURCE / "views" / "texts" / "sentences" / f"{name}.toml"
        assert set(tomllib.loads(path.read_text("utf-8"))) <= said, name


def test_a_sentence_in_french_quotes_no_value_that_the_english_has_not() -> None:
    for english, french in sentences_in_french().items():
        places = places_in(english)
        if any(places):
            assert places == places_in(french), english
        else:
            plain = re.sub(r"\{(\d*)[!:][^}]*\}", r"{\1}", french)
            assert plain.format(*places) is not None, english  # positions are within those of the English
            assert not re.search(r"\{[a-z]", french), english


def test_each_metric_is_explained_in_both_languages() -> None:
    for meaning in MEANINGS.values():
        for text in (meaning.title, meaning.sentence, meaning.better):
            assert text.keys() == {"en", "fr"}
            assert text["en"] != text["fr"] or text is meaning.title
    assert all(text.keys() == {"en", "fr"} for text in BETTER.values())


@pytest.mark.parametrize(
    "code", [errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EROFS, errno.EISDIR, errno.ENOTDIR]
)
def test_what_the_system_says_is_said_in_french(code: int) -> None:
    assert FRENCH.said(os.strerror(code)) != os.strerror(code)


SAID = {
    "recipe x.toml cannot be read: No such file or directory": "la recette x.toml est illisible : il n’existe pas",
    "unknown recipe 'chap'; did you mean 'chapter'? known: chapter, small": (
        "recette inconnue : « chap » ; vouliez-vous dire « chapter » ? connus : chapter, small"
    ),
    "learning: D is right 72 % [71, 73] of the time (50 % is chance); fakes vary 0.92 ± 0.05 times as much as reals": (
        "il apprend : D a raison 72 % [71 ; 73] du temps (50 %, c’est le hasard) ; "
        "les contrefaçons varient 0,92 ± 0,05 fois autant que les images réelles"
    ),
    "twice the minutes: Fréchet distance from about 0.014 to about 0.009, 80% [0.006, 0.013]": (
        "deux fois plus de minutes : la distance de Fréchet, environ 0,014, passerait "
        "à environ 0,009, 80 % [0,006 ; 0,013]"
    ),
    "Augmentation: flip, as D would soon learn 1,000 images by heart.": (
        "Augmentation : flip, car D apprendrait vite 1 000 images par cœur."
    ),
    "--lr-final takes a share from 0 to 1 such as 0.05, not 1.5": (
        "--lr-final attend une part de 0 à 1, comme 0.05, et non 1,5"
    ),
    "--minutes takes a number of minutes such as 10 or 0.5, not '10min'": (
        "--minutes attend un nombre de minutes comme 10 ou 0.5, et non « 10min »"
    ),
    "Device: the processor, as torch finds nothing else here; 1 minute in all, as asked for.": (
        "Calcul : le processeur, car torch ne trouve rien d’autre ici ; 1 minute en tout, comme demandé."
    ),
    "120 thousand images in about 2 minutes": "120 milliers d’images en environ 2 minutes",
    "3,000 images in about 1 second": "3 000 images en environ 1 seconde",
    "1 image in about 2 seconds": "1 image en environ 2 secondes",
    "Augmentation: translation, colour and cutout, as D would soon learn 54 images by heart.": (
        "Augmentation : translation, colour et cutout, car D apprendrait vite 54 images par cœur."  # names of settings
    ),
    "--batch-size must be at most 4,096, not 5000": "--batch-size vaut au plus 4 096, et non 5000",
    "faussaire: photos, 1,000 colour images of 64x64, 100 held out, lean, 1 minute": (
        "faussaire : photos, 1 000 images en couleur de 64 × 64, 100 mises de côté, lean, 1 minute"
    ),
    "faussaire: names, 4,964 lines of up to 9 letters, of an alphabet of 26, 494 held out, text, 30 kimg": (
        "faussaire : names, 4 964 lignes de 9 lettres au plus, d’un alphabet de 26, 494 mises de côté, text, 30 kimg"
    ),
    "faussaire: digits, 1,000 sounds of 0.6 s at 8,000 Hz (64 bands, 64 columns), 122 held out, hybrid, 5 kimg": (
        "faussaire : digits, 1 000 sons de 0,6 s à 8 000 Hz (64 bandes, 64 colonnes), 122 mises de côté, hybrid, 5 kimg"
    ),
    "faussaire: chorales, 3,845 windows of 4 bars, 4 voices, 4 octaves, 391 held out, roll, 6 kimg": (
        "faussaire : chorales, 3 845 fenêtres de 4 mesures, 4 voix, 4 octaves, 391 mises de côté, roll, 6 kimg"
    ),
    "photos (1).zip cannot be read (x)": "photos (1).zip est illisible (x)",
    "no labels: the images do not lie in folders of classes": (
        "pas d’étiquettes : les images ne sont pas dans des dossiers de classes"
    ),
    "no labels from x.csv: it gives several to 1,200 images": (
        "pas d’étiquettes de x.csv : il en donne plusieurs à 1 200 images"
    ),
    "nobody knows 1.5 of this": "nobody knows 1.5 of this",
}


@pytest.mark.parametrize("english", SAID)
def test_what_other_rooms_say_is_said_in_french(english: str) -> None:
    assert FRENCH.said(english).replace(NARROW, " ").replace("\N{NO-BREAK SPACE}", " ") == SAID[english]
    assert ENGLISH.said(english) == english


def test_no_sentence_is_taken_for_another_one() -> None:
    values, others = {"!r": "'Qz'", ":,": "1,234", ":%": "7%"}, []
    shown = {"!r": f"«{NARROW}Qz{NARROW}»", ":,": f"1{NARROW}234", ":%": f"7{NARROW}%"}
    for english, french in sentences_in_french().items():
        if english[0] in " ,;:" or english[-1] == " " or re.search(r"--\w+ \{", english):
            continue  # goes on from something else, or holds what is typed
        places = list(string.Formatter().parse(english))
        kinds = [
            f"!{conversion}" if conversion else f":{spec}" for _, name, spec, conversion in places if name is not None
        ]
        names = [name for _, name, _, _ in places if name]
        said = FRENCH.said(re.sub(r"\{\w*(.*?)\}", lambda found: values.get(found[1], "Qz"), english))
        wanted = [shown.get(kind, "Qz") for kind in kinds]
        if said != re.sub(r"\{(\w*)[!:].*?\}", r"{\1}", french).format(
            *wanted, **dict(zip(names, wanted, strict=False))
        ):
            others.append((english, said))
    assert others == []


def test_what_is_to_be_typed_stays_as_it_is() -> None:
    said = FRENCH.said("--lr must be above 0, not -1.5; begin again in another --run with --lr 0.001")
    assert "et non -1,5" in said
    assert said.endswith("recommencez dans un autre --run avec --lr 0.001")


def test_french_has_no_break_spaces_where_its_typography_wants_them() -> None:
    assert typeset("est-ce tout ? oui : 72 % ; « {} » à {} s") == (
        f"est-ce tout{NARROW}? oui\N{NO-BREAK SPACE}: 72{NARROW}%{NARROW}; «{NARROW}{{}}{NARROW}» à {{}}{NARROW}s"
    )
    loose = re.compile(r" [;!?%»]|« | :(\s|$)|(?<=[\d}]) (s|Mo|Go|Gio)\b|\d,\d{3}\b|\d\.\d(?!\.)| '|' |l'|d'")
    typed = re.compile(
        r"`[^`]*`|comme [\d.]+(?: ou [\d.]+)?|--\S+ \S+|pip install '\S+'|\S+\.(py|csv|npy)\b|arXiv [\d.]+|np\.\S+.*?\)"
        r"|version [\d.]+|cc-by-4\.0|CC BY-SA [\d.]+|'#\w+'|7\.3\S*|MATLAB 7\.3"
    )
    spoken = {**dict(flat(texts("fr"))), **sentences_in_french()}
    for path in SOURCE.rglob("fr.toml"):  # of pages that stand alone, which take their words as they are typed
        spoken |= dict(flat(tomllib.loads(path.read_text(encoding="utf-8")), path.parent.name))
    assert {key: text for key, text in spoken.items() if loose.search(typed.sub("", text))} == {}


def test_a_number_decides_between_one_and_several_as_the_language_has_it() -> None:
    assert ENGLISH("console.plan.gpu", n=0) == "0 GPUs"
    assert FRENCH("inspection.console.files", n=0, reason="x").startswith("0 fichier\N{NO-BREAK SPACE}:")
    assert FRENCH("inspection.console.files", n=1200, reason="x").startswith(
        f"1{NARROW}200 fichiers\N{NO-BREAK SPACE}:"
    )


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "fr_CA@euro", "LANG": "de_DE"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "français"}, "en"),
    ],
)
def test_the_language_is_that_of_the_environment(environment: dict[str, str], language: str) -> None:
    assert words_for(None, environment).language == language
    assert words_for("en", environment).language == "en"


def test_a_language_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--lang: unknown 'de'.*known: en, fr"):
        words_for("de")
