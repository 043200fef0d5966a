"""Sound: spectra float32 `[N, 1, S, S]` in [-1, 1], kept as bytes, heard as WAV and seen as uint8 `[N, S, S, 1]`.

A sample is what is heard in a window of a stated length: log magnitudes, bands upward and time to the right
(spectra.py), so that whatever makes images makes sounds. The phase is found afterwards (phase.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from faussaire.modalities import spec
from faussaire.modalities.audio.decode import (
    SOUND_SUFFIXES,
    decode_windows,
    decoders,
    is_sound,
    length_of,
    num_windows,
)
from faussaire.modalities.audio.rule import LENGTHS, OPTIONS, Rule, check, rule_for, window_seconds
from faussaire.modalities.forms import Form, Shown
from faussaire.modalities.image import copies
from faussaire.modalities.pictures import MIN_TILE, cut
from faussaire.modalities.spec import NUM_PARTS, Counts, Decoded, Items, Samples, SampleSpec, floats
from faussaire.modalities.waves import pcm, wav

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

PAUSE_SECONDS = 0.25
"""Between the sounds of a file of several."""

_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 60)


class Sounds(spec.Modality):
    """The modality of sound.

    Args:
        rule: what the samples were brought to; None where nothing has to be heard.
    """

    name = "audio"
    script_in = __name__
    suffixes = SOUND_SUFFIXES
    formats = "WAV, FLAC, OGG or MP3 sounds"
    options = OPTIONS
    scored_by = "pixels-dct"
    judged_by = ("sound-cnn", "pixels-dct")
    told_by = ("sound-cnn",)
    defaults: ClassVar[Mapping[str, Any]] = {"architecture": "hybrid", "conditional": True}
    parts = ("windows", "window a sound")
    names_tell = True
    rereads = True

    def __init__(self, rule: Rule | None = None) -> None:
        self._rule = rule

    def of(self, spec: SampleSpec) -> Sounds:
        """Return it with the rate and length of the samples of `spec`."""
        return Sounds(Rule.from_dict(spec.facts))

    @property
    def known(self) -> Rule:
        """Rate and length."""
        assert self._rule is not None, "sounds are heard by the modality of their spec: modalities.of_spec"
        return self._rule

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ConfigError for an option that is out of its range."""
        check(options)

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with these 16 bytes is a sound."""
        return is_sound(head)

    def decoders(self) -> str:
        """Return which version of soundfile is installed."""
        return decoders()

    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
        """Decide on rate and length, and say why."""
        return rule_for(items, options)

    def rule_from(self, facts: Mapping[str, Any]) -> Rule:
        """Return the rule that `as_dict` was made of."""
        return Rule.from_dict(facts)

    def splits(self, options: Mapping[str, Any]) -> bool:
        """Whether long recordings are cut into windows: always."""
        return True

    def parts_question(self, options: Mapping[str, Any]) -> str:
        """Return the question how many windows a file has."""
        return f"{NUM_PARTS} {window_seconds(options['seconds'])}"

    def options_for(self, spec: SampleSpec) -> dict[str, Any]:
        """Return length and rate."""
        return dict(spec.facts)

    def answer(self, question: str, data: bytes, parts: Sequence[int] | None) -> Any:
        """Return the rate and the length of the sound, or the number of windows."""
        return length_of(data) if question == LENGTHS else num_windows(data, float(question.split()[1]))

    def decode(self, data: bytes, rule: spec.Rule, parts: Sequence[int] | None) -> list[Decoded]:
        """Decode a file, or some windows of a long one."""
        return decode_windows(data, cast(Rule, rule), parts)

    def measure(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what sounds are like, by the picture of their spectrum; silence is none of them."""
        return copies.perceptual_hash(rows), np.zeros(len(rows), np.uint16)

    def alike(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return whether pairs of sounds nearly agree."""
        return copies.alike(first, second)

    def to_real(self, rows: np.ndarray) -> Tensor:
        """Turn uint8 `[N, 1, S, S]` into float32 in [-1, 1]: -1 is silence, 1 the loudest."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(rows)).float().div_(127.5).sub_(1.0)

    def to_array(self, samples: Samples) -> np.ndarray:
        """Turn `[N, 1, S, S]` in [-1, 1] into uint8 `[N, S, S, 1]`: spectra, of which `waves` are made."""
        levels = np.clip(np.rint(floats(samples) * np.float32(127.5) + np.float32(127.5)), 0, 255)
        return self.from_rows(levels.astype(np.uint8))

    def from_rows(self, rows: np.ndarray) -> np.ndarray:
        """Turn uint8 `[N, 1, S, S]` into `[N, S, S, 1]`."""
        return np.ascontiguousarray(rows.transpose(0, 2, 3, 1))

    def to_rows(self, arrays: np.ndarray) -> np.ndarray:
        """Turn uint8 `[N, S, S, 1]` into `[N, 1, S, S]`."""
        return np.ascontiguousarray(arrays.transpose(0, 3, 1, 2))

    def waves(self, arrays: np.ndarray) -> np.ndarray:
        """Turn uint8 `[N, S, S, 1]` into sound: float32 `[N, T]` in [-1, 1]."""
        return np.stack([self.known.spectra.wave(picture[..., 0]) for picture in arrays])

    @property
    def forms(self) -> tuple[Form, ...]:
        """WAV."""
        return (Form(suffix=".wav", media_type="audio/wav", encode=self.as_wav, shown=Shown.PLAYER),)

    def as_wav(self, arrays: np.ndarray) -> bytes:
        """Return sounds as one WAV, a quarter of a second between two."""
        rate = self.known.rate
        parted = np.pad(self.waves(arrays), ((0, 0), (0, round(PAUSE_SECONDS * rate) if len(arrays) > 1 else 0)))
        return wav(pcm(parted.reshape(-1)), rate)

    def augmentations(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return a shift in time, and gaps in time and frequency."""
        return ("shift", "gaps")

    @property
    def script_facts(self) -> dict[str, Any]:
        """Return rate and length, and by which numbers a spectrum becomes sound."""
        return {"seconds": self.known.seconds, "rate": self.known.rate, **self.known.spectra.facts}

    def describe(self, shape: tuple[int, ...]) -> str:
        """Say how long sounds are, and at which rate."""
        if self._rule is None:
            return "sounds"
        return f"sounds of {self._rule.seconds:g} s at {self._rule.rate:,} Hz ({shape[1]} bands, {shape[2]} columns)"

    def survey(self, width: np.ndarray, height: np.ndarray) -> dict[str, Counts]:
        """Count lengths and rates."""
        edges = [f"under {low:g} s" for low in _SECONDS] + [f"{_SECONDS[-1]:g} s and longer"]
        counts = np.bincount(np.searchsorted(_SECONDS, width / 1000, side="right"), minlength=len(edges)).tolist()
        rates, nums = np.unique(height, return_counts=True)
        named = zip([f"{rate:,} Hz" for rate in rates.tolist()], nums.tolist(), strict=True)
        return {
            "lengths": [(edge, num) for edge, num in zip(edges, counts, strict=True) if num],
            "rates": sorted(named, key=lambda rate: -rate[1]),
        }

    def tiles(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        """Repeat the pixels of the spectra by a whole factor, so that they are `at_least` wide."""
        factor = max(1, -(-at_least // arrays.shape[2]))
        return arrays.repeat(factor, axis=1).repeat(factor, axis=2)

    def reread(self, sheet: np.ndarray, count: int, shape: tuple[int, ...]) -> np.ndarray:
        """Cut the spectra out of a sheet, of which each pixel is a number."""
        _, height, width = shape
        return cut(sheet.reshape(*sheet.shape[:2], 1), count, height=height, width=width)


MODALITY = Sounds()
