"""MLPerf Inference: mobile processors, accelerators and servers, sparse BERT; see tools/energy-tables
and testdata/energy/README.md."""
import json
import re
import sys

from . import nets
from .common import NETWORK_COLUMNS, write


# (round of the MobileNets and EfficientNets, their platform) -> device, runtime. ResNet-50 of the
# same device and runtime was handed in in the closed division, for the Raspberry Pi, the Odroid and
# the Xavier a round later.
BOARDS = {
    ("v2.0", "rpi4-tflite-v2.7.1-ruy"): ("rpi4", "tflite-2.7.1"),
    ("v2.0", "rpi4-armnn-v21.11-neon"): ("rpi4", "armnn-neon"),
    ("v2.0", "odroid-tflite-v2.7.1-ruy"): ("odroid", "tflite-2.7.1"),
    ("v2.0", "odroid-armnn-v21.11-neon"): ("odroid", "armnn-neon"),
    ("v2.0", "odroid-armnn-v21.11-opencl"): ("odroid", "armnn-opencl"),
    ("v2.0", "xavier-power.0-fan.cool-tflite-v2.7.1-ruy"): ("xavier", "tflite-2.7.1"),
    ("v2.0", "xavier-power.0-fan.cool-armnn-v21.11-neon"): ("xavier", "armnn-neon"),
    ("v2.1", "orin-tflite-v2.7.1-ruy"): ("orin", "tflite-2.7.1"),
    ("v2.1", "orin-armnn-v22.05-neon"): ("orin", "armnn-neon"),
    ("v3.0", "firefly-tflite-v2.11.0-ruy"): ("rk3588", "tflite-2.11.0"),
    ("v3.0", "firefly-armnn-v22.11-neon"): ("rk3588", "armnn-neon"),
    ("v3.0", "firefly-armnn-v22.11-opencl"): ("rk3588", "armnn-opencl"),
    ("v3.0", "vim4-tflite-v2.11.0-ruy"): ("vim4", "tflite-2.11.0"),
    ("v3.0", "vim4-armnn-v22.11-neon"): ("vim4", "armnn-neon"),
    ("v3.0", "vim4-armnn-v22.11-opencl"): ("vim4", "armnn-opencl"),
}
RESNETS = {
    ("v2.1", "rpi4-tflite-v2.7.1-ruy"): ("rpi4", "tflite-2.7.1"),
    ("v2.1", "rpi4-armnn-v22.05-neon"): ("rpi4", "armnn-neon"),
    ("v2.1", "odroid-tflite-v2.7.1-ruy"): ("odroid", "tflite-2.7.1"),
    ("v2.1", "odroid-armnn-v22.05-neon"): ("odroid", "armnn-neon"),
    ("v2.1", "odroid-armnn-v22.05-opencl"): ("odroid", "armnn-opencl"),
    ("v2.1", "xavier-power.0-fan.cool-tflite-v2.7.1-ruy"): ("xavier", "tflite-2.7.1"),
    ("v2.1", "xavier-power.0-fan.cool-armnn-v22.05-neon"): ("xavier", "armnn-neon"),
}


def power_rows(repository):
    """Every distinct power result: the repository lists one in several reports."""
    seen = {}
    for name in repository.names():
        if "power" in name and name.endswith("cm-result.json"):
            text = repository.read(name)
            if text is None:
                print(f"not in the clone: {name}", file=sys.stderr)
            for row in json.loads(text or "[]"):
                if row.get("Result_Power"):
                    key = row["version"], row.get("Location"), row["Scenario"]
                    seen.setdefault(key, row)
    return list(seen.values())


def mobile_network(model):
    """Network, family and precision of a submitted model, or None for those not taken."""
    found = re.fullmatch(r"mobilenet-v([12])-([\d.]+)-(\d+)-(non-)?quantized", model)
    if found:
        return (f"mobilenet-v{found[1]}-{found[2]}-{found[3]}", "mobilenet",
                "float32" if found[4] else "int8")
    found = re.fullmatch(r"efficientnet-lite(\d)-(non-)?quantized", model)
    if found:
        return (f"efficientnet-lite{found[1]}", "efficientnet-lite",
                "float32" if found[2] else "int8")
    return ("resnet50", "resnet", "float32") if model == "resnet50" else None


