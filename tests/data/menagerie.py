"""More of the zoo, as bytes: files as cameras, scanners, browsers and broken disks leave them, and their outcomes."""

from __future__ import annotations

import struct
import zipfile
import zlib

import numpy as np
from PIL import Image, ImageCms

from data.zoo import colours, encoded, png

PICTURE = Image.fromarray(colours())
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
FRAMES = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def raw_png(width: int, height: int, depth: int, kind: int, data: bytes, *chunks: bytes, crc: int = 0) -> bytes:
    """Return a PNG of raw scan lines; `crc` spoils the checksum of its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(data), crc), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, data: bytes, crc: int = 0) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zipfile.crc32(kind + data) ^ crc)


def lines(width: int, height: int, pixel: bytes) -> bytes:
    return (b"\0" + pixel * width) * height


def swapping_profile() -> bytes:
    """Return a colour profile by which red is what sRGB calls green, and the reverse."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    end = 132 + 12 * int.from_bytes(srgb[128:132])  # of the table of tags
    table = srgb[:end].replace(b"rXYZ", b"    ").replace(b"gXYZ", b"rXYZ").replace(b"    ", b"gXYZ")
    return table + srgb[end:].replace("sRGB".encode("utf-16-be"), "grbs".encode("utf-16-be"))


def cut(data: bytes, share: float = 0.5) -> bytes:
    return data[: int(len(data) * share)]


