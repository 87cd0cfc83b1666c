"""Lanes: the places a program runs in, alike but for the hook."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from oracle.interpreters import clean_environment
from oracle.places import PRODUCT, own_caches

STOCK, URING, POOLS, KNOWN = "stock", "uring", "pools", "known"
BACKENDS = {URING: "io_uring", POOLS: "threads"}

# Bytes and listings changed within two seconds of their read are never served: what should be
# served must have been left alone that long.
SETTLING_SECONDS = 2.3

# The line `importahead enable` writes, and its harmless twin of the stock lane.
ACTIVATION = (
    'import sys; exec("try: from importahead import activate; activate()\\n'
    'except BaseException: pass")\n'
)


@dataclass(frozen=True)
class Lane:
    """One copy of everything, and whether and how the hook is switched on in it.

    No profile is read or written but in trees below `known`; each lane has its own cache in any
    case, because `-I` and `-E` make the hook ignore the variable that says so.
    """

    root: Path
    name: str
    trees: str = "cases"

    @property
    def hooked(self):
        """Whether importahead is on."""
        return self.name != STOCK

    @property
    def label(self):
        """What its runs are called."""
        return KNOWN if self.trees == KNOWN else self.name

    def cases(self):
        """The folder that holds the trees of the cases."""
        return self.root / self.trees

    def site(self):
        """The folder put on PYTHONPATH to switch the hook on (a look-alike in the stock lane)."""
        return self.root / "python"

    def environment(self, interpreter, flavour="pth"):
        """A virtual environment: hook by `.pth`, or `bare` for use with PYTHONPATH."""
        return self.root / ("%s-%s" % (flavour, interpreter.name))

    def python(self, interpreter, flavour="pth"):
        """The interpreter of that virtual environment."""
        return str(self.environment(interpreter, flavour) / "bin" / "python")

    def site_packages(self, interpreter, flavour="pth"):
        """The site-packages folder of that virtual environment."""
        version = "python%d.%d%s" % (*interpreter.minor, "t" if interpreter.freethreaded else "")
        return self.environment(interpreter, flavour) / "lib" / version / "site-packages"

    def variables(self):
        """The environment variables that choose back end, cache and profile."""
        found = {**own_caches(), "XDG_CACHE_HOME": str(self.root / "cache")}
        if self.hooked:
            found["IMPORTAHEAD_BACKEND"] = BACKENDS[self.name]
            # What is tested lies in the page cache, and the machine may be busy.
            found["IMPORTAHEAD_REST"] = "off"
        if self.hooked and self.trees != KNOWN:
            found["IMPORTAHEAD_PROFILE"] = "off"
        return found


class Grove:
    """The lanes of one hook (the product, or a mutant) and the trees that stand in them."""

    def __init__(self, root, hook=PRODUCT, lanes=(STOCK, URING, POOLS)):
        self.root = Path(root)
        self.hook = Path(hook)
        self.lanes = tuple(Lane(self.root / name, name) for name in lanes)
        self._planted = 0.0

    @property
    def stock(self):
        """The lane without the hook."""
        return self.lanes[0]

    def known(self, key):
        """The lane in which a tree is run twice, with the profile of the first run in the second.

        It is one of the hooked lanes, with trees of its own; the tree's name says which.
        """
        hooked = self.lanes[1:]
        return replace(hooked[crc32(key.encode()) % len(hooked)], trees=KNOWN)

    def touch(self):
        """Notes that files were just written."""
        self._planted = time.time()

    def settle(self):
        """Waits until what was planted is old enough to be served."""
        remaining = self._planted + SETTLING_SECONDS - time.time()
        if remaining > 0:
            time.sleep(remaining)

    def prepare(self, interpreters):
        """Lays the hook into every lane and makes the virtual environments that are missing."""
        for lane in self.lanes:
            remove_tree(lane.root / "cache")
            self._lay_hook(lane)
            for interpreter in interpreters:
                for flavour in ("bare", "pth"):
                    self.make_environment(lane, interpreter, flavour)
        self.touch()

    def _lay_hook(self, lane):
        site = lane.site()
        if site.exists():
            shutil.rmtree(site)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self.hook, site, symlinks=True, ignore=ignored)
        if not lane.hooked:
            (site / "sitecustomize.py").unlink()

    def make_environment(self, lane, interpreter, flavour):
        """Makes a lane's virtual environment unless it is there."""
        folder = lane.environment(interpreter, flavour)
        stamp = folder / "made-of"
        made_of = "%s %s" % (interpreter.executable, interpreter.version)
        if not stamp.exists() or stamp.read_text() != made_of:
            shutil.rmtree(folder, ignore_errors=True)
            make = [interpreter.executable, "-I", "-m", "venv", "--without-pip", str(folder)]
            subprocess.run(make, check=True, capture_output=True, env=clean_environment())
            stamp.write_text(made_of)
        if flavour == "pth":
            self.lay_pth(lane, interpreter)

    def lay_pth(self, lane, interpreter, flavour="pth"):
        """Puts the hook and its `.pth` file into an environment's site-packages."""
        packages = lane.site_packages(interpreter, flavour)
        shutil.rmtree(packages / "importahead", ignore_errors=True)
        shutil.copytree(lane.site() / "importahead", packages / "importahead")
        line = ACTIVATION if lane.hooked else "# stock\n"
        (packages / "importahead.pth").write_text(line)


def remove_tree(path):
    """Removes a tree even where folders were made read-only."""
    if not os.path.lexists(path):
        return
    for folder, _, _ in os.walk(path):
        os.chmod(folder, 0o755)
    shutil.rmtree(path)
