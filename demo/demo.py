"""Times five well-known packages, stock and with importahead, cold and warm.

Makes a virtual environment with current releases from PyPI, runs a small real program for each
package, stock and importahead in turn, and prints the medians: importahead as it is at a program's
first start, and as it is at later ones, when it has learned what the program needs. Nothing of it
touches the user's cache directory. Needs nothing but the standard library. `make demo` runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from coldness import DroppedCaches, EvictedFiles

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PACKAGE = os.path.join(ROOT, "dist", "python")
PACKAGES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "django": "Django",
    "requests": "requests",
    "rich": "rich",
}
STOCK, AHEAD, LEARNED = "stock", "importahead", "learned"
IMPORTERS = (STOCK, AHEAD, LEARNED)


def nothing_measured() -> dict[str, list[float]]:
    """An empty list for each importer."""
    return {importer: [] for importer in IMPORTERS}


@dataclass
class Measurement:
    """Seconds from start to exit of one program, by importer, cold and warm."""

    program: str
    cold: dict[str, list[float]] = field(default_factory=nothing_measured)
    warm: dict[str, list[float]] = field(default_factory=nothing_measured)
    statistics: dict = field(default_factory=dict)

    def median(self, temperature: str, importer: str) -> float:
        """The median in milliseconds."""
        return 1000 * statistics.median(getattr(self, temperature)[importer])

    def ratio(self, temperature: str, importer: str) -> float:
        """An importer's median over stock's."""
        return self.median(temperature, importer) / self.median(temperature, STOCK)


class Progress:
    """One line that says what is being done: rewritten on a terminal, appended to elsewhere."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()

    def say(self, text: str) -> None:
        """Show what is going on now."""
        if self.is_terminal:
            sys.stdout.write(f"\r\033[K{text}")
        else:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def clear(self) -> None:
        """Leave a clean line for the result."""
        if self.is_terminal:
            sys.stdout.write("\r\033[K")
            sys.stdout.flush()


def main() -> int:
    """Set up, measure, print."""
    arguments = parsed_arguments()
    if not os.path.exists(os.path.join(PACKAGE, "sitecustomize.py")):
        print("demo: dist/python is not there; run `make build` first", file=sys.stderr)
        return 1
    progress = Progress()
    python = environment(arguments.python, progress)
    chosen = arguments.programs or list(PACKAGES)
    for program in chosen:
        progress.say(f"{program}: checking that all print the same")
        check_outputs(python, program)
    coldness = chosen_coldness(python)
    measurements = []
    for program in chosen:
        with tempfile.TemporaryDirectory() as home:
            measurements.append(
                measured(python, program, home, coldness, arguments.rounds, progress)
            )
    progress.clear()
    print_setup(python, coldness, arguments.rounds, measurements)
    print_table(measurements)
    print_conclusion(measurements)
    return 0


def parsed_arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter to measure")
    parser.add_argument("--rounds", type=int, default=7, help="runs per cell of the table")
    parser.add_argument("programs", nargs="*", metavar="program", help="default: all five")
    arguments = parser.parse_args()
    for program in arguments.programs:
        if program not in PACKAGES:
            parser.error(f"no program {program!r}; there are {', '.join(PACKAGES)}")
    return arguments


def environment(base: str, progress: Progress) -> str:
    """Make the virtual environment of an interpreter once; return its python."""
    version = output_of([base, "-I", "-c", "import platform; print(platform.python_version())"])
    directory = os.path.join(ROOT, ".build", "demo", f"venv-{version}")
    python = os.path.join(directory, "bin", "python")
    done = os.path.join(directory, "complete")
    if os.path.exists(done):
        return python
    progress.say(f"making a virtual environment for Python {version}")
    subprocess.run([base, "-m", "venv", "--clear", directory], check=True)
    progress.say(f"installing {', '.join(PACKAGES.values())} from PyPI")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *PACKAGES.values()], check=True, env=clean_environment())
    with open(done, "w"):
        pass
    return python


def output_of(command: list[str]) -> str:
    """What a command prints, without the line end."""
    result = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    return result.stdout.strip()


