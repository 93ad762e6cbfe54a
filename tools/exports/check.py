#!/usr/bin/env python3
"""What ecai makes of models as the world exports them (make.py), against ONNX Runtime.

usage: check.py ECAI FOLDER|MODEL.onnx... [--table FILE]

For each model on seeded inputs: the reference executor (`ecai run`), what users run (`ecai eval`,
lowered where it can be), and the files that simplify, prune magnitude, quantize int8 and export
write, each run by ecai and by ONNX Runtime. Columns hold the largest difference over
atol + rtol * |value| with rtol 1e-3 and atol 1e-4 * the largest value: at most 1 passes. In the
int8 file a sum that is rounded the other way moves everything behind it: that column is the L2 norm
of the difference over that of the answers. It passes up to 0.03, or up to 1.25 times what ONNX
Runtime differs from itself on that file with its optimisations on and off (in brackets).
"""
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64,
         "tensor(int32)": np.int32, "tensor(bool)": np.bool_, "tensor(float16)": np.float16}
SAMPLES = 4


class Refused(Exception):
    pass


def ecai(*arguments):
    done = subprocess.run([ECAI, *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        line = [l for l in done.stderr.splitlines() if "warning" not in l and "note" not in l]
        raise Refused(line[-1].split(".onnx: ")[-1] if line else f"exit code {done.returncode}")
    return done.stdout


def session(path, is_optimised=False):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not is_optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs_of(path):
    random, feeds = np.random.default_rng(3), {}
    for info in session(path).get_inputs():
        shape = [d if isinstance(d, int) else SAMPLES if i == 0 else 16
                 for i, d in enumerate(info.shape)]
        kind = TYPES[info.type]
        feeds[info.name] = (random.standard_normal(shape) if np.issubdtype(kind, np.floating)
                            else random.integers(0, 200, shape)).astype(kind)
    return feeds


def answers(path, feeds, is_optimised=False):
    running = session(path, is_optimised)
    names = [o.name for o in running.get_outputs()]
    return dict(zip(names, running.run(names, feeds)))


def reference(path, feeds, folder):
    arguments = []
    for name, array in feeds.items():
        file = os.path.join(folder, f"in{len(arguments)}.npy")
        np.save(file, array)
        arguments += ["--input", f"{name}={file}"]
    out = os.path.join(folder, "out")
    ecai("run", path, *arguments, "-o", out)
    return {os.path.basename(f)[:-4]: np.load(f) for f in glob.glob(os.path.join(out, "*.npy"))}


def distance(got, want):
    """Largest difference in units of what is allowed."""
    worst = 0.0
    for name, array in want.items():
        mine = got.get(name.replace("/", "_").replace(":", "_"), got.get(name))
        if mine is None or mine.shape != array.shape:
            raise Refused(f"output '{name}' is missing or has another shape")
        array, mine = array.astype(np.float64), mine.astype(np.float64)
        if not array.size:
            continue
        allowed = 1e-4 * max(np.abs(array).max(), 1e-30) + 1e-3 * np.abs(array)
        worst = max(worst, float((np.abs(mine - array) / allowed).max()))
    return worst


def relative(got, want):
    """The L2 norm of the difference over that of the answers."""
    worst = 0.0
    for name, array in want.items():
        mine = got.get(name.replace("/", "_").replace(":", "_"), got.get(name)).astype(np.float64)
        norm = np.linalg.norm(array.astype(np.float64))
        worst = max(worst, float(np.linalg.norm(mine - array) / max(norm, 1e-30)))
    return worst


def lowered(path, feeds, folder):
    data, out = os.path.join(folder, "data.npz"), os.path.join(folder, "outputs.npz")
    np.savez(data, **feeds)
    ecai("eval", path, "--data", f"npz:{data}", "--preprocess", "none", "--save-outputs", out)
    return np.load(out)["outputs"]


def check_lowered(path, feeds, folder, want):
    first = next(iter(want.values()))
    got = lowered(path, feeds, folder)
    return distance({"y": got.reshape(first.shape)}, {"y": first})


def check(path, folder):
    """A row: column -> number, or text where ecai refused."""
    row, feeds = {}, inputs_of(path)
    want = answers(path, feeds)
    data = os.path.join(folder, "data.npz")
    made = {name: os.path.join(folder, name + ".onnx")
            for name in ("simplified", "pruned", "int8", "exported")}
    np.savez(data, **feeds)

    def column(name, function):
        try:
            row[name] = function()
        except (Refused, subprocess.TimeoutExpired) as refused:
            row[name] = str(refused)

    def written(name, *arguments):
        ecai(*arguments, path, "-o", made[name])
        return made[name]

    def pruned():
        file = written("pruned", "prune", "magnitude", "--sparsity", "0.5")
        return distance(reference(file, feeds, folder), answers(file, feeds))

    def quantised():
        file = written("int8", "quantize", "int8", "--data", f"npz:{data}", "--preprocess", "none")
        plain = answers(file, feeds)
        return (relative(reference(file, feeds, folder), plain),
                relative(answers(file, feeds, True), plain))

    column("reference", lambda: distance(reference(path, feeds, folder), want))
    column("lowered", lambda: check_lowered(path, feeds, folder, want))
    column("simplify", lambda: distance(answers(written("simplified", "simplify"), feeds), want))
    column("prune", pruned)
    column("int8", quantised)
    column("export", lambda: distance(answers(written("exported", "export", "onnx"), feeds), want))
    return row


def holds(value):
    if isinstance(value, tuple):
        return value[0] <= max(0.03, 1.25 * value[1])
    return not isinstance(value, str) and value <= 1


def shown(value):
    if isinstance(value, str):
        return value.replace("|", "/")
    return f"{value[0]:.2g} ({value[1]:.2g})" if isinstance(value, tuple) else f"{value:.2g}"


def main():
    global ECAI
    ECAI, paths, table = sys.argv[1], [], None
    rest = sys.argv[2:]
    if "--table" in rest:
        table = rest.pop(rest.index("--table") + 1)
        rest.remove("--table")
    for path in rest:
        paths += sorted(glob.glob(os.path.join(path, "*.onnx"))) if os.path.isdir(path) else [path]
    lines, good = [], 0
    for path in paths:
        name = os.path.basename(path)[:-5]
        with tempfile.TemporaryDirectory() as folder:
            row = check(path, folder)
        ok = all(holds(v) for v in row.values())
        good += ok
        lines.append(f"| {name} | " + " | ".join(shown(v) for v in row.values()) + " |")
        print(("ok      " if ok else "FAILED  ") + lines[-1], flush=True)
    print(f"exports: {good} of {len(paths)} hold in every column")
    if table:
        with open(table, "w") as file:
            file.write("| export | reference | lowered | simplify | prune 50 % | int8 | export |\n")
            file.write("|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n")
    sys.exit(good != len(paths))


main()
