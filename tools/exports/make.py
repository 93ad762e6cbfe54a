#!/usr/bin/env python3
"""Writes models as the world exports them, for tools/exports/check.py: random weights, seeded.

usage: make.py FOLDER [NAME...]

torchvision's classification families, a Swin and a vision transformer, recurrent nets and nets in
the shapes of GPT-2 and BERT, each by PyTorch's TorchScript-based exporter (NAME.script.onnx) and by
the one over torch.export (NAME.dynamo.onnx); multi-layer perceptrons by skl2onnx (NAME.onnx). Needs
torch, torchvision, transformers, onnxscript, scikit-learn and skl2onnx from PyPI. Images are small
where a family allows it: what is looked at is the graph.
"""
import os
import sys
import warnings

import numpy as np
import torch
import torchvision
from torch import nn

warnings.filterwarnings("ignore")
SCRIPT_OPSET, DYNAMO_OPSET = 17, 18


def vision(name, size=64, **options):
    def build():
        extra = dict(init_weights=True) if name in ("googlenet", "inception_v3") else {}
        model = getattr(torchvision.models, name)(weights=None, num_classes=10, **extra, **options)
        return model, (torch.randn(2, 3, size, size),), ["image"]
    return build


class Recurrent(nn.Module):
    """A sequence classifier: two layers both ways, then the last step."""

    def __init__(self, kind, two_way):
        super().__init__()
        self.cell = getattr(nn, kind)(20, 32, num_layers=2, batch_first=True, bidirectional=two_way)
        self.head = nn.Linear(32 * (1 + two_way), 7)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


def recurrent(kind, two_way=False):
    return lambda: (Recurrent(kind, two_way), (torch.randn(2, 12, 20),), ["sequence"])


class Upsampler(nn.Module):
    """An encoder and decoder with transposed convolutions and a skip, as segmentation nets are."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
                                  nn.Conv2d(16, 32, 3, 2, 1), nn.InstanceNorm2d(32), nn.SiLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.GroupNorm(4, 16),
                                nn.LeakyReLU(0.1), nn.ConvTranspose2d(16, 4, 2, 2))
        self.skip = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        wide = nn.functional.interpolate(x, scale_factor=1.0, mode="bilinear")
        return self.up(self.down(x)) + self.skip(wide)


def transformer_vision(kind):
    def build():
        if kind == "swin":
            model = torchvision.models.SwinTransformer(
                patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4],
                window_size=[4, 4], num_classes=10)
        else:
            model = torchvision.models.VisionTransformer(
                image_size=64, patch_size=16, num_layers=3, num_heads=4, hidden_dim=64,
                mlp_dim=128, num_classes=10)
            nn.init.normal_(model.heads.head.weight)  # it starts at zero, and so would all answers
        return model, (torch.randn(2, 3, 64, 64),), ["image"]
    return build


class Logits(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, tokens):
        out = self.model(input_ids=tokens, use_cache=False, return_dict=True)
        return out.logits if hasattr(out, "logits") else out.last_hidden_state


def text(kind):
    def build():
        import transformers
        if kind == "gpt2":
            model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
                vocab_size=300, n_positions=64, n_embd=64, n_layer=3, n_head=4,
                attn_implementation="eager"))
        elif kind == "bert":
            model = transformers.BertForSequenceClassification(transformers.BertConfig(
                vocab_size=300, hidden_size=64, num_hidden_layers=3, num_attention_heads=4,
                intermediate_size=128, max_position_embeddings=64, num_labels=5,
                attn_implementation="eager"))
        else:
            model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
                vocab_size=300, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, intermediate_size=128, max_position_embeddings=64,
                attn_implementation="eager"))
        return Logits(model), (torch.randint(0, 300, (2, 16)),), ["tokens"]
    return build


MODELS = {
    "alexnet": vision("alexnet", 224),
    "vgg11_bn": vision("vgg11_bn", 224),
    "resnet18": vision("resnet18"),
    "resnet50": vision("resnet50"),
    "resnext50_32x4d": vision("resnext50_32x4d"),
    "wide_resnet50_2": vision("wide_resnet50_2"),
    "densenet121": vision("densenet121"),
    "googlenet": vision("googlenet", aux_logits=False),
    "inception_v3": vision("inception_v3", 128, aux_logits=False),
    "squeezenet1_1": vision("squeezenet1_1"),
    "shufflenet_v2_x1_0": vision("shufflenet_v2_x1_0"),
    "mobilenet_v2": vision("mobilenet_v2"),
    "mobilenet_v3_small": vision("mobilenet_v3_small"),
    "mnasnet0_5": vision("mnasnet0_5"),
    "efficientnet_b0": vision("efficientnet_b0"),
    "efficientnet_v2_s": vision("efficientnet_v2_s"),
    "regnet_y_400mf": vision("regnet_y_400mf"),
    "regnet_x_400mf": vision("regnet_x_400mf"),
    "convnext_tiny": vision("convnext_tiny"),
    "vit_shaped": transformer_vision("vit"),
    "swin_shaped": transformer_vision("swin"),
    "lstm": recurrent("LSTM"),
    "lstm_two_way": recurrent("LSTM", True),
    "gru": recurrent("GRU"),
    "rnn": recurrent("RNN"),
    "upsampler": lambda: (Upsampler(), (torch.randn(2, 3, 32, 32),), ["image"]),
    "gpt2_shaped": text("gpt2"),
    "bert_shaped": text("bert"),
    "llama_shaped": text("llama"),
}


def settle(model, inputs):
    """Statistics for batch norms, from noise: with those of a fresh model, numbers die out."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    with torch.no_grad():
        for _ in range(3):
            shape = inputs[0].shape
            fresh = (torch.randn(8, *shape[1:]) if inputs[0].is_floating_point() else
                     torch.randint(0, 300, (8, *shape[1:])))
            model(fresh)
    model.eval()


