"""MLPerf Tiny: microcontrollers; see tools/energy-tables and testdata/energy/README.md."""
import re
import statistics

from . import nets
from .common import NETWORK_COLUMNS, write



# Folder of the results -> device, software; {} is the round.
KITS = {
    "reference/results/Nucleo-L4R5ZI": ("nucleo-l4r5zi", "tflm-reference"),
    "STMicroelectronics/results/NUCLEO_L4R5ZI": ("nucleo-l4r5zi", "st-x-cube-ai"),
    "STMicroelectronics/results/NUCLEO_L4R5ZI-P": ("nucleo-l4r5zi-p", "st-x-cube-ai"),
    "STMicroelectronics/results/NUCLEO_H7A3ZI_Q": ("nucleo-h7a3zi", "st-x-cube-ai"),
    "STMicroelectronics/results/NUCLEO_U575ZI_Q": ("nucleo-u575zi", "st-x-cube-ai"),
    "STMicroelectronics/results/NUCLEO_U385RG_Q": ("nucleo-u385rg", "st-x-cube-ai"),
    "Krai/results/NUCLEO_L4R5ZI_X-CUBE-AI-7.3": ("nucleo-l4r5zi", "krai-x-cube-ai-7.3"),
    "Krai/results/NUCLEO_L4R5ZI_X-CUBE-AI-8.0": ("nucleo-l4r5zi", "krai-x-cube-ai-8.0"),
    "Krai/results/NUCLEO_H7A3ZI_Q_X-CUBE-AI-7.3": ("nucleo-h7a3zi", "krai-x-cube-ai-7.3"),
    "Krai/results/NUCLEO_H7A3ZI_Q_X-CUBE-AI-8.0": ("nucleo-h7a3zi", "krai-x-cube-ai-8.0"),
    "Skymizer/results/NUCLEO_L4R5ZI-mbed_os": ("nucleo-l4r5zi", "skymizer-mbed"),
    "Skymizer/results/NUCLEO_L4R5ZI-zephyr": ("nucleo-l4r5zi", "skymizer-zephyr"),
    "OctoML/results/microtvm_cmsis_nn/NUCLEO_L4R5ZI": ("nucleo-l4r5zi", "octoml-cmsis-nn"),
    "OctoML/results/microtvm_native/NUCLEO_L4R5ZI": ("nucleo-l4r5zi", "octoml-native"),
    "renesas/results/EK-RA6M4": ("ek-ra6m4", "renesas"),
    "renesas/results/RX65N-Cloud-Kit": ("rx65n", "renesas"),
    "silicon_labs/results/silicon_labs_xG24_DK2601B": ("xg24", "silabs"),
    "greenwaves-technologies/results/gap9_650_240": ("gap9-650mv-240mhz", "greenwaves"),
    "greenwaves-technologies/results/gap9_800_370": ("gap9-800mv-370mhz", "greenwaves"),
    "syntiant/results/syntiant_9120_0v9_30mhz": ("ndp9120-0.9v-30mhz", "syntiant"),
    "syntiant/results/syntiant_9120_1v1_98mhz": ("ndp9120-1.1v-98mhz", "syntiant"),
}
TASKS = {"ad": "ad", "anomaly_detection": "ad", "kws": "kws", "keyword_spotting": "kws", "ic": "ic",
         "image_classification": "ic", "vww": "vww", "visual_wake_words": "vww"}
TASK_FAMILY = {"ad": "autoencoder", "kws": "ds-cnn", "ic": "resnet", "vww": "mobilenet"}


def tiny_energy(text):
    """Joules and seconds of an inference: the medians that the runner printed, or of its trials."""
    joules = float(re.search(r"Median energy cost is\s+([\d.]+) uJ/inf", text)[1]) * 1e-6
    found = re.search(r"Median throughput is\s+([\d.]+) inf", text)
    if found:
        return joules, 1 / float(found[1])
    elapsed = [float(x) for x in re.findall(r"Elapsed time\s*:\s*([\d.]+)", text)]
    counts = [float(x) for x in re.findall(r"Inferences\s*:\s*(\d+)", text)]
    return joules, statistics.median(t / n for t, n in zip(elapsed, counts))


def tiny_accuracy(text, task):
    """Area under the curve for anomalies, top-1 for the others."""
    pattern = r"AUC\s*[:=]\s*([\d.]+)" if task == "ad" else r"Top[- ]1%?\s*[:=]\s*([\d.]+)"
    found = re.findall(pattern, text or "")
    return float(found[-1]) / (1 if task == "ad" else 100) if found else None


def tiny(rounds):
    out, seen = [], set()
    for name, repository in rounds:
        paths = repository.names()
        for path in paths:
            found = re.fullmatch(r"closed/(.+)/(\w+)/(energy|enegy)/(?:energy_)?results\.txt", path)
            if not found or found[2] not in TASKS:
                continue
            kit = KITS[found[1].replace("NUCLEO-", "NUCLEO_").replace("ZI-Q", "ZI_Q")]
            task = TASKS[found[2]]
            joules, seconds = tiny_energy(repository.read(path))
            if (kit, task, joules, seconds) in seen:  # handed in again in a later round
                continue
            seen.add((kit, task, joules, seconds))
            beside = next((p for p in paths
                           if p.startswith(f"closed/{found[1]}/{found[2]}/accuracy/")
                           and p.endswith("results.txt")), None)
            out.append({"device": kit[0], "runtime": f"{kit[1]}-v{name}", "network": f"tiny-{task}",
                        "family": TASK_FAMILY[task], "precision": "int8",
                        **nets.network(f"tiny-{task}").counts("int8"), "joules": joules,
                        "seconds": seconds,
                        "accuracy": beside and tiny_accuracy(repository.read(beside), task),
                        "source": f"v{name}:{found[1]}"})
    order = list(TASK_FAMILY)
    boards = list(dict.fromkeys(kit[0] for kit in KITS.values()))
    out.sort(key=lambda r: (boards.index(r["device"]), r["runtime"].rsplit("-v", 1)[1],
                            r["runtime"], order.index(r["network"][5:])))
    return out


TINY = """MLPerf Tiny v0.5 to v1.3, closed division, with energy: joules of one inference at the supply of
the microcontroller, medians of five windows (Banbury et al. 2021; MLCommons 2021-2025).
https://github.com/mlcommons/tiny_results_v1.2 and its like, Apache-2.0; source: round:folder under
closed/. accuracy: area under the curve for tiny-ad, top-1 for the others. See README.md."""


def tables(folder, rounds):
    """`rounds`: pairs of a round and the clone of its results."""
    write(folder, "mlperf_tiny.csv", TINY, NETWORK_COLUMNS, tiny(rounds))
