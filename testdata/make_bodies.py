#!/usr/bin/env python3
"""Makes the models of testdata/models that have bodies (If, Loop, Scan), and what ONNX Runtime
answers for them (NAME.npz: inputs by name, outputs as out:NAME).

Usage: make_bodies.py [FOLDER]     needs numpy, onnx, onnxruntime
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "models")
X = np.random.default_rng(1).standard_normal((2, 3)).astype(np.float32)

# A trip count, a condition, a state that grows, outputs that are stacked, outer values and weights.
LOOP = """
<ir_version: 7, opset_import: ["": 13]>
loop (float[n,3] x, int64 m, bool go) => (float[a,3] grown, float[b,n,3] steps, int64[c] rounds)
<float[1,3] w = {1, 2, 3}, float limit = {40}>
{
  twice = Add (x, x)
  grown, sum, steps, rounds = Loop (m, go, w, w) <body = round
    (int64 i, bool on, float[a,3] list, float[1,3] sum_in)
      => (bool more, float[b,3] list_out, float[1,3] sum_out, float[n,3] step, int64 i_out)
    {
      list_out = Concat <axis = 0> (list, w)
      row = ReduceSum <keepdims = 1> (twice)
      abs = Abs (row)
      one = Constant <value = float[1,1] {1}> ()
      grow = Add (abs, one)
      sum_out = Add (sum_in, grow)
      top = ReduceMax <keepdims = 0> (sum_out)
      more = Less (top, limit)
      step = Mul (twice, sum_out)
      i_out = Identity (i)
    }>
}
"""

# Axes, both directions, a state, and an output that is an input of the body.
SCAN = """
<ir_version: 7, opset_import: ["": 13]>
scan (float[2,3] x) => (float[2] state, float[3,2] down, float[2,3] across)
<float[2] zero = {0, 0}, float[3,1] scale = {1, 2, 3}>
{
  state, down, across = Scan <num_scan_inputs = 2, scan_input_axes = [1, 0],
      scan_input_directions = [1, 0], scan_output_axes = [0, -1],
      scan_output_directions = [0, 1], body = round
    (float[2] h, float[2] column, float[1] s) => (float[2] h_out, float[2] sum, float[2] column_out)
    {
      scaled = Mul (column, s)
      h_out = Add (h, scaled)
      sum = Identity (h_out)
      column_out = Identity (column)
    }> (zero, x, scale)
}
"""

# Bodies in bodies: a name captured through two of them, a name that siblings share, spellings of
# opset 11 inside, a function called inside, initializers and constants inside.
NESTED = """
<ir_version: 8, opset_import: ["": 11, "local": 1]>
nested (float[2,3] x, bool flag, int64 m) => (float[2,3] y)
<float[3] w = {0.5, -1, 2}, bool true = {1}>
{
  last = Loop (m, true, x) <body = outer
    (int64 i, bool on, float[r,3] v) => (bool on_out, float[r,3] v_out)
    <float[3] inside = {1, 1, 0.5}>
    {
      on_out = Identity (on)
      v_out = If (flag) <
        then_branch = yes () => (float[r,3] out)
        {
          t = Mul (v, w)
          column = Unsqueeze <axes = [0]> (t)
          soft = Softmax <axis = 1> (column)
          flat = Squeeze <axes = [0]> (soft)
          low = Constant <value = float {0.1}> ()
          out = Clip (flat, low)
        },
        else_branch = no () => (float[r,3] out2)
        {
          t = local.shift (v, inside)
          out2 = ReduceMax <axes = [0], keepdims = 1> (t)
          unused = Identity (x)
        }>
    }>
  y = Add (last, x)
}
<domain: "local", opset_import: ["": 11]>
shift (a, b) => (c)
{
  half = Constant <value = float {0.5}> ()
  d = Mul (b, half)
  c = Add (a, d)
}
"""

# Scan as it was in opset 8: over a batch.
SCAN8 = """
<ir_version: 3, opset_import: ["": 8]>
scan8 (float[2,3] h, float[2,4,3] x, float[2,4] s) => (float[2,3] last, float[2,4,3] all)
{
  last, all = Scan <num_scan_inputs = 2, directions = [1, 0], body = round
    (float[3] h_in, float[3] row, float scale) => (float[3] h_out, float[3] out)
    {
      scaled = Mul (row, scale)
      h_out = Add (h_in, scaled)
      out = Softmax <axis = 0> (h_out)
    }> ("", h, x, s)
}
"""

# Branches that follow from shapes and from a number that the user may fix; the taken one gives
# an outer value, a weight and a value of its own.
CHOICE = """
<ir_version: 7, opset_import: ["": 13]>
choice (float[n,3] x, int64 rate) => (float[n,3] y, float[3] z, float[n,3] u)
<int64 fast = {16000}, float[3] w = {1, 2, 3}, float[3] two = {2, 2, 2}, int64[1] one = {1}>
{
  h = Mul (x, w)
  is_fast = Equal (rate, fast)
  y, z, u = If (is_fast) <
    then_branch = quick () => (float[n,3] y1, float[3] z1, float[n,3] u1)
    <float[3] inner = {4, 5, 6}>
    {
      shape = Shape (x)
      width = Gather <axis = 0> (shape, one)
      three = Constant <value = int64[1] {3}> ()
      is_three = Equal (width, three)
      flat = Squeeze (is_three)
      y1 = If (flat) <
        then_branch = deep () => (float[n,3] y2) { q = Add (h, inner)  y2 = Relu (q) },
        else_branch = other () => (float[n,3] y3) { y3 = Neg (h) }>
      z1 = Identity (inner)
      u1 = Identity (h)
    },
    else_branch = slow () => (float[n,3] y4, float[3] z4, float[n,3] u4)
    {
      y4 = Sub (h, two)
      z4 = Identity (two)
      u4 = Mul (h, two)
    }>
}
"""

# A function with a body that refers to the function's attributes, called in a body and twice.
CALLED = """
<ir_version: 8, opset_import: ["": 15, "local": 1]>
called (float[2,3] x, bool flag) => (float[2,3] y)
{
  a = local.leak <alpha = 0.5> (x, flag)
  b = If (flag) <
    then_branch = yes () => (float[2,3] c) { c = local.leak <alpha = 0.25, axis = 0> (a, flag) },
    else_branch = no () => (float[2,3] d) { d = Neg (a) }>
  y = Add (a, b)
}
<domain: "local", opset_import: ["": 15]>
leak <alpha, axis: int = 1> (v, on) => (w)
{
  t = If (on) <
    then_branch = yes () => (z) { s = LeakyRelu <alpha: float = @alpha> (v)
                                  z = Softmax <axis: int = @axis> (s) },
    else_branch = no () => (z2) { z2 = Elu <alpha: float = @alpha> (v) }>
  w = Add (t, v)
}
"""

MODELS = {
    "called": (CALLED, {"x": X, "flag": np.array(True)}),
    "loop": (LOOP, {"x": X, "m": np.array(7, np.int64), "go": np.array(True)}),
    "scan": (SCAN, {"x": X}),
    "scan8": (SCAN8, {"h": X, "x": np.stack([X, -X, X + 1, X * 2], 1),
                      "s": np.arange(8, dtype=np.float32).reshape(2, 4)}),
    "nested": (NESTED, {"x": X, "flag": np.array(True), "m": np.array(3, np.int64)}),
    "choice": (CHOICE, {"x": X, "rate": np.array(16000, np.int64)}),
}


def save(name, text, feeds):
    model = onnx.parser.parse_model(text)
    onnx.checker.check_model(model)
    path = os.path.join(FOLDER, name + ".onnx")
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, feeds)))
    np.savez(os.path.join(FOLDER, name + ".npz"), **feeds,
             **{"out:" + key: value for key, value in answers.items()})


for key, (source, inputs) in MODELS.items():
    save(key, source, inputs)
