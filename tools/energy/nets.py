"""The networks of testdata/energy as lists of layers, counted by sums and, on request, as ONNX with
weights of no meaning, for `ecai` to count: tools/energy-counts compares the two.

Sources: MobileNet v1 (Howard et al. 2017) and v2 (Sandler et al. 2018) as in TensorFlow's slim
models; EfficientNet-lite (Tan and Le 2019, the lite variants of TensorFlow's TPU models);
ResNet-50 v1.5 (He et al. 2016, stride in the 3x3 convolution); the four of MLPerf Tiny (Banbury
et al. 2021).
"""
import math
import re


class Network:
    """Collects the layers that multiply. A tensor is (name, channels, height, width)."""

    def __init__(self, name, channels, height, width):
        self.name, self.layers, self.ops, self.flat = name, [], [], set()
        self.input = ("input", channels, height, width)
        self.output = self.input

    def _op(self, kind, inputs, shape, **attributes):
        name = f"t{len(self.ops)}"
        self.output = (name, *shape)
        self.ops.append((kind, [tensor[0] for tensor in inputs], name, attributes))
        return self.output

    def conv(self, x, out, kernel, stride=1, groups=1, act="Relu", padding="SAME"):
        """A convolution with batch normalisation folded into its bias."""
        kh, kw = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        _, channels, height, width = x
        pads = [0, 0, 0, 0]
        size = []
        for i, (length, k) in enumerate(((height, kh), (width, kw))):
            if padding == "SAME":
                size.append(-(-length // stride))
                extra = max((size[-1] - 1) * stride + k - length, 0)
                pads[i], pads[i + 2] = extra // 2, extra - extra // 2
            else:
                pads[i] = pads[i + 2] = padding
                size.append((length + 2 * padding - k) // stride + 1)
        weights = out * (channels // groups) * kh * kw
        y = self._op("Conv", [x], (out, *size), kernel=(kh, kw), stride=stride, groups=groups,
                     pads=pads, weight=(out, channels // groups, kh, kw))
        self._count(weights, out, weights * size[0] * size[1], channels * height * width,
                    out * size[0] * size[1], groups > 1 and channels == groups)
        return self._op(act, [y], y[1:]) if act else y

    def dense(self, x, out, act=None):
        """A fully connected layer over all of x."""
        features = x[1] * x[2] * x[3]
        if x[0] not in self.flat:
            x = self._op("Flatten", [x], (features, 1, 1))
        y = self._op("Gemm", [x], (out, 1, 1), weight=(out, features))
        self._count(out * features, out, out * features, features, out, False)
        if act:
            y = self._op(act, [y], y[1:])
        self.flat.add(y[0])
        return y

    def _count(self, weights, biases, macs, inputs, outputs, is_depthwise):
        self.layers.append({"weights": weights, "biases": biases, "macs": macs, "inputs": inputs,
                            "outputs": outputs, "depthwise": is_depthwise})

    def add(self, x, y, act=None):
        z = self._op("Add", [x, y], x[1:])
        return self._op(act, [z], z[1:]) if act else z

    def max_pool(self, x, kernel, stride, pad):
        size = [(length + 2 * pad - kernel) // stride + 1 for length in x[2:]]
        return self._op("MaxPool", [x], (x[1], *size), kernel=(kernel, kernel), stride=stride,
                        pads=[pad] * 4)

    def mean(self, x):
        return self._op("GlobalAveragePool", [x], (x[1], 1, 1))

    def total(self, what):
        return sum(layer[what] for layer in self.layers)

    def counts(self, precision):
        """The columns of a table for this network, as ecai counts it in that precision."""
        parameters = self.total("weights") + self.total("biases")
        activations = self.total("inputs") + self.total("outputs")
        if precision == "int8":
            # As `ecai quantize int8` writes it and a profile of dense kernels counts it: a channel has
            # a 32-bit bias, scales of its weights and its bias (4 bytes each) and the zero points
            # of both (1 and 4). The output stays float.
            weight_bytes = self.total("weights") + 17 * self.total("biases")
            moved = activations + 3 * self.output[1]
        else:
            width = {"float32": 4, "float16": 2}[precision]
            weight_bytes, moved = parameters * width, activations * width
        return {"macs": self.total("macs"),
                "depthwise_macs": sum(l["macs"] for l in self.layers if l["depthwise"]),
                "parameters": parameters, "weight_bytes": weight_bytes,
                "activation_elements": activations, "bytes": weight_bytes + moved,
                "layers": len(self.layers)}


def divisible(value, by=8):
    """Channels rounded to a multiple of `by`, never below nine tenths (Sandler et al. 2018)."""
    rounded = max(by, int(value + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * value else rounded


def mobilenet_v1(multiplier, size, classes=1001, name=None):
    net = Network(name or f"mobilenet-v1-{multiplier}-{size}", 3, size, size)

    def width(c):
        return max(int(c * multiplier), 8)

    x = net.conv(net.input, width(32), 3, 2)
    for out, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + \
            [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
        x = net.conv(x, x[1], 3, stride, groups=x[1])
        x = net.conv(x, width(out), 1)
    net.dense(net.mean(x), classes)
    return net


def inverted(net, x, out, stride, expansion, kernel=3, act="Relu"):
    """Expand, depthwise, project, and the way round when the shape stays."""
    y = x
    if expansion > 1:
        y = net.conv(y, x[1] * expansion, 1, act=act)
    y = net.conv(y, y[1], kernel, stride, groups=y[1], act=act)
    y = net.conv(y, out, 1, act=None)
    return net.add(x, y) if stride == 1 and out == x[1] else y


def mobilenet_v2(multiplier, size, classes=1001):
    net = Network(f"mobilenet-v2-{multiplier}-{size}", 3, size, size)
    x = net.conv(net.input, divisible(32 * multiplier), 3, 2)
    for expansion, out, repeats, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                            (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                            (6, 320, 1, 1)]:
        for i in range(repeats):
            x = inverted(net, x, divisible(out * multiplier), stride if i == 0 else 1, expansion)
    x = net.conv(x, divisible(1280 * max(multiplier, 1)), 1)
    net.dense(net.mean(x), classes)
    return net


LITE = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 280),
        4: (1.4, 1.8, 300)}


def efficientnet_lite(number, classes=1000):
    multiplier, depth, size = LITE[number]
    net = Network(f"efficientnet-lite{number}", 3, size, size)
    blocks = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
              (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]
    x = net.conv(net.input, 32, 3, 2)
    for at, (expansion, out, repeats, stride, kernel) in enumerate(blocks):
        # Stem, head, and the repeats of the first and last stage are not scaled.
        if at not in (0, len(blocks) - 1):
            repeats = math.ceil(repeats * depth)
        for i in range(repeats):
            x = inverted(net, x, divisible(out * multiplier), stride if i == 0 else 1, expansion,
                         kernel)
    x = net.conv(x, 1280, 1)
    net.dense(net.mean(x), classes)
    return net


def resnet50(classes=1000):
    net = Network("resnet50", 3, 224, 224)
    x = net.max_pool(net.conv(net.input, 64, 7, 2, padding=3), 3, 2, 1)
    for stage, (width, repeats) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
        for i in range(repeats):
            stride = 2 if stage and i == 0 else 1
            way = net.conv(x, 4 * width, 1, stride, act=None, padding=0) if i == 0 else x
            y = net.conv(x, width, 1, padding=0)
            y = net.conv(y, width, 3, stride, padding=1)
            x = net.add(net.conv(y, 4 * width, 1, act=None, padding=0), way, "Relu")
    net.dense(net.mean(x), classes)
    return net


def tiny_anomaly():
    net = Network("tiny-ad", 640, 1, 1)
    x = net.input
    for out in [128] * 4 + [8] + [128] * 4:
        x = net.dense(x, out, "Relu")
    net.dense(x, 640)
    return net


def tiny_keywords():
    net = Network("tiny-kws", 1, 49, 10)
    x = net.conv(net.input, 64, (10, 4), 2)
    for _ in range(4):
        x = net.conv(net.conv(x, 64, 3, groups=64), 64, 1)
    net.dense(net.mean(x), 12)
    return net


def tiny_images():
    net = Network("tiny-ic", 3, 32, 32)
    x = net.conv(net.input, 16, 3)
    for width, stride in [(16, 1), (32, 2), (64, 2)]:
        y = net.conv(net.conv(x, width, 3, stride), width, 3, act=None)
        way = x if stride == 1 else net.conv(x, width, 1, stride, act=None)
        x = net.add(way, y, "Relu")
    net.dense(net.mean(x), 10)
    return net


def tiny_visual():
    return mobilenet_v1(0.25, 96, classes=2, name="tiny-vww")


def network(name):
    """The network of a name as the tables have it."""
    found = re.fullmatch(r"mobilenet-v([12])-([\d.]+)-(\d+)", name)
    if found:
        make = mobilenet_v1 if found[1] == "1" else mobilenet_v2
        return make(float(found[2]), int(found[3]))
    found = re.fullmatch(r"efficientnet-lite(\d)", name)
    if found:
        return efficientnet_lite(int(found[1]))
    return {"resnet50": resnet50, "tiny-ad": tiny_anomaly, "tiny-kws": tiny_keywords,
            "tiny-ic": tiny_images, "tiny-vww": tiny_visual}[name]()


def save_onnx(net, path):
    """The network as ONNX, its weights drawn and none of them zero: only its shapes matter."""
    # What only counts needs neither package.
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    nodes, weights = [], []

    def weight(name, shape):
        values = random.uniform(0.5, 1.0, shape) * random.choice([-1.0, 1.0], shape)
        scale = (2.0 / math.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.01
        weights.append(numpy_helper.from_array((values * scale).astype(np.float32), name))
        return name

    for kind, inputs, output, at in net.ops:
        inputs, attributes = list(inputs), {}
        if "weight" in at:
            inputs += [weight(output + "_w", at["weight"]), weight(output + "_b", at["weight"][:1])]
        if "kernel" in at:
            attributes = {"kernel_shape": at["kernel"], "strides": [at["stride"]] * 2,
                          "pads": at["pads"]}
        if "groups" in at:
            attributes["group"] = at["groups"]
        if kind == "Gemm":
            attributes["transB"] = 1
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def info(tensor, shape):
        return helper.make_tensor_value_info(tensor[0], TensorProto.FLOAT, ["n", *shape])

    graph = helper.make_graph(nodes, net.name, [info(net.input, net.input[1:])],
                              [info(net.output, net.output[1:2])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)


def save_text(net, path):
    """The network as ecai's text IR, its weights without numbers."""
    lines = [f"# {net.name}, as tools/energy/nets.py has it.", f"graph {net.name}",
             f"input:f32[n,{','.join(map(str, net.input[1:]))}]"]
    for kind, inputs, output, at in net.ops:
        inputs, words = list(inputs), []
        if "weight" in at:
            shape = ",".join(map(str, at["weight"]))
            lines += [f"{output}_w:f32[{shape}] init=he",
                      f"{output}_b:f32[{at['weight'][0]}] init=zeros"]
            inputs += [output + "_w", output + "_b"]
        if "kernel" in at:
            words += [f"pads={','.join(map(str, at['pads']))}", f"strides={at['stride']},{at['stride']}"]
            if "weight" not in at:
                words.append(f"kernel_shape={at['kernel'][0]},{at['kernel'][1]}")
        if at.get("groups", 1) > 1:
            words.append(f"group={at['groups']}")
        if kind == "Gemm":
            words.append("transB=1")
        lines.append(" ".join([f"{output} = {kind}({', '.join(inputs)})", *words]))
    lines.append(f"output {net.output[0]}")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
