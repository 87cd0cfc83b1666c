"""Runs CPython's own tests with and without importahead and compares them case by case.

    python Tests/conformance/run.py [--python NAME ...] [--backend NAME ...] [--test NAME ...]
                                    [--no-profile]
    python Tests/conformance/run.py --mutants     # the check must catch two broken hooks

For each interpreter found that carries its `test` package, a clean copy is made below
`.build/conformance`; the hook is switched on by a `.pth` in the copy's site-packages, because a
hook on PYTHONPATH vanishes in the many children that run with -I or -E. Each hooked process counts
itself, and a run in which too few did is void. Each back end runs twice: without profiles, which
it writes, and with them; the user's cache is never touched. Standard library only.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
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
    parser.add_argument("--backend", action="append", choices=["io_uring", "threads"])
    parser.add_argument("--test", action="append", help="a test module, such as test_import")
    parser.add_argument("--hook", type=Path, default=REPOSITORY / "dist" / "python")
    parser.add_argument("--scratch", type=Path, default=REPOSITORY / ".build" / "conformance")
    parser.add_argument("--mutants", action="store_true", help="check that mutants are caught")
    parser.add_argument("--no-profile", action="store_true", help="not with profiles as well")
    parser.add_argument("-j", "--jobs", type=int, default=min(4, os.cpu_count() or 1))
    return parser.parse_args()


def check_hook(copy, options):
    """Whether the product gives stock's results with every back end."""
    tests = copy.existing(options.test or TESTS)
    stock = run_all(copy, tests, options, "stock")
    good = True
    columns = {"stock": stock}
    for backend in options.backend or ["io_uring", "threads"]:
        copy.forget_profiles()
        for profile in [False] if options.no_profile else [False, True]:
            name = backend + ("+profile" if profile else "")
            copy.switch_on(options.hook)
            hooked = run_all(copy, tests, options, name, backend, profile)
            hooked = repeat_differences(copy, options, name, backend, profile, stock, hooked)
            columns[name] = hooked
            good &= report(copy, name, stock, hooked)
            if not profile and not options.no_profile and copy.profiles() < LEAST_ACTIVE:
                good = False
                print("%s %s: void, no profiles were written" % (copy.interpreter.name, name))
            copy.switch_off()
    print(table(copy.interpreter.name, columns), flush=True)
    return good


def repeat_differences(copy, options, name, backend, profile, stock, hooked):
    """Runs modules that differ once more, stock and hooked: what differs by chance agrees then."""
    modules = sorted({module for module, _, _, _ in compare(stock, hooked, ALLOWED)})
    if not modules or len(modules) > 6:
        return hooked
    again = run_tests(copy, modules, options, name + "-again", backend, profile)
    copy.switch_off()
    stock_again = run_tests(copy, modules, options, "stock-again")
    copy.switch_on(options.hook)
    for module in modules:
        same = not list(compare(stock_again.only(module), again.only(module), ALLOWED))
        if same:
            print("%s: %s differed once, and not again" % (copy.interpreter.name, module))
            hooked.cases[module] = stock.cases[module]
    return hooked


def report(copy, name, stock, hooked):
    """Prints what differs; whether nothing does and the run is not void."""
    good = True
    for module, case, before, after in compare(stock, hooked, ALLOWED):
        good = False
        print(
            "%s %s: %s %s: %s, stock %s"
            % (copy.interpreter.name, name, module, case, after, before)
        )
    if hooked.active < LEAST_ACTIVE:
        good = False
        print(
            "%s %s: void, the hook was active in %d processes"
            % (copy.interpreter.name, name, hooked.active)
        )
    return good


def check_mutants(copy, options):
    """Whether both broken hooks are caught, and the faithful one is not."""
    good = True
    hook = REPOSITORY / "Tests" / "python" / "mutants"
    for mutant, tests in MUTANTS.items():
        if mutant == "thread-at-fork" and copy.interpreter.minor < (3, 12):
            continue  # a thread at fork is warned of from 3.12 on
        stock = run_tests(copy, tests, options, "stock")
        for name in ("", mutant):
            copy.switch_on(hook, name)
            hooked = run_tests(copy, tests, options, name or "faithful")
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


def run_all(copy, tests, options, name, backend=None, profile=False):
    """Runs the listed modules, and the cases about forks of test_threading."""
    results = run_tests(copy, tests, options, name, backend, profile)
    if not options.test:
        results.add(run_tests(copy, FORKS, options, name + "-forks", backend, profile))
    return results


def run_tests(copy, tests, options, name, backend=None, profile=False):
    """Runs test modules in the copy and reads their results."""
    work = copy.root / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    junit = copy.root / ("%s.xml" % name)
    if junit.exists():
        junit.unlink()
    command = [copy.python, "-m", "test", "--junit-xml", str(junit), "--timeout", "300"]
    command += ["-j", str(options.jobs), *tests]
    if backend == "threads":
        # Children that ignore the environment must use threads too.
        command = [sys.executable, str(HERE / "without_uring.py"), *command]
    copy.forget_activity()
    began = time.monotonic()
    with open(copy.root / ("%s.log" % name), "wb") as log:
        environment = environment_of(copy, work, backend, profile)
        status = subprocess.call(command, cwd=work, env=environment, stdout=log, stderr=log)
    results = read(junit)
    results.seconds = time.monotonic() - began
    results.active, results.inactive = copy.activity()
    results.status = status
    return results


def environment_of(copy, work, backend, profile):
    """What the tests find in their environment."""
    environment = clean_environment()
    del environment["PYTHONHASHSEED"]
    environment["TMPDIR"] = str(work)
    # Children with -I or -E ignore the other variables, but not this one.
    environment["XDG_CACHE_HOME"] = str(copy.cache)
    if backend:
        environment["IMPORTAHEAD_BACKEND"] = backend
        if not profile:
            environment["IMPORTAHEAD_PROFILE"] = "write"
    return environment


if __name__ == "__main__":
    sys.exit(main())
