#!/usr/bin/env python3
"""Writes testdata/samples: samples of several inputs, targets and labels; numpy alone.

All numbers are multiples of 1/4, so that sums are exact in any order. Prints what numpy makes of
a + 2 b against the targets: the figures in tests/cli/sources.expected.
"""
import os

import numpy as np

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")
os.makedirs(here, exist_ok=True)
rng = np.random.default_rng(5)


def quarters(*shape):
    return (rng.integers(-8, 9, shape) / 4).astype(np.float32)


a, b = quarters(12, 3), quarters(12, 3)
target = quarters(12, 3)
answer = a + 2 * b
label = np.where(rng.random(12) < 0.7, answer.argmax(1), rng.integers(0, 3, 12))
np.savez(f"{here}/pairs.npz", a=a, b=b, target=target)
np.savez(f"{here}/labelled.npz", a=a, b=b, label=label)
np.savez(f"{here}/more.npz", a=a, b=b, c=a, target=target)
np.savez(f"{here}/uneven.npz", a=a, b=b[:5], target=target)
np.save(f"{here}/x.npy", a)
np.save(f"{here}/y.npy", target)
binary = (rng.random(12) < 0.5).astype(np.int64)
np.save(f"{here}/binary.npy", binary)
left, right = quarters(32, 3), quarters(32, 2)
np.savez(f"{here}/sides.npz", a=left, b=right, y=(left.sum(1) > right.sum(1)).astype(np.int64))
with open(f"{here}/table.csv", "w") as file:
    file.write("width,height,depth,price\n")
    for row, price in zip(a, rng.integers(1, 9, 12)):
        file.write(",".join(f"{x:g}" for x in row) + f",{price}\n")
with open(f"{here}/long.csv", "w") as file:
    for row in quarters(48, 3):
        file.write(",".join(f"{x:g}" for x in row) + f",{2 * row[0] - row[1]:g}\n")

error = answer.astype(np.float64) - target
cosine = (answer * target).sum(1) / np.sqrt((answer**2).sum(1) * (target**2).sum(1))
print("mse", (error**2).mean(), "mae", abs(error).mean(), "cosine", cosine.mean(), "top1", (answer.argmax(1) == label).mean())
score = a.sum(1)
pairs = [(p > q) + 0.5 * (p == q) for p in score[binary == 1] for q in score[binary == 0]]
print("auc of the rows' sums", np.mean(pairs))
table = np.loadtxt(f"{here}/table.csv", delimiter=",", skiprows=1)
print("mse of the rows' sums against the prices", ((table[:, :3].sum(1) - table[:, 3]) ** 2).mean())
