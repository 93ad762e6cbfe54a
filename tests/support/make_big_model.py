#!/usr/bin/env python3
"""Writes a large model with external data, without any package: an MLP of residual blocks as in a
transformer, MatMul width -> 4 width -> width, float weights drawn by seed.

make_big_model.py FOLDER BLOCKS WIDTH   ->  FOLDER/model.onnx, FOLDER/model.onnx.data
"""

import os
import random
import sys

CHUNK = 1 << 22


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def floats(generator, count):
    """Both signs, magnitudes over four powers of two: no infinities, few equal ones."""
    ones = int.from_bytes(b"\xff\xff\xff\x81" * count, "little")
    base = int.from_bytes(b"\x00\x00\x00\x3c" * count, "little")
    return (generator.getrandbits(32 * count) & ones | base).to_bytes(4 * count, "little")


class Writer:
    def __init__(self, folder, seed):
        self.data = open(os.path.join(folder, "model.onnx.data"), "wb")
        self.random = random.Random(seed)
        self.nodes, self.weights = [], []

    def weight(self, name, dims):
        count, at = dims[0] * dims[1], self.data.tell()
        for start in range(0, count, CHUNK):
            self.data.write(floats(self.random, min(CHUNK, count - start)))
        place = {"location": "model.onnx.data", "offset": str(at), "length": str(4 * count)}
        tensor = b"".join(number(1, dim) for dim in dims) + number(2, 1) + block(8, name)
        for key, text in place.items():
            tensor += block(13, block(1, key) + block(2, text))
        self.weights.append(block(5, tensor + number(14, 1)))

    def node(self, op, inputs, output):
        body = b"".join(block(1, name) for name in inputs) + block(2, output)
        self.nodes.append(block(1, body + block(3, output) + block(4, op)))


def value(name, width):
    shape = block(1, block(2, "N")) + block(1, number(1, width))
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, shape)))


def main(folder, blocks, width):
    writer, x = Writer(folder, 1), "x"
    for i in range(blocks):
        writer.weight(f"block{i}.up", [width, 4 * width])
        writer.weight(f"block{i}.down", [4 * width, width])
        writer.node("MatMul", [x, f"block{i}.up"], f"up{i}")
        writer.node("Relu", [f"up{i}"], f"relu{i}")
        writer.node("MatMul", [f"relu{i}", f"block{i}.down"], f"down{i}")
        writer.node("Add", [x, f"down{i}"], f"add{i}")
        x = f"add{i}"
    writer.data.close()
    graph = b"".join(writer.nodes) + block(2, "big") + b"".join(writer.weights)
    graph += block(11, value("x", width)) + block(12, value(x, width))
    model = number(1, 8) + block(8, number(2, 17)) + block(7, graph)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
