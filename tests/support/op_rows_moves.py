"""The cases of elementwise operators and of those that move data; see op_rows.py."""
import numpy as np

from op_rows import f32, random, row, values


def f64(*dims):
    return random("f64", *dims)


def i64(*numbers):
    return values("i64", numbers)


def scalar(number, dtype="f32"):
    return values(dtype, number)


def bools(*numbers):
    return values("bool", numbers)


# ---- one input ---------------------------------------------------------------------------------

X = f32(2, 3, 4)

for op in ("Abs Ceil Cos Erf Exp Floor HardSwish Neg Relu Round Sigmoid Sign Sin Softplus Tanh "
           "HardSigmoid Elu LeakyRelu").split():
    row(op, "", [X])
for op in "Log Reciprocal Sqrt".split():
    row(op, "", [f32(3, 4, low=0.3, high=3)])
for op in "Abs Neg Sign".split():
    row(op, "", [values("i8", [-3, 0, 5, -128, 127])])
    row(op, "", [values("i64", [-3, 0, 5])])
row("HardSwish", "", [f32(12, low=-5, high=5)])
row("Relu", "", [values("i32", [-3, 0, 5])])
row("Round", "", [values("f32", [0.5, 1.5, 2.5, -0.5, -2.5])], fixed=(0,))  # jumps there
row("LeakyRelu", "alpha=0.25", [X])
row("Elu", "alpha=0.75", [X])
row("HardSigmoid", "alpha=0.3 beta=0.4", [f32(3, 4, low=-4, high=4)])
row("Softplus", "", [values("f32", [-100, 100, -20, 20])])
row("Gelu", "", [X], opset=20)
row("Gelu", "approximate=tanh", [X], opset=20)
row("Relu", "", [random("f16", 2, 3)])
row("Tanh", "", [f64(5)])

row("Clip", "", [X, scalar(-0.5), scalar(1)])
row("Clip", "", [X, None, scalar(0.3)])
row("Clip", "", [X, scalar(0.1)])
row("Clip", "", [X])
row("Clip", "", [values("i8", [-5, 3, 9]), scalar(-2, "i8"), scalar(4, "i8")])
row("Clip", "", [random("f16", 5), scalar(-0.75, "f16"), scalar(0.75, "f16")])

# ---- several inputs ----------------------------------------------------------------------------

row("PRelu", "", [X, f32(3, 1)])
row("PRelu", "", [X, f32(1)])
for op in "Add Sub Mul".split():
    row(op, "", [X, f32(3, 1)])
    row(op, "", [f32(4), f32(2, 1, 1)])
    row(op, "", [f32(3, 4), f32(3, 4)])
    row(op, "", [f32(2, 3), scalar(1.5)])
    row(op, "", [f32(2, 1, 4, 1), f32(3, 1, 5)])
    row(op, "", [values("i32", [[1, -2, 7]]), values("i32", [[5], [-3]])])
    row(op, "", [i64(1, -2, 7), i64(4)])
row("Add", "", [random("f16", 2, 3), random("f16", 3)])
row("Mul", "", [f64(2, 3), f64(3)])
row("Add", "", [f32(0, 3), f32(3)])
row("Div", "", [X, f32(3, 1, low=0.5, high=2)])
row("Div", "", [scalar(2), f32(4, low=0.5, high=2)])
row("Div", "", [values("i32", [7, -7, 8]), scalar(2, "i32")])
row("Div", "", [values("i32", [7, -7, 8]), scalar(-2, "i32")])
row("Div", "", [i64(7, -7, 250), scalar(3, "i64")])
row("Div", "", [values("u8", [7, 250]), scalar(3, "u8")])
row("Pow", "", [f32(2, 3, low=0.5, high=2), scalar(2)])
row("Pow", "", [X, scalar(2)], fixed=(1,))  # no derivative in the exponent below 0
row("Pow", "", [f32(2, 3, low=0.5, high=2), f32(3)])
row("Pow", "", [f32(4), i64(3)])
row("Pow", "", [i64(2, 3, -4), i64(3, 0, 2)])
for op in ("Min", "Max"):
    row(op, "", [f32(2, 3), f32(3), f32(2, 1)])
    row(op, "", [f32(2, 3)])
    row(op, "", [f32(3, 1), f32(4)])
    row(op, "", [i64(1, -5, 3), i64(2)])
row("Max", "", [random("f16", 2, 3), random("f16", 3)])
row("Sum", "", [f32(2, 3), f32(3), f32(2, 1)])

for op in "Equal Greater GreaterOrEqual Less LessOrEqual".split():
    row(op, "", [values("f32", [[1, 2, 3], [3, 2, np.nan]]), values("f32", [2, 2, 2])])
    row(op, "", [i64(1, 2, 3), i64(2)])
row("Equal", "", [bools(1, 0), bools(1, 1)])
row("Less", "", [random("f16", 2, 3), random("f16", 3)])
for op in ("And", "Or", "Xor"):
    row(op, "", [bools([1, 0], [1, 0]), bools(1, 0)])
    row(op, "", [bools([1], [0]), bools(1, 0)])
row("Not", "", [bools(1, 0, 1)])
row("Where", "", [bools([1], [0]), f32(2, 3), f32(3)])
row("Where", "", [bools(1, 0), i64(1, 2), i64(5)])

# ---- views -------------------------------------------------------------------------------------

