#!/usr/bin/env python3
"""What tools/check-memory checks: check_big_model.py ECAI FOLDER LIMIT_MB, where FOLDER holds
what make_big_model.py wrote. Needs no package."""

import array
import os
import re
import subprocess
import sys
import time

problems = []


def check(holds, what):
    if not holds:
        problems.append(what)
        print(f"check-memory: {what}", file=sys.stderr)


def measure(words):
    """Runs a command; prints its peak memory in kB and its status. In a process of its own: a child
    counts the memory that its parent had when it started."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    print(usage.ru_maxrss, os.waitstatus_to_exitcode(status))


def run(ecai, limit, *words):
    """Runs a command; tells and checks its peak memory."""
    start = time.time()
    printed = subprocess.run(
        [sys.executable, __file__, "--measure", ecai, "-q", *words],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.split()
    megabytes = int(printed[0]) * 1024 / 1e6
    line = " ".join(os.path.basename(word) for word in words)
    print(f"{megabytes:7.0f} MB {time.time() - start:6.1f} s  {line}", flush=True)
    check(printed[1] == "0", f"'{line}' failed")
    check(megabytes <= limit, f"'{line}' took {megabytes:.0f} MB of memory, {limit:.0f} are allowed")


def numbers(path, code, offset, count):
    out = array.array(code)
    with open(path, "rb") as file:
        file.seek(offset)
        out.frombytes(file.read(count * out.itemsize))
    return out


def check_pruned(before, after):
    """Half of the weights are zero, the smallest ones; the others are as they were."""
    half = len(before) // 2
    threshold = sorted(map(abs, before))[half - 1]
    check(after.count(0.0) == half, "not half of the first weight's numbers are zero")
    check(
        all(b == (a if abs(a) > threshold else 0.0) or (abs(a) == threshold and b == a)
            for a, b in zip(before, after)),
        "the first weight is not pruned as asked",
    )


def same_bytes(a, b):
    with open(a, "rb") as first, open(b, "rb") as second:
        while True:
            piece = first.read(1 << 22)
            if piece != second.read(1 << 22):
                return False
            if not piece:
                return True


def weights_of(path):
    """The file that holds the weights."""
    return path + ".data" if os.path.exists(path + ".data") else path


def first_weight(path):
    """Where in an ONNX file the first weight's bytes start."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    at = head.index(b"\x4a", head.index(b"block0.up", head.index(b"big"))) + 1
    while head[at] & 128:
        at += 1
    return at + 1


def main(ecai, folder, limit):
    model = os.path.join(folder, "model.onnx")
    source = model + ".data"
    total = os.path.getsize(source)
    with open(model, "rb") as file:  # the first weight has 4 width^2 numbers of 4 bytes
        count = int(re.search(rb"length\x12.([0-9]+)", file.read()).group(1)) // 4

    run(ecai, limit, "show", model)
    out = os.path.join(folder, "pruned.onnx")
    run(ecai, limit, "prune", "magnitude", "--sparsity", "0.5", model, "-o", out)
    path = weights_of(out)
    start = 0 if path != out else first_weight(out)
    check_pruned(numbers(source, "f", 0, count), numbers(path, "f", start, count))
    again = os.path.join(folder, "again.onnx")
    run(ecai, limit, "prune", "magnitude", "--sparsity", "0.5", model, "-o", again)
    check(same_bytes(path, weights_of(again)), "pruning again gives other bytes")
    for name in (again, again + ".data"):
        if os.path.exists(name):
            os.remove(name)

    run(ecai, limit, "prune", "magnitude", "--global", "--sparsity", "0.5", model, "-o", again)
    check(os.path.getsize(weights_of(again)) >= total, "the globally pruned model is too small")
    small = os.path.join(folder, "small.onnx")
    run(ecai, limit, "quantize", "dynamic", out, "-o", small)
    check(os.path.getsize(small) < 0.27 * total, "int8 weights take more than a quarter")
    run(ecai, limit, "show", small)
    half = os.path.join(folder, "half.onnx")
    run(ecai, limit, "quantize", "fp16", model, "-o", half)
    check(os.path.getsize(half) < 0.51 * total, "float16 weights take more than half")
    run(ecai, limit, "prune", "magnitude", "--sparsity", "0.6", small, "-o", again)
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        sys.exit(measure(sys.argv[2:]))
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
