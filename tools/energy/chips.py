"""Chips measured in papers: Eyeriss, EIE, Loihi; see tools/energy-tables and testdata/energy/README.md."""
import csv
import io

from .common import write



# Channels in and out, height and width as padded, kernel, stride, groups (Krizhevsky et al. 2012;
# Simonyan and Zisserman 2015).
EYERISS = {
    "alexnet": (4, [("CONV1", 3, 96, 227, 0, 11, 4, 1), ("CONV2", 96, 256, 27, 2, 5, 1, 2),
                    ("CONV3", 256, 384, 13, 1, 3, 1, 1), ("CONV4", 384, 384, 13, 1, 3, 1, 2),
                    ("CONV5", 384, 256, 13, 1, 3, 1, 2)]),
    "vgg16": (3, [("CONV1-1", 3, 64, 224), ("CONV1-2", 64, 64, 224), ("CONV2-1", 64, 128, 112),
                  ("CONV2-2", 128, 128, 112), ("CONV3-1", 128, 256, 56), ("CONV3-2", 256, 256, 56),
                  ("CONV3-3", 256, 256, 56), ("CONV4-1", 256, 512, 28), ("CONV4-2", 512, 512, 28),
                  ("CONV4-3", 512, 512, 28), ("CONV5-1", 512, 512, 14), ("CONV5-2", 512, 512, 14),
                  ("CONV5-3", 512, 512, 14)]),
}
# What character recognition got wrong in the transcribed tables; see README.md.
EYERISS_REPAIRS = {("CONV5-1", 4): "168"}
EYERISS_COLUMNS = ["network", "layer", "batch", "in_channels", "out_channels", "height", "width",
                   "pad", "kernel", "stride", "groups", "macs", "watts", "seconds_total",
                   "seconds_processing", "active_pes", "zero_activations", "buffer_bytes",
                   "dram_bytes", "source"]


def eyeriss(repository):
    out = []
    for network, (batch, layers) in EYERISS.items():
        table = csv.reader(io.StringIO(repository.read(f"data/eyeriss-{network}.csv")))
        published = {row[0]: [cell.strip() for cell in row] for row in table}
        for layer in layers:
            name, channels, filters, size, pad, kernel, stride, groups = \
                layer if len(layer) == 8 else (*layer, 1, 3, 1, 1)
            row = published[name]
            side = (size + 2 * pad - kernel) // stride + 1
            macs = batch * side * side * filters * kernel * kernel * channels // groups
            pes = EYERISS_REPAIRS.get((name, 4), row[5]) if network == "vgg16" else row[5]
            out.append({"network": network, "layer": name.lower(), "batch": batch,
                        "in_channels": channels, "out_channels": filters, "height": size,
                        "width": size, "pad": pad, "kernel": kernel, "stride": stride,
                        "groups": groups, "macs": macs, "watts": float(row[1]) / 1e3,
                        "seconds_total": float(row[2]) / 1e3,
                        "seconds_processing": float(row[3]) / 1e3, "active_pes": int(pes),
                        "zero_activations": float(row[6].rstrip("%")) / 100,
                        "buffer_bytes": float(row[7]) * 1e6, "dram_bytes": float(row[8]) * 1e6,
                        "source": "Table " + ("V" if network == "alexnet" else "VI")})
    return out


EYERISS_TEXT = """Eyeriss, 65 nm, 168 processing elements, 200 MHz, 16 bit: power and time of the convolutions of
AlexNet (batch 4) and VGG-16 (batch 3), measured on the chip without its DRAM (Chen, Krishna, Emer,
Sze, JSSC 52(1), 2017, tables V and VI), as transcribed in https://github.com/cucapra/fodlam (MIT).
macs, times and bytes of the whole batch; height and width before padding. See README.md."""


# ---- EIE ---------------------------------------------------------------------------------------

# Inputs, outputs, share of weights and of activations that are not zero (Han et al. 2016, table III).
EIE = {"Alex-6": (9216, 4096, 0.09, 0.351), "Alex-7": (4096, 4096, 0.09, 0.353),
       "Alex-8": (4096, 1000, 0.25, 0.375), "VGG-6": (25088, 4096, 0.04, 0.183),
       "VGG-7": (4096, 4096, 0.04, 0.375), "VGG-8": (4096, 1000, 0.23, 0.411),
       "NT-We": (4096, 600, 0.10, 1.0), "NT-Wd": (600, 8791, 0.11, 1.0),
       "NT-LSTM": (1201, 2400, 0.10, 1.0)}
