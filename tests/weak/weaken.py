#!/usr/bin/env python3
"""Deliberately weakened programs, each killed by a named test (security.md A19).

weaken.py BUILD [PART...]: for each bug of bugs.toml whose sentence holds all the parts, puts the
bug into a copy of its source file, links the killer with it instead of the right one, and runs
that, with its `args` if it has any: it must fail. BUILD is a build folder whose killers stand built
and pass. The shipped sources hold no switch: a weakened program can't be made by accident.

A bug that no longer fits its source file is a failure too: mend the list.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL
from threading import Timer

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 240  # a weakened program may hang: that is caught as well
FAILED = "[  FAILED  ]"  # cmocka's word, as soon as a test has failed
FAST = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # killers wait for their disk
SEEDS = re.compile(r"(\d+) seeds, ")  # the simulator's last line
SEEDS_NEEDED = re.compile(r" after (\d+) seed")  # what `run` says of it
SEEDS_ASKED = re.compile(r"--seeds \d+")
BUGS_MIN = 40
# Of what a link costs, all but a seventh is debug information and the older linker's care.
QUICK_LINK = ["-Wl,-S"] + [f"-fuse-ld={n}" for n in ("gold", "lld") if shutil.which(f"ld.{n}")][:1]


def program_of(killer):
    """'unit/segment' -> (target, path below the build folder)"""
    kind, name = killer.split("/")
    return f"{kind}_{name}", f"bin/{kind}/{kind}_{name}"


class Build:
    def __init__(self, folder):
        self.folder = folder
        commands = json.loads((folder / "compile_commands.json").read_text())
        self.compile = {str(Path(c["file"]).relative_to(ROOT)): c["command"] for c in commands}
        self.links = {}

    def link_of(self, target):
        if target not in self.links:
            out = subprocess.run(["ninja", "-t", "commands", target], cwd=self.folder, check=True,
                                 capture_output=True, text=True).stdout
            self.links[target] = out.strip().splitlines()[-1]
        return self.links[target]

    def run(self, program, args=""):
        """How a killer ends. It is stopped, with all that it started, at the first test that
        fails: the others can't tell more. What it leaves behind goes with its folder."""
        with tempfile.TemporaryDirectory(prefix="weak.", dir=FAST) as folder:
            env = {**os.environ, "SRC": str(ROOT), "TMPDIR": folder}
            killer = subprocess.Popen([str(program), *shlex.split(args)], cwd=self.folder, env=env,
                                      text=True, errors="replace", start_new_session=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
            hung = []
            alarm = Timer(SECONDS_MAX, lambda: (hung.append(1), os.killpg(killer.pid, SIGKILL)))
            alarm.start()
            with killer:
                failed, seeds = watch(killer)
            alarm.cancel()
        if hung:
            return "hangs"
        return f"fails{seeds}" if failed or killer.returncode != 0 else "passes"


def watch(killer):
    """-> has a test failed, and of the simulator: after how many seeds it ended"""
    seeds = ""
    for line in killer.stdout:
        if FAILED in line:
            os.killpg(killer.pid, SIGKILL)
            return True, seeds
        if found := SEEDS.match(line):
            seeds = f" after {found[1]} seed{'s' if found[1] != '1' else ''}"
    return False, seeds


def plant(bug, where):
    """The weakened source, or None when the bug doesn't fit exactly once."""
    text = (ROOT / bug["file"]).read_text()
    if text.count(bug["old"]) != 1:
        return None
    path = where / Path(bug["file"]).name
    path.write_text(text.replace(bug["old"], bug["new"]))
    return path


def compile_weak(build, bug, source, where):
    words = shlex.split(build.compile[bug["file"]])
    words = [w for w in words if w not in ("-Werror", "ccache") and not w.endswith("/ccache")]
    obj = where / "weak.o"
    for flag, value in (("-o", str(obj)), ("-c", str(source))):
        words[words.index(flag) + 1] = value
    # The copy lies elsewhere: what it includes by name from beside it must still be found.
    words[1:1] = ["-w", "-iquote", str((ROOT / bug["file"]).parent)]
    subprocess.run(words, cwd=build.folder, check=True, capture_output=True)
    return obj


def link_weak(build, target, obj, where):
    command = build.link_of(target)
    words = shlex.split(command.removeprefix(": && ").removesuffix(" && :"))
    program = where / "killer"
    words[words.index("-o") + 1] = str(program)
    words += QUICK_LINK
    # Standing first, it gives its symbols before the library is asked for them.
    words.insert(words.index("-o") + 2, str(obj))
    subprocess.run(words, cwd=build.folder, check=True, capture_output=True)
    return program


def needed(bugs, outcomes):
    """-> each killer, and its arguments: of the simulator's seeds as many as caught all its bugs"""
    most = {}
    for bug, outcome in zip(bugs, outcomes):
        run = (bug["killer"], bug.get("args", ""))
        seeds = SEEDS_NEEDED.search(outcome)
        most[run] = max(most.get(run, 0), int(seeds[1]) if seeds else 0)
    return {(killer, SEEDS_ASKED.sub(f"--seeds {seeds}", args) if seeds else args)
            for (killer, args), seeds in most.items()}


def try_bug(build, bug):
    with tempfile.TemporaryDirectory(prefix="weak.", dir=FAST) as folder:
        where = Path(folder)
        source = plant(bug, where)
        if source is None:
            return "does not fit its source any more"
        try:
            obj = compile_weak(build, bug, source, where)
            program = link_weak(build, program_of(bug["killer"])[0], obj, where)
        except subprocess.CalledProcessError as failed:
            return "cannot be built: " + failed.stderr.decode(errors="replace")[-400:]
        return build.run(program, bug.get("args", ""))


def main():
    build = Build(Path(sys.argv[1]).resolve())
    bugs = tomllib.loads((ROOT / "tests/weak/bugs.toml").read_text())["bug"]
    short = len(bugs) < BUGS_MIN
    bugs = [b for b in bugs if all(part in b["says"] for part in sys.argv[2:])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda b: try_bug(build, b), bugs))
        killers = sorted(needed(bugs, outcomes))
        right = list(pool.map(lambda k: build.run(build.folder / program_of(k[0])[1], k[1]),
                              killers))
    bad = [f"FAIL {killer} {args} {outcome} without any bug"
           for (killer, args), outcome in zip(killers, right) if outcome != "passes"]
    for number, (bug, outcome) in enumerate(zip(bugs, outcomes), 1):
        line = f"{number:2} {bug['says']}: {bug['killer']} {outcome}"
        if outcome.startswith(("fails", "hangs")):
            print(f"caught {line}")
        else:
            bad.append(f"FAIL {line}")
    # Last, where they are still seen when a long report is cut in its middle.
    print(*bad, sep="\n", end="\n" if bad else "")
    if short:
        print(f"FAIL fewer than {BUGS_MIN} bugs are listed")
    print(f"{len(bugs)} weakened programs, {len(bad)} not caught")
    return 1 if bad or short or not bugs else 0


if __name__ == "__main__":
    sys.exit(main())
