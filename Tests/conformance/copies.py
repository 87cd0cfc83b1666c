"""A clean copy of an interpreter, and the hook in it."""

import shutil
import subprocess
from pathlib import Path

ACTIVATION = (
    'import sys; exec("try: from importahead import activate; activate()\\n'
    'except BaseException: pass")\n'
)

# Appends one letter to a file for each process: `a` where our methods are in place, else `i`.
COUNTER = """
import posix, sys
import _frozen_importlib_external as external
active = type(external.FileFinder.find_spec).__name__ == "method_descriptor"
file = posix.open({path!r}, posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC)
posix.write(file, b"a" if active else b"i")
posix.close(file)
"""


class Copy:
    """The interpreter's tree below our own folder, without foreign packages and `.pth` files."""

    def __init__(self, interpreter, scratch):
        self.interpreter = interpreter
        self.root = Path(scratch) / interpreter.name
        self.prefix = self.root / "prefix"
        self.cache = self.root / "cache"
        self._trace = self.root / "activity"
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

    def switch_on(self, hook, mutant=""):
        """Installs a hook's package with its `.pth` file, and the counter behind it."""
        self.switch_off()
        shutil.copytree(Path(hook) / "importahead", self.site_packages / "importahead")
        choice = "import posix; posix.environ[b'ORACLE_MUTANT'] = %r\n" % mutant.encode()
        line = (choice if mutant else "") + ACTIVATION
        (self.site_packages / "importahead.pth").write_text(line)
        counter = COUNTER.format(path=str(self._trace)).strip().replace("\n", "\\n")
        counter = 'import sys; exec("%s")\n' % counter.replace('"', "'")
        (self.site_packages / "zz_counter.pth").write_text(counter)

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