def mobile(rows):
    out = []
    for row in rows:
        where = row["version"], row["Platform"]
        is_resnet = row["Model"] == "resnet50"
        board = RESNETS.get(where) if is_resnet else BOARDS.get(where)
        if is_resnet and not board and where not in RESNETS:
            board = BOARDS.get(where)
        named = mobile_network(row["Model"])
        if not board or not named or row["Scenario"] != "SingleStream":
            continue
        assert row["Result_Power_Units"] == "millijoules" and row["Units"] == "Latency (ms)", row
        out.append({"device": board[0], "runtime": board[1], "network": named[0],
                    "family": named[1], "precision": named[2],
                    **nets.network(named[0]).counts(named[2]),
                    "joules": row["Result_Power"] / 1e3, "seconds": row["Result"] / 1e3,
                    "accuracy": row["Accuracy"] / 100, "source": row["version"]})
    order = list(dict.fromkeys(BOARDS.values()))
    out.sort(key=lambda r: (order.index((r["device"], r["runtime"])), r["precision"], r["family"],
                            [float(x) for x in re.findall(r"[\d.]+", r["network"])]))
    return out


MOBILE = """MLPerf Inference v2.0, v2.1 and v3.0, power, SingleStream: joules of one image at the wall
socket (MLCommons 2022-2023; open division: MobileNet, EfficientNet-lite; closed: ResNet-50; Krai).
https://github.com/mlcommons/cm4mlperf-results, Apache-2.0; source: round, README.md names the platform."""


# ---- ResNet-50 on accelerators and servers ------------------------------------------------------

SYSTEM_COLUMNS = ["device", "round", "organization", "accelerator", "accelerators", "runtime",
                  "network", "precision", "macs", "singlestream_joules", "singlestream_seconds",
                  "multistream_joules", "multistream_seconds", "offline_joules", "offline_watts",
                  "offline_per_second", "accuracy", "source"]
SYSTEMS = """MLPerf Inference v2.1 to v3.1, power, ResNet-50 v1.5: joules at the wall socket of one image
(singlestream), of a query of eight (multistream) and of one image of a large batch (offline)
(MLCommons 2022-2023). https://github.com/mlcommons/cm4mlperf-results, Apache-2.0; source: folder of
the results in inference_results_ROUND. See README.md."""


def system_precision(platform):
    """Not in the reports: what these runtimes were handed in with."""
    if re.search(r"armnn|tflite|onnxruntime", platform):
        return "float32"
    return "float16" if platform.endswith("snpe_gpu") else "int8"


def systems(rows):
    found = {}
    for row in rows:
        if row["Model"] == "resnet50" and row["version"] <= "v3.1":
            at = found.setdefault((row["version"], row["Platform"], row["Division"]), {})
            at[row["Scenario"]] = row
    out = []
    for (name, platform, division), at in sorted(found.items()):
        first = next(iter(at.values()))
        # The same results are in both divisions: closed sorts first.
        if any(r["round"] == name and r["device"] == platform for r in out):
            continue
        row = {"device": platform, "round": name, "organization": first["Organization"],
               "accelerator": first["accelerator_model_name"].strip("-").replace("N/A", "")
               .replace(",", ";"),
               "accelerators": first["accelerators_per_node"], "runtime": first["framework"].replace(",", ";"),
               "network": "resnet50", "precision": system_precision(platform),
               "macs": nets.network("resnet50").total("macs"), "accuracy": first["Accuracy"] / 100,
               "source": f"{division}/{first['Organization']}/results/{platform}"}
        for scenario in ("SingleStream", "MultiStream"):
            if scenario in at:
                assert at[scenario]["Result_Power_Units"] == "millijoules"
                row[scenario.lower() + "_joules"] = at[scenario]["Result_Power"] / 1e3
                row[scenario.lower() + "_seconds"] = at[scenario]["Result"] / 1e3
        if "Offline" in at:
            assert at["Offline"]["Result_Power_Units"] == "Watts"
            row["offline_watts"] = at["Offline"]["Result_Power"]
            row["offline_per_second"] = at["Offline"]["Result"]
            row["offline_joules"] = row["offline_watts"] / row["offline_per_second"]
        out.append(row)
    return out


# ---- BERT on processors, dense and sparse --------------------------------------------------------

