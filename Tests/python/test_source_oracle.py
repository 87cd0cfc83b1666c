"""The source scanner against CPython's own `ast`, over everything that is installed.

Each interpreter judges its own standard library and site-packages: no import missing, none extra,
each with its line, names, kind and `try`. `source_oracle/expectation.py` computes what is expected.

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
from source_oracle.generator import Generator

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
# How many files one process compares, and how many are compared without `--full`.
PART = 1000
SAMPLE = 800
# How many programs are generated for each interpreter; `--full` takes ten times as many.
PROGRAMS = 500


def command():
    """The command under test."""
    named = os.environ.get("IMPORTAHEAD_BIN")
    places = [Path(named)] if named else [REPOSITORY / "dist" / "bin" / "importahead"]
    places += [REPOSITORY / ".build" / kind / "importahead" for kind in ("release", "debug")]
    return next((place for place in places if place.is_file()), None)


def run(arguments, given=b""):
    """Runs a command to its end."""
    return subprocess.run(arguments, input=given, capture_output=True, check=False)


def dotted(version):
    """A version as it is written."""
    return ".".join(map(str, version))


def candidates():
    """Interpreters on PATH and pyenv's, one path each."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 16)]
    found = [shutil.which(name) for name in [*names, "python3"]]
    # A shim is slow, and runs one of the versions that follow.
    found = [path for path in found if path and "/shims/" not in path]
    if shutil.which("pyenv"):
        root = run(["pyenv", "root"]).stdout.decode().strip()
        found += sorted(str(path) for path in Path(root).glob("versions/*/bin/python"))
    return [path for path in found if path]


def discover():
    """The interpreters, by version: (path, version, folders)."""
    interpreters = {}
    for path in candidates():
        probe = run([path, "-I", "-c", PROBE])
        if probe.returncode:
            continue
        version, implementation, folders = json.loads(probe.stdout)
        if implementation == "cpython" and tuple(version[:2]) >= OLDEST:
            real = {os.path.realpath(folder) for folder in folders if os.path.isdir(folder)}
            interpreters.setdefault(tuple(version), (path, tuple(version), real))
    for entry in filter(None, os.environ.get("IMPORTAHEAD_SITES", "").split(":")):
        python, _, folder = entry.partition("=")
        for _, version, folders in interpreters.values():
            if python == dotted(version[:2]):
                folders.add(os.path.realpath(folder))
    return list(interpreters.values())


def sources(folders):
    """Every Python source below some folders, each once."""
    found = set()
    for folder in folders:
        for directory, _, names in os.walk(folder):
            found.update(os.path.join(directory, name) for name in names if name.endswith(".py"))
    return sorted(found)


def judged(interpreter, files):
    """Scans some files and lets an interpreter judge the result."""
    path, version, _ = interpreter
    listing = "\n".join(files).encode("utf-8", "surrogateescape")
    arguments = [str(command()), "scan", "--json", "--files-from", "-"]
    scan = run([*arguments, "--python", dotted(version)], listing)
    if scan.returncode:
        return {"error": scan.stderr.decode(errors="replace")}
    judge = run([path, "-B", str(HERE / "source_oracle" / "expectation.py")], scan.stdout)
    if judge.returncode:
        return {"error": judge.stderr.decode(errors="replace")}
    return json.loads(judge.stdout)


def added(verdicts):
    """The sum of the verdicts on parts of a tree."""
    total = {"totals": {}, "differences": []}
    for verdict in verdicts:
        if "error" in verdict:
            return verdict
        total["differences"] += verdict["differences"]
        for key, value in verdict["totals"].items():
            total["totals"][key] = total["totals"].get(key, 0) + value
    return total


def is_full(request):
    """Whether everything is to be compared."""
    return request.config.getoption("--full", default=True)


@pytest.fixture(scope="module")
def verdicts(request):
    """The verdict of every interpreter, computed two at a time."""
    if command() is None:
        pytest.skip("importahead is not built (make build)")
    parts = []
    for interpreter in discover():
        files = sources(interpreter[2])
        step = 1 if is_full(request) else max(1, len(files) // SAMPLE)
        files = files[::step]
        # Small parts, so that two lanes end together.
        parts += [(interpreter, files[at : at + PART]) for at in range(0, len(files), PART)]
    with ThreadPoolExecutor(2) as lanes:
        results = list(lanes.map(lambda part: judged(*part), parts))
    byversion = {}
    for (interpreter, _), result in zip(parts, results):
        byversion.setdefault(interpreter[1], []).append(result)
    return {version: added(each) for version, each in byversion.items()}


def test_every_interpreter_agrees_with_the_scanner(verdicts):
    """No statement is missing, none is extra, and each is of the right kind."""
    assert verdicts, "there is no CPython of a supported version here"
    wrong = {version: verdict for version, verdict in verdicts.items() if "error" in verdict}
    assert not wrong
    for version, verdict in sorted(verdicts.items()):
        print(dotted(version), verdict["totals"], file=sys.stderr)
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


@pytest.mark.parametrize("modern", [False, True], ids=["before 3.12", "since 3.12"])
def test_generated_programs(request, tmp_path, modern):
    """What no library contains: every lexical dress of every statement, at random."""
    if command() is None:
        pytest.skip("importahead is not built (make build)")
    interpreters = [each for each in discover() if (each[1] >= (3, 12)) == modern]
    if not interpreters:
        pytest.skip("no interpreter of such a version here")
    programs = PROGRAMS * 10 if is_full(request) else PROGRAMS
    files = []
    for seed in range(programs):
        files.append(str(tmp_path / f"seed{seed}.py"))
        Path(files[-1]).write_bytes(Generator(seed, modern).program())
    with ThreadPoolExecutor(2) as lanes:
        results = list(lanes.map(lambda each: judged(each, files), interpreters))
    for interpreter, result in zip(interpreters, results):
        assert "error" not in result, interpreter[1]
        assert not result["differences"], json.dumps(result["differences"], indent=1)
        assert result["totals"]["files"] > programs // 2, "most programs should be valid"
