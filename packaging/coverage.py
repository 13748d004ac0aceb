#!/usr/bin/env python3
"""coverage.py BUILD: how many lines and branches the tests that ran in this build have reached, by
folder of the source. Reads what gcov says of each object; a line counts once, however many objects
hold it (headers). Prints a table for docs/TESTING.md."""
import collections
import gzip
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "sync", "cli", "open", "tpm")


def reports(data):
    """gcov's words about one object."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", str(data)],
                       cwd=folder, check=True, capture_output=True)
        return [json.loads(gzip.decompress(p.read_bytes())) for p in Path(folder).iterdir()]


def place(name):
    """core/base/err.c, however the compiler was told to call it."""
    parts = Path(name).parts
    for at, part in enumerate(parts):
        if part in FOLDERS and (ROOT / Path(*parts[at:])).is_file():
            return "/".join(parts[at:])
    return None


def main():
    objects = sorted(Path(sys.argv[1]).resolve().rglob("*.gcda"))
    if not objects:
        sys.exit("coverage: no test has run in this build")
    lines, branches = collections.Counter(), collections.Counter()
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(reports, objects):
            for file in (f for report in found for f in report["files"]):
                name = place(file["file"])
                for line in file["lines"] if name else []:
                    where = (name, line["line_number"])
                    lines[where] += line["count"]
                    for n, branch in enumerate(line["branches"]):
                        branches[(*where, n)] += branch["count"]
    print("| folder | lines | reached | branches | taken |\n|---|---|---|---|---|")
    folders = sorted({"/".join(where[0].split("/")[:-1]) for where in lines})
    for folder in [*folders, ""]:
        l = [n for where, n in lines.items() if where[0].startswith(f"{folder}/" if folder else "")]
        b = [n for where, n in branches.items()
             if where[0].startswith(f"{folder}/" if folder else "")]
        print(f"| {f'`{folder}`' if folder else 'all'} | {len(l)} | "
              f"{100 * sum(n > 0 for n in l) / max(len(l), 1):.1f} % | {len(b)} | "
              f"{100 * sum(n > 0 for n in b) / max(len(b), 1):.1f} % |")


if __name__ == "__main__":
    main()
