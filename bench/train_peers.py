"""Training steps (forward, backward, SGD with momentum) beside PyTorch, in turns, the best of all rounds: ResNet-8 and
ResNet-20 for 3x32x32 at batch 128. ecai's step is the difference of a long and a short run of `ecai distill none`, so
it includes its input; PyTorch's sees the same tensor again and again.

Usage: train_peers.py ECAI FOLDER [--python PYTHON]... [--rounds N] [--threads 1,2] [NAME...]

Each PYTHON has torch and is one peer in NCHW and one in channels_last. Variants of ecai: fake quantisation from the
first step (--bits 8/8) and masks that grow (--sparsity 0.8).
"""
import argparse
import os
import subprocess
import sys
import time

BATCH, SAMPLES, EPOCHS = 128, 1024, 3
BLOCKS = {"resnet8": 1, "resnet20": 3}
VARIANTS = {"": [], " quantised": ["--bits", "8/8", "--quantize-from", "0"],
            " pruned": ["--sparsity", "0.8", "--prune-begin", "0", "--prune-end", "1"]}


def text_ir(name):
    """The network as text IR: convolutions with batch norm, shortcuts by projection."""
    lines = [f"graph {name}", "image:f32[n,3,32,32]"]

    def conv(to, x, c, oc, k, stride, relu=True):
        lines.append(f"{to}.weight:f32[{oc},{c},{k},{k}] init=he")
        for part, init in (("gamma", "ones"), ("beta", "zeros"), ("mean", "zeros"), ("variance", "ones")):
            lines.append(f"{to}.{part}:f32[{oc}] init={init}")
        lines.append(f"{to}.sum = Conv({x}, {to}.weight) pads={','.join([str(k // 2)] * 4)} strides={stride},{stride}")
        lines.append(f"{to}.norm = BatchNormalization({to}.sum, {to}.gamma, {to}.beta, {to}.mean, {to}.variance)")
        if relu:
            lines.append(f"{to}.relu = Relu({to}.norm)")
        return f"{to}.relu" if relu else f"{to}.norm"

    x, c = conv("first", "image", 3, 16, 3, 1), 16
    for oc in (16, 32, 64):
        for block in range(BLOCKS[name]):
            to, stride = f"s{oc}b{block}", 2 if oc > 16 and not block else 1
            y = conv(f"{to}b", conv(f"{to}a", x, c, oc, 3, stride), oc, oc, 3, 1, relu=False)
            if stride > 1:
                x = conv(f"{to}s", x, c, oc, 1, stride, relu=False)
            lines += [f"{to}.add = Add({y}, {x})", f"{to} = Relu({to}.add)"]
            x, c = to, oc
    lines += [f"mean = GlobalAveragePool({x})", "features = Flatten(mean)", "fc.weight:f32[10,64] init=he",
              "fc.bias:f32[10] init=zeros", "logits = Gemm(features, fc.weight, fc.bias) transB=1", "output logits"]
    return "\n".join(lines) + "\n"


def torch_model(name):
    import torch.nn as nn
    import torch.nn.functional as f

    class Block(nn.Module):
        def __init__(self, c, oc, stride):
            super().__init__()
            self.a = nn.Sequential(nn.Conv2d(c, oc, 3, stride, 1, bias=False), nn.BatchNorm2d(oc), nn.ReLU(True))
            self.b = nn.Sequential(nn.Conv2d(oc, oc, 3, 1, 1, bias=False), nn.BatchNorm2d(oc))
            self.s = nn.Sequential(nn.Conv2d(c, oc, 1, stride, bias=False), nn.BatchNorm2d(oc)) if stride > 1 else None

        def forward(self, x):
            return f.relu(self.b(self.a(x)) + (self.s(x) if self.s else x), inplace=True)

    layers, c = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)], 16
    for oc in (16, 32, 64):
        for block in range(BLOCKS[name]):
            layers.append(Block(c, oc, 2 if oc > 16 and not block else 1))
            c = oc
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def torch_worker(name, form, threads, seconds):
    """Prints the best step in seconds and the peak of memory in MB."""
    import resource
    import torch

    torch.set_num_threads(threads)
    model, loss = torch_model(name), torch.nn.CrossEntropyLoss()
    x, labels = torch.randn(BATCH, 3, 32, 32), torch.randint(0, 10, (BATCH,))
    if form == "channels_last":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(model.parameters(), 0.1, 0.9, weight_decay=5e-4, nesterov=True)
    best, start = 1e9, time.time()
    while time.time() - start < seconds:
        begin = time.time()
        sgd.zero_grad()
        loss(model(x), labels).backward()
        sgd.step()
        best = min(best, time.time() - begin)
    print(torch.__version__, best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def ecai_run(options, name, threads, epochs, extra):
    """Seconds, and the peak of memory in MB."""
    path = f"{options.folder}/{name}.txt"
    with open(path, "w") as file:
        file.write(text_ir(name))
    begin = time.time()
    process = subprocess.Popen(
        [options.ecai, "-q", "--threads", str(threads), "distill", "none", "--student", path, "--data",
         f"synthetic:classes=10,shape=3x32x32,samples={SAMPLES},seed=1", "--preprocess", "unit", "--batch", str(BATCH),
         "--epochs", str(epochs), *extra, "-o", f"{options.folder}/out.onnx"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"ecai failed on {name}")
    return time.time() - begin, usage.ru_maxrss / 1024


def ecai_step(options, name, threads, extra):
    short, _ = ecai_run(options, name, threads, 1, extra)
    long, memory = ecai_run(options, name, threads, 1 + EPOCHS, extra)
    return (long - short) / (EPOCHS * SAMPLES / BATCH), memory


def torch_step(python, name, form, threads, seconds):
    out = subprocess.run([python, __file__, "--worker", name, form, str(threads), str(seconds)], check=True,
                         stdout=subprocess.PIPE, text=True).stdout.split()
    return out[0], float(out[1]), float(out[2])


def compare(options, name, threads):
    best = {}
    for _ in range(options.rounds):
        for variant, extra in VARIANTS.items():
            step, memory = ecai_step(options, name, threads, extra)
            best.setdefault(f"ecai{variant}", []).append((step, memory))
        for python in options.python:
            for form in ("NCHW", "channels_last"):
                version, step, memory = torch_step(python, name, form, threads, options.seconds)
                best.setdefault(f"PyTorch {version} {form}", []).append((step, memory))
    ours = min(best["ecai"])[0]
    for peer, results in best.items():
        step, memory = min(results)
        print(f"| {name} | {threads} | {peer} | {1e3 * step:.1f} | {BATCH / step:.0f} | {step / ours:.2f}x | "
              f"{memory:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ecai")
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--threads", type=lambda text: [int(t) for t in text.split(",")], default=[1, 2])
    options = parser.parse_intermixed_args()
    os.makedirs(options.folder, exist_ok=True)
    print(f"batch {BATCH}, best of {options.rounds} rounds; ratio: time over ecai's\n")
    print("| network | threads | | ms a step | samples/s | ratio | peak MB |\n|---|---|---|---|---|---|---|")
    for threads in options.threads:
        for name in options.names or BLOCKS:
            compare(options, name, threads)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        torch_worker(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
    else:
        main()
