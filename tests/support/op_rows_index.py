"""The cases of operators that index, reorder and resample; see op_rows.py."""
import numpy as np

from op_rows import f32, random, row, values


def i64(*numbers):
    return values("i64", numbers)


def bools(*numbers):
    return values("bool", numbers)


# ---- gather and scatter ------------------------------------------------------------------------

row("GatherElements", "axis=1", [f32(3, 4), i64([0, -1], [3, 3], [2, 0])])
row("GatherElements", "", [f32(3, 2, 2), i64([[1, 2], [0, 0]])])
row("GatherElements", "axis=-2", [random("i8", 2, 3), values("i32", [[1, 0, 1], [0, 0, -1]])])
row("GatherElements", "", [random("f16", 4), i64(3, 3, 1)])

row("GatherND", "", [f32(3, 4, 2), i64([0, 1], [2, -1])])
row("GatherND", "", [f32(3, 4), i64([[1], [1]], [[0], [2]])])
row("GatherND", "batch_dims=1", [f32(2, 3, 2), i64([[2, 1], [0, 0]], [[1, 1], [2, 0]])])
row("GatherND", "batch_dims=1", [f32(2, 3, 2), i64([1], [-3])])
row("GatherND", "", [random("u8", 2, 3), i64(1, 2)])

for reduction in ("none", "add", "mul", "min", "max"):
    exact = () if reduction in ("none", "add") else (0, 2)  # others have no gradient
    row("ScatterElements", f"axis=1 reduction={reduction}",
        [f32(3, 4), i64([0, -1], [3, 2], [2, 0]), f32(3, 2)], opset=18, fixed=exact)
    row("ScatterND", f"reduction={reduction}",
        [f32(4, 3), i64([0], [-1]), f32(2, 3)], opset=18, fixed=exact)
    row("ScatterND", f"reduction={reduction}",
        [random("i64", 4, 3), i64([0, 2], [3, 1]), random("i64", 2)], opset=18)
row("ScatterElements", "reduction=add", [f32(3), i64(1, 1, 2, 1), f32(4)], opset=18)
row("ScatterElements", "", [f32(2, 3, 2), i64([[1], [0]]), f32(1, 2, 1)])
row("ScatterElements", "reduction=add",
    [random("i32", 3), i64(1, 1, 2), random("i32", 3)], opset=18)
row("ScatterElements", "", [random("f16", 3), i64(1), random("f16", 1)])
row("ScatterND", "", [f32(2, 3, 4), i64([1, 0], [0, 2]), f32(2, 4)])
row("ScatterND", "reduction=add", [f32(3), i64([1], [1]), f32(2)], opset=18)

# ---- order and choice --------------------------------------------------------------------------

row("TopK", "", [f32(3, 5), i64(3)], outputs=(True, True))
row("TopK", "axis=1 largest=0", [f32(2, 4, 3), i64(2)], outputs=(True, True))
row("TopK", "axis=0", [values("f32", [1, 3, 2, 3, -0.0, 0, 3]), i64(5)], outputs=(True, True),
    fixed=(0,))  # ties
row("TopK", "axis=0 largest=0", [values("i64", [2**62, -2**62, 5, 5, -7]), i64(4)],
    outputs=(True, True))
row("TopK", "", [f32(2, 3), i64(0)], outputs=(True, True))
row("TopK", "", [random("f16", 2, 6), i64(2)], opset=24, outputs=(True, True),
    expect=lambda x, k: [-np.sort(-x)[:, :2], np.argsort(-x, kind="stable")[:, :2]])

row("Unique", "", [values("f32", [2, 1, 1, 3, 4, 3])], outputs=(True,) * 4)
row("Unique", "sorted=0", [values("f32", [2, 1, 1, 3, 4, 3])], outputs=(True,) * 4)
row("Unique", "sorted=0", [values("i64", [[5, 7], [5, -5]])], outputs=(True,) * 4)
row("Unique", "axis=0", [values("f32", [[1, 0, 0], [1, 0, 0], [2, 3, 4], [1, 0, -1]])],
    outputs=(True,) * 4)
row("Unique", "axis=-1", [values("f32", [[[1, 1], [0, 1]], [[1, 1], [0, 1]]])],
    outputs=(True,) * 4)
row("Unique", "axis=1 sorted=0", [values("i8", [[3, 1, 3, 1], [2, 0, 2, 1]])],
    outputs=(True, False, True, False),
    expect=lambda x: [np.int8([[3, 1, 1], [2, 0, 1]]), None, np.int64([0, 1, 0, 2]), None])

row("NonZero", "", [values("f32", [[1, 0], [-1, 2]])])
row("NonZero", "", [values("bool", [[[1], [0]], [[0], [1]]])])
row("NonZero", "", [values("i64", [0, 0])])

