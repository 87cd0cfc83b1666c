"""The source scanner against CPython's own `ast`, over everything that is installed.

Each interpreter judges its own standard library and site-packages: no import missing, none extra, each
with its line, names, kind and `try`. What is compared is computed in `source_expectation.py`.

IMPORTAHEAD_BIN names the command to test (default: dist/bin/importahead, then the debug build);
IMPORTAHEAD_SITES adds folders with installed packages, as `python=folder` separated by colons.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
OLDEST = (3, 9)
PROBE = """
import json, site, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps([sys.version_info[:3], sys.implementation.name,
                  [paths["stdlib"], paths["purelib"], paths["platlib"]] + site.getsitepackages()]))
"""
# What the machine's own Python carries, at the least, for the comparison to mean something.
FEWEST_FILES = 400
FEWEST_STATEMENTS = 2000


def command():
    """The command under test."""
    named = os.environ.get("IMPORTAHEAD_BIN")
    places = [Path(named)] if named else [REPOSITORY / "dist" / "bin" / "importahead"]
    places += [REPOSITORY / ".build" / kind / "importahead" for kind in ("release", "debug")]
    return next((place for place in places if place.is_file()), None)


def candidates():
    """Interpreters on PATH and pyenv's, one path each."""
    names = ["python3.%d" % minor for minor in range(OLDEST[1], 16)]
    found = [shutil.which(name) for name in names + ["python3"]]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        found += sorted(str(path) for path in Path(root).glob("versions/*/bin/python"))
    return [path for path in found if path]


def discover():
    """The interpreters, by version: (path, version, folders)."""
    interpreters = {}
    for path in candidates():
        run = subprocess.run([path, "-I", "-c", PROBE], capture_output=True, text=True)
        if run.returncode:
            continue
        version, implementation, folders = json.loads(run.stdout)
        if implementation == "cpython" and tuple(version[:2]) >= OLDEST:
            real = {os.path.realpath(folder) for folder in folders if os.path.isdir(folder)}
            interpreters.setdefault(tuple(version), (path, tuple(version), real))
    for entry in filter(None, os.environ.get("IMPORTAHEAD_SITES", "").split(":")):
        python, _, folder = entry.partition("=")
        for path, version, folders in interpreters.values():
            if python == "%d.%d" % version[:2]:
                folders.add(os.path.realpath(folder))
    return list(interpreters.values())


def sources(folders):
    """Every Python source below some folders, each once."""
    found = set()
    for folder in folders:
        for directory, _, names in os.walk(folder):
            found.update(os.path.join(directory, name) for name in names if name.endswith(".py"))
    return sorted(found)


def judged(interpreter):
    """Scans an interpreter's trees and lets it judge the result."""
    path, version, folders = interpreter
    listing = "\n".join(sources(folders)).encode("utf-8", "surrogateescape")
    arguments = [str(command()), "scan", "--json", "--files-from", "-"]
    arguments += ["--python", "%d.%d.%d" % version]
    scan = subprocess.run(arguments, input=listing, stdout=subprocess.PIPE)
    if scan.returncode:
        return {"error": "the scan ended with status %d" % scan.returncode}
    judge = subprocess.run(
        [path, "-B", str(HERE / "source_expectation.py")], input=scan.stdout, capture_output=True
    )
    if judge.returncode:
        return {"error": judge.stderr.decode(errors="replace")}
    return json.loads(judge.stdout)


@pytest.fixture(scope="module")
def verdicts():
    """The verdict of every interpreter, computed two at a time."""
    if command() is None:
        pytest.skip("importahead is not built (make build)")
    interpreters = discover()
    # The longest first, so that two lanes end together.
    interpreters.sort(key=lambda each: -len(sources(each[2])))
    with ThreadPoolExecutor(2) as lanes:
        return dict(zip([each[1] for each in interpreters], lanes.map(judged, interpreters)))


def test_every_interpreter_agrees_with_the_scanner(verdicts):
    """No statement is missing, none is extra, and each is of the right kind."""
    assert verdicts, "there is no CPython of a supported version here"
    wrong = {version: verdict for version, verdict in verdicts.items() if "error" in verdict}
    assert not wrong
    for version, verdict in sorted(verdicts.items()):
        print(".".join(map(str, version)), verdict["totals"], file=sys.stderr)
    differences = [each for verdict in verdicts.values() for each in verdict["differences"]]
    assert not differences, json.dumps(differences, indent=1)


def test_the_comparison_is_not_empty(verdicts):
    """An oracle that compares nothing agrees with everything."""
    for version, verdict in verdicts.items():
        totals = verdict["totals"]
        assert totals["files"] >= FEWEST_FILES, version
        assert totals["statements"] >= FEWEST_STATEMENTS, version
    kinds = {kind for verdict in verdicts.values() for kind in verdict["totals"]}
    assert {"eager", "conditional", "fallback", "never"} <= kinds
