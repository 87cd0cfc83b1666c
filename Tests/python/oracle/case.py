"""A case: a tree of files, a program, and how to start it."""

import os
import subprocess
import textwrap
import threading
import zipfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import pytest

from oracle.interpreters import clean_environment

# Modification time of every planted source: far in the past, equal in every lane.
PLANTED_AT = 1_600_000_000

# Placed in front of a program; the recorder itself imports nothing that is not built in.
PROLOGUE = (
    "with open(__import__('posix').environ[b'ORACLE_RECORDER']) as _o:"
    " exec(_o.read(), {'__name__': 'oracle'})\n"
)


@dataclass(frozen=True)
class Link:
    """A symbolic link to plant."""

    target: str


@dataclass(frozen=True)
class Zip:
    """An archive to plant."""

    files: dict


@dataclass(frozen=True)
class Case:
    """One program to be run in every lane.

    `files` maps paths below the tree's root to text, bytes, `Link` or `Zip`. `body` is the text of
    `main.py`. `pycs` says in which state bytecode files are (see `PYCS`). `prepare`, called as
    `prepare(root, interpreter, python)` in every lane, may do what a mapping cannot. `arguments`
    replaces the default command line (`main.py`); `{root}` in it and in `environment` stands for
    the tree. `active=False` says that the hook must be off, `None` that it may; `served` that bytes must have been
    served from memory, for which the program does not begin before something has been read ahead;
    `recorded=False` that the program does not live to write its record. `pause` is how long the
    program waits before it begins, so that much has been read ahead by then.
    `known` adds a lane in which it runs with the profile of a run before; `between`, called as
    `between(root)` in every lane, changes the tree after that.
    """

    files: dict = field(default_factory=dict)
    body: str = "import mod\n"
    pycs: str = "fresh"
    flags: tuple = ()
    arguments: tuple = ("main.py",)
    environment: dict = field(default_factory=dict)
    prepare: object = None
    flavour: str = "pth"
    active: object = True
    served: bool = False
    recorded: bool = True
    hash_seed: str = "0"
    stdin: bytes = b""
    timeout: float = 60
    versions: tuple = ((3, 0), (4, 0))
    ignored: tuple = ()
    pause: float = 0.03
    known: bool = False
    between: object = None

    def plant(self, root, interpreter, python):
        """Writes the tree below `root`."""
        root.mkdir(parents=True)
        body = textwrap.dedent(self.body)
        files = {"main.py": PROLOGUE + body, **self.files}
        for name, content in files.items():
            _plant_file(root / name, content, interpreter)
        _age(root)
        PYCS[self.pycs](root, python)
        if self.prepare is not None:
            self.prepare(root, interpreter, python)


def case(**keywords):
    """Marks a test whose `outcome` is that of the case described by the keywords."""
    return pytest.mark.case(Case(**keywords))


def variant(base, **keywords):
    """The same case with something changed."""
    return replace(base, **keywords)


def extension(name):
    """Plants a copy of a standard library extension module that stands in a file."""
    return lambda interpreter: _extension_bytes(interpreter, name)


def _extension_bytes(interpreter, name):
    path = Path(interpreter.stdlib, "lib-dynload", name + interpreter.extension_suffix)
    if not path.exists():
        pytest.skip("%s is not a file of its own in %s" % (name, interpreter.name))
    return path.read_bytes()


def _plant_file(path, content, interpreter):
    path = Path(str(path).replace("{ext}", interpreter.extension_suffix))
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content = content(interpreter)
    if content is None:
        path.mkdir()
    elif isinstance(content, Link):
        path.symlink_to(content.target)
    elif isinstance(content, Zip):
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.files.items():
                member = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, textwrap.dedent(text))
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(textwrap.dedent(content), encoding="utf-8")


def _age(root):
    for folder, folders, names in os.walk(root):
        for name in names + folders:
            path = os.path.join(folder, name)
            os.utime(path, (PLANTED_AT, PLANTED_AT), follow_symlinks=False)