row("Identity", "", [f32(2, 3)])
row("Flatten", "", [X])
row("Flatten", "axis=0", [X])
row("Flatten", "axis=-1", [X])
row("Flatten", "axis=3", [X])
row("Reshape", "", [X, i64(0, -1)])
row("Reshape", "", [X, i64(4, 6)])
row("Reshape", "", [f32(2, 6), i64(2, 3, -1)])
row("Reshape", "allowzero=1", [f32(0, 3), i64(0, 4)])
row("Reshape", "", [scalar(3), i64(1, 1)])
row("Squeeze", "", [f32(1, 3, 1), i64(0)])
row("Squeeze", "", [f32(1, 3, 1)])
row("Squeeze", "", [f32(1, 3, 1), i64(-1, 0)])
row("Unsqueeze", "", [f32(3, 4), i64(0, -1)])
row("Unsqueeze", "", [scalar(3), i64(0)])

# ---- moves -------------------------------------------------------------------------------------

row("Concat", "axis=1", [f32(2, 1, 3), f32(2, 4, 3), f32(2, 2, 3)])
row("Concat", "axis=-1", [f32(2, 3), f32(2, 1)])
row("Concat", "axis=0", [i64(1), i64(2, 3)])
row("Concat", "axis=1", [random("f16", 1, 2), random("f16", 1, 3)])
row("Split", "axis=1", [f32(2, 6)], outputs=(True,) * 3)
row("Split", "axis=-1", [f32(2, 6), i64(1, 5)], outputs=(True, True))
row("Split", "axis=0 num_outputs=3", [f32(7, 2)], outputs=(True,) * 3, opset=18)
row("Slice", "", [f32(4, 5), i64(1, 0), i64(3, 100)])
row("Slice", "", [f32(4, 5), i64(-1), i64(-100), i64(1), i64(-2)])
row("Slice", "", [f32(4, 5), i64(1), i64(-1), i64(-1), i64(2)])
row("Slice", "", [f32(4, 5), i64(3), i64(1)])
row("Slice", "", [random("i8", 4, 5), i64(3, 0), i64(-2**63, 2**63 - 1), i64(0, 1), i64(-1, 3)])
row("Slice", "", [f32(2, 3, 4, 4), i64(1, 1), i64(-1, -1), i64(2, 3)])
row("Transpose", "", [X])
row("Transpose", "perm=0,2,1", [X])
row("Transpose", "perm=0,2,3,1", [f32(2, 3, 4, 2)])
row("Transpose", "perm=2,0,1", [X])
row("Transpose", "", [random("u8", 2, 3)])
row("Transpose", "", [random("f16", 2, 3)])
row("Transpose", "", [scalar(2)])
row("Pad", "", [f32(2, 3), i64(1, 0, 2, 1)])
row("Pad", "", [f32(2, 3), i64(0, -1, 1, 2), scalar(7)])
row("Pad", "mode=reflect", [f32(3, 4), i64(2, 1, 1, 3)])
row("Pad", "mode=edge", [f32(2, 3), i64(1, 2, 3, 1)])
row("Pad", "mode=wrap", [f32(2, 3), i64(1, 2, 2, 1)], opset=19)
row("Pad", "", [X, i64(1, 2), scalar(0), i64(-1)], opset=18)
row("Pad", "mode=reflect", [f32(1, 2, 3, 3), i64(0, 0, 1, 1, 0, 0, 1, 1)])
row("Pad", "", [i64(0, 1, 2, 3), i64(1, 2), scalar(9, "i64")])
row("Gather", "", [f32(4, 3), i64(0, -1, 2, 0)])
row("Gather", "axis=1", [f32(2, 4, 3), values("i64", [[1, 3], [0, 1]])])
row("Gather", "axis=-1", [f32(3, 2), scalar(1, "i64")])
row("Gather", "", [i64(5, 6, 7), values("i32", [2, 2])])
row("Expand", "", [f32(3, 1), i64(2, 1, 4)])
row("Expand", "", [f32(3, 1), i64(1)])
row("Expand", "", [scalar(2), i64(3)])
row("Tile", "", [f32(2, 3), i64(2, 3)])
row("Tile", "", [f32(2, 3), i64(1, 1)])
row("Tile", "", [i64(1, 2), i64(3)])

# ---- types, shapes, constants ------------------------------------------------------------------

NUMBERS = values("f32", [-2.75, -0.5, 0, 0.5, 3.875, 100.25])
for to in (1, 3, 6, 7, 9, 10):  # f32 i8 i32 i64 bool f16
    row("Cast", f"to={to}", [NUMBERS], fixed=(0,))  # a conversion is no smooth function
row("Cast", "to=11", [NUMBERS])
row("Cast", "to=2", [values("f32", [0, 0.5, 3.875, 100.25])], fixed=(0,))
for to in (1, 2, 6, 9):
    row("Cast", f"to={to}", [i64(1, 0, 300, -1)])
row("Cast", "to=1", [bools(1, 0)])
row("Cast", "to=1", [random("f16", 5)], fixed=(0,))
row("Cast", "to=1", [f64(5)], fixed=(0,))

row("Shape", "", [X])
row("Shape", "start=1", [X])
row("Shape", "start=-2 end=-1", [X])
row("Shape", "start=2 end=1", [X])
row("Size", "", [X])
row("Range", "", [scalar(1, "i64"), scalar(10, "i64"), scalar(3, "i64")])
row("Range", "", [scalar(2), scalar(-1), scalar(-0.75)])
row("Range", "", [scalar(5, "i32"), scalar(5, "i32"), scalar(1, "i32")])
row("Constant", "value=f32[2,2]{1,-2,0.5,3}", [])
row("Constant", "value_ints=1,2,3", [])
row("Constant", "value_floats=1.5,2", [])
row("Constant", "value_float=0.25", [])
row("Constant", "value_int=4", [])
row("ConstantOfShape", "", [i64(2, 3)])
row("ConstantOfShape", "value=i64[1]{7}", [i64(2)])
