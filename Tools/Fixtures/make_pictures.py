"""Writes small pictures of every sort that a reader may meet, and the pixels that they stand for, for the tests of Pictures.

    pip install pillow numpy
    python make_pictures.py ../../Tests/PicturesTests/Fixtures

Of PNG: palette, grey, 16 bits a channel, transparent, and interlaced, which Pillow does not write; of JPEG: grey, CMYK, and
one with a stray byte before its end mark. Pixels are NumPy's own arithmetic, those of JPEGs Pillow's reading.
"""

import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy
from PIL import Image

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = numpy.random.default_rng(3)
expected = {}


def keep(name, data, pixels):
    (folder / name).write_bytes(data)
    if pixels is not None:
        pixels = numpy.asarray(pixels)
        expected[name] = {"width": pixels.shape[1], "height": pixels.shape[0], "pixels": pixels.reshape(-1).tolist()}


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(array, colour_type, depth, interlaced=False):
    """PNG of raw samples `[H, W, channels]`, without a chunk about their gamma."""
    height, width = array.shape[:2]

    def rows(part):
        part = part.astype(">u2" if depth == 16 else "u1")
        return b"".join(b"\0" + row.tobytes() for row in part) if part.size else b""

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [array[y::step_y, x::step_x] for y, x, step_y, step_x in passes] if interlaced else [array]

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(map(rows, parts))))
            + chunk(b"IEND", b""))


def grey_to_rgb(grey):
    return numpy.repeat(grey.reshape(*grey.shape[:2], 1), 3, axis=2)


colours = rng.integers(0, 256, (7, 5, 3))
keep("interlaced.png", png(colours, 2, 8, interlaced=True), colours)

palette = Image.fromarray(colours.astype("u1")).quantize(6)
keep("palette.png", encoded(palette, "PNG"), numpy.asarray(palette.convert("RGB")))

grey = rng.integers(0, 256, (4, 6))
keep("grey.png", png(grey, 0, 8), grey_to_rgb(grey))

deep = numpy.array([[0, 257, 0x8080, 65535], [128, 129, 0x7f7f, 0xfefe]])
keep("grey16.png", png(deep, 0, 16), grey_to_rgb(numpy.rint(deep / 257).astype(int)))
deep = rng.integers(0, 65536, (3, 5, 3))
keep("colour16.png", png(deep, 2, 16), numpy.rint(deep / 257).astype(int))

# On black, in linear light, for which libpng takes a power of 2.2; its tables are coarse where it is darkest.
alpha = numpy.array([[0, 255, 128, 64, 200, 32]])
colours = rng.integers(48, 256, (1, 6, 3))
pixels = 255 * ((colours / 255) ** 2.2 * alpha[..., None] / 255) ** (1 / 2.2)
transparent = numpy.concatenate([colours, alpha[..., None]], axis=2)
keep("transparent.png", png(transparent, 6, 8), numpy.rint(pixels).astype(int))

smooth = numpy.add.outer(numpy.arange(16) * 9, numpy.arange(24) * 4).astype("u1")
data = encoded(Image.fromarray(smooth), "JPEG", quality=95)
keep("grey.jpg", data, grey_to_rgb(numpy.asarray(Image.open(io.BytesIO(data)))))
data = encoded(Image.fromarray(grey_to_rgb(smooth)), "JPEG", quality=95)
keep("stray.jpg", data[:-2] + b"\x11" + data[-2:], numpy.asarray(Image.open(io.BytesIO(data))))
keep("cmyk.jpg", encoded(Image.fromarray(smooth).convert("CMYK"), "JPEG"), None)

(folder / "pixels.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
