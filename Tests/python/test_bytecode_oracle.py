"""The bytecode scanner against `dis` of each interpreter, over everything that is installed.

Every interpreter judges the bytecode of its own standard library and site-packages: no import of
module-level code or of a class body is missing, none is extra, and each has its line, level and
names. Kinds are pinned down on snippets, compiled by each interpreter.

IMPORTAHEAD_BIN names the command to test; IMPORTAHEAD_SITES adds folders with installed packages,
as `python=folder` separated by colons.
"""

import json
import os
import struct
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from test_source_oracle import command, discover, is_full, sources

HERE = Path(__file__).resolve().parent
FEWEST_FILES = 300
FEWEST_STATEMENTS = 1500
PROCESSES = 2
# How many files are judged for each interpreter without `--full`.
SAMPLE = 1500
# Compiles each source named on standard input; prints the bytecode files, those that exist first.
COMPILE = """
import importlib.util, os, py_compile, sys
target = sys.argv[1]
for number, path in enumerate(sys.stdin.read().splitlines()):
    cached = importlib.util.cache_from_source(path)
    try:
        with open(cached, "rb") as file:
            if file.read(4) == importlib.util.MAGIC_NUMBER:
                print(cached)
                continue
    except OSError:
        pass
    try:
        print(py_compile.compile(path, os.path.join(target, "%d.pyc" % number), doraise=True))
    except (py_compile.PyCompileError, ValueError, UnicodeDecodeError, RecursionError):
        pass
"""
INTERPRETERS = discover()
BINARY = command()

pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="the command is not built"),
    pytest.mark.skipif(not INTERPRETERS, reason="no interpreter to be judged by"),
]


def title(interpreter):
    """The version of an interpreter, for the name of a test."""
    return ".".join(map(str, interpreter[1]))


