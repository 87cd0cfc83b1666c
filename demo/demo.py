"""Times five well-known packages, stock and with importahead, cold and warm.

Makes a virtual environment with current releases from PyPI, runs a small real program for each
package, stock and importahead in turn, and prints the medians. Needs nothing but the standard
library. `make demo` runs it.
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
STOCK, AHEAD = "stock", "importahead"


@dataclass
class Measurement:
    """Seconds from start to exit of one program, by importer, cold and warm."""

    program: str
    cold: dict[str, list[float]] = field(default_factory=lambda: {STOCK: [], AHEAD: []})
    warm: dict[str, list[float]] = field(default_factory=lambda: {STOCK: [], AHEAD: []})
    statistics: dict = field(default_factory=dict)

    def median(self, temperature: str, importer: str) -> float:
        """The median in milliseconds."""
        return 1000 * statistics.median(getattr(self, temperature)[importer])

    def ratio(self, temperature: str) -> float:
        """Importahead's median over stock's."""
        return self.median(temperature, AHEAD) / self.median(temperature, STOCK)


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
        progress.say(f"{program}: checking that both print the same")
        check_outputs(python, program)
    coldness = chosen_coldness(python)
    measurements = [
        measured(python, program, coldness, arguments.rounds, progress) for program in chosen
    ]
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


def environment_for(importer: str, **extra: str) -> dict[str, str]:
    """The environment of a run; importahead is switched on by PYTHONPATH alone."""
    if importer == STOCK:
        return clean_environment(**extra)
    return clean_environment(PYTHONPATH=PACKAGE, **extra)


def script(program: str) -> str:
    """The path of a program."""
    return os.path.join(HERE, "programs", f"use_{program}.py")


def check_outputs(python: str, program: str) -> None:
    """Fail unless a program prints the same with both importers; also writes its own bytecode."""
    outputs = []
    for importer in (STOCK, AHEAD):
        result = subprocess.run(
            [python, script(program)],
            env=environment_for(importer),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            sys.exit(f"demo: {program} failed with {importer}:\n{result.stderr}")
        outputs.append(result.stdout + result.stderr)
    if outputs[0] != outputs[1]:
        sys.exit(f"demo: {program} prints something else with importahead:\n{outputs[1]}")


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
    coldness: DroppedCaches | EvictedFiles,
    rounds: int,
    progress: Progress,
) -> Measurement:
    """Run one program, the importers taking turns at going first."""
    result = Measurement(program)
    command = [python, script(program)]
    for turn in range(rounds):
        progress.say(f"{program}: round {turn + 1} of {rounds}")
        order = (STOCK, AHEAD) if turn % 2 == 0 else (AHEAD, STOCK)
        for importer in order:
            coldness.make_cold()
            result.cold[importer].append(seconds(command, environment_for(importer)))
        for importer in order:
            seconds(command, environment_for(importer))
            result.warm[importer].append(seconds(command, environment_for(importer)))
    progress.say(f"{program}: statistics of one more cold run")
    coldness.make_cold()
    result.statistics = run_statistics(command)
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


def run_statistics(command: list[str]) -> dict:
    """What importahead says about one run; empty where it said nothing."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "statistics.json")
        seconds(command, environment_for(AHEAD, IMPORTAHEAD_STATS=path))
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
        f"CPython {version}, Linux {platform.release()}, {os.cpu_count()} CPUs, "
        f"back end {backend}; medians of {rounds} interleaved runs, in ms from start to exit."
    )
    print(f"Cold: {coldness.description}.")
    print("importahead is switched on by PYTHONPATH=dist/python.")
    print()


def print_table(measurements: list[Measurement]) -> None:
    """One row a program."""
    print(f"{'':10}{'---------- cold ----------':^30}{'---------- warm ----------':^30}".rstrip())
    columns = f"{'stock':>9}{'importahead':>13}{'ratio':>8}"
    print(f"{'program':10}{columns}{columns}  {'hits/modules':>13}{'waits':>7}{'waited':>10}")
    for one in measurements:
        cells = "".join(
            f"{one.median(kind, STOCK):9.0f}{one.median(kind, AHEAD):13.0f}{one.ratio(kind):8.2f}"
            for kind in ("cold", "warm")
        )
        told = one.statistics
        hits = f"{told.get('hits', '?')}/{told.get('modules_loaded', '?')}"
        waited = f"{1000 * told.get('wait_seconds', 0):.0f} ms"
        print(f"{one.program:10}{cells}  {hits:>13}{told.get('waits', '?'):>7}{waited:>10}")
    print()


def print_conclusion(measurements: list[Measurement]) -> None:
    """One sentence that says what came out, whichever way it did."""
    cold = [one.ratio("cold") for one in measurements]
    warm = [one.ratio("warm") for one in measurements]
    faster = sum(ratio < 1 for ratio in cold)
    print(
        f"From a cold start importahead was faster in {faster} of {len(cold)} programs, taking "
        f"{min(cold):.2f} to {max(cold):.2f} of stock's time "
        f"(median {statistics.median(cold):.2f}); warm it took "
        f"{min(warm):.2f} to {max(warm):.2f} (median {statistics.median(warm):.2f}). "
        "Every program printed the same with both."
    )


if __name__ == "__main__":
    sys.exit(main())
