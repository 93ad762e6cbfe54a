"""The cases of elementwise functions, reductions and normalisations; see op_rows.py."""
import numpy as np

from op_rows import f32, random, row, values

# ---- elementwise -------------------------------------------------------------------------------

X = f32(2, 3, 4)
for op in "Asinh Atan Cosh Sinh Softsign Selu Shrink ThresholdedRelu".split():
    row(op, "", [X])
for op in "Asin Acos Atanh Tan".split():
    row(op, "", [f32(3, 4, low=-0.9, high=0.9)])
row("Acosh", "", [f32(3, 4, low=1.2, high=4)])
row("Mish", "", [X], opset=18)
row("Celu", "", [X])
row("Celu", "alpha=0.6", [X])
row("Selu", "alpha=2 gamma=3", [X])
row("Shrink", "lambd=1 bias=0.75", [X])
row("ThresholdedRelu", "alpha=0.3", [X])

ODD = values("f32", [[np.nan, 1, np.inf], [-np.inf, 0, -3]])
row("IsNaN", "", [ODD])
row("IsInf", "", [ODD])
row("IsInf", "detect_negative=0", [ODD])
row("IsInf", "detect_positive=0", [ODD])

# Divisors are scalars: the test of axis maps would cut, that is zero, items of a longer one.
for divisor in (3, -3):
    for attributes in ("", "fmod=1"):
        row("Mod", attributes, [values("i32", [7, -7, 6, 0]), values("i32", divisor)])
row("Mod", "", [values("u8", [[7], [250]]), values("u8", 10)])
row("Mod", "fmod=1", [values("f32", [4.3, -4.3, 4.3, -4.3]), values("f32", [2.1, 2.1, -2.1, -2.1])])
row("Mod", "", [values("f32", [4.3, -4.3, 4.3, -4.3]), values("f32", [2.1, 2.1, -2.1, -2.1])],
    expect=lambda a, b: [np.mod(a, b)])  # ONNX Runtime wants fmod for floats
row("BitShift", "direction=LEFT", [values("u8", [16, 4, 255]), values("u8", [1, 2, 4])])
row("BitShift", "direction=RIGHT", [values("u32", [[16], [4]]), values("u32", [1, 2, 3])])
row("BitShift", "direction=RIGHT", [values("i8", [-128, -1, 100, -5]), values("i8", [1, 9, 9, -1])],
    expect=lambda a, b: [np.array([-64, -1, 0, -1], np.int8)])  # unsigned only there
for op in "BitwiseAnd BitwiseOr BitwiseXor".split():
    row(op, "", [random("i32", 2, 3), random("i32", 3)], opset=18)
    row(op, "", [random("u8", 2, 3), random("u8", 2, 1)], opset=18)
row("BitwiseNot", "", [random("i16", 2, 3)], opset=18)
row("BitwiseNot", "", [random("u64", 4)], opset=18)

row("Mean", "", [f32(2, 3), f32(3), f32(2, 1)])
row("Mean", "", [f32(2, 3)])
row("CastLike", "", [f32(2, 3), values("i32", [1])], fixed=(0,))
row("CastLike", "", [f32(2, 3), values("f64", [1])])

# ---- reductions --------------------------------------------------------------------------------

for op in "L1 L2 LogSumExp Max Min Prod SumSquare".split():
    row("Reduce" + op, "axes=1", [f32(2, 3, 4)])
    row("Reduce" + op, "keepdims=0", [f32(2, 3, 2), values("i64", [0, -1])], opset=18)
    row("Reduce" + op, "keepdims=0", [f32(2, 3)])
for op in "L1 L2 Max Min Prod SumSquare".split():
    row("Reduce" + op, "keepdims=0", [random("i32", 2, 3, low=-9, high=10), values("i64", [0])],
        opset=18)