def environment():
    """The environment without what changes where bytecode is."""
    hidden = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONPATH", "PYTHONOPTIMIZE"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def ask(arguments, paths):
    """The lines that a command prints about `paths`."""
    run = subprocess.run(
        arguments,
        check=False,
        input="\n".join(paths),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.splitlines()


def in_halves(work, paths):
    """The answers of `work` about all paths, asked from two processes at a time."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = pool.map(work, [paths[start::PROCESSES] for start in range(PROCESSES)])
        return [line for part in parts for line in part]


def scanned(paths):
    """What the scanner says of each path."""
    lines = ask([str(BINARY), "scan", "--json", "--files-from", "-"], paths)
    return {record["path"]: record for record in map(json.loads, lines)}


def difference(found, expected):
    """How a scan differs from what is expected of it; empty when it does not."""
    if "error" in found and found.get("error"):
        return found["error"]
    plain = [each for each in found["statements"] if not each["called"]]
    have = Counter(
        (each["line"], each["level"], each["module"], tuple(each["names"])) for each in plain
    )
    want = Counter(
        (line, level, module, tuple(names)) for line, level, module, names in expected["statements"]
    )
    problems = [f"missing {each!r}" for each in (want - have)]
    for each in have - want:
        _, level, module, names = each
        # A literal in a call that imports is no IMPORT_NAME.
        if not names and "." * level + module in expected["literals"]:
            continue
        problems.append(f"extra {each!r}")
    bindings = set(found["bindings"])
    problems += [f"bound {name!r}" for name in bindings - set(expected["stored"])]
    problems += [f"imported {name!r}" for name in bindings & set(expected["imported"])]
    return ", ".join(problems)


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=title)
def test_everything_installed(request, interpreter, tmp_path):
    """The bytecode an interpreter has is scanned as `dis` reads it."""
    path, _, folders = interpreter

    def compiled(part):
        folder = tmp_path / str(abs(hash(tuple(part))))
        folder.mkdir()
        return ask([path, "-I", "-W", "ignore", "-c", COMPILE, str(folder)], part)

    def judged(part):
        return ask([path, "-I", str(HERE / "bytecode_expectation.py")], part)

    found = sources(folders)
    step = 1 if is_full(request) else max(1, len(found) // SAMPLE)
    files = in_halves(compiled, found[::step])
    if len(files) < FEWEST_FILES:
        pytest.skip(f"only {len(files)} bytecode files")
    expected = {record["path"]: record for record in map(json.loads, in_halves(judged, files))}
    found = scanned(files)
    assert found.keys() == expected.keys()
    wrong = {each: difference(found[each], expected[each]) for each in files}
    wrong = {each: problem for each, problem in wrong.items() if problem}
    examples = "\n".join(f"{each}: {wrong[each]}" for each in sorted(wrong)[:5])
    assert not wrong, f"{len(wrong)} of {len(files)} files, e.g. {examples}"
    assert sum(len(each["statements"]) for each in expected.values()) >= FEWEST_STATEMENTS


# Source, and what its imports are: the kind and the module; `of` names an import in the `try` body
# whose failure makes a fallback run.
SNIPPETS = {
    "plain": ("import a\nfrom b import c\nx = 1\nimport d.e as f", "eager a, eager b, eager d.e"),
    "type checking by name": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import a\nimport b",
        "eager typing, never a, eager b",
    ),
    "type checking by module": (
        "import typing as t\nif t.TYPE_CHECKING:\n import a\nelse:\n import b",
        "eager typing, never a, eager b",
    ),
    "type checking negated": (
        "import typing\nif not typing.TYPE_CHECKING:\n import a",
        "eager typing, eager a",
    ),
    "type checking in a condition": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING or UNKNOWN:\n import a",
        "eager typing, conditional a",
    ),
    "version tuple": (
        "import sys\nif sys.version_info >= (3, 8):\n import a\nelse:\n import b",
        "eager sys, eager a, never b",
    ),
    "version prefix": (
        "import sys\nif sys.version_info[:2] < (3, 8):\n import a\nelse:\n import b",
        "eager sys, never a, eager b",
    ),
    "version parts": (
        "import sys\nif sys.version_info[0] == 2 or sys.version_info.major < 3:\n import a",
        "eager sys, never a",
    ),
    "version kept in a name": (
        "import sys\nPY2 = sys.version_info[0] == 2\nif PY2:\n import a\nelif not PY2:\n import b",
        "eager sys, never a, eager b",
    ),
    "a name with two values": (
        "DEBUG = False\nif UNKNOWN:\n DEBUG = True\nif DEBUG:\n import a",
        "conditional a",
    ),
    "platform": (
        "import os, sys\nif sys.platform == 'win32':\n import a\n"
        "if sys.platform.startswith(('win', 'cygwin')) or os.name == 'nt':\n import b\n"
        "if sys.platform in ('linux', 'darwin'):\n import c\n"
        "if 'linux' in sys.platform:\n import d",
        "eager os, eager sys, never a, never b, eager c, eager d",
    ),
    "platform prefix": (
        "import sys\nif sys.platform[:3] == 'win':\n import a\nelif sys.platform[:5] == 'linux':\n"
        " import b",
        "eager sys, never a, eager b",
    ),
    "implementation": (
        "import platform, sys\nif sys.implementation.name == 'pypy':\n import a\n"
        "if platform.python_implementation() == 'CPython':\n import b",
        "eager platform, eager sys, never a, eager b",
    ),
    "main": ("if __name__ == '__main__':\n import a\nimport b", "never a, eager b"),
    "a branch that raises": ("if UNKNOWN:\n raise ImportError\nimport a", "eager a"),
    "unknown condition": (
        "if UNKNOWN:\n import a\nelif OTHER:\n import b\nelse:\n import c\nimport d",
        "conditional a, conditional b, conditional c, eager d",
    ),
    "fallback": (
        "try:\n import a\nexcept ImportError:\n import b\nimport c",
        "eager a, fallback b of a, eager c",
    ),
    "fallback of a fallback": (
        "try:\n import a\nexcept ImportError:\n try:\n  import b\n except ImportError:\n"
        "  import c\nimport d",
        "eager a, fallback b of a, fallback c of b, eager d",
    ),
    "else": (
        "try:\n import a\nexcept ImportError:\n b = None\nelse:\n import c\nimport d",
        "eager a, conditional c, eager d",
    ),
    "a handler that raises": (
        "try:\n import a\nexcept ImportError as error:\n raise TypeError() from error\nimport b",
        "eager a, eager b",
    ),
    "a handler that keeps the error": (
        "try:\n import a\nexcept ImportError as error:\n kept = error\nimport b",
        "eager a, eager b",
    ),
    "finally": ("try:\n import a\nfinally:\n x = 1\nimport b", "eager a, eager b"),
    "a name that may be missing": (
        "try:\n SETUP\nexcept NameError:\n SETUP = False\nif SETUP:\n import a\nelse:\n import b",
        "never a, eager b",
    ),
    "a body that only raises": (
        "import a\ntry:\n raise TypeError\nexcept TypeError as error:\n x = error\nimport b",
        "eager a, eager b",
    ),
    "with": ("with x:\n import a\nimport b", "eager a, eager b"),
    "loop": ("for x in y:\n import a\nimport b", "conditional a, eager b"),
    "loop with try": (
        "for x in y:\n try:\n  x()\n except ImportError as e:\n  raise TypeError from e\nimport b",
        "eager b",
    ),
    "while": ("while x:\n import a\n if y: break\nimport b", "conditional a, eager b"),
    "class": (
        "class A(B):\n import a\n class C:\n  if x:\n   from . import b\nimport c",
        "eager a, conditional ., eager c",
    ),
    "function": ("def f():\n import a\nimport b", "eager b"),
    "called function": ("def f():\n import a\n if x: import b\nf()", "eager a, conditional b"),
    "decorated function": ("@d\ndef f():\n import a\nf()", ""),
    "function in a condition": ("def f():\n import a\nif x:\n f()", "conditional a"),
    "generator": ("def f():\n import a\n yield\nf()", ""),
    "dynamic": (
        "import importlib\nimportlib.import_module('a.b')\n__import__('c')\n"
        "importlib.import_module('.d', __package__)\nimportlib.import_module('.e', 'p.q')",
        "eager importlib, eager a.b, eager c, eager .d, eager p.q.e",
    ),
    "dynamic in a loop": (
        "for name in ('a', 'b'):\n __import__(name)",
        "conditional a, conditional b",
    ),
    "star": ("from a import *\nfrom . import *", "eager a, eager ."),
}


def spelled(statements):
    """Statements in the words of `SNIPPETS`."""
    modules = {each["attempt"]: each["module"] for each in reversed(statements) if each["attempt"]}
    words = []
    for each in statements:
        words.append("{} {}".format(each["kind"], "." * each["level"] + each["module"]))
        if each["kind"] == "fallback":
            words[-1] += " of {}".format(modules[each["fallback_of"]])
    return ", ".join(words)


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=title)
def test_kinds(interpreter, tmp_path):
    """Conditions and handlers give each import its kind, whichever version compiled them."""
    files = {}
    for number, name in enumerate(SNIPPETS):
        file = tmp_path / f"s{number}.py"
        file.write_text(SNIPPETS[name][0] + "\n")
        files[name] = str(file)
    target = tmp_path / "compiled"
    target.mkdir()
    compiled = ask([interpreter[0], "-I", "-c", COMPILE, str(target)], list(files.values()))
    assert len(compiled) == len(files)
    found = scanned(compiled)
    have = {name: spelled(found[path]["statements"]) for name, path in zip(files, compiled)}
    assert have == {name: want for name, (_, want) in SNIPPETS.items()}


def test_what_cannot_be_scanned(tmp_path):
    """A file that is no bytecode file of a known version says so, and is no crash."""
    cases = {
        "short.pyc": (b"\0" * 8, "shorter"),
        "unknown.pyc": (b"\x01\x02\r\n" + b"\0" * 32, "unknown version"),
        "cut.pyc": (b"\xa7\r\r\n" + b"\0" * 12 + b"\xe3", "malformed"),
    }
    for name, (content, _) in cases.items():
        (tmp_path / name).write_bytes(content)
    found = scanned([str(tmp_path / name) for name in cases])
    for name, (_, problem) in cases.items():
        assert problem in found[str(tmp_path / name)]["error"]


def repetitive():
    """A file of 3.11 whose class bodies all refer to one tuple of 100 000 names."""
    word = "<i"
    names = b"\xa8" + struct.pack(word, 100_000) + b"N" * 100_000
    short = b"Z\x01f"

    def code(instructions, constants, names):
        head = b"c" + b"\0" * 20 + b"s" + struct.pack(word, len(instructions)) + instructions
        empty = b"s" + struct.pack(word, 0)
        return head + constants + names + b")\0" + empty + short * 3 + b"\0" * 4 + empty * 2

    inner = code(b"\x47\0\x53\0", b")\0", b"r" + struct.pack(word, 0))
    bodies = b"".join(
        b"\x02\0\x47\0\x90" + bytes([k >> 8]) + b"\x64" + bytes([k & 255]) + b"\x84\0\1\0\1\0"
        for k in range(1, 1001)
    )
    constants = b"(" + struct.pack(word, 1001) + names + inner * 1000
    return b"\xa7\x0d\r\n" + b"\0" * 12 + code(bodies + b"\x53\0", constants, b")\0")


def test_what_is_scanned_in_part(tmp_path):
    """A file that makes more work than its size explains is named, and the scan ends."""
    path = tmp_path / "much.pyc"
    path.write_bytes(repetitive())
    found = scanned([str(path)])[str(path)]
    assert found["cut"]
    assert found["steps"] <= 16 * path.stat().st_size + 4097
    run = subprocess.run(
        [str(BINARY), "scan", str(path)], check=False, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert run.stderr == (
        f"importahead: {path}: scanned in part: it makes more work than its size explains\n"
    )
