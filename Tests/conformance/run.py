"""Runs CPython's own tests with and without importahead and compares them case by case.

    python Tests/conformance/run.py [--python NAME ...] [--lane NAME ...] [--test NAME ...]
    python Tests/conformance/run.py --mutants     # the check must catch two broken hooks

For each interpreter found that carries its `test` package, a clean copy is made below
`.build/conformance`; the hook is switched on by a `.pth` in the copy's site-packages, because a
hook on PYTHONPATH vanishes in the many children that run with -I or -E. Each hooked process counts
itself, and a run in which too few did is void. Each back end runs twice: without profiles, which
it writes, and with them; the user's cache is never touched. What is all in the page cache needs
neither ring nor threads: in the evicted lanes each process drops the library from there before its
session begins, and a run in which too few processes set up a ring is void. Standard library only.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "Tests" / "python")]

from copies import Copy  # noqa: E402
from oracle.interpreters import clean_environment, discover  # noqa: E402
from results import compare, read, table  # noqa: E402

TESTS = [
    "test_import",
    "test_importlib",
    "test_zipimport",
    "test_zipimport_support",
    "test_runpy",
    "test_pkgutil",
    "test_pkg",
    "test_py_compile",
    "test_compileall",
    "test_site",
    "test_cmd_line",
    "test_cmd_line_script",
    "test_modulefinder",
    "test_source_encoding",
    "test_frozen",
    "test_audit",
    "test_marshal",
    "test_linecache",
    "test_module",
    "test_fork1",
    "test_multiprocessing_main_handling",
    "test_interpreters",
    "test__xxsubinterpreters",
    "test__xxinterpchannels",
    "test__interpreters",
    "test__interpchannels",
    "test_bdb",
    "test_pdb",
    "test_trace",
    "test_profile",
    "test_cprofile",
    "test_sys_settrace",
    "test_sys_setprofile",
    "test_monitoring",
    "test_tracemalloc",
]

# Skips itself where a .pth file with an import line exists.
ALLOWED = ("test_site.StartupImportTests.test_startup_imports",)

# Of test_threading only what forks: others of its cases hang now and then in stock 3.13.
FORKS = ["test_threading", "-m", "test_main_thread*", "-m", "*fork*"]

# What catches each mutant soonest; both are kept in Tests/python/mutants.
MUTANTS = {
    "subclassed-loaders": ["test_runpy", "test_cmd_line_script"],
    "thread-at-fork": ["test_threading", *FORKS[1:]],
}
LEAST_ACTIVE = 10
# Of a hundred processes with a session in an evicted lane, so many must set up a ring. The others
# import nothing that is not frozen or loaded, end by a signal or os._exit, or run beside one that
# has just read the same.
LEAST_RINGS = 40

# Where the evicted lanes run unless --lane names one: they take twice as long.
EVICTED = ("3.9", "3.11", "3.13")


@dataclass(frozen=True)
class Lane:
    """One way to run the tests."""

    name: str
    backend: str = ""
    profile: bool = False
    evicting: bool = False
    #: Whether the profiles of the lane before are forgotten.
    first: bool = True


STOCK = Lane("stock")
LANES = [
    Lane("io_uring", "io_uring"),
    Lane("io_uring+profile", "io_uring", profile=True, first=False),
    Lane("threads", "threads"),
    Lane("threads+profile", "threads", profile=True, first=False),
    Lane("io_uring+evicted", "io_uring", evicting=True),
    Lane("io_uring+evicted+profile", "io_uring", profile=True, evicting=True, first=False),
    Lane("threads+evicted", "threads", evicting=True),
]


def main():
    """Returns the number of interpreters with a difference, or in a void run."""
    options = parse()
    scratch = options.scratch.resolve()
    found = [each for each in discover() if not options.python or each.name in options.python]
    failures = 0
    for interpreter in found:
        if not interpreter.has_tests:
            print(
                "%s: skipped, it has no test package (%s)" % (interpreter.name, interpreter.prefix)
            )
            continue
        copy = Copy(interpreter, scratch)
        check = check_mutants if options.mutants else check_hook
        failures += not check(copy, options)
    if not found:
        print("no interpreter to test")
    return failures


def parse():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--python", action="append", help="a version, such as 3.11")
    parser.add_argument("--lane", action="append", choices=[each.name for each in LANES])
    parser.add_argument("--test", action="append", help="a test module, such as test_import")
    parser.add_argument("--hook", type=Path, default=REPOSITORY / "dist" / "python")
    parser.add_argument("--scratch", type=Path, default=REPOSITORY / ".build" / "conformance")
    parser.add_argument("--mutants", action="store_true", help="check that mutants are caught")
    parser.add_argument("-j", "--jobs", type=int, default=min(4, os.cpu_count() or 1))
    return parser.parse_args()


def check_hook(copy, options):
    """Whether the product gives stock's results in every lane."""
    tests = copy.existing(options.test or TESTS)
    stock = run_all(copy, tests, options, STOCK)
    good = True
    columns = {"stock": stock}
    for lane in lanes_for(copy.interpreter, options):
        if lane.first or not copy.profiles():
            copy.forget_profiles()
        copy.switch_on(options.hook, evicting=lane.evicting)
        hooked = run_all(copy, tests, options, lane)
        hooked = repeat_differences(copy, options, lane, stock, hooked)
        columns[lane.name] = hooked
        good &= report(copy, lane, stock, hooked)
        copy.switch_off()
    print(table(copy.interpreter.name, columns), flush=True)
    return good


