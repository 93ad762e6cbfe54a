#!/usr/bin/env python3
"""Compressed models against ONNX Runtime: what simplify, prune and quantize write must pass
onnx.checker's full check and give ONNX Runtime's answers; integers of layers that ONNX Runtime
runs on integers must be equal, other quantised values within one step of their grid.

usage: interop_compress.py ECAI FOLDER_OF_MODELS WORK [NAME...]   (needs numpy, onnx, onnxruntime)
"""
import json
import os
import subprocess
import sys

import numpy
import onnx
import onnxruntime

ECAI, MODELS, WORK = sys.argv[1:4]
WANTED = sys.argv[4:]
SAMPLES = 48
EXACT = {"Conv", "Gemm", "MatMul"}

# name: (shape of a sample, least and largest value of the made-up inputs)
NETWORKS = {
    "fashion_teacher": ((1, 28, 28), -0.81, 2.03),
    "ic_resnet8_bn": ((3, 32, 32), 0, 255),
    "resnet20_cifar10": ((3, 32, 32), -2.1, 2.6),
    "kws_dscnn_bn": ((1, 49, 10), -50, 50),
    "ad01_bn": ((640,), -4, 4),
    "ic_resnet8": ((3, 32, 32), 0, 255),
    "mnist_cntk_8": ((1, 28, 28), 0, 255),
}

HALF = [n for n in NETWORKS if n != "ad01_bn"]  # a variance there is too large for float16
failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
    print(("ok      " if holds else "FAILED  ") + text, flush=True)
    return holds


def ecai(*words):
    done = subprocess.run([ECAI, "-q", "--threads", "2", *words], capture_output=True, text=True)
    return done.returncode == 0, done.stderr.strip().replace("\n", " | ")


def samples_of(name):
    shape, low, high = NETWORKS[name]
    random = numpy.random.RandomState(7)
    # Smooth images, so that activations look like those of real ones: sums of a few waves.
    x = random.uniform(low, high, (SAMPLES, *shape))
    for axis in range(2, x.ndim):
        x = (x + numpy.roll(x, 1, axis) + numpy.roll(x, 2, axis)) / 3
    return x.astype(numpy.float32)


def run_ort(path, x, outputs=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0]
    if feed.shape[0] == 1:
        parts = [session.run(outputs, {feed.name: x[i:i + 1]}) for i in range(len(x))]
        return [numpy.concatenate(p) for p in zip(*parts)]
    return session.run(outputs, {feed.name: x})


def run_ecai(path, x_file, stem, output=None):
    out = os.path.join(WORK, stem + ".npz")
    report = os.path.join(WORK, "report.json")
    words = ["eval", path, "--json", report, "--data", "npy:" + x_file, "--preprocess", "none", "--save-outputs", out]
    good, text = ecai(*words, *(["--output", output] if output else []))
    if not good:
        return None, text
    if "QuantizeLinear" in ops_of(path):
        with open(report) as file:
            executor = json.load(file)["model"]["executor"]
        if executor != "int8":
            return None, "executor is " + executor
    saved = numpy.load(out)
    key = [k for k in saved.files if k.startswith("output")][0]
    return saved[key], ""


def ops_of(path):
    return {n.op_type for n in onnx.load(path).graph.node}


def check_file(label, path):
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as error:  # whatever it says is the finding
        return check(False, f"{label}: onnx.checker: {error}")
    return True


def compare_outputs(label, path, x, x_file, tolerance):
    if not check_file(label, path):
        return
    want = run_ort(path, x)[0].reshape(SAMPLES, -1)
    got, text = run_ecai(path, x_file, "out")
    if got is None:
        check(False, f"{label}: eval: {text}")
        return
    got = got.reshape(SAMPLES, -1)
    spread = numpy.abs(want).max() + 1e-9
    worst = numpy.abs(got - want).max() / spread
    check(worst <= tolerance, f"{label}: outputs differ by {worst:.2g} of the largest")


