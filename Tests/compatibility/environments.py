"""Virtual environments for the programs, made once and kept outside of the tree."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

# What pip is given for each environment. Programs that would change each other by their `.pth`
# files, or by what they depend on, do not share one.
REQUIREMENTS = {
    "ansible": ["ansible-core"],
    "pytest": ["coverage", "pytest", "pytest-xdist"],
    "tools": ["beartype", "debugpy", "hy>=1", "ipython", "joblib", "loky", "memray", "py-spy"]
    + ["typeguard", "viztracer"],
    "web": ["celery", "django", "flask", "gunicorn", "sqlalchemy", "uvicorn"],
    "science": ["dask", "distributed", "ipykernel", "jupyter_client"],
    "packaging": ["nox", "poetry", "setuptools>=75", "tox"],
    "pyconcrete": ["pyconcrete", "--no-cache-dir", "--config-settings=setup-args=-Dmode=lib"]
    + ["--config-settings=setup-args=-Dpassphrase=importahead"],
    "ray": ["ray"],
    "spark": ["pyspark", "setuptools"],
    # Other wheels bring CUDA's libraries along, several gigabytes of them.
    "torch": ["torch==2.13.0+cpu", "numpy"],
}

# Seconds until an installation is given up.
PATIENCE = 1800


def default_folder():
    """Where environments are kept: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "importahead-compatibility"


class Unavailable(Exception):
    """An environment cannot be made here; the text says why."""


class Environment:
    """One virtual environment of one interpreter."""

    def __init__(self, folder, name, interpreter):
        self.name = name
        self.interpreter = interpreter
        self.root = Path(folder) / ("%s-%s" % (name, interpreter.name))

    @property
    def python(self):
        """The environment's interpreter."""
        return str(self.root / "bin" / "python")

    @property
    def site_packages(self):
        """Where the environment's packages are."""
        return self.root / "lib" / ("python%d.%d" % self.interpreter.minor) / "site-packages"

    def make(self):
        """Makes it unless it is there."""
        wanted = " ".join([self.interpreter.executable, *REQUIREMENTS[self.name]])
        stamp = self.root / "holds"
        digest = hashlib.sha256(wanted.encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == digest:
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self._call(self.interpreter.executable, "-I", "-m", "venv", str(self.root))
        pip = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        self._call(*pip, "--prefer-binary", *REQUIREMENTS[self.name])
        stamp.write_text(digest)

    def _call(self, *command):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(str(error)) from None
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["pip failed"]
            errors = [line for line in lines if line.startswith("ERROR")]
            raise Unavailable((errors or lines)[-1][:200])

    def version(self, package):
        """The version of an installed package; empty where it is not."""
        wanted = re.sub(r"[-_.]+", "-", package).lower()
        for folder in self.site_packages.glob("*.dist-info"):
            name, _, version = folder.name[: -len(".dist-info")].rpartition("-")
            if re.sub(r"[-_.]+", "-", name).lower() == wanted:
                return version
        return ""
