#!/usr/bin/env python3
"""Writes testdata/pictures: small PNG and JPEG files of every kind, and what Pillow makes of them.

Made with Pillow 11.3 and numpy. folders/ is an images: source; kinds/ has one file of each kind;
expected.npz holds for kinds/NAME the key NAME (convert("RGB") or "L", [height][width][channels]),
and for tests of resizing RESIZE_WIDTHxHEIGHT and SHORTER_N of kinds/colour.png.
"""
import os
import struct
import zlib

import numpy as np
from PIL import Image

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
rng = np.random.default_rng(3)


def scene(height, width, channels, phase):
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(x / (2.5 + k) + phase + k) * np.cos(y / (4 - k) + phase) for k in range(channels)]
    noisy = np.stack(planes, -1) + rng.normal(0, 12, (height, width, channels))
    pixels = np.clip(noisy, 0, 255).astype(np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def adam7(path, pixels):
    """An interlaced PNG, which Pillow reads but does not write."""
    height, width = pixels.shape[:2]
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        part = pixels[y0::dy, x0::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    with open(path, "wb") as file:
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def write_folders():
    for index, name in enumerate(["bird", "cat", "dog"]):
        folder = os.path.join(here, "folders", name)
        os.makedirs(folder, exist_ok=True)
        for i, (height, width) in enumerate([(14, 20), (18, 12), (12, 12)]):
            picture = Image.fromarray(scene(height, width, 3, index + 0.3 * i))
            kind = ["png", "jpg", "png"][(index + i) % 3]
            picture.save(os.path.join(folder, f"{i}.{kind}"))
    # What a listing skips.
    with open(os.path.join(here, "folders", "cat", ".hidden"), "w") as file:
        file.write("no picture\n")
    with open(os.path.join(here, "classes.txt"), "w") as file:
        file.write("dog\nfish\nbird\ncat\n")


def write_kinds():
    folder = os.path.join(here, "kinds")
    os.makedirs(folder, exist_ok=True)
    colour = Image.fromarray(scene(21, 34, 3, 0))
    grey = Image.fromarray(scene(9, 16, 1, 0))
    small = colour.crop((0, 0, 16, 9))
    small.save(f"{folder}/colour_small.png")
    colour.save(f"{folder}/colour.png")
    colour.save(f"{folder}/colour.jpg", quality=92)
    colour.save(f"{folder}/progressive.jpg", quality=80, progressive=True)
    colour.save(f"{folder}/whole_chroma.jpg", quality=80, subsampling=0)
    small.convert("CMYK").save(f"{folder}/cmyk.jpg")
    grey.save(f"{folder}/grey.png")
    grey.save(f"{folder}/grey.jpg")
    grey.convert("1").save(f"{folder}/one_bit.png")
    small.quantize(7).save(f"{folder}/palette.png", transparency=2)
    alpha = Image.fromarray(scene(9, 16, 1, 2))
    Image.merge("RGBA", [*small.split(), alpha]).save(f"{folder}/alpha.png")
    Image.merge("LA", [grey, alpha]).save(f"{folder}/grey_alpha.png")
    Image.fromarray((np.asarray(grey).astype(np.uint16) << 8) + 7).save(f"{folder}/grey16.png")
    adam7(f"{folder}/interlaced.png", np.asarray(small))
    expected = {}
    for name in sorted(os.listdir(folder)):
        picture = Image.open(f"{folder}/{name}")
        if name == "grey16.png":  # the upper byte; Pillow's own convert cuts at 255
            pixels = (np.asarray(picture) >> 8).astype(np.uint8)
        else:
            pixels = np.asarray(picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB"))
        expected[name] = pixels.reshape(*pixels.shape[:2], -1)
    for width, height in [(17, 10), (34, 5), (11, 21), (70, 45), (1, 1), (3, 40)]:
        expected[f"RESIZE_{width}x{height}"] = np.asarray(colour.resize((width, height), Image.BILINEAR))
    for side in (10, 30):
        expected[f"SHORTER_{side}"] = np.asarray(colour.resize((int(side * 34 / 21), side), Image.BILINEAR))
    expected["GREY"] = np.asarray(colour.convert("L"))[:, :, None]
    np.savez_compressed(os.path.join(here, "expected.npz"), **expected)


write_folders()
write_kinds()