row("ReduceLogSum", "axes=1", [f32(2, 3, 4, low=0.5, high=2)])
row("ReduceLogSum", "keepdims=0", [f32(2, 3, 2, low=0.5, high=2), values("i64", [0, -1])], opset=18)
row("ReduceMean", "", [random("i32", 2, 3), values("i64", [1])], opset=18)
row("ReduceMax", "", [random("u8", 2, 3), values("i64", [0])], opset=18)
row("ReduceMin", "", [random("i8", 2, 3), values("i64", [0])], opset=18)
BOOLS = values("bool", [[0, 0, 1], [0, 1, 1]])
row("ReduceMax", "", [BOOLS, values("i64", [0])], opset=20)
row("ReduceMin", "", [BOOLS, values("i64", [0])], opset=20)
row("ReduceLogSumExp", "", [values("f32", [[900, 901], [-np.inf, -np.inf], [np.inf, 1]]),
                            values("i64", [1])], opset=18, fixed=(0,),
    expect=lambda x, a: [np.logaddexp.reduce(x, 1, keepdims=True)])
for op, start in [("L1", 0), ("L2", 0), ("LogSum", -np.inf), ("LogSumExp", -np.inf),
                  ("Max", -np.inf), ("Min", np.inf), ("Prod", 1), ("Sum", 0), ("SumSquare", 0)]:
    row("Reduce" + op, "", [f32(2, 0, 3), values("i64", [1])], opset=18,
        expect=lambda x, a, start=start: [np.full((2, 1, 3), start, np.float32)])
for op, f in [("L1", np.abs), ("SumSquare", np.square), ("LogSum", np.log)]:
    row("Reduce" + op, "noop_with_empty_axes=1", [f32(2, 2, low=0.5, high=2)], opset=18,
        expect=lambda x, f=f: [f(x)])

# ---- along one axis ----------------------------------------------------------------------------

EQUALS = values("f32", [[2, 1, 2], [3, 3, -1]])
for op in ("ArgMax", "ArgMin"):
    row(op, "", [X])
    row(op, "axis=-1 keepdims=0", [X])
    row(op, "axis=1 select_last_index=1", [EQUALS])
    row(op, "axis=1 keepdims=0", [EQUALS])
    row(op, "axis=1", [random("i32", 3, 5)])
row("Hardmax", "", [EQUALS])
row("Hardmax", "axis=1", [X])
for attributes in ("", "exclusive=1", "reverse=1", "exclusive=1 reverse=1"):
    row("CumSum", attributes, [X, values("i64", 1)])
row("CumSum", "", [f32(5), values("i32", [-1])],
    expect=lambda x, axis: [np.cumsum(x)])
row("CumSum", "", [random("i32", 3, 4), values("i32", 0)])
row("LpNormalization", "", [X])
row("LpNormalization", "axis=1 p=1", [X])
row("LpNormalization", "axis=0", [values("f32", [[0, 3], [0, -4]])], fixed=(0,))

# ---- normalisation -----------------------------------------------------------------------------

row("InstanceNormalization", "", [f32(2, 3, 4), f32(3), f32(3)])
row("InstanceNormalization", "epsilon=0.1", [f32(1, 2, 3, 2), f32(2), f32(2)])
row("GroupNormalization", "num_groups=2", [f32(2, 4, 3), f32(4), f32(4)], opset=21)
row("GroupNormalization", "num_groups=2 epsilon=0.1", [f32(2, 4, 2, 2), f32(2), f32(2)], opset=18)
row("GroupNormalization", "num_groups=1", [f32(2, 3, 2), f32(3), f32(3)], opset=21)


def rms(x, scale, axis=-1, epsilon=1e-5):
    axes = tuple(range(axis % x.ndim, x.ndim))
    return [x / np.sqrt(np.mean(np.square(x), axes, keepdims=True) + epsilon) * scale]


row("RMSNormalization", "", [f32(2, 3, 4), f32(4)], opset=23, expect=rms)
row("RMSNormalization", "axis=1 epsilon=0.1", [f32(2, 3, 4), f32(3, 4)], opset=23,
    expect=lambda x, scale: rms(x, scale, 1, np.float32(0.1)))
row("MeanVarianceNormalization", "", [f32(2, 3, 2, 4)])
row("MeanVarianceNormalization", "axes=1", [f32(3, 5)])
row("LRN", "size=3", [f32(2, 5, 2, 2)])


