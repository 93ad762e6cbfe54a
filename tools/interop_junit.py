"""Reads what --junit writes with junitparser, names that XML must escape included:
tools/interop_junit.py ECAI FOLDER"""
import json
import os
import subprocess
import sys

import junitparser

ecai, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
report = {
    "schema": "ecai/eval/1",
    "model": {"file": "m", "bytes": 100},
    "data": {"name": "d", "samples": 1, "sha256": "0" * 64},
    "energy_by_device": {"asic-45nm": {"joules": 1e-6, "profile": {"sha256": "1"}}},
}
names = ["plain.json", "<&>\"'].json", "caf\u00e9 \U0001f600.json", "\x01\x1b\t\n.json", "]]>.json"]
for name in names:
    with open(name, "w") as file:
        json.dump(report, file)
    code = subprocess.run(
        [ecai, "diff", "plain.json", name, "--junit", "j.xml", "--max", "model.bytes=99B",
         "--min", "ratio.energy=1", "--min", "accuracy.value=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    suites = list(junitparser.JUnitXml.fromfile("j.xml"))
    kinds = [type(result).__name__ for case in suites[0] for result in case.result]
    assert code == 1 and len(suites) == 1, (name, code)
    assert sorted(kinds) == ["Error", "Failure"], (name, kinds)
    assert (suites[0].tests, suites[0].failures, suites[0].errors) == (3, 1, 1), name
    printable = "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in name)
    assert suites[0].name == "ecai diff " + printable, (suites[0].name, printable)
print(f"JUnit: {len(names)} files, read by junitparser")
