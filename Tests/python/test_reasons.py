"""IMPORTAHEAD_DEBUG=1 names the reason wherever importahead is not active (case A8)."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from oracle.interpreters import clean_environment
from oracle.lanes import remove_tree

pytestmark = [pytest.mark.part("activation"), pytest.mark.kind("source")]

DEBUG = "IMPORTAHEAD_DEBUG"


def inactive(lane, command, folder, word, count=1, **variables):
    """Checks that IMPORTAHEAD_DEBUG=1 makes a program name a reason, and nothing else does."""
    environment = {**clean_environment(), **lane.variables(), "PYTHONPATH": str(lane.site())}
    environment.update(variables)
    for debug in ("", "1"):
        environment[DEBUG] = debug
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("importahead: ")]
        assert len(lines) == (count if debug else 0), (word, done.stderr)
        assert len(done.stderr.splitlines()) == len(lines), done.stderr
        for line in lines:
            assert re.search(word, line), (word, line)
    return done.stdout


@pytest.fixture
def hooked(grove):
    """A lane with importahead."""
    return grove.lanes[1]


@pytest.fixture
def script(tmp_path):
    """A program that has something to prefetch."""
    (tmp_path / "mod.py").write_text("import json, email.message\n")
    (tmp_path / "main.py").write_text("import time\ntime.sleep(0.2)\nimport mod\n")
    return str(tmp_path / "main.py")


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8"])
def test_a08_a10_the_reason_is_an_unsupported_version(hooked, version, tmp_path, script):
    found = sorted(Path.home().glob(".pyenv/versions/%s*/bin/python" % version))
    if not found:
        pytest.skip("no Python %s here" % version)
    inactive(hooked, [str(found[0]), "-B", script], tmp_path, "(?i)python|version|" + version)


@pytest.mark.parametrize("value", ["0", "off", "No", "FALSE"])
def test_a08_the_reason_is_importahead_0(hooked, interpreter, value, tmp_path, script):
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, script], tmp_path, "IMPORTAHEAD=", IMPORTAHEAD=value)


@pytest.mark.parametrize("program", ["pass", "x = 1", "'import os'"])
def test_a08_the_reason_is_that_there_is_nothing_to_prefetch(
    hooked, interpreter, program, tmp_path
):
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, "-c", program], tmp_path, "(?i)nothing")


UNUSABLE = {
    "IMPORTAHEAD_BACKEND": ["uring", "0", "io_uring,threads", "\udcff"],
    "IMPORTAHEAD_PROFILE": ["maybe", "relative/folder", "/", "\udcff"],
    "IMPORTAHEAD_BUNDLE": ["relative.bundle", "\udcff"],
}


@pytest.mark.parametrize(
    "variable, value", [(name, value) for name in UNUSABLE for value in UNUSABLE[name]]
)
def test_a08_an_unusable_value_of_a_variable_is_named(
    hooked, interpreter, variable, value, tmp_path, script
):
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, script], tmp_path, variable, **{variable: value})


def test_a08_the_reason_is_a_set_uid_program(hooked, interpreter, tmp_path, script):
    if os.geteuid() != 0:
        pytest.skip("only root can make a program set-uid for another user")
    python = tmp_path / "python"
    shutil.copy2(os.path.realpath(interpreter.executable), python)
    os.chown(python, 65534, 65534)
    python.chmod(0o4755)
    os.chmod(tmp_path, 0o755)
    variables = {"PYTHONHOME": interpreter.prefix}
    probe = [str(python), "-B", "-S", "-c", "import os; print(os.geteuid())"]
    environment = {**clean_environment(), **variables}
    done = subprocess.run(probe, env=environment, capture_output=True, text=True)
    if done.stdout != "65534\n":
        pytest.skip("no set-uid here: %s" % done.stderr[-200:])
    inactive(hooked, [str(python), "-B", script], tmp_path, "(?i)set-uid|uid|rights", **variables)


def test_a08_the_reason_is_a_subinterpreter(hooked, interpreter, tmp_path):
    program = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
made = interpreters.create()
interpreters.run_string(made, "import json")
interpreters.destroy(made)
"""
    (tmp_path / "sub.py").write_text(program)
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, str(tmp_path / "sub.py")], tmp_path, "(?i)interpreter")


@pytest.mark.parametrize("name", ["frozen", "_MEIPASS"])
def test_a08_the_reason_is_a_frozen_application(hooked, interpreter, name, tmp_path):
    python = hooked.python(interpreter, "bare")
    program = "import sys; sys.%s = '/x'; import sitecustomize, json" % name
    inactive(hooked, [python, "-S", "-c", program], tmp_path, "(?i)frozen")


def test_a08_the_reason_is_a_second_activation(hooked, interpreter, tmp_path, script):
    python = hooked.python(interpreter, "bare")
    (tmp_path / "again.py").write_text("import mod, importahead\nprint(importahead.activate())\n")
    said = inactive(
        hooked, [python, str(tmp_path / "again.py")], tmp_path, "(?i)already|before|active"
    )
    assert said == "False\n"


def test_a08_the_reason_is_a_broken_hook(hooked, interpreter, tmp_path, script):
    site = tmp_path / "site"
    shutil.copytree(hooked.site(), site)
    for path in (site / "importahead").glob("_importahead*"):
        path.write_bytes(b"")
    for cache in site.rglob("__pycache__"):
        remove_tree(cache)
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, script], tmp_path, "Error", PYTHONPATH=str(site))


def test_a08_nothing_is_said_where_it_is_active(hooked, interpreter, tmp_path, script):
    python = hooked.python(interpreter, "bare")
    inactive(hooked, [python, script], tmp_path, "", count=0)
