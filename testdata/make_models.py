#!/usr/bin/env python3
"""Makes testdata/models: small ONNX files that use what the reader has to know, and what ONNX
Runtime answers for them (NAME.npz: inputs by name, outputs as out:NAME).

Usage: make_models.py [FOLDER]     needs numpy, onnx (1.12 or later), onnxruntime
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "models")
IR_OF_OPSET = {1: 3, 2: 3, 4: 3, 5: 3, 6: 3, 7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8,
               19: 9, 20: 9, 21: 10}


def numbers(*shape, seed=1, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


class Model:
    """Collects nodes, weights, inputs and outputs; `opset` picks the spelling."""

    def __init__(self, name, opset, domains=()):
        self.name, self.opset, self.domains = name, opset, domains
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.functions, self.feeds, self.value_info = [], {}, []

    def input(self, name, value, shape=None):
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape or value.shape))
        self.feeds[name] = value
        return name

    def weight(self, name, value):
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, outputs, **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        name = attributes.pop("name", "n_" + outputs[0])
        self.nodes.append(helper.make_node(op, inputs, outputs, name=name, **attributes))
        return outputs[0]

    def output(self, name, kind=TensorProto.FLOAT, shape=None):
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    # An attribute before opset `since`, an input after.
    def moved(self, op, inputs, output, since, **values):
        if self.opset < since:
            return self.node(op, inputs, output, **values)
        inputs = list(inputs)
        for key, value in values.items():
            array = np.asarray(value, np.float32 if isinstance(value, float) else np.int64)
            inputs.append(self.weight(f"{output}_{key}", array))
        return self.node(op, inputs, output)

    def build(self):
        inputs = list(self.inputs)
        ir = IR_OF_OPSET[self.opset]
        if ir < 4:  # initializers are listed as inputs too
            inputs += [helper.make_tensor_value_info(w.name, w.data_type, w.dims)
                       for w in self.weights]
        graph = helper.make_graph(self.nodes, self.name, inputs, self.outputs, self.weights,
                                  doc_string="a test graph", value_info=self.value_info)
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(d, 1) for d in self.domains]
        model = helper.make_model(graph, opset_imports=opsets, functions=self.functions,
                                  producer_name="make_models")
        model.ir_version = max(ir, 8) if self.functions else ir
        if not all(o.type.tensor_type.HasField("shape") for o in model.graph.output):
            inferred = onnx.shape_inference.infer_shapes(model).graph.output
            for mine, theirs in zip(model.graph.output, inferred):
                if not mine.type.tensor_type.HasField("shape"):
                    mine.CopyFrom(theirs)
        helper.set_model_props(model, {"origin": "testdata/make_models.py", "empty": ""})
        return model

    def save(self, check=True, run=True, **options):
        model = self.build()
        path = os.path.join(FOLDER, self.name + ".onnx")
        onnx.save(model, path, **options)
        if check:
            onnx.checker.check_model(path)
        if run:
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            names = [o.name for o in session.get_outputs()]
            arrays = dict(self.feeds)
            arrays.update({"out:" + n: v
                           for n, v in zip(names, session.run(names, self.feeds))})
            np.savez(os.path.join(FOLDER, self.name + ".npz"), **arrays)


def spelling(opset):
    """Every operator whose spelling changed between opset 7 and 20."""
    m = Model(f"opset_{opset:02}", opset)
    x = m.input("x", numbers(2, 4, 5, 6), ["batch", 4, 5, 6])
    w = m.weight("w", numbers(4, 2, 3, 3, seed=2) * 0.3)
    bn = [m.weight(f"bn_{k}", v) for k, v in zip(
        "sbmv", (numbers(4, seed=3), numbers(4, seed=4), numbers(4, seed=5),
                 np.abs(numbers(4, seed=6)) + 0.5))]
    conv = m.node("Conv", [x, w], "conv", group=2, pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    norm = m.node("BatchNormalization", [conv] + bn, "norm", epsilon=1e-3)
    drop = m.moved("Dropout", [norm], "drop", 12, ratio=0.25)
    clip = m.moved("Clip", [drop], "clip", 11, min=-1.5, max=1.25)
    if opset < 11:
        pad = m.node("Pad", [clip], "pad", mode="constant", value=0.5,
                     pads=[0, 0, 1, 0, 0, 0, 0, 2])
    else:
        pad = m.moved("Pad", [clip], "pad", 11, pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5)
    cut = m.moved("Slice", [pad], "cut", 10, starts=[1, 0], ends=[5, 100], axes=[2, 3])
    if opset < 13:
        m.node("Split", [cut], ["part_a", "part_b"], axis=1, split=[1, 3])
    else:
        m.node("Split", [cut, m.weight("parts", np.array([1, 3]))], ["part_a", "part_b"], axis=1)
    narrow = m.moved("Squeeze", ["part_a"], "narrow", 13, axes=[1])
    wide = m.moved("Unsqueeze", [narrow], "wide", 13, axes=[1, 4])
    flat = m.moved("Squeeze", [wide], "flat", 13, axes=[4])
    both = m.node("Concat", [flat, "part_b"], "both", axis=1)
    total = m.moved("ReduceSum", [both], "total", 13, axes=[3])
    mean = m.moved("ReduceMean", [both], "mean", 18, axes=[2, 3])
    joined = m.node("Add", [total, mean], "joined")
    pooled = m.node("MaxPool", [joined], "pooled", kernel_shape=[2, 1], strides=[2, 1])
    lines = m.node("Flatten", [pooled], "lines", axis=1)
    soft = m.node("Softmax", [lines], "soft", axis=1)
    logs = m.node("LogSoftmax", [lines], "logs", **({} if opset < 13 else {"axis": 1}))
    scale = m.node("Constant", [], "two", value=numpy_helper.from_array(np.float32(2), "two"))
    out = m.node("Mul", [soft, scale], "scaled")
    m.output(m.node("Sub", [out, logs], "y"), shape=["batch", 8])
    if opset >= 14:
        m.output(m.node("HardSwish", [lines], "swish"))
    if opset >= 17:
        m.output(m.node("LayerNormalization", [lines, m.weight("ln", numbers(8, seed=7))],
                        "layered", axis=-1))
    if opset >= 18:
        m.node("Split", [lines], ["left", "right", "last"], axis=1, num_outputs=3)
        m.output("left")
        m.output("last")
    if opset >= 20:
        m.output(m.node("Gelu", [lines], "gelu", approximate="tanh"))
    m.save()


def legacy(opset):
    """What opsets 1 to 6 spelt otherwise; ONNX Runtime answers for the same network in opset 13."""
    m, today = Model(f"opset_{opset:02}", opset), Model(f"opset_{opset:02}", 13)
    old = {"consumed_inputs": [0, 0]} if opset < 6 else {}

    def node(op, inputs, output, now=None, now_inputs=None, now_op=None, **attributes):
        m.node(op, inputs, output, **attributes)
        return today.node(now_op or op, now_inputs or inputs, output,
                          **(attributes if now is None else now))

    def weight(name, value, now=None):
        m.weight(name, value)
        return today.weight(name, value if now is None else now)

    def ints(name, *numbers):
        return today.weight(name, np.array(numbers, np.int64))

    x = m.input("x", numbers(2, 4, 5, 6))
    today.input("x", m.feeds["x"])
    bias = numbers(4, seed=3)
    node("Add", [x, weight("bias", bias, bias.reshape(4, 1, 1))], "added", now={}, broadcast=1,
         axis=1, **old)
    bn = [weight(f"bn_{k}", v) for k, v in zip(
        "sbmv", (numbers(4, seed=4), numbers(4, seed=5), numbers(4, seed=6),
                 np.abs(numbers(4, seed=7)) + 0.5))]
    node("BatchNormalization", ["added"] + bn, "norm", now={"epsilon": 1e-3}, epsilon=1e-3,
         is_test=1, spatial=1, **({"consumed_inputs": [0, 0, 0, 1, 1]} if opset < 6 else {}))
    node("Dropout", ["norm"], "drop", now={}, is_test=1, ratio=0.5, **old)
    slope = numbers(4, seed=8)
    node("PRelu", ["drop", weight("slope", slope, slope.reshape(4, 1, 1))], "bent", now={}, **old)
    node("Pad", ["bent"], "padded", now={}, now_inputs=["bent", ints("pads", 0, 0, 1, 0, 0, 0, 0, 2)],
         **{"paddings" if opset < 2 else "pads": [0, 0, 1, 0, 0, 0, 0, 2]})
    node("GlobalAveragePool", ["padded"], "pooled")
    node("Squeeze", ["pooled"], "gains", now={}, now_inputs=["pooled", ints("spatial", 2, 3)],
         axes=[2, 3])
    today.node("Unsqueeze", ["gains", "spatial"], "gains_wide")
    node("Mul", ["padded", "gains"], "gained", now={}, now_inputs=["padded", "gains_wide"],
         broadcast=1, axis=0, **old)
    third = np.array([1.5], np.float32)
    node("Greater", ["gained", weight("third", third)], "is_large", now={}, broadcast=1)
    node("Cast", ["is_large"], "large", now={"to": 1}, to="FLOAT" if opset < 6 else 1)
    node("Concat", ["gained", "large"], "both", now={"axis": 1}, **({} if opset < 4 else {"axis": 1}))
    if opset < 5:
        m.node("Reshape", ["both"], "lines", shape=[2, 0, -1], **old)
    else:
        m.node("Reshape", ["both", m.weight("shape", np.array([2, 0, -1]))], "lines")
    today.node("Reshape", ["both", ints("shape", 2, 0, -1)], "lines")
    if opset < 6:
        m.weight("tiles", np.array([2], np.float32))
        m.weight("along", np.array([1], np.float32))
        m.node("Tile", ["lines", "tiles", "along"], "tiled")
    else:
        m.node("Tile", ["lines", m.weight("repeats", np.array([1, 2, 1]))], "tiled")
    today.node("Tile", ["lines", ints("repeats", 1, 2, 1)], "tiled")
    m.node("Softmax", ["tiled"], "soft")
    flat = today.node("Flatten", ["tiled"], "tiled_flat", axis=1)
    today.node("Softmax", [flat], "soft_flat", axis=1)
    today.node("Reshape", ["soft_flat", ints("soft_shape", 2, 16, -1)], "soft")
    node("ReduceSum", ["tiled"], "sums", now={"keepdims": 0},
         now_inputs=["tiled", ints("last", 2)], axes=[2], keepdims=0)
    node("Gemm", ["sums", weight("w", numbers(16, 3, seed=9)), weight("b", numbers(3, seed=10))],
         "y", now={}, broadcast=1)
    for model in (m, today):
        model.output("soft", shape=[2, 16, 48])
        model.output("y", shape=[2, 3])
    today.save()
    m.save(check=False, run=False)


def resized(opset):
    """Upsample, and Resize as it was at first; Scatter before it was called ScatterElements."""
    m = Model(f"resized_{opset:02}", opset)
    x = m.input("x", numbers(1, 2, 3, 4))
    factors = {"wide": [1.0, 1, 2, 1.5], "small": [1.0, 1, 0.5, 0.5], "tall": [1.0, 1, 3, 1]}
    for name, scales in factors.items():
        op = "Upsample" if opset < 10 else "Resize"
        if opset < 10 and min(scales) < 1:
            continue  # Upsample made nothing smaller
        for mode in ("nearest", "linear"):
            if opset < 9:
                m.node(op, [x], f"{name}_{mode}", mode=mode, scales=[float(s) for s in scales])
            else:
                weight = m.weight(f"{name}_{mode}_scales", np.array(scales, np.float32))
                m.node(op, [x, weight], f"{name}_{mode}", mode=mode)
            m.output(f"{name}_{mode}", shape=[int(d * s) for d, s in zip((1, 2, 3, 4), scales)])
    if 9 <= opset < 11:
        rows = m.weight("rows", np.array([[[[1, 0, 2, 1]]]]))
        m.output(m.node("Scatter", [x, rows, m.weight("new", numbers(1, 1, 1, 4, seed=3))],
                        "scattered", axis=2), shape=[1, 2, 3, 4])
    m.save()


def sampled(opset):
    """RoiAlign before it had a choice of coordinates, GridSample before its modes were renamed."""
    m = Model(f"sampled_{opset:02}", opset)
    x = m.input("x", numbers(1, 2, 4, 5))
    if opset < 16:
        rois = m.weight("rois", np.array([[0.5, 0.25, 3.5, 3], [1, 0, 4, 2]], np.float32))
        m.output(m.node("RoiAlign", [x, rois, m.weight("of", np.array([0, 0]))], "aligned",
                        output_height=2, output_width=2), shape=[2, 2, 2, 2])
    else:
        grid = m.weight("grid", numbers(1, 3, 2, 2, seed=5))
        for mode in ("bilinear", "bicubic", "nearest"):
            m.output(m.node("GridSample", [x, grid], mode, mode=mode), shape=[1, 2, 3, 2])
    m.save()


def groups():
    """GroupNormalization of opset 18: scale and bias for each group, not for each channel."""
    m = Model("groups_18", 18)
    x = m.input("x", numbers(2, 6, 3))
    scale, bias = m.weight("scale", numbers(2, seed=2)), m.weight("bias", numbers(2, seed=3))
    m.output(m.node("GroupNormalization", [x, scale, bias], "y", num_groups=2), shape=[2, 6, 3])
    m.save(check=False)  # the checker calls it deprecated


def old_softmax():
    """Before opset 13 Softmax ran over all axes from `axis` on."""
    m = Model("softmax_11", 11)
    x = m.input("x", numbers(2, 3, 4), ["n", 3, 4])
    m.output(m.node("Softmax", [x], "all", axis=1), shape=["n", 3, 4])
    m.output(m.node("Softmax", [x], "last", axis=2), shape=["n", 3, 4])
    m.output(m.node("LogSoftmax", [x], "every", axis=0), shape=["n", 3, 4])
    m.save()


def functions():
    """Model-local functions, one inside the other, with attributes that they pass on."""
    m = Model("functions", 18, ["local"])
    ref = helper.make_node("LeakyRelu", ["sum"], ["out"])
    attribute = helper.make_attribute("alpha", 1.0)
    attribute.ClearField("f")
    attribute.ref_attr_name = "slope"
    ref.attribute.append(attribute)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["product"]),
             helper.make_node("Add", ["product", "b"], ["sum"]), ref]
    dense = helper.make_function("local", "Dense", ["x", "w", "b"], ["out"], nodes,
                                 [helper.make_opsetid("", 18)], ["slope"])
    call = helper.make_node("Dense", ["h", "w", "b"], ["once"], domain="local", slope=0.5)
    inner = helper.make_node("Dense", ["once", "w", "b"], ["twice"], domain="local")
    passed = helper.make_attribute("slope", 1.0)
    passed.ClearField("f")
    passed.ref_attr_name = "steep"
    inner.attribute.append(passed)
    half = helper.make_node("Constant", [], ["half"], value_float=0.5)
    last = helper.make_node("Mul", ["twice", "half"], ["y"])
    twice = helper.make_function(
        "local", "Twice", ["h", "w", "b"], ["y", "once"], [call, inner, half, last],
        [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)], ["steep"])
    m.functions = [dense, twice]
    x = m.input("x", numbers(2, 3), ["n", 3])
    w, b = m.weight("w", numbers(3, 3, seed=2)), m.weight("b", numbers(3, seed=3))
    m.node("Twice", [x, w, b], ["a", "same"], domain="local", steep=0.25)
    m.node("Twice", ["a", w, b], ["c", "unused"], domain="local", steep=0.125, name="")
    m.output(m.node("Add", ["c", "same"], "y"), shape=["n", 3])
    m.save()


def external():
    """Weights in a file beside the model."""
    m = Model("external", 13)
    x = m.input("x", numbers(1, 40))
    w, b = m.weight("w", numbers(40, 20, seed=2)), m.weight("b", numbers(20, seed=3))
    m.output(m.node("Gemm", [x, w, b], "y"))
    path = os.path.join(FOLDER, "external.onnx.data")
    if os.path.exists(path):
        os.remove(path)
    m.save(save_as_external_data=True, location="external.onnx.data", size_threshold=100)


def typed():
    """All types, in typed fields and as raw data; every weight is an output."""
    m = Model("typed", 21)
    kinds = [TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16,
             TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16,
             TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64,
             TensorProto.UINT64, TensorProto.INT4, TensorProto.UINT4]
    for kind in kinds:
        label = TensorProto.DataType.Name(kind).lower()
        unsigned = label.startswith(("u", "bool"))
        values = [0, 1, 1, 0] if label == "bool" else [3, 2, 7, 5] if unsigned else [-3, 2, 7, -5]
        m.weights.append(helper.make_tensor("typed_" + label, kind, [2, 2], values))
        raw = helper.make_tensor("raw_" + label, kind, [2, 2], values)
        array = numpy_helper.to_array(raw)
        m.weights.append(numpy_helper.from_array(array, "raw_" + label))
        for prefix in ("typed_", "raw_"):
            name = prefix + label
            m.output(m.node("Identity", [name], "out_" + name), kind, [2, 2])
    m.save(run=False)


def branches():
    """If, with branches that read values and weights from outside."""
    m = Model("branches", 13)
    x = m.input("x", numbers(2, 3), ["n", 3])
    flag = m.input("flag", np.array(True), [])
    w = m.weight("w", numbers(3, 3, seed=2))
    m.weight("unseen", numbers(3, seed=3))
    h = m.node("MatMul", [x, w], "h")

    def body(name, nodes):
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3])
        return helper.make_graph(nodes, name, [], [info])

    deep = helper.make_node("If", ["flag"], ["deep"], then_branch=body(
        "deep_then", [helper.make_node("Add", ["local", "unseen"], ["deep_then"])]),
        else_branch=body("deep_else", [helper.make_node("Identity", ["local"], ["deep_else"])]))
    then = body("then_out", [helper.make_node("Mul", ["h", "h"], ["local"]), deep,
                             helper.make_node("Relu", ["deep"], ["then_out"])])
    other = body("else_out", [helper.make_node("Sub", ["h", "x"], ["else_out"])])
    m.node("If", [flag], "chosen", then_branch=then, else_branch=other)
    m.output(m.node("Add", ["chosen", h], "y"), shape=["n", 3])
    m.save()


def foreign():
    """Another's domain, with attributes that nobody here knows."""
    m = Model("foreign", 13, ["com.acme"])
    x = m.input("x", numbers(1, 4))
    m.node("Blur", [x, "", x], ["blurred", "", "extra"], domain="com.acme", radius=3,
           weights=[0.25, 0.5], label="soft", names=["a", "b"],
           kernel=numpy_helper.from_array(numbers(2, 2), "k"))
    m.output(m.node("Relu", ["blurred"], "y"), shape=[1, 4])
    m.nodes[0].doc_string = "blurs"
    m.save(check=False, run=False)


