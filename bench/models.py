"""Writes networks with random weights, for speed only: what real exports look like (batch norm already folded into
the convolutions), without anything to download.

Usage: models.py FOLDER [--sparsity 0.9 [--block 1x1|4x1|4x4]] [NAME...]   (every network without names)
With --sparsity every convolution but the first loses that share of its blocks (output by input channels; masks drawn
by seed), and the file is called NAME.sparse90_4x1.onnx. Needs onnx and numpy.
"""
import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13


class Net:
    """A graph under construction: every method appends nodes and returns the name of what they give."""

    sparsity, block = 0, "1x1"  # of all that are written

    def __init__(self, name, inputs):
        self.name, self.inputs, self.nodes, self.weights = name, inputs, [], []
        self.random = np.random.default_rng(1)

    def weight(self, *shape, scale=None, values=None):
        if values is None:
            scale = np.sqrt(2 / np.prod(shape[1:])) if scale is None else scale
            values = self.random.normal(size=shape) * scale
        name = f"w{len(self.weights)}"
        kind = np.int64 if np.issubdtype(np.asarray(values).dtype, np.integer) else np.float32
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def mask(self, oc, c, k):
        """Keeps the same number of blocks for every size of network: the share is met as nearly as blocks allow."""
        if not self.sparsity or not self.weights:
            return np.ones((oc, c, k, k))
        rows, columns = (int(n) for n in self.block.split("x"))
        shape = (-(-oc // rows), -(-c // columns), k, k)
        order = np.random.default_rng(len(self.weights)).permutation(np.prod(shape))
        blocks = (order >= round(self.sparsity * len(order))).reshape(shape)
        return blocks.repeat(rows, 0).repeat(columns, 1)[:oc, :c]

    def node(self, op, *inputs, **attributes):
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def clip(self, x, low, high):
        return self.node("Clip", x, self.weight(values=np.float32(low)), self.weight(values=np.float32(high)))

    def conv(self, x, c, oc, k, stride=1, groups=1, pad=None, act="Relu", scale=None):
        pad = k // 2 if pad is None else pad
        mask = self.mask(oc, c // groups, k) if groups == 1 else 1
        scale = np.sqrt(2 / (c // groups * k * k)) if scale is None else scale
        w = self.weight(values=self.random.normal(size=(oc, c // groups, k, k)) * scale * mask)
        x = self.node("Conv", x, w, self.weight(oc, scale=0.1), kernel_shape=[k, k], strides=[stride, stride],
                      pads=[pad] * 4, group=groups)
        return self.clip(x, 0, 6) if act == "Relu6" else self.node(act, x) if act else x

    def classify(self, x, c, classes):
        x = self.node("Flatten", self.node("GlobalAveragePool", x))
        return self.node("Gemm", x, self.weight(classes, c), self.weight(classes, scale=0.1), transB=1)

    def dense(self, x, k, m):
        x = self.node("MatMul", x, self.weight(k, m, scale=k ** -0.5))
        return self.node("Add", x, self.weight(m, scale=0.1))

    def layer_norm(self, x, width):
        return self.node("LayerNormalization", x, self.weight(values=np.ones(width)), self.weight(width, scale=0.1),
                         epsilon=1e-12)

    def save(self, folder, output, shape, opset=OPSET):
        graph = helper.make_graph(self.nodes, self.name, self.inputs,
                                  [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8,
                                  producer_name="ecai-bench")
        onnx.checker.check_model(model)
        variant = f".sparse{round(100 * self.sparsity)}_{self.block}".replace("_1x1", "") if self.sparsity else ""
        onnx.save(model, os.path.join(folder, f"{self.name}{variant}.onnx"))


def image(name, size):
    return Net(name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, size, size])])


def basic_block(net, x, c, oc, stride):
    y = net.conv(net.conv(x, c, oc, 3, stride), oc, oc, 3, act=None, scale=0.02)
    if stride > 1 or c != oc:
        x = net.conv(x, c, oc, 1, stride, act=None)
    return net.node("Relu", net.node("Add", y, x))


def cifar_resnet(folder, name, blocks):
    net = image(name, 32)
    x, c = net.conv("input", 3, 16, 3), 16
    for stage, oc in enumerate((16, 32, 64)):
        for block in range(blocks):
            x = basic_block(net, x, c, oc, 2 if stage and not block else 1)
            c = oc
    net.save(folder, net.classify(x, c, 10), ["N", 10])


def resnet8(folder):
    """MLPerf Tiny's image classifier."""
    cifar_resnet(folder, "resnet8", 1)


def resnet20(folder):
    """He et al. 2016, for CIFAR, shortcuts by projection."""
    cifar_resnet(folder, "resnet20", 3)


def resnet18(folder):
    net = image("resnet18", 224)
    x, c = net.node("MaxPool", net.conv("input", 3, 64, 7, 2), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for oc in (64, 128, 256, 512):
        for block in range(2):
            x = basic_block(net, x, c, oc, 2 if oc > 64 and not block else 1)
            c = oc
    net.save(folder, net.classify(x, c, 1000), ["N", 1000])


def resnet50(folder):
    """With the stride in the 3x3 convolution, as torchvision has it."""
    net = image("resnet50", 224)
    x, c = net.node("MaxPool", net.conv("input", 3, 64, 7, 2), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = net.conv(net.conv(x, c, width, 1), width, width, 3, stride)
            y = net.conv(y, width, 4 * width, 1, act=None, scale=0.02)
            if not block:
                x = net.conv(x, c, 4 * width, 1, stride, act=None)
            x, c = net.node("Relu", net.node("Add", y, x)), 4 * width
    net.save(folder, net.classify(x, c, 1000), ["N", 1000])


def mobilenetv2(folder):
    net = image("mobilenetv2", 224)
    x, c = net.conv("input", 3, 32, 3, 2, act="Relu6"), 32
    for t, oc, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                  (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            s = 1 if block else stride
            y = net.conv(x, c, c * t, 1, act="Relu6") if t > 1 else x
            y = net.conv(y, c * t, c * t, 3, s, groups=c * t, act="Relu6")
            y = net.conv(y, c * t, oc, 1, act=None)
            x, c = net.node("Add", x, y) if s == 1 and c == oc else y, oc
    net.save(folder, net.classify(net.conv(x, c, 1280, 1, act="Relu6"), 1280, 1000), ["N", 1000])


def mobilenetv1(folder):
    """Width 0.25 at 96 pixels: MLPerf Tiny's visual wake words."""
    net = image("mobilenetv1", 96)
    x, c = net.conv("input", 3, 8, 3, 2), 8
    for oc, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)):
        x = net.conv(net.conv(x, c, c, 3, stride, groups=c), c, oc, 1)
        c = oc
    net.save(folder, net.classify(x, c, 2), ["N", 2])


def attention(net, x, width, heads):
    split = [net.weight(values=np.array([0, 0, heads, width // heads])) for _ in range(3)]
    q, k, v = (net.node("Reshape", net.dense(x, width, width), split[i]) for i in range(3))
    q, v = (net.node("Transpose", y, perm=[0, 2, 1, 3]) for y in (q, v))
    scores = net.node("MatMul", q, net.node("Transpose", k, perm=[0, 2, 3, 1]))
    scores = net.node("Div", scores, net.weight(values=np.float32((width // heads) ** 0.5)))
    y = net.node("Transpose", net.node("MatMul", net.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    y = net.node("Reshape", y, net.weight(values=np.array([0, 0, width])))
    return net.dense(y, width, width)


def gelu(net, x):
    y = net.node("Erf", net.node("Div", x, net.weight(values=np.float32(2 ** 0.5))))
    y = net.node("Mul", x, net.node("Add", y, net.weight(values=np.float32(1))))
    return net.node("Mul", y, net.weight(values=np.float32(0.5)))


def encoder(folder, layers=6, width=384, heads=12, inner=1536, tokens=128, vocabulary=30522):
    """Shaped like MiniLM-L6: token ids in, the mean of the last layer's tokens out."""
    net = Net("encoder", [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["N", tokens])])
    x = net.node("Gather", net.weight(vocabulary, width, scale=0.05), "input_ids", axis=0)
    x = net.layer_norm(net.node("Add", x, net.weight(1, tokens, width, scale=0.05)), width)
    for _ in range(layers):
        x = net.layer_norm(net.node("Add", x, attention(net, x, width, heads)), width)
        y = net.dense(gelu(net, net.dense(x, width, inner)), inner, width)
        x = net.layer_norm(net.node("Add", x, y), width)
    net.save(folder, net.node("ReduceMean", x, axes=[1], keepdims=0), ["N", width], opset=17)


NETS = {f.__name__: f for f in (resnet8, resnet20, resnet18, resnet50, mobilenetv2, mobilenetv1, encoder)}


def write(folder, name, sparsity=0, block="1x1"):
    Net.sparsity, Net.block = sparsity, block
    NETS[name](folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--sparsity", type=float, default=0)
    parser.add_argument("--block", default="1x1")
    options = parser.parse_intermixed_args()
    os.makedirs(options.folder, exist_ok=True)
    for name in options.names or NETS:
        write(options.folder, name, options.sparsity, options.block)


if __name__ == "__main__":
    main()
