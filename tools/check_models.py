#!/usr/bin/env python3
"""The models of ECAI_SHARED_DATA, each by itself and after simplify, prune, quantize and export:
ecai and ONNX Runtime must answer alike on random and on real inputs, and the figure on the data set
must be the one that the data's README gives, to the sample.

usage: check_models.py ECAI FOLDER WORK [NAME...]    (needs numpy, onnx, onnxruntime)
Prints one line a check and ends with a table in markdown. What was made of a model is run on the
first 1000 samples only, on all with ECAI_CHECK=full.
"""
import gzip
import json
import os
import subprocess
import sys

import numpy
import onnx
import onnxruntime

ECAI, FOLDER, WORK = sys.argv[1:4]
RTOL, ATOL = 1e-3, 1e-4
MADE_SAMPLES = None if os.environ.get("ECAI_CHECK") == "full" else 1000
SETS = os.path.join(FOLDER, "sets")
MODELS = os.path.join(FOLDER, "models")
CIFAR = f"cifar:{SETS}/cifar10/cifar10_test_dev5k.bin.gz"
CIFAR_TRAIN = f"cifar:{SETS}/cifar10/cifar10_train50k.bin.gz@0:256"
KWS = f"raw:{SETS}/kws/kws01_dev500.bin,shape=1x49x10,type=i8,label=first"
KWS_SCALE = 0.5847029089927673
MNIST = "idx:{0}/mnist/{1}-images-idx3-ubyte.gz,{0}/mnist/{1}-labels-idx1-ubyte.gz"
STORIES = f"tokens:{MODELS}/stories260K_samples_64x257.u16,type=u16,length=257"
IMAGENET = ["--scale", "1/255", "--mean", ".485,.456,.406", "--std", ".229,.224,.225"]
AS_IS = ["--scale", "1"]
MFCC = ["--scale", repr(KWS_SCALE), "--mean", repr(83 * KWS_SCALE)]


def cifar(mean=0.0, std=1.0, scale=1.0):
    with gzip.open(CIFAR.split(":")[1]) as file:
        records = numpy.frombuffer(file.read(), numpy.uint8).reshape(-1, 3073)
    x = records[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32)
    mean, std = (numpy.reshape(v, (-1, 1, 1)) for v in (mean, std))
    return ((x * scale - mean) / std).astype(numpy.float32), records[:, 0]


def kws(*shape):
    records = numpy.fromfile(f"{SETS}/kws/kws01_dev500.bin", numpy.uint8).reshape(-1, 491)[100:500]
    x = (records[:, 1:].view(numpy.int8).astype(numpy.float32) - 83) * KWS_SCALE
    return x.reshape(-1, *shape).astype(numpy.float32), records[:, 0]


def digits():
    with gzip.open(f"{SETS}/mnist/t10k-images-idx3-ubyte.gz") as file:
        x = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(f"{SETS}/mnist/t10k-labels-idx1-ubyte.gz") as file:
        return x.astype(numpy.float32), numpy.frombuffer(file.read(), numpy.uint8, offset=8)


def stories():
    samples = numpy.fromfile(f"{MODELS}/stories260K_samples_64x257.u16", numpy.uint16)
    samples = samples.reshape(64, 257)[16:].astype(numpy.int64)
    return samples[:, :256], samples[:, 1:]


# name: data that are scored, data that calibrate, preprocessing, what ONNX Runtime reads, figure
# (a number of right answers, or a mean negative log likelihood).
SCORED = {
    "ic_resnet8": (CIFAR, CIFAR_TRAIN, AS_IS, cifar, 4386),
    "ic_resnet8_bn": (CIFAR, CIFAR_TRAIN, AS_IS, cifar, 4386),
    "resnet20_cifar10": (CIFAR, CIFAR_TRAIN, IMAGENET,
                         lambda: cifar([.485, .456, .406], [.229, .224, .225], 1 / 255), 4596),
    "kws_dscnn_bn": (KWS + "@100:500", KWS + "@0:100", MFCC, lambda: kws(1, 49, 10), 366),
    "kaijiang_kws_ref_model": (KWS + "@100:500", KWS + "@0:100", MFCC, lambda: kws(490), 353),
    "mnist_cntk_8": (MNIST.format(SETS, "t10k"), MNIST.format(SETS, "train") + "@0:256", AS_IS,
                     digits, 9891),
    "stories260K_prefill256": (STORIES + "@16:64", STORIES + "@0:16", [], stories, 1.28831),
    "fashion_teacher": ("fashion-mnist:test", "fashion-mnist:train@0:256", [], None, 9479),
}
# Without data: shapes and values that have to be given, and whether numbers can stand in for
# samples to calibrate with.
GIVEN = {
    "ad01_bn": ({}, {}, True),
    "face_detection_front_128x128_barracuda": ({}, {}, True),
    "ch_ppocr_mobile_v2.0_cls_infer": ({"x": [1, 3, 48, 192]}, {}, True),
    "dtln_model_1": ({}, {}, False),
    "silero_vad_v5": ({"input": [1, 576], "state": [2, 1, 128]}, {"sr": 16000}, False),
}
failures, rows = [], []


