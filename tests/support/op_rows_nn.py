"""Rows of the operators of neural networks: transposed and deformable convolutions, recurrent
layers, attention, integer products. See op_rows.py."""
import numpy as np

from op_rows import f32, random, row, values

# ---- ConvTranspose -----------------------------------------------------------------------------

row("ConvTranspose", "", [f32(2, 3, 3, 4), f32(3, 2, 3, 3)])
row("ConvTranspose", "strides=2,2 pads=1,1,1,1 output_padding=1,1",
    [f32(1, 3, 3, 4), f32(3, 2, 3, 3), f32(2)])
row("ConvTranspose", "group=2 strides=2,1 pads=0,1,1,0",
    [f32(2, 4, 3, 3), f32(4, 2, 3, 2), f32(4)])
row("ConvTranspose", "group=3", [f32(1, 3, 3, 3), f32(3, 2, 2, 2), f32(6)])
row("ConvTranspose", "dilations=2,1 strides=1,3", [f32(1, 2, 3, 2), f32(2, 1, 2, 2)])
row("ConvTranspose", "auto_pad=SAME_UPPER strides=2,2", [f32(1, 2, 3, 3), f32(2, 2, 3, 3)])
row("ConvTranspose", "auto_pad=SAME_LOWER strides=2,2", [f32(1, 2, 3, 3), f32(2, 2, 3, 3)])
row("ConvTranspose", "auto_pad=VALID", [f32(1, 1, 3, 3), f32(1, 1, 2, 2)])
row("ConvTranspose", "output_shape=10,8 strides=3,2 kernel_shape=3,3",
    [f32(1, 1, 3, 3), f32(1, 2, 3, 3)])
row("ConvTranspose", "output_shape=6,5 strides=2,2", [f32(1, 1, 3, 3), f32(1, 2, 3, 3)])
row("ConvTranspose", "strides=2 output_padding=1", [f32(2, 2, 4), f32(2, 3, 3), f32(3)])
row("ConvTranspose", "strides=1,2,1 pads=0,1,0,1,0,0", [f32(1, 2, 2, 3, 2), f32(2, 2, 2, 2, 3)])