def lrn(x, size, alpha, beta=0.75, bias=1):
    """As ONNX defines it; ONNX Runtime takes odd sizes only."""
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        first, last = max(0, c - (size - 1) // 2), c + size // 2
        total[:, c] = np.sum(np.square(x[:, first:last + 1]), axis=1)
    return [(x / (bias + alpha / size * total) ** beta).astype(np.float32)]


row("LRN", "size=4 alpha=0.5 beta=0.5 bias=2", [f32(1, 6, 3, 1)],
    expect=lambda x: lrn(x, 4, 0.5, 0.5, 2))
row("LRN", "size=2 alpha=0.75", [f32(2, 3, 1, 2)], expect=lambda x: lrn(x, 2, 0.75))

# ---- losses ------------------------------------------------------------------------------------

CLASSES = values("i64", [[0, 2, 1], [2, 3, 3]])
WEIGHTS = values("f32", [0.5, 1, 2, 0.25])
LOG_P = f32(2, 4, 3, low=-3, high=-0.1)
for reduction in "none sum mean".split():
    row("NegativeLogLikelihoodLoss", f"reduction={reduction}", [LOG_P, CLASSES])
    row("NegativeLogLikelihoodLoss", f"reduction={reduction} ignore_index=3",
        [LOG_P, CLASSES, WEIGHTS])
    row("SoftmaxCrossEntropyLoss", f"reduction={reduction}", [LOG_P, CLASSES],
        outputs=(True, True))
    row("SoftmaxCrossEntropyLoss", f"reduction={reduction} ignore_index=2",
        [LOG_P, CLASSES, WEIGHTS])
row("SoftmaxCrossEntropyLoss", "", [f32(3, 5), values("i32", [4, 0, 1])])
row("NegativeLogLikelihoodLoss", "ignore_index=-1",
    [f32(2, 2, 2, 2), values("i64", [[[0, 1], [-1, 0]], [[1, 1], [0, 0]]])])

# ---- windows, matrices, one-hot ----------------------------------------------------------------

for op in "HannWindow HammingWindow BlackmanWindow".split():
    row(op, "", [values("i64", 7)])
    row(op, "periodic=0", [values("i32", 6)])
row("HannWindow", "output_datatype=11", [values("i64", 4)])
row("MelWeightMatrix", "", [values("i64", 5), values("i64", 16), values("i64", 8192),
                            values("f32", 0), values("f32", 4096)], fixed=(3, 4))
row("Det", "", [f32(3, 3)])
row("Det", "", [f32(2, 2, 4, 4)])
row("Det", "", [values("f32", [[0, 2], [0, 3]])])
row("Trilu", "", [f32(3, 4)])
row("Trilu", "upper=0", [f32(2, 4, 3), values("i64", 1)])
row("Trilu", "", [f32(2, 3, 3), values("i64", -1)])
row("Trilu", "upper=0", [random("i64", 3, 4), values("i64", -9)])
row("EyeLike", "", [f32(3, 4)])
row("EyeLike", "k=-1 dtype=7", [random("i32", 3, 2)])
INDICES = values("i64", [[0, 2], [-1, 7]])
for axis in ("", "axis=0", "axis=-2"):
    row("OneHot", axis, [INDICES, values("i64", 3), values("f32", [-1, 5])], fixed=(2,))
row("OneHot", "", [values("f32", [1, 3, -2]), values("f32", [4]), values("f32", [0, 1])],
    fixed=(0, 1, 2))

row("LpPool", "kernel_shape=2,2 strides=2,2", [f32(1, 2, 4, 5)])
row("LpPool", "kernel_shape=3,3 pads=1,1,1,1 p=3", [f32(1, 2, 4, 4)])
row("LpPool", "kernel_shape=2 p=1 dilations=2", [f32(2, 2, 6)], opset=18)
row("LpPool", "kernel_shape=3,2 strides=2,2 auto_pad=SAME_UPPER", [f32(1, 2, 5, 4)])
row("GlobalLpPool", "", [f32(2, 3, 4, 2)])
row("GlobalLpPool", "p=3", [f32(2, 3, 5)])
