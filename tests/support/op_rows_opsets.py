"""Rows for what opsets changed about operators that were there before."""
import numpy as np

from op_rows import f32, random, row, values

row("MaxPool", "kernel_shape=2,2 strides=2,2 storage_order=1", [f32(2, 2, 4, 6)],
    outputs=(True, True))
row("MaxPool", "kernel_shape=2,2,2 storage_order=1", [f32(1, 2, 2, 3, 4)], outputs=(True, True))
row("MaxPool", "kernel_shape=3 pads=1,1 storage_order=1", [f32(1, 2, 5)], outputs=(True, True))
row("Dropout", "", [f32(2, 3), values("f32", 0.5), values("bool", False)], outputs=(True, True),
    fixed=(1,))
row("Dropout", "", [f32(2, 3), values("f32", 0.0), values("bool", True)], outputs=(True, True),
    fixed=(1,))

BLOCK = [f32(2, 5, 3), f32(2, 3, 3, low=0.1, high=1)]
row("QuantizeLinear", "axis=1 block_size=2", BLOCK + [random("i8", 2, 3, 3, low=-4, high=4)],
    opset=21)
row("QuantizeLinear", "axis=-1 block_size=3", [f32(2, 7), f32(2, 3, low=0.1, high=1)], opset=21)
row("DequantizeLinear", "axis=1 block_size=2",
    [random("u8", 2, 5, 3, low=0, high=255), f32(2, 3, 3, low=0.1, high=1),
     random("u8", 2, 3, 3, low=100, high=150)], opset=21)
row("DequantizeLinear", "axis=0 block_size=4",
    [random("i8", 6, 2, low=-128, high=127), f32(2, 2, low=0.1, high=1)], opset=21)
