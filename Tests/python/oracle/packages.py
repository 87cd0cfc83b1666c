"""Real packages, installed once and laid into every lane."""

import hashlib
import shutil
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

import pytest

from oracle.interpreters import clean_environment
from oracle.places import TESTS

REQUIREMENTS = TESTS / "requirements"


@cache
def install(grove, interpreter, name="packages"):
    """Makes the `packages` environment of every lane; skips where they cannot be had."""
    requirements = REQUIREMENTS / (name + ".txt")
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    source = grove.stock.site_packages(interpreter, name)
    for lane in grove.lanes:
        grove.make_environment(lane, interpreter, name)
    for lane in grove.lanes:
        stamp = lane.environment(interpreter, name) / "holds"
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        target = lane.site_packages(interpreter, name)
        if lane is grove.stock:
            _pip_install(lane.python(interpreter, name), requirements)
            _compile(lane.python(interpreter, name), target)
        else:
            shutil.rmtree(target)
            copy = partial(_copy, bytes(source), bytes(target))
            shutil.copytree(source, target, symlinks=True, copy_function=copy)
            _lay_scripts(grove.stock.environment(interpreter, name), lane, interpreter, name)
        stamp.write_text(wanted)
    for lane in grove.lanes:
        grove.lay_pth(lane, interpreter, name)
    grove.touch()


def _pip_install(python, requirements):
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--prefer-binary", "--no-compile"]
    answer = subprocess.run(
        [*command, "-r", str(requirements)], capture_output=True, env=clean_environment()
    )
    if answer.returncode:
        pytest.skip("packages cannot be installed: %s" % answer.stderr.decode()[-400:])


def _lay_scripts(stock, lane, interpreter, name):
    """Lays the scripts that packages brought into a lane's environment, for its own interpreter."""
    ours = lane.environment(interpreter, name)
    for script in (stock / "bin").iterdir():
        target = ours / "bin" / script.name
        if script.is_file() and not target.exists():
            target.write_bytes(script.read_bytes().replace(bytes(stock), bytes(ours)))
            target.chmod(script.stat().st_mode)


def _compile(python, folder):
    """Compiles on every processor what is there to be imported."""
    command = [python, "-I", "-S", "-m", "compileall", "-q", "-f", "-j", "0", "-x", "/tests?/"]
    subprocess.run([*command, str(folder)], capture_output=True, env=clean_environment())


def _copy(stock, ours, source, target):
    """Copies a file with its times; bytecode as if it had been compiled in the other lane.

    The folders' names are equally long, so that a code object's file name can be replaced.
    """
    shutil.copy2(source, target)
    if str(source).endswith(".pyc"):
        code = Path(source).read_bytes()
        Path(target).write_bytes(code.replace(stock, ours))
