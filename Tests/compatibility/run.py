"""Runs well-known programs with and without importahead and compares what came of it.

    python Tests/compatibility/run.py [--only NAME ...] [--python NAME] [--write] [--list]

Each program has an environment, made by pip once and kept below `$XDG_CACHE_HOME` (~/.cache), and a
scenario (`programs/`), which runs as stock; with importahead on PYTHONPATH; with it enabled in the
environment; and under `importahead run`: twice each, first without a profile, then with the one that
the first run left. Compared are exit statuses and output without times, numbers of processes and
the like, and processes left behind; and in each way importahead must have been active. What differs
is run again, stock too: what differs by chance agrees then. Servers are met on 127.0.0.1, as root in
a network of their own; whatever is left of a run is ended.

The exit status is the number of programs with a difference. `--write` renews their rows in
docs/compatibility.md.
"""

import argparse
import difflib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "Tests" / "python")]

from confinement import adopt_orphans, end_all, leave_network  # noqa: E402
from environments import Environment, Unavailable, default_folder  # noqa: E402
from lanes import SITES, STOCK, TITLES, WAYS, Place, Run, remove, switch  # noqa: E402
from oracle.interpreters import discover  # noqa: E402
from oracle.stand import Stand  # noqa: E402
from programs import load  # noqa: E402
from table import SAME, Row, write  # noqa: E402

# Files touched more recently are never served from memory.
SETTLING_SECONDS = 2.3
# How long what a scenario left behind may take to end by itself, seconds.
GRACE = 3


def main():
    """Returns the number of programs that differ."""
    options = parse()
    programs = load()
    if options.list:
        print("\n".join(programs))
        return 0
    unknown = set(options.only or ()) - set(programs)
    if unknown:
        sys.exit("no such program: %s (see --list)" % ", ".join(sorted(unknown)))
    chosen = [each for name, each in programs.items() if not options.only or name in options.only]
    interpreter = next((each for each in discover() if each.name == options.python), None)
    if interpreter is None:
        sys.exit("no Python %s here" % options.python)
    environments = {}
    for name in dict.fromkeys(each.environment for each in chosen):
        environments[name] = make(Environment(options.environments, name, interpreter))
    if not leave_network():
        print("the network cannot be left behind (not root); servers listen on 127.0.0.1")
    adopt_orphans()
    rows = []
    for each in chosen:
        row = Comparison(each, environments[each.environment], options).row()
        rows.append(row)
        print(row.line(), flush=True)
    differing = [row for row in rows if row.differs]
    print("%d programs as stock, %d differ, %d not run" % counts(rows))
    if options.write:
        write(REPOSITORY / "docs" / "compatibility.md", rows, list(programs))
    return len(differing)


def counts(rows):
    """How many are as stock, differ, and were not run."""
    same = sum(row.result == SAME for row in rows)
    differing = sum(row.differs for row in rows)
    return same, differing, len(rows) - same - differing


def parse():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", action="append", help="a program; may be repeated")
    parser.add_argument("--list", action="store_true", help="show the programs' names")
    parser.add_argument("--python", default="3.11", help="a version, such as 3.11")
    parser.add_argument("--dist", type=Path, default=REPOSITORY / "dist", help="the build to test")
    parser.add_argument("--environments", type=Path, default=default_folder())
    parser.add_argument("--work", type=Path, default=REPOSITORY / ".build" / "compatibility")
    parser.add_argument("--write", action="store_true", help="renew docs/compatibility.md")
    options = parser.parse_args()
    options.environments = options.environments.resolve()
    return options


def make(environment):
    """The environment, or the reason it cannot be had."""
    try:
        environment.make()
    except Unavailable as error:
        return error
    return environment


