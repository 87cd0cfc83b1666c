"""A clean copy of an interpreter, and the hook in it."""

import shutil
import subprocess
from pathlib import Path

ACTIVATION = (
    'import sys; exec("try: from importahead import activate; activate()\\n'
    'except BaseException: pass")\n'
)

# Appends one letter to a file for each process: `a` where our methods are in place, else `i`. Those
# of a mock hook are functions, like importlib's own, but it says when it is active.
COUNTER = """
import posix, sys
import _frozen_importlib_external as external
active = type(external.FileFinder.find_spec).__name__ == "method_descriptor"
active = active or bool(getattr(sys.modules.get("importahead"), "ACTIVE", 0))
file = posix.open({path!r}, posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC)
posix.write(file, b"a" if active else b"i")
posix.close(file)
"""

# Appends an `r` at the end of a process that set up a ring. What that takes is imported at once.
RING_COUNTER = """
if active:
    import atexit, importahead.statistics
    def told(posix=posix, owner=posix.getpid(), stats=importahead.stats):
        try:
            if posix.getpid() == owner and stats()["rings"]:
                file = posix.open({path!r}, posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC)
                posix.write(file, b"r")
                posix.close(file)
        except BaseException:
            pass
    atexit.register(told)
"""

# Drops what a process may import from the page cache, before there is a session to read it.
EVICTION = """
import posix
file = posix.open({path!r}, posix.O_RDONLY | posix.O_CLOEXEC)
names = posix.read(file, 1 << 24).split(bytes(1))
posix.close(file)
for name in names:
    try:
        file = posix.open(name, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        continue
    posix.posix_fadvise(file, 0, 0, posix.POSIX_FADV_DONTNEED)
    posix.close(file)
"""

# Parts of the library that no test listed in run.py imports.
NOT_IMPORTED = {"idlelib", "lib2to3", "turtledemo", "tkinter", "ensurepip", "site-packages"}
TESTS_IMPORTED = {"support", "libregrtest", "__pycache__"}


def pth_line(program, **values):
    """A program as the one line that `site` runs of a `.pth` file."""
    text = program.format(**values).strip().replace('"', "'").replace("\n", "\\n")
    return 'import sys; exec("%s")\n' % text


class Copy:
    """The interpreter's tree below our own folder, without foreign packages and `.pth` files."""

    def __init__(self, interpreter, scratch):
        self.interpreter = interpreter
        self.root = Path(scratch) / interpreter.name
        self.prefix = self.root / "prefix"
        self.cache = self.root / "cache"
        self._trace = self.root / "activity"
        self._evicted = self.root / "evicted"
        if not (self.root / "complete").exists():
            self._make()
        self.switch_off()

    @property
    def python(self):
        """The copy's executable."""
        return str(self.prefix / "bin" / ("python%d.%d" % self.interpreter.minor))

    @property
    def library(self):
        """The copy's standard library."""
        inside = Path(self.interpreter.stdlib).relative_to(self.interpreter.prefix)
        return self.prefix / inside

    @property
    def site_packages(self):
        """The copy's site-packages, empty but for the hook."""
        return self.library / "site-packages"

    def _make(self):
        shutil.rmtree(self.root, ignore_errors=True)
        self.prefix.mkdir(parents=True)
        source = Path(self.interpreter.prefix)
        for part in ("bin", "lib", "include"):
            if not (source / part).is_dir():
                continue
            command = ["cp", "-a", "--reflink=auto", str(source / part), str(self.prefix)]
            if part == "lib":
                self._copy_library(source)
            else:
                subprocess.run(command, check=True)
        (self.root / "complete").touch()

    def _copy_library(self, source):
        """Copies `lib` with an empty site-packages, whatever stands in the original's."""
        ignored = str(Path(self.interpreter.stdlib) / "site-packages")

        def leave_out(folder, names):
            return names if folder == ignored else []

        shutil.copytree(source / "lib", self.prefix / "lib", symlinks=True, ignore=leave_out)

    def existing(self, tests):
        """The test modules this version has."""
        found = (self.library / "test" / name for name in tests)
        return [path.name for path in found if path.is_dir() or path.with_suffix(".py").exists()]

    def switch_on(self, hook, mutant="", evicting=False):
        """Installs a hook's package with its `.pth` file, and the counter behind it.

        With `evicting`, each process first drops the library's bytecode from the page cache, and
        counts at its end whether it set up a ring.
        """
        self.switch_off()
        shutil.copytree(Path(hook) / "importahead", self.site_packages / "importahead")
        choice = "import posix; posix.environ[b'ORACLE_MUTANT'] = %r\n" % mutant.encode()
        line = (choice if mutant else "") + ACTIVATION
        (self.site_packages / "importahead.pth").write_text(line)
        counter = COUNTER + RING_COUNTER.strip() if evicting else COUNTER
        line = pth_line(counter, path=str(self._trace))
        (self.site_packages / "zz_counter.pth").write_text(line)
        if evicting:
            self._evict()

    def _evict(self):
        """Lists what is to be evicted, and installs the `.pth` file that does it first."""
        names = []
        for path in self.library.rglob("*.cpython-%d%d.pyc" % self.interpreter.minor):
            first, second = (*path.relative_to(self.library).parts, "")[:2]
            if first not in NOT_IMPORTED and (first != "test" or second in TESTS_IMPORTED):
                names.append(bytes(path))
        self._evicted.write_bytes(b"\0".join(names))
        line = pth_line(EVICTION, path=str(self._evicted))
        (self.site_packages / "aa_evict.pth").write_text(line)
        # What has not been written yet cannot be dropped.
        subprocess.run(["sync", "-f", str(self.root)], check=True)

    def switch_off(self):
        """Takes everything out of site-packages."""
        for path in self.site_packages.iterdir():
            if path.name != "README.txt":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def forget_profiles(self):
        """Empties the cache that hooked processes use."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def profiles(self):
        """How many profiles there are."""
        return len(list(self.cache.glob("importahead/v1/*.profile")))

    def forget_activity(self):
        """Starts the count of processes again."""
        self._trace.write_bytes(b"")

    def activity(self):
        """How many processes ran with the hook, and how many with our `.pth` but without it."""
        letters = self._trace.read_bytes()
        return letters.count(b"a"), letters.count(b"i")

    def rings(self):
        """How many processes set up a ring, of those that end by themselves."""
        return self._trace.read_bytes().count(b"r")
