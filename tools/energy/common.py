"""Reading clones of published repositories and writing tables; see tools/energy-tables."""
import csv
import os
import subprocess


class Repository:
    """Files of a clone as a commit has them: "FOLDER@COMMIT"; without "@" those of its HEAD."""

    def __init__(self, at):
        folder, _, commit = at.partition("@")
        self.git = ["git", "-C", folder]
        self.commit = commit or "HEAD"

    def read(self, path):
        """The text of a file; None where a partial clone lacks it."""
        done = subprocess.run(self.git + ["show", f"{self.commit}:{path}"], capture_output=True,
                              env={**os.environ, "GIT_NO_LAZY_FETCH": "1"})
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None

    def names(self):
        done = subprocess.run(self.git + ["ls-tree", "-r", "-z", "--name-only", self.commit], check=True,
                              capture_output=True, text=True)
        return [name for name in done.stdout.split("\0") if name]


def number(value, digits=6):
    """At most `digits` significant digits: more than any of the meters had."""
    if value is None or value == "":
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.{digits}g}"


def write(folder, name, comments, columns, rows):
    with open(os.path.join(folder, name), "w", newline="") as file:
        for line in comments.strip().splitlines():
            file.write("# " + line.strip() + "\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([row.get(column, "") if isinstance(row.get(column), str)
                            else number(row.get(column)) for column in columns])
    print(f"{name}: {len(rows)} rows")


NETWORK_COLUMNS = ["device", "runtime", "network", "family", "precision", "macs", "depthwise_macs",
                   "parameters", "weight_bytes", "activation_elements", "bytes", "layers", "joules",
                   "seconds", "accuracy", "source"]
