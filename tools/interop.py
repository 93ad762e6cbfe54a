#!/usr/bin/env python3
"""ecai's ONNX files against the onnx package and ONNX Runtime.

usage: interop.py ECAI WORK [MODEL...]      rewrite each with `ecai export onnx` and compare
       interop.py --pair FIRST SECOND       compare two files
without MODEL: testdata/models and, if ECAI_SHARED_DATA is set, its models. Needs numpy, onnx,
onnxruntime.

A file that ecai wrote must pass onnx.checker with full check, give ONNX Runtime's answers of the
original on seeded inputs, and hold the same integers.
"""
import glob
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
         "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int8)": np.int8,
         "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_}
# Open dimensions and values that a model cannot do without.
SHAPES = {"ch_ppocr_mobile_v2.0_cls_infer": {"x": [1, 3, 48, 192]},
          "silero_vad_v5": {"input": [1, 576], "state": [2, 1, 128]}}
VALUES = {"silero_vad_v5": {"sr": 16000}}
# Another's domain, and types and opsets that ONNX Runtime has no kernels for. The old opsets were
# written beside the numbers of a newer spelling, which tests/test_onnx.c compares.
NOT_RUN = {"foreign", "typed"} | {f"opset_{n:02}" for n in range(1, 7)}
INTEGERS = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT4,
            onnx.TensorProto.UINT4, onnx.TensorProto.INT16, onnx.TensorProto.UINT16)
failures = []


def say(holds, text):
    if not holds:
        failures.append(text)
    print(("ok      " if holds else "FAILED  ") + text, flush=True)
    return holds


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    # The same graph gives the same bits only where nothing is fused.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds_of(path, name):
    random, feeds = np.random.default_rng(1), {}
    for info in session(path).get_inputs():
        shape = SHAPES.get(name, {}).get(info.name)
        if shape is None:
            shape = [d if isinstance(d, int) else 2 for d in info.shape]
        kind = TYPES[info.type]
        value = VALUES.get(name, {}).get(info.name)
        if value is not None:
            feeds[info.name] = np.full(shape, value, kind)
        elif np.issubdtype(kind, np.floating):
            feeds[info.name] = random.standard_normal(shape).astype(kind)
        else:
            top = 2 if kind == np.bool_ else 100
            feeds[info.name] = random.integers(0, top, shape).astype(kind)
    return feeds


def answers(path, feeds):
    running = session(path)
    names = [o.name for o in running.get_outputs()]
    return dict(zip(names, running.run(names, feeds)))


def compare_outputs(first, second, name):
    feeds = feeds_of(first, name)
    want, got = answers(first, feeds), answers(second, feeds)
    if list(want) != list(got):
        return say(False, f"{name}: outputs {list(got)}, wants {list(want)}")
    worst = 0.0
    for key in want:
        if want[key].shape != got[key].shape or want[key].dtype != got[key].dtype:
            return say(False, f"{name}: {key} has another shape or type")
        a, b = want[key].astype(np.float64), got[key].astype(np.float64)
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return say(False, f"{name}: {key} is NaN elsewhere")
        if a.size:
            worst = max(worst, float(np.nanmax(np.abs(a - b)) / (1e-9 + np.nanmax(np.abs(a)))))
    # Respelt operators may sum in another order; the same ones give the same bits.
    return say(worst <= 1e-5, f"{name}: outputs differ by {worst:.1e} of the largest")


def integers(model):
    held = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer
            if t.data_type in INTEGERS}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            if tensor.data_type in INTEGERS:
                held[node.output[0]] = numpy_helper.to_array(tensor)
    return held


def compare(first, second, name):
    try:
        onnx.checker.check_model(second, full_check=True)
    except Exception as error:  # the checker raises several kinds
        return say(False, f"{name}: onnx.checker: {str(error).splitlines()[0]}")
    want, got = integers(onnx.load(first)), integers(onnx.load(second))
    for key, array in want.items():
        if key not in got or not np.array_equal(array, got[key]):
            return say(False, f"{name}: integers of {key} are not the same")
    if name in NOT_RUN:
        return say(True, f"{name}: passes the checker")
    try:
        return compare_outputs(first, second, name)
    except Exception as error:
        return say(False, f"{name}: ONNX Runtime: {str(error).splitlines()[0]}")


def rewrite(ecai, work, model):
    name = os.path.basename(model)[:-len(".onnx")]
    written = os.path.join(work, name + ".onnx")
    done = subprocess.run([ecai, "-q", "export", "onnx", model, "-o", written],
                          capture_output=True, text=True)
    if done.returncode:
        return say(False, f"{name}: {done.stderr.strip()}")
    return compare(model, written, name)


def main():
    if sys.argv[1:2] == ["--pair"] and len(sys.argv) == 4:
        compare(sys.argv[2], sys.argv[3], os.path.basename(sys.argv[2])[:-len(".onnx")])
    elif len(sys.argv) >= 3 and not sys.argv[1].startswith("-"):
        ecai, work, models = sys.argv[1], sys.argv[2], sys.argv[3:]
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
        models = models or sorted(glob.glob(os.path.join(root, "testdata/models/*.onnx")))
        shared = os.environ.get("ECAI_SHARED_DATA")
        if shared and len(sys.argv) == 3:
            models += sorted(glob.glob(os.path.join(shared, "models/*.onnx")))
        os.makedirs(work, exist_ok=True)
        for model in models:
            rewrite(ecai, work, model)
    else:
        sys.exit(__doc__)
    print(f"{len(failures)} failures" if failures else "all good")
    sys.exit(1 if failures else 0)


main()