def lanes_for(interpreter, options):
    """The lanes that were asked for, or those an interpreter has by default."""
    if options.lane:
        return [lane for lane in LANES if lane.name in options.lane]
    return [lane for lane in LANES if not lane.evicting or interpreter.name in EVICTED]


def repeat_differences(copy, options, lane, stock, hooked):
    """Runs modules that differ once more, stock and hooked: what differs by chance agrees then."""
    modules = sorted({module for module, _, _, _ in compare(stock, hooked, ALLOWED)})
    if not modules or len(modules) > 6:
        return hooked
    again = run_tests(copy, modules, options, lane, "-again")
    copy.switch_off()
    stock_again = run_tests(copy, modules, options, STOCK, "-again")
    copy.switch_on(options.hook, evicting=lane.evicting)
    for module in modules:
        same = not list(compare(stock_again.only(module), again.only(module), ALLOWED))
        if same:
            print("%s: %s differed once, and not again" % (copy.interpreter.name, module))
            hooked.cases[module] = stock.cases[module]
    return hooked


def report(copy, lane, stock, hooked):
    """Prints what differs; whether nothing does and the run is not void."""
    title = "%s %s" % (copy.interpreter.name, lane.name)
    different = list(compare(stock, hooked, ALLOWED))
    for module, case, before, after in different:
        print("%s: %s %s: %s, stock %s" % (title, module, case, after, before))
    reasons = list(void_reasons(copy, lane, hooked))
    for reason in reasons:
        print("%s: void, %s" % (title, reason))
    return not different and not reasons


def void_reasons(copy, lane, hooked):
    """Why a run says nothing, if it does not."""
    if hooked.active < LEAST_ACTIVE:
        yield "the hook was active in %d processes" % hooked.active
    if not lane.profile and copy.profiles() < LEAST_ACTIVE:
        yield "no profiles were written"
    if not lane.evicting:
        return
    if lane.backend == "io_uring" and hooked.rings * 100 < hooked.active * LEAST_RINGS:
        yield "%d of %d processes set up a ring" % (hooked.rings, hooked.active)
    if lane.backend == "threads" and hooked.rings:
        yield "%d processes set up a ring" % hooked.rings


def check_mutants(copy, options):
    """Whether both broken hooks are caught, and the faithful one is not."""
    good = True
    hook = REPOSITORY / "Tests" / "python" / "mutants"
    for mutant, tests in MUTANTS.items():
        if mutant == "thread-at-fork" and copy.interpreter.minor < (3, 12):
            continue  # a thread at fork is warned of from 3.12 on
        stock = run_tests(copy, tests, options, STOCK)
        for name in ("", mutant):
            copy.switch_on(hook, name)
            hooked = run_tests(copy, tests, options, Lane(name or "faithful"))
            copy.switch_off()
            found = len(list(compare(stock, hooked, ALLOWED)))
            right = bool(found) == bool(name) and hooked.active > 0
            good &= right
            print(
                "%s: %s: %d of %d cases differ, active in %d processes: %s"
                % (
                    copy.interpreter.name,
                    name or "faithful mock",
                    found,
                    stock.count(),
                    hooked.active,
                    "as it should be" if right else "WRONG",
                ),
                flush=True,
            )
    return good


def run_all(copy, tests, options, lane):
    """Runs the listed modules, and the cases about forks of test_threading."""
    results = run_tests(copy, tests, options, lane)
    if not options.test:
        results.add(run_tests(copy, FORKS, options, lane, "-forks"))
    return results


def run_tests(copy, tests, options, lane, suffix=""):
    """Runs test modules in the copy and reads their results."""
    name = lane.name + suffix
    work = copy.root / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    junit = copy.root / ("%s.xml" % name)
    if junit.exists():
        junit.unlink()
    command = [copy.python, "-m", "test", "--junit-xml", str(junit), "--timeout", "300"]
    command += ["-j", str(options.jobs), *tests]
    if lane.backend == "threads":
        # Children that ignore the environment must use threads too.
        command = [sys.executable, str(HERE / "without_uring.py"), *command]
    copy.forget_activity()
    began = time.monotonic()
    with open(copy.root / ("%s.log" % name), "wb") as log:
        environment = environment_of(copy, work, lane)
        status = subprocess.call(command, cwd=work, env=environment, stdout=log, stderr=log)
    results = read(junit)
    results.seconds = time.monotonic() - began
    results.active, results.inactive = copy.activity()
    results.rings = copy.rings()
    results.status = status
    return results


def environment_of(copy, work, lane):
    """What the tests find in their environment."""
    environment = clean_environment()
    del environment["PYTHONHASHSEED"]
    environment["TMPDIR"] = str(work)
    # Children with -I or -E ignore the other variables, but not this one.
    environment["XDG_CACHE_HOME"] = str(copy.cache)
    if lane.backend:
        environment["IMPORTAHEAD_BACKEND"] = lane.backend
        if not lane.profile:
            environment["IMPORTAHEAD_PROFILE"] = "write"
    return environment


if __name__ == "__main__":
    sys.exit(main())