def clean_environment(**extra: str) -> dict[str, str]:
    """This environment without what changes how Python or importahead work."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "IMPORTAHEAD"))
    }
    return {**kept, **extra}


def environment_for(importer: str, home: str, **extra: str) -> dict[str, str]:
    """The environment of a run; importahead is switched on by PYTHONPATH alone.

    `home` is a cache directory, where the learned importer finds its profiles; the first start of a
    program is every start that uses none.
    """
    own = {"XDG_CACHE_HOME": home}
    if importer != STOCK:
        own["PYTHONPATH"] = PACKAGE
    if importer == AHEAD:
        own["IMPORTAHEAD_PROFILE"] = "off"
    return clean_environment(**own, **extra)


def script(program: str) -> str:
    """The path of a program."""
    return os.path.join(HERE, "programs", f"use_{program}.py")


def check_outputs(python: str, program: str) -> None:
    """Fail unless a program prints the same with both importers; also writes its own bytecode."""
    outputs = []
    with tempfile.TemporaryDirectory() as home:
        # The last one reads the profile that the one before it wrote.
        for importer in (*IMPORTERS, LEARNED):
            result = subprocess.run(
                [python, script(program)],
                env=environment_for(importer, home),
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                sys.exit(f"demo: {program} failed with {importer}:\n{result.stderr}")
            outputs.append(result.stdout + result.stderr)
            if outputs[-1] != outputs[0]:
                sys.exit(f"demo: {program} prints something else with {importer}:\n{outputs[-1]}")


def chosen_coldness(python: str) -> DroppedCaches | EvictedFiles:
    """The coldest start that is allowed here."""
    if DroppedCaches.is_allowed():
        return DroppedCaches()
    where = "import sys, sysconfig; print(sysconfig.get_path('stdlib'), sys.prefix, sep='\\n')"
    roots = output_of([python, "-I", "-c", where]).splitlines()
    return EvictedFiles([*roots, python, PACKAGE, os.path.join(HERE, "programs")])


def measured(
    python: str,
    program: str,
    home: str,
    coldness: DroppedCaches | EvictedFiles,
    rounds: int,
    progress: Progress,
) -> Measurement:
    """Run one program, the importers taking turns at going first."""
    result = Measurement(program)
    command = [python, script(program)]
    variables = {importer: environment_for(importer, home) for importer in IMPORTERS}
    progress.say(f"{program}: a start to learn from")
    coldness.make_cold()
    seconds(command, variables[LEARNED])
    for turn in range(rounds):
        progress.say(f"{program}: round {turn + 1} of {rounds}")
        first = turn % len(IMPORTERS)
        order = IMPORTERS[first:] + IMPORTERS[:first]
        for importer in order:
            coldness.make_cold(home)
            result.cold[importer].append(seconds(command, variables[importer]))
        for importer in order:
            seconds(command, variables[importer])
            result.warm[importer].append(seconds(command, variables[importer]))
    progress.say(f"{program}: statistics of one more cold run")
    coldness.make_cold(home)
    result.statistics = run_statistics(command, home)
    return result


def seconds(command: list[str], variables: dict[str, str]) -> float:
    """Time one run from just before it starts until it has ended."""
    started = time.perf_counter()
    child = os.posix_spawn(
        command[0],
        command,
        variables,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status = os.waitpid(child, 0)
    elapsed = time.perf_counter() - started
    if status:
        sys.exit(f"demo: {' '.join(command)} ended with wait status {status}")
    return elapsed


def run_statistics(command: list[str], home: str) -> dict:
    """What importahead says about one first start; empty where it said nothing."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "statistics.json")
        seconds(command, environment_for(AHEAD, home, IMPORTAHEAD_STATS=path))
        try:
            with open(path) as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}


def print_setup(
    python: str,
    coldness: DroppedCaches | EvictedFiles,
    rounds: int,
    measurements: list[Measurement],
) -> None:
    """Say what was measured, on what."""
    version = output_of([python, "-I", "-c", "import platform; print(platform.python_version())"])
    backend = measurements[0].statistics.get("backend", "none")
    print()
    print(
        f"CPython {version}, Linux {platform.release()}, {os.cpu_count()} CPUs, back end {backend}."
    )
    print(f"Medians of {rounds} interleaved runs, in ms from start to exit.")
    print(f"Cold: {coldness.description}.")
    print("importahead is switched on by PYTHONPATH=dist/python. first: a program it never saw;")
    print("learned: with the profile of an earlier start. hits, waits: of one cold first start.")
    print()


def print_table(measurements: list[Measurement]) -> None:
    """One row a program."""
    dashes = "-" * 12
    print(f"{'':8}{dashes + ' cold ' + dashes:>35}{dashes + ' warm ' + dashes:>35}")
    print(f"{'':8}{'':8}{'importahead':^26} {'':8}{'importahead':^26}".rstrip())
    columns = f"{'stock':>9}{'first':>7}{'ratio':>6}{'learned':>8}{'ratio':>6}"[1:]
    print(f"{'program':8}{columns}{columns} {'hits/modules':>13}{'waits':>6}")
    for one in measurements:
        told = one.statistics
        hits = f"{told.get('hits', '?')}/{told.get('modules_loaded', '?')}"
        cells = cells_of(one, "cold") + cells_of(one, "warm")
        print(f"{one.program:8}{cells} {hits:>13}{told.get('waits', '?'):>6}")
    print()


def cells_of(one: Measurement, temperature: str) -> str:
    """A row's part for one temperature."""
    text = f"{one.median(temperature, STOCK):8.0f}"
    for importer, width in ((AHEAD, 7), (LEARNED, 8)):
        text += f"{one.median(temperature, importer):{width}.0f}"
        text += f"{one.ratio(temperature, importer):6.2f}"
    return text


def print_conclusion(measurements: list[Measurement]) -> None:
    """What came out, whichever way it did."""
    for name, importer in (("At a first start", AHEAD), ("Having learned", LEARNED)):
        cold = [one.ratio("cold", importer) for one in measurements]
        warm = [one.ratio("warm", importer) for one in measurements]
        faster = sum(ratio < 1 for ratio in cold)
        print(
            f"{name}, importahead was faster cold in {faster} of {len(cold)} programs, at "
            f"{min(cold):.2f} to {max(cold):.2f} of stock's time"
        )
        print(
            f"  (median {statistics.median(cold):.2f}); warm it took {min(warm):.2f} to "
            f"{max(warm):.2f} (median {statistics.median(warm):.2f})."
        )
    print("Every program printed the same with all of them.")


if __name__ == "__main__":
    sys.exit(main())