def sparse():
    """Sparse initializers and a sparse constant, with both forms of indices."""
    def pack(name, numbers, indices, dims):
        return helper.make_sparse_tensor(
            numpy_helper.from_array(np.array(numbers, np.float32), name),
            numpy_helper.from_array(np.array(indices, np.int64), name + "_at"), dims)

    m = Model("sparse", 13)
    x = m.input("x", numbers(2, 3))
    m.node("Constant", [], "bias", sparse_value=pack("c", [0.5, -1], [0, 3], [4]))
    m.node("MatMul", [x, "w"], "product")
    m.node("Add", ["product", "bias"], "sum")
    m.output(m.node("Mul", ["sum", "v"], "y"), shape=[2, 4])
    extra = [pack("w", [1, 2, 3, -4], [0, 5, 6, 11], [3, 4]),
             pack("v", [2, 3, 5], [[0, 0], [0, 3], [1, 2]], [2, 4])]
    build = m.build

    def with_sparse():
        model = build()
        model.graph.sparse_initializer.extend(extra)
        return model

    m.build = with_sparse
    m.save()


def classes():
    """How sklearn-onnx looks up the class of each sample, and columns of a table."""
    m = Model("classes", 13, ["ai.onnx.ml"])
    x = m.input("x", numbers(3, 4))
    m.node("ArgMax", [x], "best", axis=1)
    m.weight("names", np.array([40, 10, 30, 20], np.int64))
    m.node("ArrayFeatureExtractor", ["names", "best"], "row", domain="ai.onnx.ml")
    m.output(m.node("Reshape", ["row", m.weight("flat", np.array([-1]))], "label"),
             TensorProto.INT64, [3])
    columns = m.weight("columns", np.array([[2, 0]]))
    m.output(m.node("ArrayFeatureExtractor", [x, columns], "y", domain="ai.onnx.ml"), shape=[3, 2])
    m.save()