def export(name, folder):
    for kind in ("script", "dynamo"):
        path = os.path.join(folder, f"{name}.{kind}.onnx")
        torch.manual_seed(1)
        model, inputs, names = MODELS[name]()
        settle(model, inputs)
        try:
            if kind == "script":
                torch.onnx.export(model, inputs, path, input_names=names, output_names=["output"],
                                  dynamic_axes={names[0]: {0: "batch"}, "output": {0: "batch"}},
                                  opset_version=SCRIPT_OPSET, dynamo=False)
            else:
                torch.onnx.export(model, inputs, path, input_names=names, output_names=["output"],
                                  dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},),
                                  opset_version=DYNAMO_OPSET, dynamo=True, external_data=False,
                                  verbose=False)
            print(f"made {os.path.basename(path)}", flush=True)
        except Exception as error:  # the exporter's own limits are its own
            line = str(error).strip().splitlines()
            print(f"not exported {os.path.basename(path)}: {line[0] if line else error}",
                  flush=True)


def perceptrons(folder):
    from skl2onnx import to_onnx
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    models = {
        "mlp_relu": MLPClassifier((64, 32), activation="relu", max_iter=15, random_state=1),
        "mlp_tanh": MLPClassifier((48,), activation="tanh", max_iter=15, random_state=1),
        "mlp_logistic": MLPClassifier((32, 32, 16), activation="logistic", max_iter=15, random_state=1),
        "mlp_regressor": MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=15, random_state=1),
    }
    for name, model in models.items():
        model.fit(x, y if "regressor" not in name else y.astype(np.float32))
        options = {id(model): {"zipmap": False}} if "regressor" not in name else None
        made = to_onnx(model, x[:1], options=options, target_opset=17)
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(made.SerializeToString())
        print(f"made {name}.onnx", flush=True)


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    if not wanted or "mlp" in wanted:
        perceptrons(folder)
    for name in wanted or MODELS:
        if name in MODELS:
            export(name, folder)


main()
