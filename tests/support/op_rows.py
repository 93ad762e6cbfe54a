"""The operators' test cases, one row each; make_op_cases.py turns them into testdata/ops/cases.txt.

    row("Conv", "kernel_shape=3,3 pads=1,1,1,1", [f32(1, 3, 5, 5), f32(4, 3, 3, 3), None])

An input is f32(dims...) with distinct numbers around 0, f32(dims..., low=, high=), values(dtype,
[...]) as given, or None: left out. Every floating input of an operator with a backward is checked
by finite differences unless `fixed` names its position. Without `expect` the expected outputs come
from ONNX Runtime.
"""
from collections import namedtuple

import numpy as np

Row = namedtuple("Row", "op attributes inputs outputs opset training fixed expect")
ROWS = []


def row(op, attributes, inputs, outputs=(True,), opset=17, training=False, fixed=(), expect=None):
    """outputs: which are wanted. expect: a function of the inputs that gives the outputs."""
    ROWS.append(Row(op, attributes, inputs, outputs, opset, training, fixed, expect))


def f32(*dims, low=None, high=None):
    return ("f32", dims, low, high, None)


def random(dtype, *dims, low=None, high=None):
    return (dtype, dims, low, high, None)


def values(dtype, numbers):
    numbers = np.asarray(numbers)
    return (dtype, numbers.shape, None, None, numbers)


# ---- products ----------------------------------------------------------------------------------

row("Conv", "", [f32(2, 3, 5, 4), f32(4, 3, 3, 3)])
row("Conv", "pads=1,1,1,1 strides=2,2", [f32(1, 3, 5, 6), f32(4, 3, 3, 3), f32(4)])
row("Conv", "group=2 pads=0,1,2,0", [f32(1, 4, 5, 4), f32(6, 2, 3, 2), f32(6)])
row("Conv", "group=3 pads=1,1,1,1", [f32(2, 3, 4, 4), f32(3, 1, 3, 3), f32(3)])
row("Conv", "group=2", [f32(1, 2, 4, 4), f32(4, 1, 2, 2)])
row("Conv", "dilations=2,1 strides=1,2 pads=2,0,2,1", [f32(1, 2, 6, 7), f32(3, 2, 3, 3)])
row("Conv", "auto_pad=SAME_UPPER strides=2,2", [f32(1, 2, 5, 6), f32(3, 2, 3, 3)])
row("Conv", "auto_pad=SAME_LOWER kernel_shape=2,3", [f32(1, 2, 5, 4), f32(3, 2, 2, 3)])
row("Conv", "auto_pad=VALID", [f32(1, 1, 4, 4), f32(2, 1, 3, 2), f32(2)])
row("Conv", "", [f32(2, 5, 3, 3), f32(4, 5, 1, 1), f32(4)])
row("Conv", "pads=2,1 strides=2", [f32(2, 3, 9), f32(4, 3, 4), f32(4)])
row("Conv", "pads=1,0,1,0,1,1 dilations=1,2,1", [f32(1, 2, 3, 5, 4), f32(3, 2, 2, 2, 3)])
row("Conv", "pads=3,3,3,3", [f32(1, 1, 2, 2), f32(1, 1, 3, 3)])

row("Gemm", "", [f32(3, 4), f32(4, 5)])
row("Gemm", "alpha=0.5 beta=2 transB=1", [f32(3, 4), f32(5, 4), f32(5)])
row("Gemm", "transA=1", [f32(4, 3), f32(4, 5), f32(3, 1)])
row("Gemm", "transA=1 transB=1 beta=0.25", [f32(4, 3), f32(5, 4), f32(3, 5)])
row("Gemm", "transB=1", [f32(2, 6), f32(3, 6), f32()])
row("Gemm", "", [f32(1, 7), f32(7, 1), f32(1)])

row("MatMul", "", [f32(3, 4), f32(4, 5)])
row("MatMul", "", [f32(2, 3, 4), f32(4, 5)])
row("MatMul", "", [f32(2, 1, 3, 4), f32(5, 4, 2)])
row("MatMul", "", [f32(2, 3, 3, 2), f32(2, 3, 2, 4)])
row("MatMul", "", [f32(4), f32(4, 3)])
row("MatMul", "", [f32(2, 3, 4), f32(4)])
row("MatMul", "", [f32(6), f32(6)])