row("Compress", "axis=0", [f32(3, 2), bools(0, 1, 1)])
row("Compress", "axis=-1", [f32(2, 3, 3), bools(1, 0)])
row("Compress", "", [f32(3, 2), bools(0, 1, 0, 0, 1)])
row("Compress", "axis=1", [random("i8", 2, 3), bools(0, 0, 0)])

row("NonMaxSuppression", "",
    [values("f32", [[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11],
                     [1, 10.1, 0, 11.1], [0, 100, 1, 101]]]),
     values("f32", [[[0.9, 0.75, 0.6, 0.95, 0.5, 0.3]]]), i64(3), values("f32", 0.5),
     values("f32", 0.4)])
row("NonMaxSuppression", "center_point_box=1",
    [f32(2, 5, 4, low=0.2, high=1), f32(2, 2, 5), values("i64", 2), values("f32", [0.2])])
row("NonMaxSuppression", "",
    [f32(1, 4, 4, low=0, high=1), values("f32", [[[1, 1, 1, 1]]]), i64(9), values("f32", 0.1)])
row("NonMaxSuppression", "", [f32(1, 4, 4), f32(1, 1, 4)])

# ---- moves -------------------------------------------------------------------------------------

row("DepthToSpace", "blocksize=2", [f32(2, 8, 2, 3)])
row("DepthToSpace", "blocksize=2 mode=CRD", [f32(2, 8, 2, 3)])
row("DepthToSpace", "blocksize=3", [random("u8", 1, 9, 1, 2)])
row("SpaceToDepth", "blocksize=2", [f32(2, 3, 4, 6)])
row("ReverseSequence", "", [f32(4, 3, 2), i64(1, 4, 2)])
row("ReverseSequence", "time_axis=1 batch_axis=0", [f32(3, 4), i64(3, 1, 4)])
row("ReverseSequence", "time_axis=1 batch_axis=0", [random("i32", 2, 3, 2), i64(2, 3)])
row("CenterCropPad", "", [f32(5, 4), i64(2, 7)], opset=18)
row("CenterCropPad", "axes=-1,0", [f32(5, 2, 4), i64(5, 8)], opset=18)

# ---- sums over letters -------------------------------------------------------------------------

row("Einsum", "equation=ij,jk->ik", [f32(2, 3), f32(3, 4)])
row("Einsum", "equation=bij,bjk", [f32(2, 3, 2), f32(2, 2, 3)])
row("Einsum", "equation=...ii->...i", [f32(2, 3, 3)])
row("Einsum", "equation=...ij,...jk->...ik", [f32(2, 1, 2, 3), f32(4, 3, 2)],
    expect=lambda a, b: [np.matmul(a, b)])
row("Einsum", "equation=bhid,bhjd->bhij", [f32(1, 2, 3, 2), f32(1, 2, 4, 2)])
row("Einsum", "equation=ij->ji", [f32(2, 3)])
row("Einsum", "equation=ij->", [f32(2, 3)])
row("Einsum", "equation=i,i", [f32(4), f32(4)])
row("Einsum", "equation=ba,cb", [f32(2, 3), f32(2, 2)])  # the output is ac
row("Einsum", "equation=Ab,bA,A->b", [f32(2, 3), f32(3, 2), f32(2)])
row("Einsum", "equation=ij,jk->ik", [random("i32", 2, 3), random("i32", 3, 2)])
row("Einsum", "equation=ij,kj->ik", [f32(2, 1), f32(3, 4)],  # a stretched letter
    expect=lambda a, b: [(a @ np.ones((1, 4), "f4")) @ b.T])

# ---- images ------------------------------------------------------------------------------------

row("Col2Im", "pads=0,1,1,0 strides=1,2",
    [f32(1, 12, 12), i64(4, 6), i64(2, 3)], opset=18)
row("Col2Im", "dilations=1,2", [f32(2, 4, 6), i64(4, 4), i64(2, 2)], opset=18)
row("Col2Im", "", [f32(1, 6, 3), i64(4), i64(2)], opset=18)

row("MaxUnpool", "kernel_shape=2,2 strides=2,2",
    [f32(1, 1, 2, 2), i64([[[5, 7], [13, 15]]])])
row("MaxUnpool", "kernel_shape=2 strides=2", [f32(1, 2, 2), i64([[1, 2], [4, 7]]), i64(1, 2, 5)],
    expect=lambda x, i, s: [np.float32([[[0, x[0, 0, 0], x[0, 0, 1], 0, 0],
                                         [x[0, 1, 0], 0, 0, x[0, 1, 1], 0]]])])

ROIS = values("f32", [[0.5, 0.25, 4.5, 3.5], [1, -1, 6, 3]])
for mode in ("half_pixel", "output_half_pixel"):
    row("RoiAlign", f"output_height=2 output_width=3 coordinate_transformation_mode={mode}",
        [f32(2, 2, 4, 5), ROIS, i64(1, 0)])
row("RoiAlign", "mode=max sampling_ratio=2 spatial_scale=0.5 output_width=2",
    [f32(1, 1, 4, 4), ROIS, i64(0, 0)])