def sources(root):
    """The source files of a tree except the program itself."""
    return sorted(path for path in Path(root).rglob("*.py") if path.name != "main.py")


def compile_tree(root, python, mode="timestamp", optimize=()):
    """Writes the bytecode files of a tree as `py_compile` does."""
    paths = [str(path) for path in sources(root) if not path.is_symlink()]
    if paths:
        compiler_of(python).compile(mode, optimize or (0,), paths)


class Compiler:
    """A process of one interpreter that writes bytecode files on demand."""

    PROGRAM = """
import py_compile, sys
for line in sys.stdin:
    mode, levels, *paths = line.rstrip("\\n").split("\\0")
    mode = getattr(py_compile.PycInvalidationMode, mode.upper())
    for level in levels.split(","):
        for path in paths:
            try:
                py_compile.compile(path, optimize=int(level), invalidation_mode=mode, doraise=True)
            except py_compile.PyCompileError:
                pass
    print("done", flush=True)
"""

    def __init__(self, python):
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [python, "-I", "-S", "-c", self.PROGRAM],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def compile(self, mode, levels, paths):
        """Compiles files at every level of optimisation."""
        line = "\0".join([mode, ",".join(map(str, levels)), *paths])
        with self._lock:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline() == "done\n", "the compiler ended"


compiler_of = lru_cache(maxsize=None)(Compiler)


def bytecode_files(root):
    """The bytecode files of a tree."""
    return sorted(Path(root).rglob("*.pyc"))


def _rewrite(change, root):
    for path in bytecode_files(root):
        content = change(path.read_bytes())
        path.write_bytes(content)


def _edit_sources(root, seconds=0, text="\n# edited\n"):
    for path in sources(root):
        status = path.stat()
        path.write_text(path.read_text() + text)
        stamp = int(status.st_mtime) + seconds
        os.utime(path, (stamp, stamp))


def _stale(root, python, mode, **edit):
    compile_tree(root, python, mode)
    _edit_sources(root, **edit)


def _corrupt(root, python, change):
    compile_tree(root, python)
    _rewrite(change, root)


def _drop_sources(root, python, beside):
    compile_tree(root, python)
    for path in bytecode_files(root):
        source = path.parent.parent / (path.name.split(".")[0] + ".py")
        source.unlink()
        if beside:
            path.rename(source.with_suffix(".pyc"))


PYCS = {
    "missing": lambda root, python: None,
    "fresh": compile_tree,
    "optimized": lambda root, python: compile_tree(root, python, optimize=(0, 1, 2)),
    "stale-mtime": lambda root, python: _stale(root, python, "timestamp", seconds=7, text=""),
    "stale-size": lambda root, python: _stale(root, python, "timestamp"),
    "checked": lambda root, python: compile_tree(root, python, "checked_hash"),
    "checked-stale": lambda root, python: _stale(root, python, "checked_hash"),
    "unchecked": lambda root, python: compile_tree(root, python, "unchecked_hash"),
    "unchecked-stale": lambda root, python: _stale(root, python, "unchecked_hash"),
    "bad-magic": lambda root, python: _corrupt(root, python, lambda pyc: b"\0\0\r\n" + pyc[4:]),
    "empty": lambda root, python: _corrupt(root, python, lambda pyc: b""),
    "short-header": lambda root, python: _corrupt(root, python, lambda pyc: pyc[:11]),
    "header-only": lambda root, python: _corrupt(root, python, lambda pyc: pyc[:16]),
    "truncated": lambda root, python: _corrupt(root, python, lambda pyc: pyc[:-9]),
    "bad-flags": lambda root, python: _corrupt(
        root, python, lambda pyc: pyc[:4] + b"\4\0\0\0" + pyc[8:]
    ),
    "not-code": lambda root, python: _corrupt(root, python, lambda pyc: pyc[:16] + b"N"),
    "sourceless": lambda root, python: _drop_sources(root, python, beside=True),
    "orphaned": lambda root, python: _drop_sources(root, python, beside=False),
}
