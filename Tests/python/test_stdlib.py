"""Every module of the standard library that can be imported."""

from pathlib import Path

import pytest
from oracle import Case, discover
from oracle import outcome as outcomes

pytestmark = [pytest.mark.part("loader"), pytest.mark.kind("source")]

# Tests, demonstrations, and modules that act when they are imported.
LEFT_OUT = {
    "test",
    "tests",
    "idle_test",
    "turtledemo",
    "site-packages",
    "__pycache__",
    "lib-dynload",
}
ACTING = {"antigravity", "this", "idlelib.idle", "lib2to3.pgen2.conv"}
CHUNK = 30


def modules_of(interpreter):
    """Names of the modules in the interpreter's library, extension modules included."""
    root = Path(interpreter.stdlib)
    names = set()
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        if LEFT_OUT.intersection(parts) or not all(part.isidentifier() for part in parts):
            continue
        if len(parts) > 1 and not (path.parent / "__init__.py").exists():
            continue
        if parts[-1] == "__main__" or parts[0].startswith("config-"):
            continue
        names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    for path in (root / "lib-dynload").glob("*" + interpreter.extension_suffix):
        names.add(path.name[: -len(interpreter.extension_suffix)])
    return sorted(name for name in names - ACTING if name and not name.startswith("_test"))


def program(names):
    """Imports modules one by one; what fails says so and the next follows."""
    step = "try:\n    import {0}\nexcept BaseException as error:\n    print('{0}', type(error), error)\n"
    return "".join(step.format(name) for name in names)


def chunks(interpreter, size):
    """A case for every so many modules of an interpreter's library."""
    names = modules_of(interpreter)
    for start in range(0, len(names), size):
        chunk = names[start : start + size]
        case = Case(body=program(chunk), timeout=120, ignored=_ignored(chunk), known=size > 1)
        yield pytest.param(interpreter, case, id="%s-%s" % (interpreter.name, chunk[0]))


def pytest_generate_tests(metafunc):
    """One test for so many modules of the newest interpreter; with --full, of every one."""
    mark = metafunc.definition.get_closest_marker("library")
    if mark is None:
        return
    full = metafunc.config.getoption("--full")
    found = discover() if full else () if mark.kwargs["size"] == 1 else discover()[-1:]
    values = [each for one in found for each in chunks(one, mark.kwargs["size"])]
    skipped = pytest.mark.skip(reason="only with --full (make conformance)")
    none = [pytest.param(None, None, id="none", marks=skipped)]
    metafunc.parametrize("interpreter, case", values or none)


FLAGS = [(), ("-O",), ("-B",), ("-I",), ("-X", "frozen_modules=off"), ("-X", "importtime")]


@pytest.mark.library(size=CHUNK)
def test_stdlib_modules_in_chunks(outcome, case):
    assert outcome.stock.record is not None


@pytest.mark.full
@pytest.mark.library(size=1)
def test_stdlib_modules_each_alone(outcome, case):
    assert outcome.stock.record is not None


@pytest.mark.full
@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: "".join(flags) or "plain")
def test_stdlib_with_every_flag(grove, interpreter, flags):
    names = [
        name for name in modules_of(interpreter) if not name.startswith(("idlelib", "lib2to3"))
    ]
    case = Case(body=program(names), flags=flags, timeout=240, ignored=("descriptors",))
    compare(grove, "stdlib-flags", interpreter, case)


def compare(grove, key, interpreter, case):
    """Plants, runs and compares one program."""
    outcomes.plant(grove, key, case, interpreter)
    grove.settle()
    found = outcomes.run(grove, key, case, interpreter).differences()
    assert not found, "\n".join(found[:12])


def _ignored(names):
    # Some modules open terminals or sockets, or start threads, when they are imported.
    return ("descriptors",) if {"pty", "tkinter"} & set(names) else ()