# Model as handed in -> architecture, share of zero weights in the encoder, precision.
BERTS = {
    "bert-99": ("bert-large", 0, "float32"), "huggingface-bert": ("bert-large", 0, "float32"),
    "bert-large-base-none-bert-99": ("bert-large", 0, "float32"),
    "obert-large-base-none-bert-99": ("bert-large", 0, "float32"),
    "bert-large-pruned80_quant-none-vnni-bert-99": ("bert-large", 0.80, "int8"),
    "obert-large-pruned95-none-vnni-bert-99": ("bert-large", 0.95, "float32"),
    "obert-large-pruned95_quant-none-vnni-bert-99": ("bert-large", 0.95, "int8"),
    "obert-large-pruned97-none-bert-99": ("bert-large", 0.97, "float32"),
    "obert-large-pruned97-quant-none-bert-99": ("bert-large", 0.97, "int8"),
    "bert-base-pruned90-none-bert-99": ("bert-base", 0.90, "float32"),
    "obert-base-pruned90-none-bert-99": ("bert-base", 0.90, "float32"),
    "bert-base-pruned95_obs_quant-none-bert-99": ("bert-base", 0.95, "int8"),
    "mobilebert-none-base-none-bert-99": ("mobilebert", 0, "float32"),
    "mobilebert-base_quant-none-bert-99": ("mobilebert", 0, "int8"),
    "mobilebert-14layer_pruned50-none-vnni-bert-99": ("mobilebert-14", 0.50, "float32"),
    "mobilebert-14layer_pruned50_quant-none-vnni-bert-99": ("mobilebert-14", 0.50, "int8"),
}
BERT_DEVICES = {"amd_ryzen_workstation": "ryzen", "nvidia_orin": "orin-cpu",
                "amd_zen4_workstation": "zen4", "PCSPECIALIST_AMD_AM5": "am5"}
BERT_COLUMNS = ["device", "runtime", "network", "architecture", "sparsity", "precision", "macs",
                "joules", "seconds", "offline_joules", "offline_per_second", "f1", "source"]
BERT = """MLPerf Inference v3.0 to v4.0, power: BERT on SQuAD v1.1 on processors, dense and sparse (Neural
Magic's DeepSparse; oBERT, Kurtic et al. 2022; MobileBERT, Sun et al. 2020): joules of one sample at
the wall socket, SingleStream and Offline (MLCommons 2023-2024).
https://github.com/mlcommons/cm4mlperf-results, Apache-2.0; source: round:platform. See README.md."""


def bert_macs(architecture, tokens=384):
    """Dense multiply-accumulates of the encoder and the answer's two scores at 384 tokens."""
    if architecture.startswith("mobilebert"):
        layers, hidden, inner, between = 14 if architecture.endswith("14") else 24, 512, 128, 512
        # In and out of the bottleneck, queries and keys, values of the full width, output, four FFNs.
        each = 3 * hidden * inner + 3 * inner * inner + hidden * inner + 4 * 2 * inner * between
    else:
        layers, hidden = (24, 1024) if architecture == "bert-large" else (12, 768)
        inner, each = hidden, 12 * hidden * hidden
    return tokens * (layers * (each + 2 * tokens * inner) + 2 * hidden)


def berts(rows):
    found = {}
    for row in rows:
        device = next((name for start, name in BERT_DEVICES.items()
                       if row["Platform"].startswith(start) and "cpu" in row["Platform"]), None)
        is_known = row["Model"] in BERTS and ("deepsparse" not in row["Platform"]
                                              or row["Model"] != "bert-99")
        if device and is_known and row["MlperfModel"].startswith("bert"):
            at = found.setdefault((device, row["version"], row["Platform"], row["Model"]), {})
            at[row["Scenario"]] = row
    out = []
    for (device, name, platform, model), at in sorted(found.items()):
        architecture, sparsity, precision = BERTS[model]
        first = next(iter(at.values()))
        row = {"device": device, "runtime": platform.split("-cpu-")[1].split("-default")[0],
               "network": model, "architecture": architecture, "sparsity": sparsity,
               "precision": precision, "macs": bert_macs(architecture),
               "f1": first["Accuracy"] / 100, "source": f"{name}:{platform}"}
        if "SingleStream" in at:
            row["joules"] = at["SingleStream"]["Result_Power"] / 1e3
            row["seconds"] = at["SingleStream"]["Result"] and at["SingleStream"]["Result"] / 1e3
            row["f1"] = at["SingleStream"]["Accuracy"] / 100
        if at.get("Offline", {}).get("Result"):
            row["offline_per_second"] = at["Offline"]["Result"]
            row["offline_joules"] = at["Offline"]["Result_Power"] / at["Offline"]["Result"]
        out.append(row)
    return out


def tables(folder, repository):
    rows = power_rows(repository)
    write(folder, "mlperf_mobile.csv", MOBILE, NETWORK_COLUMNS, mobile(rows))
    write(folder, "mlperf_systems.csv", SYSTEMS, SYSTEM_COLUMNS, systems(rows))
    write(folder, "mlperf_bert.csv", BERT, BERT_COLUMNS, berts(rows))