class Comparison:
    """One program, run in every way."""

    def __init__(self, program, environment, options):
        self._program = program
        self._environment = environment
        self._options = options
        self._places = {}
        self._stands = {}
        self._lines = []

    def row(self):
        """What came of it."""
        program, environment = self._program, self._environment
        if isinstance(environment, Unavailable):
            return Row(program.name, "", self._options.python, "not run", str(environment))
        version = environment.version(program.package)
        python = ".".join(map(str, environment.interpreter.version))
        try:
            self._plant()
            verdict, note = self._compare()
        finally:
            remove(self._root)
        if self._lines:
            print("\n".join(["--- %s" % program.name, *self._lines]))
        return Row(program.name, version, python, verdict, note or program.does)

    @property
    def _root(self):
        name = "".join(letter for letter in self._program.name if letter.isalnum())
        return self._options.work / name

    def _plant(self):
        remove(self._root)
        for way in (STOCK, *WAYS):
            place = Place(self._root, way, self._environment, self._options.dist)
            place.folder.mkdir(parents=True)
            for name, text in self._program.files.items():
                path = place.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                os.utime(path, (1_600_000_000, 1_600_000_000))
            compiling = [self._environment.python, "-I", "-m", "compileall", "-q", "."]
            subprocess.run(compiling, cwd=place.folder, check=False, capture_output=True)
            self._places[way] = place
            self._stands[way] = Stand(place.folder)
        time.sleep(SETTLING_SECONDS)

    def _compare(self):
        stock = self._run(STOCK)
        if not any(self._program.shows in line for line in stock):
            self._lines += ["stock: " + line[:300] for line in stock]
            return "void", "stock itself does not say %r" % self._program.shows
        differing = []
        for way in WAYS:
            if not all([self._judge(way, told, stock) for told in (False, True)]):
                differing.append(TITLES[way])
        if differing:
            return "differs (%s)" % ", ".join(differing), self._gist()
        return SAME, ""

    def _gist(self):
        """One line of what differs: what is said with importahead, or no longer is."""
        for beginning in ("+", "-", "void"):
            for line in self._lines:
                if line.startswith(beginning):
                    return line[:160]
        return ""

    def _judge(self, way, told, stock):
        """Whether a run is as stock's; `told` is the second one, which has a profile."""
        title = TITLES[way] + (", with a profile" if told else "")
        found = self._run(way, told)
        if found != stock:
            # Statistics are written by Python code, which a tracer may see: they are not asked again.
            again, found = self._run(STOCK), self._run(way)
            if found not in (stock, again):
                self._lines += [title + ":", *difference(again, found)]
                return False
            self._lines.append("%s: differed once, and not again" % title)
        reason = self._inactive(way, told)
        if reason:
            self._lines += ["void: %s: %s" % (title, reason)]
        return not reason

    def _inactive(self, way, told):
        """Why a run says nothing, if it does not."""
        place = self._places[way]
        if not told:
            made = list(place.cache.glob("importahead/v1/*.profile"))
            return "" if made else "no profile was written"
        try:
            found = json.loads(place.statistics.read_text())
        except (OSError, ValueError):
            return "no statistics were written"
        # Only a process with a session writes them.
        return "" if "backend" in found else "no statistics were written"

    def _run(self, way, told=False):
        """What the scenario said, and what it left running."""
        if way != SITES:
            return self._run_here(way, told)
        switch(self._environment, self._options.dist, "enable", self._root)
        time.sleep(SETTLING_SECONDS)
        try:
            return self._run_here(way, told)
        finally:
            switch(self._environment, self._options.dist, "disable", self._root)

    def _run_here(self, way, told):
        place = self._places[way]
        run = Run(place, told)
        try:
            self._program.scenario(run)
        except Exception as error:
            run.say("the scenario failed: %s: %s" % (type(error).__name__, error))
        left = end_all(GRACE)
        if left:
            run.say("left running: %d" % len(left))
            self._lines += ["%s left running: %s" % (way, each[:150]) for each in left]
        self._stands[way].restore()
        return [line.replace(str(run.port), "PORT") for line in run.record]


def difference(stock, found):
    """The lines that differ."""
    lines = list(difflib.unified_diff(stock, found, "stock", "importahead", lineterm="", n=0))[2:]
    chosen = [[line[:300] for line in lines if line.startswith(sign)][:12] for sign in "-+"]
    return [*chosen[0], *chosen[1]]


if __name__ == "__main__":
    sys.exit(main())