def check(holds, text):
    if not holds:
        failures.append(text)
    print(("ok      " if holds else "FAILED  ") + text, flush=True)
    return holds


def ecai(*words):
    done = subprocess.run([ECAI, "-q", "--threads", "2", *words], capture_output=True, text=True)
    return done.returncode == 0, done.stderr.strip().replace("\n", " | ")


def given(name, with_shapes=True):
    shapes, values, _ = GIVEN.get(name, ({}, {}, False))
    words = []
    for key, shape in shapes.items() if with_shapes else ():
        words += ["--shape", f"{key}={','.join(map(str, shape))}"]
    for key, value in values.items():
        words += ["--set", f"{key}={value}"]
    return words


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def random_feeds(running, name, seed):
    random, feeds = numpy.random.default_rng(seed), {}
    shapes, values, _ = GIVEN.get(name, ({}, {}, False))
    for info in running.get_inputs():
        shape = shapes.get(info.name) or [d if isinstance(d, int) else 1 for d in info.shape]
        if info.name in values:
            feeds[info.name] = numpy.full(shape if info.shape else [], values[info.name], numpy.int64)
        elif info.type == "tensor(int64)":
            feeds[info.name] = random.integers(0, 512, shape)
        else:
            feeds[info.name] = random.standard_normal(shape).astype(numpy.float32)
    return feeds


def compare(label, got, want, is_rounded):
    """The worst difference; roundings of an integer grid may fall the other way now and then."""
    difference = numpy.abs(got.astype(float) - want.astype(float))
    worst = float(difference.max()) if difference.size else 0.0
    # A small answer may be the difference of large ones: those are right to float's precision.
    limit = max(ATOL, 3e-6 * float(numpy.abs(want).max(initial=0))) + RTOL * numpy.abs(want)
    if is_rounded:
        error = numpy.sqrt((difference ** 2).sum() / max((want.astype(float) ** 2).sum(), 1e-12))
        return check(error <= 0.03, f"{label}: integers, relative error {error:.1e}"), worst
    return check(bool((difference <= limit).all()), f"{label}: differs by {worst:.1e} at most"), worst


def compare_random(label, path, name, is_rounded=False):
    running, worst, good = session(path), 0.0, True
    for seed in (1, 2):
        feeds = random_feeds(running, name, seed)
        want = running.run(None, feeds)
        words = ["run", path, "-o", os.path.join(WORK, "answers")]
        for index, (key, value) in enumerate(feeds.items()):
            file = os.path.join(WORK, f"input{index}.npy")
            numpy.save(file, value)
            words += ["--input", f"{key}={file}"]
        ran, text = ecai(*words)
        if not check(ran, f"{label}: runs {text}"):
            return False, numpy.nan
        for info, array in zip(running.get_outputs(), want):
            file = info.name.replace("/", "_").replace(":", "_") + ".npy"
            got = numpy.load(os.path.join(WORK, "answers", file))
            same, off = compare(f"{label}: random: {info.name}", got, array, is_rounded)
            good, worst = good and same, max(worst, off)
    return good, worst


def ort_answers(path, x):
    running = session(path)
    info = running.get_inputs()[0]
    size = info.shape[0] if isinstance(info.shape[0], int) else min(16, len(x))
    return numpy.concatenate([running.run(None, {info.name: x[i:i + size]})[0]
                              for i in range(0, len(x), size)])


def figure_of(answers, targets):
    if answers.ndim == 3:  # tokens
        top = answers.max(axis=2, keepdims=True)
        logs = answers - top - numpy.log(numpy.exp(answers - top).sum(axis=2, keepdims=True))
        return -float(numpy.take_along_axis(logs, targets[..., None], 2).mean())
    return int((answers.argmax(axis=1) == targets).sum())