# ---- normalisation -----------------------------------------------------------------------------

NORM = [f32(3), f32(3), f32(3), f32(3, low=0.5, high=2)]


def batch_training(x, scale, bias, mean, var, momentum=0.9, epsilon=1e-5):
    """The ONNX specification in float64; ONNX Runtime has no kernel for it."""
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    x64 = x.astype(np.float64)
    m, v = x64.mean(axes), x64.var(axes)
    y = (x64 - m.reshape(shape)) / np.sqrt(v.reshape(shape) + epsilon)
    y = y * scale.reshape(shape) + bias.reshape(shape)
    running = (mean * momentum + m * (1 - momentum), var * momentum + v * (1 - momentum))
    return [a.astype(np.float32) for a in (y,) + running]


row("BatchNormalization", "epsilon=0.01", [f32(2, 3, 4, 2)] + NORM)
row("BatchNormalization", "", [f32(4, 3)] + NORM)
row("BatchNormalization", "", [f32(2, 3, 5)] + NORM)
row("BatchNormalization", "training_mode=1 momentum=0.75", [f32(2, 3, 3, 2)] + NORM,
    outputs=(True, True, True), training=True,
    expect=lambda *x: batch_training(*x, momentum=0.75))
row("BatchNormalization", "", [f32(4, 3)] + NORM, outputs=(True, True, True), training=True,
    expect=batch_training)

row("LayerNormalization", "", [f32(2, 3, 6), f32(6), f32(6)])
row("LayerNormalization", "axis=1 epsilon=0.1", [f32(2, 3, 4), f32(3, 4)],
    outputs=(True, True, True))

# ---- pools and reductions ----------------------------------------------------------------------

row("MaxPool", "kernel_shape=2,2 strides=2,2", [f32(2, 2, 4, 6)])
row("MaxPool", "kernel_shape=3,3 pads=1,1,1,1", [f32(1, 2, 4, 5)], outputs=(True, True))
row("MaxPool", "kernel_shape=3,2 strides=2,2 ceil_mode=1 pads=1,0,1,0", [f32(1, 2, 6, 5)])
row("MaxPool", "kernel_shape=2,2 dilations=2,1", [f32(1, 1, 5, 5)], outputs=(True, True))
row("MaxPool", "kernel_shape=3,3 strides=2,2 auto_pad=SAME_UPPER", [f32(1, 2, 6, 5)])
row("MaxPool", "kernel_shape=2,2 auto_pad=SAME_LOWER", [f32(1, 2, 3, 3)])
row("MaxPool", "kernel_shape=2 strides=2 pads=1,1 ceil_mode=1", [f32(1, 2, 3)])
row("MaxPool", "kernel_shape=1 strides=3 auto_pad=SAME_UPPER", [f32(1, 2, 5)],
    expect=lambda x: [x[:, :, ::3]])  # ONNX Runtime refuses the negative padding
row("MaxPool", "kernel_shape=3 strides=2", [f32(1, 2, 9)])
row("MaxPool", "kernel_shape=2,2,2", [f32(1, 2, 3, 3, 3)])
row("MaxPool", "kernel_shape=2,2", [random("i8", 1, 2, 4, 4)])
row("MaxPool", "kernel_shape=2,2 pads=1,1,0,0", [random("u8", 1, 2, 4, 4)])

row("AveragePool", "kernel_shape=2,2 strides=2,2", [f32(2, 2, 4, 6)])
row("AveragePool", "kernel_shape=3,3 pads=1,1,1,1", [f32(1, 2, 4, 5)])
row("AveragePool", "kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1", [f32(1, 2, 4, 5)])
row("AveragePool", "kernel_shape=3,3 strides=2,2 ceil_mode=1", [f32(1, 2, 6, 6)], opset=19)
row("AveragePool", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 ceil_mode=1 count_include_pad=1",
    [f32(1, 2, 6, 6)], opset=19)
row("AveragePool", "kernel_shape=2,2 dilations=2,2 pads=1,0,0,1", [f32(1, 1, 5, 5)], opset=19)
row("AveragePool", "kernel_shape=3,2 strides=2,2 auto_pad=SAME_UPPER", [f32(1, 2, 6, 5)])
row("AveragePool", "kernel_shape=2 strides=2 pads=1,1 ceil_mode=1", [f32(1, 2, 3)], opset=19)
row("AveragePool", "kernel_shape=3 pads=1,1", [f32(1, 2, 7)])

