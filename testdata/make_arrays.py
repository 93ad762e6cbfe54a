#!/usr/bin/env python3
"""Makes testdata/npy: arrays as numpy writes them. Usage: make_arrays.py [FOLDER]"""
import os
import sys

import numpy as np

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "npy")


def save(name, array):
    np.save(os.path.join(FOLDER, name), array)


os.makedirs(FOLDER, exist_ok=True)
save("f32.npy", np.arange(6, dtype="<f4").reshape(2, 3) + 0.5)
save("fortran.npy", np.asfortranarray(np.arange(24, dtype="<i2").reshape(2, 3, 4)))
save("big_endian.npy", np.array([1.5, -2.25, 1e300], dtype=">f8"))
save("scalar.npy", np.array(7, dtype=np.uint64))
save("empty.npy", np.zeros((0, 3), np.float32))
with open(os.path.join(FOLDER, "version3.npy"), "wb") as file:
    np.lib.format.write_array(file, np.array([True, False, True]), version=(3, 0))
save("complex.npy", np.array([1j]))
save("text.npy", np.array(["a"]))
save("records.npy", np.zeros(2, dtype=[("a", "<f4")]))
arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3),
          "labels": np.array([3, 1, 2], np.int64), "half": np.array([0.5, -1], np.float16)}
np.savez(os.path.join(FOLDER, "stored.npz"), **arrays)
np.savez_compressed(os.path.join(FOLDER, "deflated.npz"), **arrays)
