"""Keyword spotting on Loihi and others, from the logs of Blouw, Choo, Hunsberger, Eliasmith 2019; see
tools/energy-tables and testdata/energy/README.md."""
import csv
import io
import json
import re
from datetime import datetime

from .common import write

DEVICES = ["loihi", "movidius", "ncs2", "jetson", "cpu", "gpu"]
NAMES = {"loihi": "loihi", "movidius": "movidius-ncs", "ncs2": "movidius-ncs2",
         "jetson": "jetson-tx1", "cpu": "xeon-e5-2630", "gpu": "quadro-k4000"}
EDGE = 20  # readings at either end of an idle log that the authors leave out
COLUMNS = ["device", "network", "branches", "batch", "run", "macs", "neurons", "timesteps",
           "seconds", "idle_watts", "watts", "dynamic_joules", "joules", "source"]
TEXT = """Keyword spotting, 390-256-256-29, and the same network widened by branches of ten layers of 256 by
256, on Loihi (Wolf Mountain board) and five others: joules and seconds of one inference, whole and
above idle (Blouw, Choo, Hunsberger, Eliasmith, NICE 2019, arXiv 1812.01739), from the power logs of
https://github.com/abr/power_benchmarks. macs are also the connections of the network. See README.md."""


def device_of(path):
    name = path.rsplit("/", 1)[1]
    return next(device for device in DEVICES if device in name)


def watts(row, is_loihi):
    text = re.sub("[A-Za-z]", "", row[7] if len(row) > 5 and not is_loihi else row[1]).strip()
    return float(text) if re.search(r"\d", text) else None


def stamp(text, is_loihi):
    text = text.replace("/", "-").replace(" ", "_")
    return text if is_loihi else text.split(".")[0]


def read_log(repository, path):
    return list(csv.reader(io.StringIO(repository.read(path))))


def idle_watts(repository):
    """Mean over all idle readings of a device, as the authors subtract it."""
    readings = {}
    for path in repository.names():
        if path.startswith("logs/idle/") and path.endswith(".csv"):
            device = device_of(path)
            rows = read_log(repository, path)
            found = [watts(row, device == "loihi") for row in rows[EDGE:len(rows) - EDGE + 1]]
            readings.setdefault(device, []).extend(x for x in found if x is not None)
    return {device: sum(found) / len(found) for device, found in readings.items()}


def macs_and_neurons(branches):
    """The layer after the branches reads all of them side by side."""
    first, last = 390 * 256, 256 * 29
    return (first + branches * 10 * 256 * 256 + max(branches, 1) * 256 * 256 + last,
            256 + branches * 10 * 256 + 256 + 29)


def measured(repository, path, idle):
    device = device_of(path)
    is_loihi = device == "loihi"
    about = json.loads(repository.read(path))
    seconds = about.get("n_seconds")
    if is_loihi:
        ends = [datetime.strptime(about[key], "%Y-%m-%d_%H:%M:%S.%f")
                for key in ("start_time", "end_time")]
        seconds = (ends[1] - ends[0]).total_seconds()
    rows = read_log(repository, path[:-len("json")] + "csv")
    start = next(i for i, row in enumerate(rows) if stamp(row[0], is_loihi) == about["start_time"])
    end = max(i for i, row in enumerate(rows) if stamp(row[0], is_loihi) <= about["end_time"])
    readings = [watts(row, is_loihi) for row in rows[start:end + 1]]
    readings = [x for x in readings if x is not None]
    power, each = sum(readings) / len(readings), seconds / about["n_inferences"]
    is_scaled = "scaled" in path or "L10" in path or "L00" in path
    branches = about["n_copies"] if is_scaled else 0
    macs, neurons = macs_and_neurons(branches)
    run = re.search(r"run(\d+)", path)
    stream = re.search(r"--stream (\d+)", about.get("run_command", ""))
    return {"device": NAMES[device], "network": "kws-scaled" if is_scaled else "kws",
            "branches": branches, "batch": about["batchsize"], "run": int(run[1]) if run else 1,
            "macs": macs, "neurons": neurons,
            "timesteps": round(int(stream[1]) / about["n_inferences"]) if stream else None,
            "seconds": each, "idle_watts": idle[device], "watts": power,
            "dynamic_joules": (power - idle[device]) * each, "joules": power * each,
            "source": path.rsplit("/", 1)[1][:-len(".json")]}


def tables(folder, repository):
    idle = idle_watts(repository)
    rows = [measured(repository, path, idle) for path in repository.names()
            if path.startswith("logs/running/") and path.endswith(".json")]
    order = list(NAMES.values())
    rows.sort(key=lambda row: (order.index(row["device"]), row["network"], row["branches"],
                               row["batch"], row["run"]))
    write(folder, "loihi.csv", TEXT, COLUMNS, rows)
