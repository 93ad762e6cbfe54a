"""Speed side by side with ONNX Runtime (evaluation) and PyTorch (a training step), on this machine,
interleaved, best of several; one and two threads apart. Prints ratios: above 1, ecai is faster.

Usage: peers.py ECAI MODEL.onnx STUDENT.txt [ROUNDS]
ONNX Runtime and PyTorch are taken if they can be imported; a part without its peer is left out.
"""
import json
import subprocess
import sys
import tempfile
import time

import numpy as np

ecai, model, student = sys.argv[1:4]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 7
scratch = tempfile.mkdtemp()
SAMPLES, BATCH = 10000, 64


def run(*arguments):
    start = time.time()
    subprocess.run([ecai, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.time() - start


def ecai_eval(threads):
    """Seconds of the evaluation itself: set-up and reading are ORT's session creation."""
    run("eval", model, "--data", "fashion-mnist:test", "--threads", str(threads), "--json", f"{scratch}/report.json", "-q")
    return json.load(open(f"{scratch}/report.json"))["timing"]["seconds"]


def ort_eval(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    images = np.random.default_rng(1).normal(size=(SAMPLES, 1, 28, 28)).astype(np.float32)
    session.run(None, {name: images[:BATCH]})
    start = time.time()
    for i in range(0, SAMPLES, BATCH):
        session.run(None, {name: images[i:i + BATCH]})
    return time.time() - start


def ecai_step(threads):
    """Two runs of different length: their difference is steps alone."""
    common = ["--student", student, "--preprocess", "unit", "--epochs", "1", "--batch", "128", "--threads",
              str(threads), "-q", "-o", f"{scratch}/out.onnx"]
    short = run("distill", "none", "--data", "fashion-mnist:train@0:10240", *common)
    long = run("distill", "none", "--data", "fashion-mnist:train@0:20480", *common)
    return (long - short) / 80


def torch_net():
    class Residual(torch.nn.Module):
        def __init__(self, c):
            super().__init__()
            self.conv = torch.nn.Conv2d(c, c, 3, padding=1, bias=False)
            self.norm = torch.nn.BatchNorm2d(c)

        def forward(self, x):
            return torch.relu(x + self.norm(self.conv(x)))

    def conv(i, o, pool):
        layers = [torch.nn.Conv2d(i, o, 3, padding=1, bias=False), torch.nn.BatchNorm2d(o), torch.nn.ReLU()]
        return layers + ([torch.nn.MaxPool2d(2)] if pool else [])

    # testdata/student.txt
    return torch.nn.Sequential(*conv(1, 8, False), *conv(8, 16, True), Residual(16), *conv(16, 32, True),
                               Residual(32), *conv(32, 48, True), Residual(48),
                               torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(48, 10))


def torch_step(threads, steps=40):
    torch.set_num_threads(threads)
    net = torch_net()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    x, y = torch.randn(128, 1, 28, 28), torch.randint(0, 10, (128,))
    for step in range(steps + 5):
        if step == 5:
            start = time.time()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return (time.time() - start) / steps


def compare(title, ours, theirs, unit, scale):
    for threads in (1, 2):
        pairs = [(ours(threads), theirs(threads)) for _ in range(rounds)]
        a, b = min(p[0] for p in pairs), min(p[1] for p in pairs)
        print(f"{title}, {threads} thread{'s' * (threads > 1)}: ecai {a * scale:.2f} {unit}, peer {b * scale:.2f} "
              f"{unit}, peer / ecai = {b / a:.2f}", flush=True)


try:
    import onnxruntime
    compare(f"evaluating {SAMPLES} images, ONNX Runtime {onnxruntime.__version__}", ecai_eval, ort_eval, "s", 1)
except ImportError:
    print("onnxruntime is not here: evaluation not compared")
try:
    import torch
    compare(f"training step of the student at batch 128, PyTorch {torch.__version__}", ecai_step, torch_step, "ms",
            1000)
except ImportError:
    print("torch is not here: training not compared")
