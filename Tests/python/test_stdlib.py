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


def pytest_generate_tests(metafunc):
    """One test for a chunk of modules, and with --full one for each module."""
    if "chunk" not in metafunc.fixturenames:
        return
    full = metafunc.config.getoption("--full")
    alone = metafunc.definition.get_closest_marker("full")
    size = 1 if alone else CHUNK
    found = []
    for interpreter in discover() if full else () if alone else discover()[-1:]:
        names = modules_of(interpreter)
        for start in range(0, len(names), size):
            chunk = names[start : start + size]
            found.append(
                pytest.param((interpreter, chunk), id="%s-%s" % (interpreter.name, chunk[0]))
            )
    metafunc.parametrize("chunk", found)


def compare(grove, key, interpreter, case):
    """Plants, runs and compares one program."""
    outcomes.plant(grove, key, case, interpreter)
    outcome = outcomes.run(grove, key, case, interpreter)
    found = outcome.differences()
    assert not found, "\n".join(found[:12])
    return outcome


FLAGS = [(), ("-O",), ("-B",), ("-I",), ("-X", "frozen_modules=off"), ("-X", "importtime")]


def test_stdlib_modules_in_chunks(grove, chunk):
    interpreter, names = chunk
    case = Case(body=program(names), timeout=120, ignored=_ignored(names))
    outcome = compare(grove, "stdlib-" + names[0], interpreter, case)
    assert outcome.stock.record is not None


@pytest.mark.full
def test_stdlib_modules_each_alone(grove, chunk):
    interpreter, names = chunk
    case = Case(body=program(names), timeout=120, ignored=_ignored(names))
    compare(grove, "stdlib1-" + names[0], interpreter, case)


@pytest.mark.full
@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: "".join(flags) or "plain")
def test_stdlib_with_every_flag(grove, interpreter, flags):
    names = [
        name for name in modules_of(interpreter) if not name.startswith(("idlelib", "lib2to3"))
    ]
    case = Case(body=program(names), flags=flags, timeout=240, ignored=("descriptors",))
    compare(grove, "stdlib-flags", interpreter, case)


def _ignored(names):
    # Some modules open terminals or sockets, or start threads, when they are imported.
    return ("descriptors",) if {"pty", "tkinter"} & set(names) else ()
