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

# ---- recurrent layers --------------------------------------------------------------------------


def recurrent(op, gates, attributes, inputs, directions=1, steps=3, batch=2, width=3, units=2,
              layout=0, **more):
    """inputs: of the optional ones, a letter each: b(ias), l(engths), h, c, p(eephole)."""
    def state():
        return f32(batch, directions, units) if layout else f32(directions, batch, units)
    lengths = values("i32", np.arange(batch) % steps + 1)
    optional = {"b": f32(directions, 2 * gates * units), "l": lengths, "h": state(), "c": state(),
                "p": f32(directions, 3 * units)}
    slots = "blhcp" if op == "LSTM" else "blh"
    given = [optional[s] if s in inputs else None for s in slots]
    while given and given[-1] is None:
        given.pop()
    x = f32(batch, steps, width) if layout else f32(steps, batch, width)
    name = f"hidden_size={units} " + (f"layout={layout} " if layout else "")
    outputs = (True, True, True) if op == "LSTM" else (True, True)
    row(op, name + attributes,
        [x, f32(directions, gates * units, width), f32(directions, gates * units, units)] + given,
        outputs=more.pop("outputs", outputs), **more)


BOTH = "direction=bidirectional"
recurrent("LSTM", 4, "", "")
recurrent("LSTM", 4, "", "bhc", batch=1, steps=4)
recurrent("LSTM", 4, BOTH, "blhcp", directions=2)
recurrent("LSTM", 4, "direction=reverse", "blhc")
recurrent("LSTM", 4, "input_forget=1", "bp")
recurrent("LSTM", 4, "clip=0.5", "bhc")
recurrent("LSTM", 4, "activations=HardSigmoid activations=ScaledTanh activations=Affine "
          "activation_alpha=0.3,1.5,0.7 activation_beta=0.4,0.6,0.1", "b")
recurrent("LSTM", 4, "activations=Sigmoid activations=Softsign activations=Softplus", "",
          outputs=(True, False, False))
recurrent("GRU", 3, "", "")
recurrent("GRU", 3, "linear_before_reset=1", "bh")
recurrent("GRU", 3, "linear_before_reset=1", "")
recurrent("GRU", 3, BOTH, "blh", directions=2)
recurrent("GRU", 3, "linear_before_reset=1 " + BOTH, "blh", directions=2)
recurrent("GRU", 3, "direction=reverse activations=Sigmoid activations=Elu "
          "activation_alpha=0.8", "bl")
recurrent("RNN", 1, "", "b")
recurrent("RNN", 1, BOTH + " activations=LeakyRelu activations=ThresholdedRelu "
          "activation_alpha=0.1,0.05", "blh", directions=2)
recurrent("RNN", 1, "direction=reverse activations=Relu", "lh", outputs=(False, True))
recurrent("GRU", 3, "clip=0.4", "bl")


def rnn_batch_first(x, w, r, bias, lengths, initial):
    """The ONNX specification in float64; ONNX Runtime has no kernel for layout 1."""
    y = np.zeros(x.shape[:2] + (2, r.shape[2]))
    last = initial.astype(np.float64)
    for n, length in enumerate(lengths):
        for d, steps in enumerate([range(length), reversed(range(length))]):
            for t in steps:
                last[n, d] = np.tanh(w[d] @ x[n, t] + r[d] @ last[n, d] + sum(np.split(bias[d], 2)))
                y[n, t, d] = last[n, d]
    return [y.astype(np.float32), last.astype(np.float32)]


recurrent("RNN", 1, BOTH, "blh", directions=2, layout=1, expect=rnn_batch_first)

# ---- integers ----------------------------------------------------------------------------------


def u8(*dims):
    return random("u8", *dims)


def i8(*dims):
    return random("i8", *dims)


row("ConvInteger", "", [u8(2, 2, 4, 4), u8(3, 2, 2, 2)])
row("ConvInteger", "pads=1,1,1,1 strides=2,1", [u8(1, 2, 4, 5), i8(3, 2, 3, 3), values("u8", 7)])
row("ConvInteger", "group=2", [u8(1, 4, 3, 3), u8(4, 2, 2, 2), values("u8", 200), values("u8", 9)])
row("MatMulInteger", "", [u8(2, 3), u8(3, 4)])
row("MatMulInteger", "", [u8(2, 2, 3), i8(3, 4), values("u8", 12), values("i8", [-3, 0, 4, 127])])
row("MatMulInteger", "", [u8(2, 2, 3), u8(2, 3, 2), values("u8", 255), values("u8", 1)])
row("QLinearConv", "pads=1,0,1,0",
    [u8(2, 2, 4, 4), values("f32", 0.02), values("u8", 113), i8(3, 2, 3, 3),
     values("f32", [0.01, 0.02, 0.03]), values("i8", [0, 0, 0]), values("f32", 0.5),
     values("u8", 30), values("i32", [500, -3000, 70])])
