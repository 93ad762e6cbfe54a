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
