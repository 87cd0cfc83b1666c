"""The tool with the real hook: `run`, `enable` and `disable` as a user meets them."""

import encodings
import json
import os
import shutil
import site
import subprocess
import sys
import time
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from awaited import HAS_FETCHED
from launched import environment, is_resident, run
from oracle import discover

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "dist" / "bin" / "importahead"
# The session starts beside the program and has a back end a moment later.
PRINT_BACKEND = """
import importahead, sys, time
end = time.monotonic() + 2
while importahead.stats()["backend"] == "none" and importahead.modules_at_start is not None:
    if time.monotonic() > end:
        break
    time.sleep(0.002)
print(importahead.stats()["backend"])
"""

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="dist/bin/importahead is not built")


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    """A virtual environment with pip, made once."""
    directory = tmp_path_factory.mktemp("tool") / "venv"
    base = getattr(sys, "_base_executable", sys.executable)
    made = run(base, "-m", "venv", directory)
    if made.returncode:
        pytest.skip("this interpreter cannot make virtual environments")
    return directory


@pytest.fixture
def enabled(venv):
    """The python of an environment that importahead is enabled in."""
    done = run(TOOL, "enable", "--python", venv)
    assert done.returncode == 0, done.stderr
    yield venv / "bin" / "python"
    run(TOOL, "disable", "--python", venv)


def installed_files(venv):
    """Everything in the environment's site-packages that is called importahead."""
    return sorted(path.name for path in venv.glob("lib*/python*/site-packages/importahead*"))


