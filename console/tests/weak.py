#!/usr/bin/env python3
"""Weakened pages, each caught by a named story of the browser (weak.toml; docs/TESTING.md).

weak.py DAYBOOK DAYBOOK_RELAY [PART...]: for each row whose sentence holds all the parts, puts the
fault into a copy of console/src, and lets the browser have the script that comes of that instead
of the one in DAYBOOK: the story must fail. It takes a minute or two for each, so it is run by hand
when the pages or their tests change. weak.py --fits: every row still fits its source, and names a
story that there is.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from signal import SIGTERM
from threading import Timer

TESTS = Path(__file__).resolve().parent
CONSOLE = TESTS.parent
SECONDS_MAX = 900
PAGES_MIN = 10


def faults_of(row):
    source = (CONSOLE / "src" / row["file"]).read_text()
    name = row.get("stories", row["script"])
    story = (TESTS / f"{name}.ts").read_text()
    if source.count(row["old"]) != 1:
        return f"{row['says']}: `old` stands in {row['file']} {source.count(row['old'])} times"
    if not re.search(r'(?:test|story)\(\s*"' + re.escape(row["story"]), story):
        return f"{row['says']}: {name}.ts has no story that begins so"
    return None


def bundle(row, folder):
    src = folder / "src"
    shutil.copytree(CONSOLE / "src", src)
    at = src / row["file"]
    at.write_text(at.read_text().replace(row["old"], row["new"]))
    out = folder / "app.js"
    subprocess.run(["node", CONSOLE / "node_modules/esbuild/bin/esbuild", src / "main.ts",
                    "--bundle", "--format=iife", f"--outfile={out}", "--log-level=error"],
                   check=True, cwd=CONSOLE)
    return out


def is_caught(row, programs):
    """Whether the story failed; what the script said till then. It is stopped, with all that it
    started, as soon as the story has ended: those after it tell nothing more."""
    ended = re.compile(r"^(not )?ok \d+ - " + re.escape(row["story"]))
    with tempfile.TemporaryDirectory(prefix="weak.") as folder:
        env = {**os.environ, "DAYBOOK": programs[0], "DAYBOOK_RELAY": programs[1],
               "SRC": str(CONSOLE.parent), "APP_JS": str(bundle(row, Path(folder)))}
        script = subprocess.Popen(["bash", TESTS / f"{row['script']}.sh"], env=env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  start_new_session=True)
        clock = Timer(SECONDS_MAX, os.killpg, (script.pid, SIGTERM))
        clock.start()
        said, failed = [], False
        for line in script.stdout:
            said.append(line)
            if found := ended.match(line):
                failed = found[1] is not None
                os.killpg(script.pid, SIGTERM)
                break
        script.wait()
        clock.cancel()
    return failed, "".join(said)


def main():
    rows = tomllib.loads((TESTS / "weak.toml").read_text())["page"]
    unfit = [fault for fault in map(faults_of, rows) if fault]
    if unfit or len(rows) < PAGES_MIN:
        sys.exit("\n".join(unfit) or f"only {len(rows)} weakened pages")
    if sys.argv[1:] == ["--fits"]:
        print(f"{len(rows)} weakened pages fit their sources")
        return
    programs, parts = [str(Path(p).resolve()) for p in sys.argv[1:3]], sys.argv[3:]
    if len(programs) != 2:
        sys.exit(__doc__)
    missed = 0
    for row in rows:
        if not all(part in row["says"] for part in parts):
            continue
        caught, said = is_caught(row, programs)
        print(f"{'caught' if caught else 'MISSED'}: {row['says']}", flush=True)
        if not caught:
            missed += 1
            print(said[-2000:])
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
