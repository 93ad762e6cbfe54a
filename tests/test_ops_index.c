// Operators that index, reorder and resample: what they refuse, what they give where the rows of
// op_rows_index.py have no reference, which axes run through them.
#include <check.h>

#include "tests/support/op_claims.h"

// ---- refusals ----------------------------------------------------------------------------------

#define HUGE_DIM "4611686018427387904"

static const struct {
    const char *op, *attributes, *inputs;
    enum status status;
    const char *text; // part of the message
} refusals[] = {
    {"GatherElements", "", "f32[3,2] i64[1,2]{0,3}", ERR_NUMERIC, "index 3 is outside axis 0 of 3"},
    {"GatherElements", "axis=1", "f32[3,2] i64[1,1]{-3}", ERR_NUMERIC, "index -3 is outside"},
    {"GatherElements", "", "f32[0] i64[1]{0}", ERR_NUMERIC, "index 0 is outside axis 0 of 0"},
    {"GatherElements", "", "f32[3,2] i64[1,3]", ERR_SHAPE, "3 items along axis 1"},
    {"GatherElements", "", "f32[3,2] i64[2]", ERR_SHAPE, "input 1 has rank 1"},
    {"GatherElements", "axis=2", "f32[3,2] i64[1,2]", ERR_SHAPE, "axis 2 is outside"},
    {"GatherElements", "", "f32[3] f32[1]", ERR_SHAPE, "got f32"},
    {"GatherElements", "", "f32[] i64[]", ERR_SHAPE, "rank 0"},
    {"GatherElements", "", "i4[3] i64[1]", ERR_SHAPE, "whole bytes"},

    {"GatherND", "", "f32[3,2] i64[1,2]{2,2}", ERR_NUMERIC, "index 2 is outside axis 1 of 2"},
    {"GatherND", "", "f32[3,2] i64[1,2]{-4,0}", ERR_NUMERIC, "index -4 is outside axis 0"},
    {"GatherND", "", "f32[3,2] i64[1,3]", ERR_SHAPE, "tuples of 3 indices"},
    {"GatherND", "", "f32[3,2] i64[1,0]", ERR_SHAPE, "tuples of 0 indices"},
    {"GatherND", "batch_dims=2", "f32[3,2] i64[3,2]", ERR_SHAPE, "'batch_dims' 2"},
    {"GatherND", "batch_dims=-1", "f32[3,2] i64[3,2]", ERR_SHAPE, "'batch_dims' -1"},
    {"GatherND", "batch_dims=1", "f32[3,2] i64[2,1]", ERR_SHAPE, "2 items along axis 0"},
    {"GatherND", "", "f32[1,1,1,1,1,1,2,2] i64[1,1,1,1,1,1,1,1]", ERR_SHAPE, "rank 14"},

    {"ScatterElements", "", "f32[3] i64[1]{3} f32[1]", ERR_NUMERIC, "index 3 is outside"},
    {"ScatterElements", "", "f32[3] i64[2] f32[1]", ERR_SHAPE, "updates have shape 1"},
    {"ScatterElements", "", "f32[3] i64[1] f64[1]", ERR_SHAPE, "wants f32, got f64"},
    {"ScatterElements", "reduction=add", "bool[3] i64[1] bool[1]", ERR_UNSUPPORTED, "bool"},
    {"ScatterND", "", "f32[3,2] i64[1,1]{-4} f32[1,2]", ERR_NUMERIC, "index -4 is outside"},
    {"ScatterND", "", "f32[3,2] i64[1,1] f32[1,3]", ERR_SHAPE, "the indices want 1x2"},

    {"TopK", "", "f32[2,3] i64[1]{4}", ERR_NUMERIC, "k is 4, axis 1 has 3 items"},
    {"TopK", "", "f32[2,3] i64[1]{-1}", ERR_NUMERIC, "k is -1"},
    {"TopK", "", "f32[2,3] i64[2]{1,1}", ERR_SHAPE, "k has 2 entries"},
    {"TopK", "axis=2", "f32[2,3] i64[1]{1}", ERR_SHAPE, "axis 2"},
    {"TopK", "", "f32[] i64[1]{1}", ERR_SHAPE, "axis -1 is outside"},
    {"Unique", "axis=1", "f32[3]", ERR_SHAPE, "axis 1 is outside"},
    {"Unique", "", "i4[3]", ERR_SHAPE, "whole bytes"},
    {"Compress", "axis=0", "f32[2] bool[3]", ERR_SHAPE, "3 conditions for 2 slices"},
    {"Compress", "", "f32[2] i64[2]", ERR_SHAPE, "wants bool"},
    {"Compress", "axis=-2", "f32[2] bool[2]", ERR_SHAPE, "axis -2"},

    {"NonMaxSuppression", "", "f32[1,2,3] f32[1,1,2]", ERR_SHAPE, "boxes have 3 numbers"},
    {"NonMaxSuppression", "", "f32[1,2,4] f32[1,1,3]", ERR_SHAPE, "scores for 1 x 3"},
    {"NonMaxSuppression", "", "f32[1,2,4] f32[1,1,2] i64[1]{1} f32[1]{1.5}", ERR_NUMERIC,
     "overlap 1.5"},
    {"NonMaxSuppression", "", "f32[1,2,4] f32[1,1,2] i64[1]{1} f32[1]{nan}", ERR_NUMERIC,
     "overlap nan"},
    {"NonMaxSuppression", "", "f32[1,2,4] f32[1,1,2] i64[2]{1,1}", ERR_SHAPE, "2 items"},

    {"DepthToSpace", "blocksize=2", "f32[1,6,1,1]", ERR_SHAPE, "6 channels"},
    {"DepthToSpace", "", "f32[1,4,1,1]", ERR_SHAPE, "'blocksize' is 0"},
    {"DepthToSpace", "blocksize=-2", "f32[1,4,1,1]", ERR_SHAPE, "'blocksize' is -2"},
    {"DepthToSpace", "blocksize=2147483647", "f32[1,0,9,9]", ERR_SHAPE, "too large"},
    {"DepthToSpace", "blocksize=" HUGE_DIM, "f32[1,4,1,1]", ERR_SHAPE, "'blocksize' is"},
    {"SpaceToDepth", "blocksize=2", "f32[1,1,2,3]", ERR_SHAPE, "axis 3 of 3"},
    {"SpaceToDepth", "blocksize=2", "f32[2,2]", ERR_SHAPE, "rank 2"},
    {"ReverseSequence", "", "f32[2,2] i64[2]{1,3}", ERR_NUMERIC, "sequence 1 has length 3 of 2"},
    {"ReverseSequence", "", "f32[2,2] i64[2]{-1,1}", ERR_NUMERIC, "length -1"},
    {"ReverseSequence", "", "f32[2,2] i64[3]", ERR_SHAPE, "3 lengths for 2"},
    {"ReverseSequence", "time_axis=1", "f32[2,2] i64[2]", ERR_SHAPE, "both 1"},
    {"CenterCropPad", "", "f32[3] i64[1]{-1}", ERR_SHAPE, "-1 items"},
    {"CenterCropPad", "", "f32[3] i64[2]{1,1}", ERR_SHAPE, "2 sizes for 1 axes"},
    {"CenterCropPad", "axes=0,0", "f32[3,3] i64[2]{1,1}", ERR_SHAPE, "twice"},
    {"CenterCropPad", "", "f32[3,3] i64[2]{" HUGE_DIM "," HUGE_DIM "}", ERR_SHAPE, "too large"},

    {"Einsum", "", "f32[3]", ERR_SHAPE, "'equation' is missing"},
    {"Einsum", "equation=ij", "f32[3]", ERR_SHAPE, "names 2 axes"},
    {"Einsum", "equation=i,i", "f32[3] f32[4]", ERR_SHAPE, "4 items, wants 3"},
    {"Einsum", "equation=i,i", "f32[3]", ERR_SHAPE, "1 terms"},
    {"Einsum", "equation=i->i", "f32[3] f32[3]", ERR_SHAPE, "2 terms"},
    {"Einsum", "equation=i->j", "f32[3]", ERR_SHAPE, "is in no input"},
    {"Einsum", "equation=i->ii", "f32[3]", ERR_SHAPE, "named twice"},
    {"Einsum", "equation=i->i,", "f32[3]", ERR_SHAPE, "behind the output"},
    {"Einsum", "equation=i1->i", "f32[3]", ERR_SHAPE, "has '1'"},
    {"Einsum", "equation=......->i", "f32[3]", ERR_SHAPE, "has '.'"},
    {"Einsum", "equation=i->i", "bool[3]", ERR_SHAPE, "bool"},
    {"Einsum", "equation=i,j->ij", "f32[2] f64[2]", ERR_SHAPE, "wants f32"},
    {"Einsum", "equation=abcdefghi", "f32[1]", ERR_SHAPE, "over 8 axes"},

    {"Col2Im", "", "f32[1,4,4] i64[2]{3,3} i64[1]{2}", ERR_UNSUPPORTED, "blocks of 1"},
    {"Col2Im", "", "f32[1,4,5] i64[2]{3,3} i64[2]{2,2}", ERR_SHAPE, "5 blocks, the image has 4"},
    {"Col2Im", "", "f32[1,5,4] i64[2]{3,3} i64[2]{2,2}", ERR_SHAPE, "5 rows"},
    {"Col2Im", "", "f32[1,4,4] i64[2]{3,-3} i64[2]{2,2}", ERR_SHAPE, "-3 items"},
    {"Col2Im", "", "f32[1,4,4] i64[2]{3,3} i64[2]{2,0}", ERR_SHAPE, "holds 0"},
    {"Col2Im", "", "f32[1,4,4] i64[2]{" HUGE_DIM "," HUGE_DIM "} i64[2]{2,2}", ERR_SHAPE, "large"},
    {"Col2Im", "", "f32[1,4,4] i64[3]{9,9,9} i64[3]{2e9,2e9,2e9}", ERR_SHAPE, "kernel spans"},
    {"MaxUnpool", "kernel_shape=2 strides=2", "f32[1,1,2] i64[1,1,2]{0,4}", ERR_NUMERIC,
     "index 4 is outside 4 items"},
    {"MaxUnpool", "kernel_shape=2", "f32[1,1,2] i64[1,1,2]{0,-1}", ERR_NUMERIC, "index -1"},
    {"MaxUnpool", "", "f32[1,1,2] i64[1,1,2]", ERR_SHAPE, "'kernel_shape' has 0"},
    {"MaxUnpool", "kernel_shape=2 pads=3,3", "f32[1,1,2] i64[1,1,2]", ERR_SHAPE, "leaves nothing"},
    {"MaxUnpool", "kernel_shape=2 strides=2", "f32[1,1,2] i64[1,1,2] i64[3]{1,1,3}", ERR_SHAPE,
     "smaller than the windows"},

    {"RoiAlign", "", "f32[1,1,2,2] f32[1,4] i64[1]{1}", ERR_NUMERIC, "image 1 of 1"},
    {"RoiAlign", "", "f32[1,1,2,2] f32[1,4] i64[1]{-1}", ERR_NUMERIC, "image -1 of 1"},
    {"RoiAlign", "", "f32[1,1,2,2] f32[1,4]{0,nan,1,1} i64[1]", ERR_NUMERIC, "corner at nan"},
    {"RoiAlign", "", "f32[1,1,2,2] f32[1,4]{0,0,1e8,1} i64[1]", ERR_NUMERIC, "samples of a bin"},
    {"RoiAlign", "", "f32[1,1,2,2] f32[1,5] i64[1]", ERR_SHAPE, "regions have 5"},
    {"RoiAlign", "", "f32[1,1,2,2] f32[1,4] i64[2]", ERR_SHAPE, "2 image numbers"},
    {"RoiAlign", "output_width=0", "f32[1,1,2,2] f32[1,4] i64[1]", ERR_SHAPE, "1 x 0"},
    {"RoiAlign", "spatial_scale=1e30", "f32[1,1,2,2] f32[1,4]{0,0,1,1} i64[1]", ERR_NUMERIC,
     "scaled"},
    {"MaxRoiPool", "pooled_shape=1,1", "f32[1,1,2,2] f32[1,5]{2,0,0,1,1}", ERR_NUMERIC,
     "image 2 of 1"},
    {"MaxRoiPool", "pooled_shape=1,1", "f32[1,1,2,2] f32[1,5]{0,0,0,inf,1}", ERR_NUMERIC, "inf"},
    {"MaxRoiPool", "pooled_shape=1", "f32[1,1,2,2] f32[1,5]", ERR_SHAPE, "has 1 items"},

    {"Resize", "", "f32[4] - f32[1]{0}", ERR_NUMERIC, "scale 0 is 0"},
    {"Resize", "", "f32[4] - f32[1]{-2}", ERR_NUMERIC, "scale 0 is -2"},
    {"Resize", "", "f32[4] - f32[1]{nan}", ERR_NUMERIC, "scale 0 is nan"},
    {"Resize", "", "f32[4] - f32[1]{inf}", ERR_NUMERIC, "scale 0 is inf"},
    {"Resize", "", "f32[40000000] - f32[1]{9e8}", ERR_SHAPE, "scale 0 is 9e+08"},
    {"Resize", "", "f32[4,4] - f32[1]{2}", ERR_SHAPE, "input 2 has 1 items, wants 2"},
    {"Resize", "", "f32[4] - - i64[1]{-1}", ERR_SHAPE, "size 0 is -1"},
    {"Resize", "", "f32[4] - - i64[1]{" HUGE_DIM "}", ERR_SHAPE, "size 0 is"},
    {"Resize", "", "f32[1,1] - - i64[2]{1000000000000,1000000000000}", ERR_SHAPE, "too large"},
    {"Resize", "", "f32[0] - - i64[1]{3}", ERR_SHAPE, "nothing to make 3"},
    {"Resize", "", "f32[4] - f32[1]{2} i64[1]{8}", ERR_SHAPE, "got both"},
    {"Resize", "", "f32[4] f32[0] f32[0]", ERR_SHAPE, "got neither"},
    {"Resize", "", "f32[4] - i64[1]{2}", ERR_SHAPE, "wants float"},
    {"Resize", "axes=1", "f32[4] - f32[1]{2}", ERR_SHAPE, "axis 1"},
    {"Resize", "axes=0,0", "f32[4] - f32[2]{2,2}", ERR_SHAPE, "twice"},
    {"Resize", "coordinate_transformation_mode=tf_crop_and_resize", "f32[4] f32[1]{0} f32[1]{2}",
     ERR_SHAPE, "input 1 has 1 items, wants 2"},
    {"Resize", "coordinate_transformation_mode=tf_crop_and_resize",
     "f32[4] f32[2]{0,nan} f32[1]{2}", ERR_NUMERIC, "region is nan"},

    {"GridSample", "", "f32[1,1,2,2] f32[2,1,1,2]", ERR_SHAPE, "2 grids for 1 images"},
    {"GridSample", "", "f32[1,1,2,2] f32[1,1,1,3]", ERR_SHAPE, "positions have 3"},
    {"GridSample", "", "f32[1,1,0,2] f32[1,1,1,2]", ERR_SHAPE, "is empty"},
    {"GridSample", "", "f32[1,1] f32[1,1]", ERR_SHAPE, "rank 2"},
    {"AffineGrid", "", "f32[1,2,2] i64[4]{1,1,2,2}", ERR_SHAPE, "theta is 2 x 2"},
    {"AffineGrid", "", "f32[1,2,3] i64[4]{2,1,2,2}", ERR_SHAPE, "size has 4"},
    {"AffineGrid", "", "f32[1,2,3] i64[4]{1,1,-2,2}", ERR_SHAPE, "-2 items"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(wrong_arguments_are_refused_with_a_reason)
{
    assert_refuses(refusals[_i].op, refusals[_i].attributes, refusals[_i].inputs,
                   refusals[_i].status, refusals[_i].text);
}
END_TEST

// ---- values ------------------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs;
    int outputs;
    const char *expected; // output 0
} exact[] = {
    // NaN is above everything; 0 and -0 are equal, so the first stays first
    {"TopK", "", "f32[4]{1,nan,inf,3} i64[1]{3}", 1, "f32[3]{nan,inf,3}"},
    {"TopK", "largest=0", "f32[4]{1,nan,-inf,3} i64[1]{4}", 1, "f32[4]{-inf,1,3,nan}"},
    {"TopK", "", "u64[3]{1,18446744073709549568,2} i64[1]{1}", 1, "u64[1]{18446744073709549568}"},
    {"TopK", "axis=0", "f32[0,2] i64[1]{0}", 2, "f32[0,2]"},
    {"Unique", "", "f32[4]{nan,0,-0,nan}", 4, "f32[2]{0,nan}"},
    {"Unique", "", "f32[0]", 4, "f32[0]"},
    {"Unique", "axis=0", "f32[2,0]", 4, "f32[1,0]"},
    {"Unique", "", "f16[3]{2,1,2}", 1, "f16[2]{1,2}"},
    {"NonZero", "", "f32[]{3}", 1, "i64[0,1]"},
    {"NonZero", "", "f32[3]{nan,0,-0}", 1, "i64[1,1]{0}"},
    {"NonZero", "", "f32[0,2]", 1, "i64[2,0]"},
    {"Compress", "axis=0", "i4[3]{-3,0,7} bool[3]{1,0,1}", 1, "i4[2]{-3,7}"},
    {"Compress", "", "f32[3]{1,2,3} bool[0]", 1, "f32[0]"},
    {"NonMaxSuppression", "", "f32[1,0,4] f32[1,2,0] i64[1]{3}", 1, "i64[0,3]"},
    {"NonMaxSuppression", "", "f32[1,2,4]{0,0,1,1,nan,0,1,1} f32[1,1,2]{1,2} i64[1]{9e18}", 1,
     "i64[2,3]{0,0,1,0,0,0}"},
    {"DepthToSpace", "blocksize=2", "u4[1,4,1,1]{1,2,3,4}", 1, "u4[1,1,2,2]{1,2,3,4}"},
    {"ReverseSequence", "", "i8[3,1]{1,2,3} i64[1]{0}", 1, "i8[3,1]{1,2,3}"},
    {"ScatterElements", "reduction=add", "i8[2]{100,1} i64[2]{0,0} i8[2]{100,1}", 1,
     "i8[2]{-55,1}"},
    {"ScatterND", "", "f32[2]{1,2} i64[0,1] f32[0]", 1, "f32[2]{1,2}"},
    {"GatherElements", "", "f32[0,2] i64[0,2]", 1, "f32[0,2]"},
    {"GatherND", "", "f32[2,0] i64[1,1]{1}", 1, "f32[1,0]"},
    {"CenterCropPad", "", "i8[3]{1,2,3} i64[1]{6}", 1, "i8[6]{0,1,2,3,0,0}"},
    {"Einsum", "equation=i->", "f32[0]", 1, "f32[]{0}"},
    {"Einsum", "equation=", "f32[]{3}", 1, "f32[]{3}"},
    {"Einsum", "equation=i,i->i", "i64[2]{9223372036854775807,2} i64[2]{2,3}", 1, "i64[2]{-2,6}"},
    {"Resize", "mode=linear", "u8[2]{0,255} - f32[1]{2}", 1, "u8[4]{0,64,191,255}"},
    {"Resize", "", "i64[2]{9007199254740993,1} - f32[1]{2}", 1,
     "i64[4]{9007199254740993,9007199254740993,1,1}"},
    {"Resize", "", "f32[2]{1,2} - f32[1]{0.1}", 1, "f32[0]"},
    {"Resize", "mode=cubic antialias=1", "f32[2]{1,2} - f32[1]{1e-30}", 1, "f32[0]"},
    {"Resize", "mode=linear", "f32[3]{1,inf,2} - f32[1]{1}", 1, "f32[3]{1,inf,2}"},
    {"Resize", "coordinate_transformation_mode=tf_crop_and_resize extrapolation_value=7",
     "f32[2]{1,2} f32[2]{-1000000,0} f32[1]{1}", 1, "f32[2]{7,1}"},
    // positions that are no numbers lie outside
    {"GridSample", "", "f32[1,1,1,1]{5} f32[1,1,3,2]{nan,0,inf,0,0,0}", 1, "f32[1,1,1,3]{0,0,5}"},
    {"GridSample", "padding_mode=border", "f32[1,1,1,2]{5,6} f32[1,1,2,2]{-inf,0,1e30,0}", 1,
     "f32[1,1,1,2]{5,6}"},
    {"GridSample", "padding_mode=reflection align_corners=1", "f32[1,1,1,1]{5} f32[1,1,1,2]{9,9}",
     1, "f32[1,1,1,1]{5}"},
    {"RoiAlign", "", "f32[1,1,2,2]{1,1,1,1} f32[1,4]{2,2,1,1} i64[1]", 1, "f32[1,1,1,1]{0}"},
    {"MaxRoiPool", "pooled_shape=1,1", "f32[1,1,2,2] f32[1,5]{0,9,9,9,9}", 1, "f32[1,1,1,1]{0}"},
};
enum { EXACT = sizeof exact / sizeof exact[0] };

START_TEST(edge_cases_have_defined_values)
{
    assert_gives(exact[_i].op, exact[_i].attributes, exact[_i].inputs, exact[_i].outputs,
                 exact[_i].expected);
}
END_TEST

// ---- shapes and axes ---------------------------------------------------------------------------

static const struct {
    const char *op, *attributes, *inputs;
    int without; // the input whose data are not there
} waiting[] = {
    {"TopK", "", "f32[3] i64[1]{2}", 1},
    {"Compress", "", "f32[3] bool[2]{1,0}", 1},
    {"CenterCropPad", "", "f32[3] i64[1]{2}", 1},
    {"Col2Im", "", "f32[1,4,4] i64[2]{3,3} i64[2]{2,2}", 1},
    {"MaxUnpool", "kernel_shape=2", "f32[1,1,2] i64[1,1,2] i64[3]{1,1,4}", 2},
    {"Resize", "", "f32[3] - f32[1]{2}", 2},
    {"Resize", "", "f32[3] - - i64[1]{2}", 3},
    {"AffineGrid", "", "f32[1,2,3] i64[4]{1,1,2,2}", 1},
};
enum { WAITING = sizeof waiting / sizeof waiting[0] };

START_TEST(shapes_that_depend_on_data_wait_for_them)
{
    assert_waits(waiting[_i].op, waiting[_i].attributes, waiting[_i].inputs, waiting[_i].without);
}
END_TEST

#define IN(slot, axis)                                                                             \
    {                                                                                              \
        AXIS_INPUT, slot, axis                                                                     \
    }
#define OUT(axis)                                                                                  \
    {                                                                                              \
        AXIS_OUTPUT, 0, axis                                                                       \
    }

static const struct {
    const char *op, *attributes, *inputs;
    struct axis_end a, b;
    int count;
} links[] = {
    {"GatherElements", "axis=1", "f32[3,4] i64[2,4]", IN(1, 0), IN(0, 0), 1},
    {"GatherElements", "axis=1", "f32[3,4] i64[2,4]", IN(1, 1), IN(0, 1), 0},
    {"GatherElements", "axis=1", "f32[3,4] i64[2,4]", IN(1, 1), OUT(1), 1},
    {"GatherND", "batch_dims=1", "f32[2,3,4] i64[2,5,1]", IN(0, 2), OUT(2), 1},
    {"GatherND", "batch_dims=1", "f32[2,3,4] i64[2,5,1]", IN(0, 0), OUT(0), 1},
    {"GatherND", "", "f32[2,3,4] i64[2,1]", IN(0, 0), OUT(0), 0},
    {"ScatterElements", "axis=1", "f32[3,4] i64[3,2] f32[3,2]", IN(0, 0), OUT(0), 1},
    {"ScatterElements", "axis=1", "f32[3,4] i64[3,2] f32[3,2]", IN(0, 1), OUT(1), 0},
    {"ScatterND", "", "f32[3,4] i64[2,1] f32[2,4]", IN(2, 1), OUT(1), 1},
    {"ScatterND", "", "f32[3,4] i64[2,1] f32[2,4]", IN(0, 0), OUT(0), 0},
    {"TopK", "", "f32[3,4] i64[1]{2}", IN(0, 0), OUT(0), 1},
    {"TopK", "", "f32[3,4] i64[1]{2}", IN(0, 1), OUT(1), 0},
    {"Compress", "axis=1", "f32[3,4] bool[2]{1,0}", IN(0, 0), OUT(0), 1},
    {"DepthToSpace", "blocksize=2", "f32[1,12,2,2]", OUT(1), IN(0, 1), 4},
    {"DepthToSpace", "blocksize=2 mode=CRD", "f32[1,12,2,2]", OUT(1), IN(0, 1), 1},
    {"SpaceToDepth", "blocksize=2", "f32[1,3,2,2]", IN(0, 1), OUT(1), 4},
    {"ReverseSequence", "", "f32[4,3,2] i64[3]", IN(0, 1), OUT(1), 1},
    {"ReverseSequence", "", "f32[4,3,2] i64[3]", IN(0, 0), OUT(0), 0},
    {"Einsum", "equation=bij,bjk->bik", "f32[2,3,4] f32[2,4,5]", IN(0, 0), OUT(0), 1},
    {"Einsum", "equation=bij,bjk->bik", "f32[2,3,4] f32[2,4,5]", IN(1, 2), OUT(2), 1},
    {"Einsum", "equation=bij,bjk->bik", "f32[2,3,4] f32[2,4,5]", IN(0, 2), IN(1, 1), 1},
    {"Resize", "", "f32[2,3,4,4] - f32[4]{1,1,2,2}", IN(0, 1), OUT(1), 1},
    {"Resize", "", "f32[2,3,4,4] - f32[4]{1,1,2,2}", IN(0, 2), OUT(2), 0},
    {"Resize", "", "f32[2,3,4,4] - - i64[4]{2,3,8,8}", IN(0, 0), OUT(0), 1},
    {"GridSample", "", "f32[2,3,4,4] f32[2,5,6,2]", IN(0, 1), OUT(1), 1},
    {"GridSample", "", "f32[2,3,4,4] f32[2,5,6,2]", IN(1, 2), OUT(3), 1},
    {"RoiAlign", "", "f32[2,3,4,4] f32[5,4] i64[5]", IN(0, 1), OUT(1), 1},
    {"RoiAlign", "", "f32[2,3,4,4] f32[5,4] i64[5]", IN(2, 0), OUT(0), 1},
    {"Col2Im", "", "f32[1,12,4] i64[2]{3,3} i64[2]{2,2}", OUT(1), IN(0, 1), 1},
};
enum { LINKS = sizeof links / sizeof links[0] };

START_TEST(axes_are_linked_where_indices_correspond)
{
    ck_assert_msg(op_links(links[_i].op, links[_i].attributes, links[_i].inputs, links[_i].a,
                           links[_i].b) == links[_i].count,
                  "row %d: %s on %s", _i, links[_i].op, links[_i].inputs);
}
END_TEST

Suite *ops_index_suite(void);
Suite *ops_index_suite(void)
{
    Suite *suite = suite_create("ops_index");
    TCase *tcase = tcase_create("ops_index");

    tcase_add_loop_test(tcase, wrong_arguments_are_refused_with_a_reason, 0, REFUSALS);
    tcase_add_loop_test(tcase, edge_cases_have_defined_values, 0, EXACT);
    tcase_add_loop_test(tcase, shapes_that_depend_on_data_wait_for_them, 0, WAITING);
    tcase_add_loop_test(tcase, axes_are_linked_where_indices_correspond, 0, LINKS);
    suite_add_tcase(suite, tcase);
    return suite;
}
