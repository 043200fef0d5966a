"""The extractors: what turns samples into features. A file each, and an entry here."""

from __future__ import annotations

from collections.abc import Callable

from faussaire.evaluation.extractors.efficientnet import EfficientNetExtractor
from faussaire.evaluation.extractors.inception import InceptionExtractor
from faussaire.evaluation.extractors.letter_groups import LetterGroupsExtractor
from faussaire.evaluation.extractors.music import MusicExtractor
from faussaire.evaluation.extractors.nyquist import NyquistExtractor
from faussaire.evaluation.extractors.pixels import PixelsExtractor
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.extractors.values import ValuesExtractor

EXTRACTORS: dict[str, Callable[[], Extractor]] = {
    "efficientnet-lite0": EfficientNetExtractor,
    "inception-v3": InceptionExtractor,
    "letter-groups": LetterGroupsExtractor,
    "music": MusicExtractor,
    "nyquist": NyquistExtractor,
    "pixels-dct": PixelsExtractor,
    "values": ValuesExtractor,
}
"""Name to factory, of those that are there before any data is; fitted.py has the others."""
