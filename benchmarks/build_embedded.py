"""Build the embedded data sets: `python benchmarks/build_embedded.py ../shared/datasets`.

Takes the first 1,000 training images of each class, in the order of the file, of `fashion-mnist/` and
`mnist/` there, the first 5,000 different names of either half of `names.txt`, 100 recordings of each digit of
`spoken-digits.zip`, of all speakers in turn, and the chorales of the training and validation parts of
`jsb-chorales-16th.json` (those of the test part stay unseen, to judge by), and writes them with their licences to
`src/faussaire/data/sets/`. The same input, zlib and libFLAC give the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

from faussaire.data.sources.idx import FASHION_CLASSES, read_idx

PER_CLASS = 1_000
NUM_NAMES = 5_000
PER_DIGIT = 100
BOYS = ["liam", "noah"]  # the list of boys begins with these
PARTS = ("train", "valid")  # of the chorales
SETS = Path(__file__).parents[1] / "src/faussaire/data/sets"

MNIST_LICENCE = """\
MNIST is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges, made from the Special Databases 1 and 3 of
NIST: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. http://yann.lecun.com/exdb/mnist/

It is licensed under the Creative Commons Attribution-Share Alike 3.0 licence:
https://creativecommons.org/licenses/by-sa/3.0/

mnist.npz is changed from the original: it holds the first 1,000 training images of each class only, with
their labels, as NumPy arrays. It is under the same licence; the MIT licence of faussaire does not extend to
it.
"""

DIGITS_LICENCE = """\
spoken-digits.zip holds 1,000 of the 3,000 recordings of the Free Spoken Digit Dataset, by Zohar Jackson, César Souza,
Jason Flaks, Yuxin Pan, Hereman Nicolas and Adhish Thite (https://github.com/Jakobovski/free-spoken-digit-dataset),
as FLAC and unchanged in sound: the digits 0 to 9 by six speakers, `{digit}_{speaker}_{number}.flac`.

It is licensed under the Creative Commons Attribution-ShareAlike 4.0 International licence:
https://creativecommons.org/licenses/by-sa/4.0/

The MIT licence of faussaire does not extend to it.
"""

NAMES_LICENCE = """\
names.txt holds 5,000 first names of people in the United States, from the data of the Social Security
Administration on names given at birth, a work of the government of the United States and in the public
domain: https://www.ssa.gov/oact/babynames/limits.html
"""

FASHION_LICENCE = """\
fashion-mnist.npz holds the first 1,000 training images of each class of Fashion-MNIST
(H. Xiao, K. Rasul and R. Vollgraf 2017, arXiv:1708.07747, https://github.com/zalandoresearch/fashion-mnist).

The MIT License (MIT)

Copyright © 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the “Software”), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software.

THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""


CHORALES_LICENCE = """\
chorales.json.gz holds 305 four-part chorales by Johann Sebastian Bach (1685-1750). The music is in the public
domain everywhere. The encoding, the pitches of the four voices at every sixteenth note, is that of the data set
"JSB Chorales" (N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in
high-dimensional sequences", ICML 2012, arXiv:1206.6392, after the corpus of M. Allan and C. K. I. Williams 2005),
its parts train and valid; it is passed on for research without a licence of its own.
"""


def first_of_each_class(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first 1,000 images of uint8 `[N, H, W]` of each class, in their order, and their labels."""
    order = np.sort(np.concatenate([np.flatnonzero(labels == label)[:PER_CLASS] for label in range(10)]))
    return images[order], labels[order]


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write an `.npz` as np.savez_compressed would, but at zlib's highest level and with no time in it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def build(originals: Path, name: str, classes: tuple[str, ...], licence: str) -> None:
    """Write one set and its licence."""
    folder = originals / name
    images = read_idx(folder / "train-images-idx3-ubyte.gz")
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    images, labels = first_of_each_class(images, labels)
    path = SETS / f"{name}.npz"
    write_npz(path, images=images, labels=labels, classes=np.array(classes))
    path.with_suffix(".LICENSE.txt").write_text(licence, "utf-8")
    print(f"{path}: {len(images)} images, {path.stat().st_size / 1e6:.2f} MB")


def build_names(originals: Path) -> None:
    """Write the most frequent names, those of girls and of boys in turn: two lists, each by frequency, in one file."""
    names = (originals / "names.txt").read_text("utf-8").split()
    second = next(place for place in range(1, len(names)) if names[place : place + 2] == BOYS)
    turns = [name for pair in zip(names[:second], names[second:], strict=False) for name in pair]
    chosen = list(dict.fromkeys(turns))[:NUM_NAMES]
    path = SETS / "names.txt"
    path.write_text("".join(f"{name}\n" for name in chosen), "utf-8")
    path.with_suffix(".LICENSE.txt").write_text(NAMES_LICENCE, "utf-8")
    print(f"{path}: {len(chosen)} names, {path.stat().st_size / 1e6:.2f} MB")


def build_digits(originals: Path) -> None:
    """Write recordings of each digit as FLAC: the first of every speaker, then the second of each, and so on."""
    import soundfile

    path = SETS / "spoken-digits.zip"
    with zipfile.ZipFile(originals / "spoken-digits.zip") as source, zipfile.ZipFile(path, "w") as archive:
        by_digit: dict[str, list[tuple[int, str, str]]] = {}
        for name in source.namelist():
            digit, speaker, number = Path(name).stem.split("_")
            by_digit.setdefault(digit, []).append((int(number), speaker, name))
        for digit, found in sorted(by_digit.items()):
            for number, speaker, name in sorted(found)[:PER_DIGIT]:
                wave, rate = soundfile.read(io.BytesIO(source.read(name)), dtype="int16")
                content = io.BytesIO()
                soundfile.write(content, wave, rate, format="FLAC", subtype="PCM_16")
                archive.writestr(zipfile.ZipInfo(f"{digit}_{speaker}_{number}.flac"), content.getvalue())
    path.with_suffix(".LICENSE.txt").write_text(DIGITS_LICENCE, "utf-8")
    print(f"{path}: {10 * PER_DIGIT} recordings, {path.stat().st_size / 1e6:.2f} MB")


def build_chorales(originals: Path) -> None:
    """Write the chorales that are not of the test part, as lists of the pitches at each sixteenth."""
    parts = json.loads((originals / "jsb-chorales-16th.json").read_text("utf-8"))
    pieces = [[[int(pitch) for pitch in step] for step in piece] for part in PARTS for piece in parts[part]]
    path = SETS / "chorales.json.gz"
    path.write_bytes(gzip.compress(json.dumps(pieces, separators=(",", ":")).encode(), 9, mtime=0))
    (SETS / "chorales.LICENSE.txt").write_text(CHORALES_LICENCE, "utf-8")
    print(f"{path}: {len(pieces)} chorales, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(Path(sys.argv[1]), "mnist", tuple("0123456789"), MNIST_LICENCE)
    build(Path(sys.argv[1]), "fashion-mnist", FASHION_CLASSES, FASHION_LICENCE)
    build_names(Path(sys.argv[1]))
    build_digits(Path(sys.argv[1]))
    build_chorales(Path(sys.argv[1]))
