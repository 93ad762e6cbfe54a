"""Inferences a second beside ONNX Runtime, on this machine: both in turns, round by round, the best of all rounds;
one and two threads apart. The same files for both; outputs are compared first.

Usage: peers.py ECAI FOLDER [--rounds N] [--threads 1,2] [--seconds S] [--json FILE] [NAME...]

Networks come from models.py into FOLDER and stay there; int8 files are made from them by `ecai quantize int8`, so that
both run the same QuantizeLinear and DequantizeLinear nodes. Sparse files are dense to ONNX Runtime.
"""
import argparse
import json
import os
import subprocess
import time

import numpy as np
import onnxruntime

import models

BATCH = 32
TEACHER = "testdata/fashion_teacher.onnx"
# network, variant, at least that many times ONNX Runtime's speed
CASES = [
    ("resnet8", "fp32", 1.3), ("resnet20", "fp32", 1.6), ("resnet18", "fp32", 1.6), ("resnet50", "fp32", 1.2),
    ("mobilenetv2", "fp32", 1.0), ("mobilenetv1", "fp32", 1.2), ("teacher", "fp32", 1.5), ("encoder", "fp32", 1.0),
    ("resnet8", "int8", 2.0), ("resnet20", "int8", 2.0), ("resnet18", "int8", 1.05), ("resnet50", "int8", 1.05),
    ("mobilenetv2", "int8", 1.4), ("mobilenetv1", "int8", 2.0), ("teacher", "int8", 1.5), ("encoder", "int8", 1.0),
    *[(net, "sparse90", 3.0) for net in ("resnet20", "resnet18", "resnet50")],
    *[(net, "sparse90_4x1", 4.0) for net in ("resnet20", "resnet18", "resnet50")],
    *[(net, "sparse80_4x4_int8", 3.0) for net in ("resnet20", "resnet18", "resnet50")],
]
INPUT = {"resnet8": (3, 32, 32), "resnet20": (3, 32, 32), "resnet18": (3, 224, 224), "resnet50": (3, 224, 224),
         "mobilenetv2": (3, 224, 224), "mobilenetv1": (3, 96, 96), "teacher": (1, 28, 28), "encoder": (128,)}


def inputs_of(net, count):
    random = np.random.default_rng(1)
    if net == "encoder":
        return random.integers(0, 30000, (count, *INPUT[net]))
    return random.normal(size=(count, *INPUT[net])).astype(np.float32)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def quantized(ecai, folder, net, model, path):
    samples = f"{folder}/{net}.npy"
    np.save(samples, inputs_of(net, 32))
    run(ecai, "-q", "quantize", "int8", model, "--data", f"npy:{samples}",
        "--preprocess", "none", "-o", path)


def file_of(ecai, folder, net, variant):
    """The model's file, made where it is not there yet."""
    base = TEACHER if net == "teacher" else f"{folder}/{net}.onnx"
    path = base if variant == "fp32" else f"{folder}/{net}.{variant}.onnx"
    if not os.path.exists(base):
        models.write(folder, net)
    if os.path.exists(path):
        return path
    if variant == "int8":
        quantized(ecai, folder, net, base, path)
    elif variant.endswith("_int8"):
        quantized(ecai, folder, net, file_of(ecai, folder, net, variant[:-5]), path)
    else:
        share, _, block = variant.removeprefix("sparse").partition("_")
        models.write(folder, net, int(share) / 100, block or "1x1")
    return path


class Ort:
    def __init__(self, path, net, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.feed = {self.session.get_inputs()[0].name: inputs_of(net, BATCH)}
        self.run()

    def run(self):
        return self.session.run(None, self.feed)[0]

    def best(self, seconds):
        best, start = 0, time.time()
        while time.time() - start < seconds:
            begin = time.time()
            self.run()
            best = max(best, BATCH / (time.time() - begin))
        return best


def ecai_best(ecai, path, threads, seconds, scratch):
    run(ecai, "-q", "--threads", str(threads), "bench", path, "--batch", str(BATCH), "--seconds", str(seconds),
        "--json", scratch)
    with open(scratch) as file:
        return json.load(file)["throughput"]["best"]


def difference(ecai, path, net, folder):
    """The largest difference of the outputs, relative to the largest output."""
    ort = Ort(path, net, 1)
    np.save(f"{folder}/x.npy", ort.feed[ort.session.get_inputs()[0].name])
    run(ecai, "-q", "run", path, "--input", f"{ort.session.get_inputs()[0].name}={folder}/x.npy", "-o",
        f"{folder}/outputs")
    theirs, ours = ort.run(), np.load(f"{folder}/outputs/{ort.session.get_outputs()[0].name}.npy")
    return float(np.abs(theirs - ours).max() / np.abs(theirs).max())


def compare(options, net, variant, target):
    path = file_of(options.ecai, options.folder, net, variant)
    row = {"network": net, "variant": variant, "target": target,
           "difference": difference(options.ecai, path, net, options.folder)}
    for threads in options.threads:
        ort, ours, theirs = Ort(path, net, threads), [], []
        for _ in range(options.rounds):
            ours.append(ecai_best(options.ecai, path, threads, options.seconds, f"{options.folder}/bench.json"))
            theirs.append(ort.best(options.seconds))
        row[f"threads{threads}"] = {"ecai": max(ours), "onnxruntime": max(theirs), "ratio": max(ours) / max(theirs),
                                    "ratio_of_medians": float(np.median(ours) / np.median(theirs))}
    return row


def show(row):
    cells = [row["network"], row["variant"], f"{row['target']:g}x"]
    for threads in (1, 2):
        part = row.get(f"threads{threads}")
        cells += [f"{part['ecai']:.5g}", f"{part['onnxruntime']:.5g}", f"{part['ratio']:.2f}x"] if part else ["", "", ""]
    missed = any(part["ratio"] < row["target"] for key, part in row.items() if key.startswith("threads"))
    print("| " + " | ".join([*cells, f"{row['difference']:.1e}", "missed" if missed else ""]) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ecai")
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", help="network or network:variant")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=lambda text: [int(t) for t in text.split(",")], default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--json")
    options = parser.parse_intermixed_args()
    os.makedirs(options.folder, exist_ok=True)
    print(f"batch {BATCH}, best of {options.rounds} rounds, inferences a second; ONNX Runtime {onnxruntime.__version__}")
    print("| network | variant | target | ecai, 1 thread | ORT | ratio | ecai, 2 threads | ORT | ratio | difference | |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    rows = []
    for net, variant, target in CASES:
        if options.names and net not in options.names and f"{net}:{variant}" not in options.names:
            continue
        rows.append(compare(options, net, variant, target))
        show(rows[-1])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
