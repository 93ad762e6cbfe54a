#!/usr/bin/env python3
"""Writes testdata/ops/cases.txt: every row of op_rows.py with inputs and what ONNX Runtime answers.

Run from the repository's root with a Python that has onnx and onnxruntime:
    python tests/support/make_op_cases.py
The format is read by tests/support/op_case.c; a tensor is f32[2,3]{1,2,3,4,5,6}.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import op_rows  # noqa: E402
import op_rows_index  # noqa: E402,F401 (adds rows)
import op_rows_math  # noqa: E402,F401
import op_rows_opsets  # noqa: E402,F401
import op_rows_moves  # noqa: E402,F401
import op_rows_nn  # noqa: E402,F401

NAMES = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "bool": np.bool_, "i8": np.int8,
    "u8": np.uint8, "i16": np.int16, "u16": np.uint16, "i32": np.int32, "u32": np.uint32,
    "i64": np.int64, "u64": np.uint64,
}
TEXT = {np.dtype(v): k for k, v in NAMES.items()}


def number(value):
    if isinstance(value, (np.bool_, np.integer)):
        return str(int(value))
    if not np.isfinite(value):
        return str(value).replace("+", "")
    value = float(value) if value.dtype == np.float16 else value
    return np.format_float_scientific(value, trim="-", exp_digits=1).replace("e+0", "") \
        if abs(value) >= 1e6 or (value != 0 and abs(value) < 1e-4) \
        else np.format_float_positional(value, trim="-")


def tensor_text(array):
    array = np.asarray(array)
    dims = ",".join(str(d) for d in array.shape)
    return f"{TEXT[array.dtype]}[{dims}]{{{','.join(number(v) for v in array.reshape(-1))}}}"


def grid(shape, low, high, seed, shift):
    """Distinct numbers in random order, never 0: no ties and no kinks for finite differences."""
    count = int(np.prod(shape)) if shape else 1
    step = 2.0 ** np.floor(np.log2(4.0 / max(count, 1)))
    order = np.random.RandomState(seed).permutation(count)
    values = (order - count / 2 + 0.5) * step + shift * step / 8
    if low is not None:
        values = low + (order + 0.5 + shift / 8) / (count + 1) * (high - low)
        values = np.round(values * 4096) / 4096
    return values.reshape(shape)


def make_input(spec, seed, shift):
    if spec is None:
        return None
    dtype, shape, low, high, values = spec
    if values is not None:
        return np.array(values, dtype=NAMES[dtype]).reshape(shape)
    if dtype.startswith("f"):
        return grid(shape, low, high, seed, shift).astype(NAMES[dtype])
    random = np.random.RandomState(seed)
    low, high = (0, 2) if dtype == "bool" else (-100 if dtype[0] == "i" else 0, 100) \
        if low is None else (low, high)
    return random.randint(low, high, size=shape).astype(NAMES[dtype])


def parse_tensor(text):
    dtype, rest = text.split("[", 1)
    dims, values = rest.rstrip("}").split("]{")
    shape = [int(d) for d in dims.split(",") if d]
    return np.array([float(v) for v in values.split(",") if v]).astype(NAMES[dtype]).reshape(shape)


def make_attributes(op, text, opset):
    kinds = {a.name: a.type for a in onnx.defs.get_schema(op, opset).attributes.values()}
    types = onnx.defs.OpSchema.AttrType
    parse = {
        types.INT: int, types.FLOAT: float, types.STRING: str,
        types.INTS: lambda t: [int(v) for v in t.split(",")],
        types.FLOATS: lambda t: [float(v) for v in t.split(",")],
        types.STRINGS: lambda t: [t],
        types.TENSOR: lambda t: numpy_helper.from_array(parse_tensor(t)),
    }
    found = {}
    for item in text.split():
        name, value = item.split("=", 1)
        parsed = parse[kinds[name]](value)  # strings are repeated, not listed
        found[name] = found.get(name, []) + parsed if kinds[name] == types.STRINGS else parsed
    return found


def run(row, inputs):
    """Outputs of a model of one node in ONNX Runtime."""
    names = ["" if x is None else f"i{k}" for k, x in enumerate(inputs)]
    outputs = [f"o{k}" if wanted else "" for k, wanted in enumerate(row.outputs)]
    node = helper.make_node(row.op, names, outputs,
                            **make_attributes(row.op, row.attributes, row.opset))
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for n, x in zip(names, inputs) if n]
    out_infos = [helper.make_empty_tensor_value_info(n) for n in outputs if n]
    model = helper.make_model(helper.make_graph([node], "g", infos, out_infos),
                              opset_imports=[helper.make_opsetid("", row.opset)],
                              ir_version=9 if row.opset < 21 else 11)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options,
                                   providers=["CPUExecutionProvider"])
    got = session.run(None, {n: x for n, x in zip(names, inputs) if n})
    results = iter(got)
    return [next(results) if wanted else None for wanted in row.outputs]


def write_case(out, row, seed):
    inputs = [make_input(spec, seed * 16 + k, k) for k, spec in enumerate(row.inputs)]
    expected = row.expect(*inputs) if row.expect else run(row, inputs)
    out.write(f"case {row.op} {row.attributes}".rstrip() + "\n")
    if row.training:
        out.write("training\n")
    if row.fixed:
        out.write("fixed " + ",".join(str(k) for k in row.fixed) + "\n")
    for array in inputs:
        out.write("in " + ("-" if array is None else tensor_text(array)) + "\n")
    for array in expected:
        out.write("out " + ("-" if array is None else tensor_text(array)) + "\n")
    out.write("\n")


def main():
    failed = 0
    os.makedirs("testdata/ops", exist_ok=True)
    with open("testdata/ops/cases.txt", "w", encoding="ascii") as out:
        for seed, row in enumerate(op_rows.ROWS):
            try:
                write_case(out, row, seed)
            except Exception as error:  # all bad rows at once
                print(f"{row.op} {row.attributes}: {error}", file=sys.stderr)
                failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
