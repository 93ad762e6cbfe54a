"""What the tests of sweeps share: a small sweep, starting it, and looking whether its folder is whole."""
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = "synthetic:classes=4,shape=1x8x8,samples=256,seed=1"
SPEC = {
    "model": "model.onnx",
    "chain": [
        {"run": "prune magnitude", "options": {"sparsity": [0.2, 0.4, 0.6, 0.8]}},
        {"run": "quantize int8",
         "options": {"data": DATA + "@0:64", "bits": ["8/8", "6/8", "4/8"], "preprocess": "unit"}},
    ],
    "eval": {"preprocess": "unit"},
    "search_data": DATA + "@64:128",
    "test_data": DATA + "@128:256",
    "front": ["energy.joules", "model.bytes"],
}
TRIALS, STEPS = 12, 4 + 12  # prunings are shared by three


def fail(text):
    print(f"{sys.argv[0]}: {text}", file=sys.stderr)
    sys.exit(1)


def check(holds, text):
    if not holds:
        fail(text)


class Sweep:
    """A working directory with a model and a spec, and the program."""

    def __init__(self, ecai, work, spec=SPEC):
        self.ecai, self.work = str(Path(ecai).resolve()), Path(work)
        self.environment = dict(os.environ, ECAI_DEVICES=str(ROOT / "share/devices"), LC_ALL="C")
        self.run("simplify", "-q", ROOT / "tests/cli/model.txt", "-o", "model.onnx")
        self.write_spec("spec.json", spec)

    def write_spec(self, name, spec):
        (self.work / name).write_text(json.dumps(spec))

    def run(self, *words, code=0):
        ended = subprocess.run([self.ecai, *map(str, words)], cwd=self.work, env=self.environment,
                               capture_output=True, text=True, check=False)
        check(ended.returncode == code,
              f"ecai {' '.join(map(str, words))}: exit {ended.returncode}: {ended.stderr}")
        return ended

    def start(self, folder, *options, spec="spec.json", errors=subprocess.DEVNULL,
              before=()):
        return subprocess.Popen([*before, self.ecai, "sweep", "-q", spec, "-o", folder, *options],
                                cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=errors, text=True,
                                start_new_session=True)

    def reference(self):
        """results.csv of a sweep that nobody disturbs, and how long it takes."""
        begun = time.monotonic()
        self.run("sweep", "-q", "spec.json", "-o", "reference", "--jobs", "2")
        self.seconds = time.monotonic() - begun
        return self.csv("reference")

    def csv(self, folder):
        return (self.work / folder / "results.csv").read_bytes()

    def records(self, folder):
        """What is said of each trial; test_data is judged later, once the front is known."""
        found = {}
        for path in (self.work / folder / "trials").glob("*"):
            check(path.suffix == ".json", f"'{path}' is no record")
            found[path.name] = parse(path)
            found[path.name].pop("test", None)
            found[path.name].pop("test_key", None)
        return found

    def steps_computed(self, folder):
        return sum(not step["cached"] for record in self.records(folder).values()
                   for step in record["steps"])


def parse(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        fail(f"'{path}' is half written: {error}")


def names(path):
    return sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []


def check_entry(entry):
    manifest = parse(entry / "entry.json")
    check(manifest["key"] == entry.name, f"'{entry}' is another's")
    listed = {file["name"]: file["bytes"] for file in manifest["files"]}
    listed["entry.json"] = (entry / "entry.json").stat().st_size
    there = {path.name: path.stat().st_size for path in entry.iterdir()}
    check(there == listed, f"'{entry}' holds {there}, its list says {listed}")
    if "model.onnx" in there:
        digest = hashlib.sha256((entry / "model.onnx").read_bytes()).hexdigest()
        check(parse(entry / "result.json")["sha256"] == digest, f"'{entry}/model.onnx' is damaged")


def check_whole(folder):
    """Nothing half-written lies where finished things lie."""
    for name in names(folder / "cache"):
        if name not in ("tmp", "locks"):
            check_entry(folder / "cache" / name)
    for name in names(folder):
        check(name in ("spec.json", "sweep.json", "results.csv", "results.jsonl", "trials", "cache",
                       "tmp", "locks") or ".spec.json" in name, f"'{folder}/{name}' is left over")
        if name.endswith(".json") and not name.startswith("."):
            parse(folder / name)
    if (folder / "results.jsonl").exists():
        lines = (folder / "results.jsonl").read_text().splitlines()
        check(len(lines) == TRIALS, f"'{folder}/results.jsonl' has {len(lines)} lines")
        for line in lines:
            json.loads(line)


def check_tidy(folder):
    """Whoever ended last has left nothing."""
    for place in ("tmp", "locks", "cache/tmp", "cache/locks"):
        check(not names(folder / place), f"'{folder}/{place}' holds {names(folder / place)}")
    check(not [name for name in names(folder) if name.startswith(".")], f"'{folder}': leftovers")


def children_of(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(words[1]) == pid and words[0] != "Z":
            found.append(int(path.parent.name))
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def wait_for_end(pids, seconds=10):
    """Until none of the processes runs."""
    until = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids):
        check(time.monotonic() < until, f"processes {pids} outlive their parent")
        time.sleep(0.005)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
