#!/usr/bin/env python3
"""ecai's integers against ONNX Runtime's, unit by unit.

usage: interop_int8.py ECAI WORK MODEL...    models with QuantizeLinear and DequantizeLinear
Needs numpy, onnx, onnxruntime, and a processor with VNNI: without it ONNX Runtime's sums saturate, and
nothing is compared.

A unit is what lies between the DequantizeLinear nodes that feed a QuantizeLinear (or an output) and
that node. ONNX Runtime runs the whole model, with its optimisations, and gives every unit's input
and output; ecai runs each unit alone on the same input. Conv, Gemm and MatMul must give the same
bits, other operators steps that differ by 1 at most. Whole models: how often the largest output
is another.
"""
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SAMPLES, TOP1_SAMPLES, MOST_FLIPS = 16, 2000, 0.0002
EXACT = {"Conv", "Gemm", "MatMul"}
failures = []


def say(holds, text):
    if not holds:
        failures.append(text)
    print(("ok      " if holds else "FAILED  ") + text, flush=True)


class Model:
    def __init__(self, path):
        self.proto = onnx.shape_inference.infer_shapes(onnx.load(path))
        self.graph = self.proto.graph
        self.maker = {name: node for node in self.graph.node for name in node.output}
        self.weights = {t.name: t for t in self.graph.initializer}
        self.inputs = [i for i in self.graph.input if i.name not in self.weights]

    def is_constant(self, name):
        if name in self.weights or not name:
            return True
        node = self.maker.get(name)
        return node is not None and all(self.is_constant(i) for i in node.input)

    def is_held(self, name):
        """A value that DequantizeLinear makes of an activation."""
        node = self.maker.get(name)
        return node is not None and node.op_type == "DequantizeLinear" and not self.is_constant(name)

    def unit(self, node):
        """Nodes from held values to `node`, in order, and those values; None where floats come in."""
        nodes, held, seen = [], [], set()

        def walk(name):
            if not name or name in self.weights or name in seen:
                return True
            seen.add(name)
            if self.is_held(name):
                held.append(name)
                return True
            if name not in self.maker:
                return False
            maker = self.maker[name]
            if not all([walk(i) for i in maker.input]):
                return False
            nodes.append(maker)
            return True

        if not all([walk(i) for i in node.input]):
            return None
        return nodes + [node], held

    def units(self):
        outputs = {o.name for o in self.graph.output}
        for node in self.graph.node:
            is_last = any(o in outputs for o in node.output) and node.op_type != "DequantizeLinear"
            if (node.op_type == "QuantizeLinear" or is_last) and not self.is_constant(node.output[0]):
                unit = self.unit(node)
                if unit and unit[1]:
                    yield unit


def run(proto, names, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, feeds)))


def exposed(model, names):
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    have = {o.name for o in proto.graph.output}
    for name in dict.fromkeys(names):
        if name not in have:
            proto.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return proto


def output_of(model, nodes):
    """The float value behind a unit's last node, and the DequantizeLinear that gives it."""
    last = nodes[-1]
    if last.op_type != "QuantizeLinear":
        return last.output[0], None
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] == last.output[0]:
            return node.output[0], node
    return None, None


def standalone(model, nodes, held, values, output, dequantize):
    """A model of one unit: the held values, side by side in one input, are cut apart and quantised."""
    body, weights, at = [], dict(model.weights), 0
    for k, name in enumerate(held):
        maker = model.maker[name]
        width = values[name].shape[1]
        cut = "x"
        if len(held) > 1:
            cut = f"x_{k}"
            for part, number in (("from", at), ("to", at + width), ("axis", 1)):
                weights[f"{cut}_{part}"] = numpy_helper.from_array(np.array([number], np.int64),
                                                                   f"{cut}_{part}")
            body.append(helper.make_node("Slice", ["x", f"{cut}_from", f"{cut}_to", f"{cut}_axis"],
                                         [cut]))
        at += width
        body.append(helper.make_node("QuantizeLinear", [cut] + list(maker.input[1:]), [name + "_q"]))
        body.append(helper.make_node("DequantizeLinear", [name + "_q"] + list(maker.input[1:]), [name]))
    body += list(nodes) + ([dequantize] if dequantize else [])
    made = {name for node in body for name in node.output}
    used = {name for node in body for name in node.input}
    constant = []
    for node in model.graph.node:  # Dequantised weights, in order
        if model.is_constant(node.output[0]) and not made & set(node.output):
            constant.append(node)
            used |= set(node.input)
    shape = [None, at] + list(values[held[0]].shape[2:])
    graph = helper.make_graph(
        constant + body, "unit", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] + list(values[output].shape[1:]))],
        [t for name, t in weights.items() if name in used])
    return helper.make_model(graph, opset_imports=model.proto.opset_import,
                             ir_version=model.proto.ir_version)


