"""Real packages, installed once and laid into every lane."""

import hashlib
import shutil
import subprocess
import sys
from functools import cache

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
        else:
            shutil.rmtree(target)
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        _compile(lane.python(interpreter, name), target)
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


def _compile(python, folder):
    command = [python, "-I", "-S", "-m", "compileall", "-q", "-f", str(folder)]
    subprocess.run(command, capture_output=True, env=clean_environment())
