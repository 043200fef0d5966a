"""Whether a column beside the names of images may hold their classes, where its name does not say that it does.

Its name may say that it holds something else: the part of the set, a measure, a text, an identity. So may its values:
fractions, times, sentences, lists of numbers, hashes, or another one for nearly every image. Wrong labels cost more
than none, so that what is in doubt is no label, and it is said why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from faussaire.data.labels.labels import MANY, is_number
from faussaire.data.labels.layouts import is_split

_PARTS = frozenset({"split", "partition", "fold", "folds", "subset", "usage", "cv"})
_MEASURES = frozenset(
    {"age", "angle", "rotation", "price", "score", "scores", "mos", "rating", "lat", "lon", "latitude", "longitude",
     "width", "height", "size", "depth", "z", "x", "y", "weight", "temperature", "count", "area", "length", "ratio",
     "mean", "std", "confidence", "probability", "date", "time", "timestamp", "datetime", "year", "epoch"}
)  # fmt: skip
_TEXTS = frozenset(
    {"text", "caption", "captions", "description", "prompt", "title", "comment", "comments", "notes", "pixels", "rle",
     "mask", "masks", "bbox", "box", "boxes", "keypoints", "landmarks", "polygon", "url", "path", "file", "filename",
     "license", "licence"}
)  # fmt: skip
_IDENTITIES = frozenset(
    {"uuid", "guid", "hash", "md5", "sha", "patient", "subject", "author", "user", "owner", "photographer", "source"}
)
_MEANINGS = {
    **dict.fromkeys(_PARTS, "tells the part of the set"),
    **dict.fromkeys(_MEASURES, "holds a measure"),
    **dict.fromkeys(_TEXTS, "holds something else"),
    **dict.fromkeys(_IDENTITIES, "holds identities"),
}
_NUMBERING = frozenset({"id", "ids", "index", "idx", "no", "number", "key", "row", "unnamed", "image", "img", "group",
                        "set", "batch", "part"})  # fmt: skip
_SENTENCE = 5  # words, of which most values have as many
_TIME = re.compile(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}.*|[0-9]{9,13}(\.0)?")
_HASH = re.compile("[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def why_no_label(name: str, values: Sequence[str]) -> str:
    """Return why a column of this name and of these values, as far as they are known, holds no classes; or nothing."""
    words = words_of(name)
    meaning = next((_MEANINGS[word] for word in words if word in _MEANINGS), "")
    if not meaning and _NUMBERING.issuperset(words):
        meaning = "only numbers them"
    return meaning or _why_no_values(values)


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case, also of one like `EncodedPixels`."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+", name)]


def _why_no_values(values: Sequence[str]) -> str:
    different = set(values)
    if not different:
        return ""
    if all(map(is_number, different)) and any(Decimal(value) % 1 for value in different):
        return "holds fractions, which are a measure"
    if all(map(is_split, different)):
        return "tells the part of the set"
    for is_so, why in ((_is_hash, "holds hashes"), (_is_time, "holds times"), (_is_prose, "holds sentences or lists")):
        if 2 * sum(map(is_so, different)) > len(different):
            return why
    if len(different) > MANY and len(values) < 2 * len(different):
        return f"tells single images apart: {len(values):,} images have {len(different):,} different values"
    return ""


def _is_time(value: str) -> bool:
    return _TIME.fullmatch(value) is not None


def _is_hash(value: str) -> bool:
    return _HASH.fullmatch(value.lower()) is not None


def _is_prose(value: str) -> bool:
    words = value.split()
    return len(words) >= _SENTENCE or (len(words) > 1 and all(map(is_number, words)))