def ecai_runs(ecai, work, path, x):
    np.save(os.path.join(work, "x.npy"), x)
    done = subprocess.run([ecai, "-q", "eval", path, "--data", f"npy:{work}/x.npy", "--preprocess",
                           "none", "--save-outputs", f"{work}/y.npz", "--json", f"{work}/y.json"],
                          capture_output=True, text=True)
    if done.returncode not in (0, 3):
        raise RuntimeError(done.stderr.strip())
    with np.load(f"{work}/y.npz") as saved:
        return saved["outputs"]


def compare_unit(ecai, work, model, unit, values, name):
    nodes, held = unit
    output, dequantize = output_of(model, nodes)
    if output is None:
        return
    kinds = [n.op_type for n in nodes if n.op_type != "QuantizeLinear" and not model.is_constant(n.output[0])]
    path = os.path.join(work, "unit.onnx")
    onnx.save(standalone(model, nodes, held, values, output, dequantize), path)
    x = np.concatenate([values[h] for h in held], axis=1)
    got = ecai_runs(ecai, work, path, x).reshape(values[output].shape)
    text = f"{name}: {nodes[-1].output[0]} ({', '.join(kinds)}): "
    if dequantize is None:
        off = float(np.max(np.abs(got - values[output])) / (1e-9 + np.max(np.abs(got))))
        return say(off <= 1e-6, text + f"floats differ by {off:.1e} of the largest")
    scale = numpy_helper.to_array(model.weights[dequantize.input[1]]).reshape(())
    steps = np.abs(np.rint((got.astype(np.float64) - values[output]) / scale))
    bound = 0 if EXACT & set(kinds) and "Add" not in kinds else 1
    say(steps.max() <= bound,
        text + f"{np.count_nonzero(steps)} of {steps.size} differ, by {int(steps.max())} at most")


def compare(ecai, work, path):
    name, model = os.path.basename(path), Model(path)
    random, units = np.random.default_rng(1), list(model.units())
    batch, *shape = [d.dim_value for d in model.inputs[0].type.tensor_type.shape.dim]
    x = random.standard_normal([batch or SAMPLES] + shape).astype(np.float32)
    names = [h for _, held in units for h in held]
    names += [output_of(model, nodes)[0] for nodes, _ in units if output_of(model, nodes)[0]]
    names = list(dict.fromkeys(names))
    values = run(exposed(model, names), names, {model.inputs[0].name: x})
    for unit in units:
        compare_unit(ecai, work, model, unit, values, name)
    if batch:
        return
    count = TOP1_SAMPLES if np.prod(shape) < 10000 else 200
    x = random.standard_normal([count] + shape).astype(np.float32)
    last = model.graph.output[0].name
    want = run(model.proto, [last], {model.inputs[0].name: x})[last].reshape(count, -1)
    got = ecai_runs(ecai, work, path, x).reshape(count, -1)
    flips = int(np.count_nonzero(want.argmax(1) != got.argmax(1)))
    spread = np.abs(want).max(1)
    near = int(np.count_nonzero(np.abs(want - got).max(1) <= 1e-6 * spread))
    say(flips <= MOST_FLIPS * count,
        f"{name}: {flips} of {count} have another largest output, {near} are the same but for 1e-6")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    with open("/proc/cpuinfo") as text:
        if "_vnni" not in text.read():
            print("interop_int8: skipped: no VNNI")
            return
    os.makedirs(sys.argv[2], exist_ok=True)
    for path in sys.argv[3:]:
        compare(sys.argv[1], sys.argv[2], path)
    print(f"{len(failures)} failures" if failures else "all good")
    sys.exit(1 if failures else 0)


main()