row("MaxRoiPool", "pooled_shape=2,2",
    [f32(2, 2, 5, 6), values("f32", [[0, 0, 0, 3, 4], [1, 2, 1, 5.6, 3.4]])])
row("MaxRoiPool", "pooled_shape=1,2 spatial_scale=0.5",
    [f32(1, 1, 5, 6), values("f32", [[0, 2, 2, 8, 9]])])

# ---- resampling --------------------------------------------------------------------------------


def by_scale(*scales):
    return [None, values("f32", scales)]


def by_size(*sizes):
    return [None, None, i64(*sizes)]


NOT_X = (1, 2)
SCALES = by_scale(1, 1, 1.6, 0.7)
for mode in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric"):
    for filter_ in ("nearest", "linear", "cubic"):
        row("Resize", f"mode={filter_} coordinate_transformation_mode={mode}",
            [f32(1, 2, 3, 5)] + SCALES, opset=19, fixed=NOT_X)
for nearest in ("floor", "ceil", "round_prefer_ceil", "round_prefer_floor"):
    row("Resize", f"nearest_mode={nearest} coordinate_transformation_mode=align_corners",
        [random("u8", 1, 1, 3, 4)] + by_size(1, 1, 5, 7), opset=13)
    row("Resize", f"nearest_mode={nearest} coordinate_transformation_mode=asymmetric",
        [random("i32", 1, 4)] + by_scale(1, 1 / 3 + 1), opset=13)
row("Resize", "coordinate_transformation_mode=tf_half_pixel_for_nn nearest_mode=floor",
    [f32(1, 1, 2, 3), values("f32", []), *by_scale(1, 1, 2, 2)[1:]], opset=11, fixed=NOT_X)
row("Resize", "mode=linear coordinate_transformation_mode=align_corners",
    [f32(2, 1, 3, 4)] + by_size(2, 1, 6, 2), opset=13)
row("Resize", "mode=cubic cubic_coeff_a=-0.5 exclude_outside=1",
    [f32(1, 1, 4, 4)] + by_scale(1, 1, 0.8, 2), opset=13, fixed=NOT_X)
row("Resize", "mode=linear", [f32(1, 1, 2, 3, 2)] + by_size(1, 1, 3, 2, 4), opset=13)
row("Resize", "mode=linear", [f32(2, 5)] + by_size(2, 3), opset=13)
row("Resize", "mode=linear antialias=1", [f32(1, 1, 5, 7)] + by_size(1, 1, 3, 4), opset=18)
row("Resize", "mode=cubic antialias=1", [f32(1, 1, 6, 7)] + by_scale(1, 1, 0.5, 0.6), opset=18,
    fixed=NOT_X)
row("Resize", "mode=linear axes=3,2", [f32(1, 1, 3, 2)] + by_size(4, 5), opset=18)
row("Resize", "keep_aspect_ratio_policy=not_larger axes=2,3",
    [f32(1, 1, 3, 4)] + by_size(7, 8), opset=18)
row("Resize", "keep_aspect_ratio_policy=not_smaller axes=2,3",
    [f32(1, 1, 3, 4)] + by_size(7, 8), opset=18)
row("Resize", "mode=linear coordinate_transformation_mode=tf_crop_and_resize "
    "extrapolation_value=10",
    [f32(1, 1, 4, 4), values("f32", [0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7]), None, i64(1, 1, 3, 3)],
    opset=13, fixed=NOT_X)
row("Resize", "mode=nearest", [random("f16", 1, 1, 2, 2)] + by_scale(1, 1, 2, 3), opset=13,
    fixed=NOT_X)
row("Resize", "mode=nearest", [f32(1, 2, 3, 3)] + by_scale(1, 1, 1, 1), opset=13, fixed=NOT_X)

for padding in ("zeros", "border", "reflection"):
    for filter_ in ("linear", "nearest", "cubic"):
        for align in (0, 1):
            row("GridSample", f"mode={filter_} padding_mode={padding} align_corners={align}",
                [f32(1, 2, 3, 4), f32(1, 2, 3, 2, low=-1.7, high=1.6)], opset=20)
row("GridSample", "mode=bilinear", [f32(2, 1, 3, 3), f32(2, 1, 3, 2, low=-1.2, high=1)], opset=16)
row("GridSample", "padding_mode=border", [f32(1, 1, 2, 3, 3), f32(1, 2, 1, 2, 3)], opset=20)
row("GridSample", "mode=nearest padding_mode=reflection",
    [f32(1, 1, 2, 3, 3), f32(1, 2, 1, 2, 3)], opset=20)

for align in (0, 1):
    row("AffineGrid", f"align_corners={align}", [f32(2, 2, 3), i64(2, 1, 2, 3)], opset=20)
    row("AffineGrid", f"align_corners={align}", [f32(1, 3, 4), i64(1, 1, 2, 2, 3)], opset=20)