def gif_of(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + encoded(FRAMES[0], "GIF")[10:]


def bmp_of(width: int, height: int) -> bytes:
    data = bytearray(encoded(PICTURE, "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def tiff_with_endless_pages() -> bytes:
    """Return a TIFF whose only page names itself as the next one."""
    data = bytearray(encoded(Image.new("L", (16, 16), 9), "TIFF"))
    first = struct.unpack("<I", data[4:8])[0]
    num = struct.unpack("<H", data[first : first + 2])[0]
    data[first + 2 + 12 * num : first + 6 + 12 * num] = struct.pack("<I", first)
    return bytes(data)


def files() -> dict[str, tuple[bytes, str]]:
    """Return content and outcome of each file: `+` and the note of one that is kept, `-` and the reason of another."""
    small = PICTURE.crop((0, 0, 16, 16))
    text_bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**8)))
    return {
        # as they should be, in every format
        "ok.png": (encoded(small, "PNG"), "+"),
        "ok.jpg": (encoded(small, "JPEG"), "+"),
        "ok-progressive.jpeg": (encoded(small, "JPEG", progressive=True), "+"),
        "ok.webp": (encoded(small, "WEBP"), "+"),
        "ok.bmp": (encoded(small, "BMP"), "+"),
        "ok.gif": (encoded(small, "GIF"), "+"),
        "ok.tiff": (encoded(small, "TIFF", compression="tiff_lzw"), "+"),
        "ok.avif": (encoded(small, "AVIF"), "+"),
        # names that lie, or say nothing
        "jpeg-called.png": (encoded(small, "JPEG"), "+"),
        "png-called.jpg": (encoded(small, "PNG"), "+"),
        "no-suffix": (encoded(small, "PNG"), "+"),
        "camera.dat": (encoded(small, "JPEG"), "+"),
        "LOUD.JPEG": (encoded(small, "JPEG"), "+"),
        "two words & 'quotes'.png": (png(1, 16), "+"),
        "日本語-Ελληνικά-🎨.png": (png(2, 16), "+"),
        "-starts-with-dash.png": (png(3, 16), "+"),
        "%41.png": (png(4, 16), "+"),
        f"{'long' * 60}.png": (png(5, 16), "+"),
        "html-error-page.jpg": (b"<!DOCTYPE html><title>404</title>", "-not an image that can be read"),
        "vector.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "-not an image that can be read"),
        "postscript.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "-not an image that can be read"),
        "portable.png": (encoded(small, "PPM"), "-not an image that can be read"),
        "archive.png": (b"PK\5\6" + bytes(18), "-not an image that can be read"),
        "git-lfs.png": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "-not an image that can be read",
        ),
        "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(40), "-"),
        # colour
        "bilevel.png": (encoded(small.convert("1"), "PNG"), "+"),
        "grey.png": (encoded(small.convert("L"), "PNG"), "+"),
        "grey16.png": (raw_png(16, 16, 16, 0, lines(16, 16, b"\x80\x80")), "+16 bits scaled to 8"),
        "rgb16.png": (raw_png(16, 16, 16, 2, lines(16, 16, b"\x80\x80" * 3)), "+16 bits scaled to 8"),
        "grey-alpha16.png": (
            raw_png(16, 16, 16, 4, lines(16, 16, b"\x80\x80\0\0")),
            "+16 bits scaled to 8, transparency over white",
        ),
        "grey-alpha.png": (raw_png(16, 16, 8, 4, lines(16, 16, b"\x10\x80")), "+transparency over white"),
        "palette.gif": (encoded(small.convert("P"), "GIF", transparency=0), "+"),
        "palette-alpha.png": (
            encoded(small.convert("P"), "PNG", transparency=bytes(range(256))),
            "+transparency over white",
        ),
        "half-clear.webp": (encoded(Image.new("RGBA", (16, 16), (9, 9, 9, 99)), "WEBP"), "+transparency over white"),
        "cmyk.tif": (encoded(small.convert("CMYK"), "TIFF"), "+CMYK to RGB"),
        "ycbcr.tif": (encoded(small.convert("YCbCr"), "TIFF"), "+YCbCr to RGB"),
        "lab.tif": (encoded(Image.new("LAB", (16, 16), (128, 128, 128)), "TIFF"), "+LAB to RGB"),
        "int32.tif": (
            encoded(Image.fromarray(np.linspace(-1e6, 1e6, 256).reshape(16, 16).astype(np.int32)), "TIFF"),
            "+values from -1e+06 to 1e+06 stretched to 8 bits",
        ),
        "float255.tif": (
            encoded(Image.fromarray(np.full((16, 16), 200.0, np.float32)), "TIFF"),
            "+floating point from 0 to 255 rounded to 8 bits",
        ),
        "infinite.tif": (
            encoded(Image.fromarray(np.full((16, 16), np.inf, np.float32)), "TIFF"),
            "-some of its values are not numbers",
        ),
        "broken-profile.png": (
            encoded(small, "PNG", icc_profile=b"nonsense" * 20),
            "+unusable colour profile passed over",
        ),
        "swapping-profile.png": (encoded(small, "PNG", icc_profile=swapping_profile()), "+colour profile to sRGB"),
        "srgb-profile.jpg": (
            encoded(small, "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
            "+",
        ),
        # orientation, frames, size
        **{
            f"turned-{number}.jpg": (
                encoded(small, "JPEG", exif=exif(number)),
                "+turned by its EXIF orientation" if 2 <= number <= 8 else "+",
            )
            for number in (1, 2, 5, 8, 9)
        },
        "damaged-exif.jpg": (encoded(small, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), "+"),
        "animated.png": (encoded(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]), "+first of 3 frames"),
        "animated.webp": (encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "+first of 3 frames"),
        "pages.tif": (encoded(FRAMES[0], "TIFF", save_all=True, append_images=FRAMES[1:]), "+first of 3 frames"),
        "endless-pages.tif": (tiff_with_endless_pages(), "+"),
        "panorama.png": (encoded(PICTURE.resize((400, 16)), "PNG"), "+"),
        "thread.png": (encoded(PICTURE.resize((1, 400)), "PNG"), "+enlarged from 1x400"),
        "speck.gif": (encoded(Image.new("L", (1, 1)), "GIF"), "+enlarged from 1x1"),
        "twenty-megapixels.png": (encoded(Image.new("1", (5000, 4000)), "PNG"), "+"),
        "bomb.gif": (gif_of(65535, 65535), "-more than 100 megapixels, the limit"),
        "bomb.bmp": (bmp_of(60_000, 60_000), "-more than 100 megapixels, the limit"),
        "no-width.png": (raw_png(0, 16, 8, 0, b""), "-"),
        "negative.bmp": (bmp_of(-16, 16), "-"),
        "text-bomb.png": (raw_png(16, 16, 8, 0, lines(16, 16, b"\x40"), text_bomb), "-"),
        # broken
        "nothing.jpg": (b"", "-empty file"),
        "zeros.png": (bytes(5000), "-not an image that can be read"),
        "one-byte.gif": (b"G", "-not an image that can be read"),
        **{f"cut.{kind.lower()}": (cut(encoded(NOISE, kind)), "-") for kind in FORMATS},
        "only-a-header.jpg": (encoded(NOISE, "JPEG")[:20], "-damaged, or truncated within its header"),
        "bad-checksum.png": (raw_png(16, 16, 8, 0, lines(16, 16, b"\x40"), crc=1), "+"),
        "too-few-lines.png": (raw_png(16, 16, 8, 0, lines(16, 3, b"\x40")), "+"),
        "trailing-garbage.jpg": (encoded(small, "JPEG") + b"garbage" * 99, "+"),
        "two-in-one.png": (png(7, 16) + png(8, 16), "+"),
    }


def damaged(data: bytes, seed: int) -> bytes:
    """Return data with a few bytes changed, taken out or put in, and perhaps cut short."""
    generator = np.random.default_rng(seed)
    spoilt = bytearray(data)
    for _ in range(int(generator.integers(1, 9))):
        # Half of the damage goes to the first bytes: headers are where it does most.
        reach = min(len(spoilt), 64) if generator.random() < 0.5 else len(spoilt)
        place = int(generator.integers(0, max(1, reach)))
        what = generator.random()
        if what < 0.7:
            spoilt[place : place + 1] = bytes([int(generator.integers(0, 256))])
        elif what < 0.85:
            del spoilt[place : place + int(generator.integers(1, 9))]
        else:
            spoilt[place:place] = generator.bytes(int(generator.integers(1, 9)))
    if generator.random() < 0.2:
        del spoilt[int(generator.integers(0, len(spoilt) + 1)) :]
    return bytes(spoilt)