row("GlobalAveragePool", "", [f32(2, 3, 4, 5)])
row("GlobalAveragePool", "", [f32(2, 3, 7)])
row("GlobalMaxPool", "", [f32(2, 3, 4, 5)])

row("ReduceMean", "axes=2,3", [f32(2, 3, 4, 2)])
row("ReduceMean", "axes=-1 keepdims=0", [f32(2, 3, 4)])
row("ReduceMean", "keepdims=0", [f32(2, 3, 4)])
row("ReduceMean", "keepdims=0", [f32(2, 3, 4), values("i64", [0, 2])], opset=18)
row("ReduceMean", "noop_with_empty_axes=1", [f32(2, 3)], opset=18)
row("ReduceSum", "", [f32(2, 3, 4), values("i64", [1])])
row("ReduceSum", "keepdims=0", [f32(3, 2, 4), values("i64", [-1, 0])])
row("ReduceSum", "", [f32(2, 3)])
row("ReduceSum", "keepdims=0", [random("i64", 2, 3), values("i64", [1])])
row("ReduceSum", "keepdims=0", [random("i32", 4, 3), values("i64", [0])])

row("Softmax", "", [f32(3, 5)])
row("Softmax", "axis=1", [f32(2, 3, 4)])
row("Softmax", "axis=0", [values("f32", [1000, -1000, 999.5])])
row("LogSoftmax", "", [f32(3, 5)])
row("LogSoftmax", "axis=-2", [f32(2, 3, 4)])
row("LogSoftmax", "axis=0", [values("f32", [100, -100, 99.5])])

# ---- regularisation and quantisation -----------------------------------------------------------

row("Dropout", "", [f32(2, 3)])
row("Dropout", "", [f32(2, 3), values("f32", 0.25)], outputs=(True, True), fixed=(1,))

HALVES = values("f32", [[-300, -2.5, -1.5, -0.5, -0.25, 0], [0.5, 0.75, 1.5, 2.5, 63.5, 300]])
row("QuantizeLinear", "", [HALVES, values("f32", 0.5), values("i8", 0)])
row("QuantizeLinear", "", [HALVES, values("f32", 1), values("u8", 128)])
row("QuantizeLinear", "", [HALVES, values("f32", 1)])
row("QuantizeLinear", "axis=0", [HALVES, values("f32", [0.5, 2]), values("i8", [-3, 5])])
row("QuantizeLinear", "axis=-1", [f32(2, 2, 3), values("f32", [0.25, 0.5, 0.125]),
                                  values("u8", [0, 100, 200])])
row("QuantizeLinear", "", [HALVES, values("f32", 0.0078125), values("i16", 0)], opset=21)
row("QuantizeLinear", "", [HALVES, values("f32", 0.0078125), values("u16", 30000)], opset=21)
row("QuantizeLinear", "", [values("i32", [-300, -7, -5, 3, 5, 300]), values("f32", 2),
                           values("i8", 3)],
    expect=lambda *x: [np.array([-128, -1, 1, 5, 5, 127], np.int8)])  # no kernel there either

row("QuantizeLinear", "", [values("f32", [-1e30, -129.5, 126.5, 127.5, 1e30, np.inf, -np.inf]),
                           values("f32", 1), values("i8", 0)], fixed=(0,))

row("DequantizeLinear", "", [random("i8", 2, 5), values("f32", 0.375), values("i8", -7)])
row("DequantizeLinear", "", [random("u8", 2, 5, low=0, high=256), values("f32", 0.1)])
row("DequantizeLinear", "axis=0", [random("i8", 3, 2, 2), values("f32", [0.1, 0.2, 0.3]),
                                   values("i8", [0, 1, -1])])
row("DequantizeLinear", "", [random("i32", 2, 5, low=-70000, high=70000), values("f32", 0.01)])
row("DequantizeLinear", "", [random("i32", 2, 3, low=-2**31, high=2**31 - 1), values("f32", 1)])
row("DequantizeLinear", "", [random("i16", 4, low=-30000, high=30000), values("f32", 0.01),
                             values("i16", 12)], opset=21)
row("DequantizeLinear", "axis=1", [random("u16", 2, 3, low=0, high=65535),
                                   values("f32", [0.5, 1, 2]), values("u16", [1, 2, 65535])],
    opset=21)