EIE_WATTS = 0.59
# Rows of table IV at batch 1 as character recognition left them: the last layer's time stands glued to
# the row's name, and of the GPUs, whose dense and sparse times take turns, with the batch behind it.
EIE_OTHERS = {
    "cpu": ("CPU 1 dense", "(Core sparse"),
    "gpu": ("1GPU dense sparse",),
    "mobile_gpu": ("1mGPU dense sparse",),
}
EIE_COLUMNS = ["layer", "inputs", "outputs", "macs", "weight_density", "activation_density",
               "weight_bits", "index_bits", "seconds_theoretical", "seconds", "watts", "joules",
               *(f"{name}_{kind}_seconds" for name in EIE_OTHERS for kind in ("dense", "sparse")),
               "source"]
EIE_TEXT = """EIE, 45 nm, 64 processing elements, 800 MHz, 0.59 W: time of fully connected layers at batch 1,
beside a CPU (Core i7-5930K), a GPU (GeForce Titan X) and a mobile GPU (Tegra K1), dense and sparse
(Han, Liu, Mao, Pu, Pedram, Horowitz, Dally, ISCA 2016, tables II to IV), as transcribed in
https://github.com/cucapra/fodlam (MIT). joules: seconds x watts, as in the paper. See README.md."""


def eie_others(transcript):
    """Seconds of the other machines in the order of EIE, by column."""
    cells = list(csv.reader(io.StringIO(transcript)))

    def numbers(name):
        row = next(row for row in cells if row[0].endswith(name))
        return [row[0].removesuffix(name)] + [word for cell in row[1:] for word in cell.split()]

    out = {}
    for machine, names in EIE_OTHERS.items():
        if len(names) == 2:
            dense, sparse = ((*times, last) for last, *times in map(numbers, names))
        else:
            last, *times = numbers(names[0])
            dense, sparse = (*times[:-1:2], last), (*times[1:-1:2], times[-1])
        out[machine + "_dense_seconds"] = [float(time) * 1e-6 for time in dense]
        out[machine + "_sparse_seconds"] = [float(time) * 1e-6 for time in sparse]
    assert all(len(times) == len(EIE) for times in out.values())
    return out


def eie(repository):
    rows = list(csv.reader(io.StringIO(repository.read("data/eie-layers.csv"))))
    others = eie_others(repository.read("raw/eie-raw.csv"))
    out = []
    for i, (name, (inputs, outputs, weights, activations)) in enumerate(EIE.items()):
        seconds = float(rows[2][i + 1]) * 1e-6
        out.append({"layer": name.lower(), "inputs": inputs, "outputs": outputs,
                    "macs": inputs * outputs, "weight_density": weights,
                    "activation_density": activations, "weight_bits": 4, "index_bits": 4,
                    "seconds_theoretical": float(rows[1][i + 1]) * 1e-6, "seconds": seconds,
                    "watts": EIE_WATTS, "joules": seconds * EIE_WATTS,
                    **{column: times[i] for column, times in others.items()},
                    "source": "Tables III and IV"})
    return out


PLATFORMS = ["i7-5930k", "titan-x", "tegra-k1", "a-eye", "dadiannao", "truenorth", "eie-64pe",
             "eie-28nm-256pe"]
PLATFORM_COLUMNS = ["device", "kind", "year", "node_nm", "weight_bits", "memory", "watts",
                    "frames_per_second", "frames_per_joule", "source"]
PLATFORM_TEXT = """Eight machines on one layer, AlexNet's second fully connected one (4096 to 4096), batch 1 (Han et
al., ISCA 2016, table V), as transcribed in https://github.com/cucapra/fodlam (MIT). The last, EIE in
28 nm, is the paper's projection. frames_per_joule as printed. See README.md."""


def platforms(repository):
    table = {row[0]: row[1:] for row in csv.reader(io.StringIO(repository.read("raw/eie-raw.csv")))
             if len(row) == len(PLATFORMS) + 1}

    def numbers(name):
        return [float(cell.replace(",", "")) for cell in table[name]]

    bits = [int(cell.split("-")[0]) for cell in table["Quantization Stategy"]]
    nodes = [int(cell.replace("nm", "")) for cell in table["Technology"]]
    speed = next(name for name in table if "Throughput" in name)
    columns = zip(PLATFORMS, table["Platform Type"], table["Year"], nodes, bits,
                  table["Memory type"], numbers("Power (W)"), numbers(speed),
                  numbers("Energy Efficiency (Frames/J)"))
    return [dict(zip(PLATFORM_COLUMNS, (*row, "Table V"))) for row in columns]


def tables(folder, repository):
    write(folder, "eyeriss.csv", EYERISS_TEXT, EYERISS_COLUMNS, eyeriss(repository))
    write(folder, "eie.csv", EIE_TEXT, EIE_COLUMNS, eie(repository))
    write(folder, "eie_platforms.csv", PLATFORM_TEXT, PLATFORM_COLUMNS, platforms(repository))