def evaluate(path, name, data, words):
    report, saved = os.path.join(WORK, "report.json"), os.path.join(WORK, "saved.npz")
    tokens = ["--metric", "perplexity"] if data.startswith("tokens") else []
    good, text = ecai("eval", path, "--data", data, *words, *tokens, *given(name), "--json", report,
                      "--save-outputs", saved)
    if not good:
        return None, None, text
    with open(report) as file:
        document = json.load(file)
    value, count = document["accuracy"]["value"], document["data"]["samples"]
    held = numpy.load(saved)
    outputs = held[[k for k in held.files if k.startswith("output")][0]]
    figure = float(numpy.log(value)) if tokens else round(value * count)
    return figure, (outputs, document["model"]["executor"]), text


def compare_real(label, path, name, is_rounded=False, most=None):
    data, _, words, read, _ = SCORED[name]
    if most and "@" not in data:
        data += f"@0:{most}"
    figure, found, text = evaluate(path, name, data, words)
    if not check(figure is not None, f"{label}: eval {text}"):
        return None
    if not read:
        return figure, found[1]
    x, targets = (part[:most] for part in read())
    want = ort_answers(path, x)
    theirs = figure_of(want, targets.astype(int))
    compare(f"{label}: real inputs", found[0].reshape(want.shape), want, is_rounded)
    near = abs(figure - theirs) <= (0.01 * len(x) if is_rounded and want.ndim == 2 else
                                    0.01 if is_rounded else 2e-5 if want.ndim == 3 else 0)
    check(near, f"{label}: figure {figure:.6g}, ONNX Runtime {theirs:.6g}")
    return figure, found[1]


def steps_of(name, path):
    words = given(name, False) if name != "silero_vad_v5" else given(name)
    steps = {"simplify": ["simplify", *words], "prune": ["prune", "magnitude", "--sparsity", "0.5",
                                                         *words],
             "export": ["export", "onnx", *words]}
    if name in SCORED:
        _, calibration, preprocess, _, _ = SCORED[name]
        steps["int8"] = ["quantize", "int8", "--data", calibration, *preprocess, *words]
    elif GIVEN[name][2]:
        file = os.path.join(WORK, "calibration.npy")
        feeds = [random_feeds(session(path), name, seed) for seed in range(10, 26)]
        numpy.save(file, numpy.concatenate([list(f.values())[0] for f in feeds]))
        steps["int8"] = ["quantize", "int8", "--data", "npy:" + file, "--preprocess", "none", *words]
    return steps


def check_step(name, path, step, words):
    label = f"{name}: {step}"
    out = os.path.join(WORK, f"{name}.{step}.onnx")
    form = words[:2] if step in ("prune", "int8", "export") else words[:1]
    good, text = ecai(*form, path, *words[len(form):], "-o", out)
    if not check(good, f"{label}: {text or 'written'}"):
        return "-"
    try:
        onnx.checker.check_model(out, full_check=True)
    except Exception as error:  # the checker raises several kinds
        check(False, f"{label}: onnx.checker: {str(error).splitlines()[0]}")
    is_rounded = step == "int8" or "kaijiang" in name
    _, worst = compare_random(label, out, name, is_rounded)
    if name not in SCORED:
        return f"{worst:.0e}"
    real = compare_real(label, out, name, is_rounded, MADE_SAMPLES)
    return f"{real[0]:.6g}" if real else "-"


def check_model(name):
    path = os.path.join(MODELS, name + ".onnx")
    is_rounded = "kaijiang" in name
    _, worst = compare_random(name, path, name, is_rounded)
    row = {"model": name, "random": f"{worst:.0e}", "figure": "", "wanted": "", "executor": ""}
    if name in SCORED:
        real, wanted = compare_real(name, path, name, is_rounded), SCORED[name][4]
        if real:
            row["figure"], row["executor"], row["wanted"] = f"{real[0]:.6g}", real[1], f"{wanted:.6g}"
            check(abs(real[0] - wanted) < (5e-6 if isinstance(wanted, float) else 0.5),
                  f"{name}: figure {real[0]:.6g}, README {wanted:.6g}")
    for step, words in steps_of(name, path).items():
        row[step] = check_step(name, path, step, words)
    rows.append(row)


def print_table():
    heads = ["model", "random", "figure", "wanted", "executor", "simplify", "prune", "int8", "export"]
    print("\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row.get(head, "") for head in heads) + " |")


def main():
    os.makedirs(WORK, exist_ok=True)
    for name in sys.argv[4:] or [*SCORED, *GIVEN]:
        if os.path.exists(os.path.join(MODELS, name + ".onnx")):
            check_model(name)
    print_table()
    print(f"{len(failures)} failures" if failures else "all good")
    for failure in failures:
        print("  " + failure)
    sys.exit(1 if failures else 0)


main()