def test_run_starts_a_session_and_writes_its_statistics(tmp_path):
    statistics = tmp_path / "statistics.json"
    script = tmp_path / "app.py"
    script.write_text(
        HAS_FETCHED + "import email.message, json\nprint(email.message.Message.__name__)\n"
    )
    done = run(TOOL, "run", "--stats", statistics, sys.executable, script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Message\n", "")
    told = json.loads(statistics.read_text())
    assert told["backend"] in ("io_uring", "threads")
    assert told["hits"] > 0


@pytest.mark.parametrize("backend", ["io_uring", "threads"])
def test_run_uses_the_back_end_that_is_asked_for(backend):
    done = run(TOOL, "run", "--backend", backend, sys.executable, "-c", PRINT_BACKEND)
    if backend == "io_uring" and done.stdout == "threads\n":
        pytest.skip("this kernel refuses io_uring")
    assert done.stdout == f"{backend}\n"


def test_the_off_switch_turns_an_explicit_run_off():
    done = run(TOOL, "run", sys.executable, "-c", PRINT_BACKEND, IMPORTAHEAD="0")
    assert (done.stdout, done.stderr) == ("none\n", "")


@pytest.mark.parametrize("options", [[], ["-I"], ["-E"], ["-O"], ["-OO"]])
def test_an_enabled_interpreter_has_a_session_at_every_start(enabled, options):
    done = run(enabled, *options, "-c", PRINT_BACKEND)
    assert done.stdout.strip() in ("io_uring", "threads")
    assert done.stderr == ""


def test_an_enabled_interpreter_can_also_be_run(enabled):
    done = run(TOOL, "run", enabled, "-c", PRINT_BACKEND)
    assert done.stdout.strip() in ("io_uring", "threads")
    assert done.stderr == ""


@pytest.mark.parametrize("python", [each.executable for each in discover()])
def test_the_tree_may_be_copied_without_its_times(python, tmp_path):
    """Bytecode that went by its source's time would be compiled anew at every start."""
    copy = shutil.copytree(TOOL.parents[1] / "python", tmp_path / "python")
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
    done = run(python, "-v", "-c", "pass", PYTHONPATH=copy, XDG_CACHE_HOME=tmp_path)
    assert "import 'importahead' #" in done.stderr
    assert not [line for line in done.stderr.splitlines() if "wrote" in line or "stale" in line]


def test_the_hook_is_one_module_and_an_extension(tmp_path):
    """What else were imported, or listed, would be waited for at every start."""
    program = """if True:
        import sys
        print([name for name in sys.modules if "importahead" in name])
        print([entry for entry in sys.path_importer_cache if "importahead" in entry])
        """
    path = TOOL.parents[1] / "python"
    done = run(sys.executable, "-c", program, PYTHONPATH=path, XDG_CACHE_HOME=tmp_path)
    assert done.stdout == "['importahead', 'importahead._importahead']\n[]\n"


def test_the_hook_of_an_enabled_interpreter_does_not_compile_itself(enabled):
    script = "import sys, importahead; print(importahead.__cached__)"
    cached = Path(run(enabled, "-c", script).stdout.strip())
    before = cached.stat().st_mtime_ns
    run(enabled, "-c", "pass")
    assert cached.stat().st_mtime_ns == before


def test_pip_lists_what_is_enabled_finds_nothing_wrong_and_removes_it(enabled, venv):
    assert "importahead" in run(enabled, "-m", "pip", "list").stdout
    assert run(enabled, "-m", "pip", "check").returncode == 0
    removed = run(enabled, "-m", "pip", "uninstall", "--yes", "importahead")
    assert removed.returncode == 0, removed.stderr
    assert installed_files(venv) == []
    assert run(enabled, "-c", "pass").stderr == ""


def test_enabling_again_replaces_what_running_programs_have_mapped(enabled):
    program = subprocess.Popen(
        [enabled, "-c", "input(); import email.message; print('done')"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run(TOOL, "enable", "--python", enabled).returncode == 0
    output, _ = program.communicate("\n", timeout=60)
    assert (program.returncode, output) == (0, "done\n")


def test_disable_leaves_nothing_behind(enabled, venv):
    assert installed_files(venv) != []
    assert run(TOOL, "disable", "--python", venv).returncode == 0
    assert installed_files(venv) == []


def test_run_reads_ahead_before_there_is_an_interpreter(started):
    (record,) = started.records.glob("*.boot")
    content = record.read_bytes()
    assert b"sitecustomize" in content
    assert str(started.bytecode).encode() in content
    assert record.stat().st_mode & 0o777 == 0o600
    started.chill()
    # No interpreter at all: whatever comes into memory, the launcher has brought there.
    done = started("#!/bin/sh\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    end = time.monotonic() + 10
    while not is_resident(started.bytecode) and time.monotonic() < end:
        time.sleep(0.01)
    assert is_resident(started.bytecode)


def test_run_asks_ahead_for_what_the_interpreter_looks_for_itself(started):
    """Each is a round trip on a network file system, one after the other before the hook."""
    (record,) = started.records.glob("*.boot")
    names = [os.fsdecode(name) for name in record.read_bytes().split(b"\0")]
    looked_for = [
        sys.executable,
        os.path.join(os.path.dirname(os.path.dirname(sys.executable)), "pyvenv.cfg"),
        f"{sys.executable}._pth",
        os.__file__,
        os.path.dirname(encodings.__file__),
        f"{os.path.dirname(encodings.__file__)}/__init__{EXTENSION_SUFFIXES[0]}",
        encodings.__file__,
        *(path for path in site.getsitepackages() if os.path.isdir(path)),
    ]
    assert [name for name in looked_for if name not in names] == []
    places = [names.index(name) for name in (sys.executable, encodings.__file__)]
    assert places == sorted(places)
    assert names.index(encodings.__file__) < names.index(str(started.bytecode))


def test_run_reads_the_interpreter_ahead_before_it_becomes_it(started, tmp_path):
    """Its first page fault would wait for the whole read-ahead window of the device."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    started.chill()
    log = tmp_path / "log"
    trace = ["strace", "-f", "-y", "-e", "trace=execve,fadvise64", "-o", str(log)]
    done = run(*trace, *started.command, **started.variables)
    if not log.exists() or "execve" not in log.read_text():
        pytest.skip("strace cannot do this here")
    assert (done.returncode, done.stdout) == (0, "")
    before, _, _ = log.read_text().rpartition("execve(")
    assert "python" in before.partition("fadvise64(")[2]


@pytest.mark.parametrize("damage", ["cut", "noise", "fifo", "link", "open"])
def test_hostile_record_is_ignored(started, tmp_path, damage):
    (record,) = started.records.glob("*.boot")
    content = record.read_bytes()
    if damage == "open":
        record.chmod(0o666)
    else:
        record.unlink()
    if damage == "cut":
        record.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        record.write_bytes(os.urandom(4000))
    elif damage == "fifo":
        os.mkfifo(record)
    elif damage == "link":
        (tmp_path / "other").write_bytes(content)
        record.symlink_to(tmp_path / "other")
    started.chill()
    done = started("#!/bin/sh\nsleep 0.3\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not is_resident(started.bytecode)


def test_the_program_does_not_see_how_it_is_marked(started):
    done = started(f"#!{sys.executable}\nimport os\nprint('IMPORTAHEAD_BOOT' in os.environ)\n")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_without_profiles_there_is_no_record(started):
    for record in started.records.glob("*"):
        record.unlink()
    assert started(IMPORTAHEAD_PROFILE="off").returncode == 0
    assert list(started.records.glob("*")) == []