def quantised_values(model):
    """[(name of the DequantizeLinear's output, scale, operator behind it, values it reads)]."""
    producer = {o: n for n in model.graph.node for o in n.output}
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] in constants:
            continue
        quantize = producer[node.input[0]]
        at = producer.get(quantize.input[0])
        is_fused = True  # ONNX Runtime computes in floats before a Clip
        while at is not None and at.op_type in ("Relu", "Clip", "Reshape", "Flatten", "Squeeze"):
            is_fused = is_fused and at.op_type != "Clip"
            at = producer.get(at.input[0])
        op = at.op_type if at is not None else "input"
        found.append((node.output[0], float(constants[node.input[1]].reshape(-1)[0]),
                      op if is_fused else op + " and Clip",
                      list(at.input) if at is not None else []))
    return found


def compare_integers(label, path, x, x_file):
    model = onnx.load(path)
    values = quantised_values(model)
    producer = {o: n for n in model.graph.node for o in n.output}
    shapes = onnx.shape_inference.infer_shapes(model)
    known = {v.name: v for v in shapes.graph.value_info}
    for name, _, _, _ in values:
        model.graph.output.append(known.get(name) or onnx.helper.make_tensor_value_info(
            name, onnx.TensorProto.FLOAT, None))
    tapped = os.path.join(WORK, "tapped.onnx")
    onnx.save(model, tapped)
    wanted = dict(zip([v[0] for v in values], run_ort(tapped, x, [v[0] for v in values])))
    inexact, exact, near = set(), 0, 0

    def reads_inexact(names):
        for name in names:
            if name in inexact:
                return True
            node = producer.get(name)
            if name not in wanted and node is not None and reads_inexact(node.input):
                return True
        return False

    for name, scale, op, inputs in values:
        got, text = run_ecai(tapped, x_file, "tap", name)
        if got is None:
            check(False, f"{label}: '{name}': {text}")
            return
        steps = numpy.abs(numpy.rint((got.reshape(-1) - wanted[name].reshape(-1)) / scale))
        if steps.max() > 0:
            inexact_input = reads_inexact(inputs)
            inexact.add(name)
            if not inexact_input:
                limit = 0 if op in EXACT or op in ("input", "MaxPool") else 1
                if steps.max() > limit:
                    check(False, f"{label}: '{name}' ({op}) is {steps.max():.0f} steps off in "
                                 f"{(steps > 0).mean():.2%}")
                near += 1
        else:
            exact += 1
    check(True, f"{label}: {exact} of {len(values)} quantised values are equal, {near} within one "
                f"step, {len(values) - exact - near} behind those")


def run(name):
    source = os.path.join(MODELS, name + ".onnx")
    x = samples_of(name)
    x_file = os.path.join(WORK, name + ".npy")
    numpy.save(x_file, x)
    steps = [("simplify", ["simplify"], 1e-4),
             ("prune", ["prune", "magnitude", "--sparsity", "0.5"], 1e-4),
             ("prune-global", ["prune", "magnitude", "--sparsity", "0.5", "--global"], 1e-4)]
    if name in HALF:
        steps.append(("fp16", ["quantize", "fp16"], 3e-2))
    data = ["--data", f"npy:{x_file}@0:32"]
    steps += [(f"int8-{r}", ["quantize", "int8", "--range", r, *data], 6e-2)
              for r in ("minmax", "percentile", "mse")]
    steps.append(("int8-4/4", ["quantize", "int8", "--bits", "4/4", *data], 0.3))
    for step, words, tolerance in steps:
        label, out = f"{name} {step}", os.path.join(WORK, f"{name}.{step.replace('/', '-')}.onnx")
        if "int8" in step:
            words = words + ["--preprocess", "none"]
        good, text = ecai(*words, source, "-o", out)
        if not check(good, f"{label}: {text or 'written'}"):
            continue
        compare_outputs(label, out, x, x_file, tolerance)
        if step.startswith("int8"):
            compare_integers(label, out, x, x_file)
            again = os.path.join(WORK, "again.onnx")
            good, text = ecai("prune", "magnitude", "--sparsity", "0", out, "-o", again)
            if check(good, f"{label}: pruned by nothing {text}"):
                check(integers_of(out) == integers_of(again),
                      f"{label}: integers survive being read and written")


def integers_of(path):
    model = onnx.load(path)
    return sorted(i.raw_data for i in model.graph.initializer
                  if i.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.INT32))


os.makedirs(WORK, exist_ok=True)
for network in WANTED or NETWORKS:
    run(network)
print(f"{len(failures)} failed")
sys.exit(1 if failures else 0)