def quantized():
    """A foreign QDQ file: integers that must come out as they went in."""
    m = Model("qdq", 13)
    r = np.random.default_rng(5)
    x = m.input("x", numbers(1, 3, 6, 6))
    s, z = m.weight("x_scale", np.float32(0.02)), m.weight("x_zero", np.int8(3))
    m.node("QuantizeLinear", [x, s, z], "xq")
    m.node("DequantizeLinear", ["xq", s, z], "xd")
    w = m.weight("w", r.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8))
    ws = m.weight("w_scale", (np.abs(numbers(4, seed=6)) * 0.01).astype(np.float32))
    wz = m.weight("w_zero", np.zeros(4, np.int8))
    m.node("DequantizeLinear", [w, ws, wz], "wd", axis=0)
    b = m.weight("b", r.integers(-1000, 1000, 4).astype(np.int32))
    bs = m.weight("b_scale", numpy_helper.to_array(m.weights[3]) * np.float32(0.02))
    m.node("DequantizeLinear", [b, bs], "bd", axis=0)
    m.node("Conv", ["xd", "wd", "bd"], "c")
    ys, yz = m.weight("y_scale", np.float32(0.05)), m.weight("y_zero", np.uint8(128))
    m.node("QuantizeLinear", ["c", ys, yz], "yq")
    m.output(m.node("DequantizeLinear", ["yq", ys, yz], "y"), shape=[1, 4, 4, 4])
    m.save()


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for opset in (1, 2, 4, 5, 6):
        legacy(opset)
    for opset in (7, 8, 9, 10, 11, 12, 13, 15, 17, 18, 20):
        spelling(opset)
    for opset in (7, 9, 10):
        resized(opset)
    for opset in (11, 16):
        sampled(opset)
    for make in (groups, old_softmax, functions, external, typed, branches, foreign, quantized,
                 sparse, classes):
        make()


main()