row("QLinearConv", "group=2",
    [i8(1, 4, 3, 3), values("f32", 0.02), values("i8", -5), i8(2, 2, 3, 3), values("f32", 0.01),
     values("i8", 0), values("f32", 0.7), values("i8", 3)])
row("QLinearMatMul", "",
    [u8(2, 3), values("f32", [0.0066]), values("u8", [113]), u8(3, 4), values("f32", [0.00705]),
     values("u8", [114]), values("f32", [0.0107]), values("u8", [118])])
row("QLinearMatMul", "",
    [i8(2, 2, 3), values("f32", 0.01), values("i8", -7), i8(3, 2), values("f32", [0.02, 0.05]),
     values("i8", [0, 0]), values("f32", 0.3), values("i8", 4)])
row("DynamicQuantizeLinear", "", [f32(3, 4)], outputs=(True, True, True))
row("DynamicQuantizeLinear", "", [f32(5, low=1, high=4)], outputs=(True, True, True))
row("DynamicQuantizeLinear", "", [f32(5, low=-4, high=-1)], outputs=(True, True, True))

# ---- deformable convolution, attention, positions ----------------------------------------------

row("DeformConv", "", [f32(2, 2, 4, 4), f32(3, 2, 2, 2), f32(2, 8, 3, 3)], opset=19)
row("DeformConv", "pads=1,0,1,1 strides=2,1 group=2 offset_group=2 kernel_shape=2,2",
    [f32(1, 4, 4, 4), f32(2, 2, 2, 2), f32(1, 16, 3, 4), f32(2), f32(1, 8, 3, 4)], opset=19)
row("DeformConv", "dilations=2,1", [f32(1, 1, 5, 4), f32(2, 1, 2, 2), f32(1, 8, 3, 3), f32(2)],
    opset=19)

ALL = (True, True, True, True)


def attention(attributes, query, key, *more, value=None, outputs=(True,), **options):
    row("Attention", attributes, [f32(*query), f32(*key), f32(*(value or key))] + list(more),
        outputs=outputs, opset=23, **options)


HIDING = values("bool", np.arange(12).reshape(3, 4) % 3 != 1)
attention("", (2, 3, 4, 2), (2, 3, 3, 2))
attention("is_causal=1", (2, 2, 4, 2), (2, 2, 4, 2), value=(2, 2, 4, 3))
attention("q_num_heads=4 kv_num_heads=2 scale=0.3", (2, 3, 8), (2, 4, 4), f32(3, 4))
attention("softcap=1.5 qk_matmul_output_mode=1", (1, 2, 3, 2), (1, 2, 3, 2),
          outputs=(True, False, False, True))
attention("", (2, 2, 3, 2), (2, 2, 4, 2), HIDING)
attention("", (2, 2, 3, 2), (2, 2, 2, 2), f32(2, 1, 3, 4), f32(2, 2, 2, 2), f32(2, 2, 2, 3),
          value=(2, 2, 2, 3), outputs=(True, True, True, False))
attention("is_causal=1 qk_matmul_output_mode=3", (1, 4, 2, 2), (1, 2, 2, 2), None,
          f32(1, 2, 3, 2), f32(1, 2, 3, 2), outputs=ALL)
attention("qk_matmul_output_mode=0", (1, 2, 2, 3), (1, 1, 3, 3), f32(2, 3),
          outputs=(True, False, False, True))
attention("qk_matmul_output_mode=2", (1, 2, 2, 3), (1, 1, 3, 3), f32(2, 2, 3),
          outputs=(True, False, False, True))

ANGLES = [f32(5, 2), f32(5, 2)]
row("RotaryEmbedding", "", [f32(2, 3, 2, 4)] + ANGLES + [values("i64", [[0, 4], [2, 1]])],
    opset=23, fixed=(1, 2))
row("RotaryEmbedding", "interleaved=1 num_heads=2",
    [f32(2, 3, 8)] + ANGLES + [values("i64", [[0, 4, 3], [2, 1, 1]])], opset=23, fixed=(1, 2))
row("RotaryEmbedding", "rotary_embedding_dim=2 num_heads=2",
    [f32(2, 3, 8), f32(2, 3, 1), f32(2, 3, 1)], opset=23, fixed=(1, 2))
