"""A profile of a past run changes nothing but the time, be it right, old or wrong.

Every case here also runs with the profile that a run before it left, after the tree was changed;
what stock makes of the changed tree decides.
"""

import os
import shutil
import subprocess

import pytest
from oracle import Case
from oracle.case import PLANTED_AT

pytestmark = [pytest.mark.part("finder"), pytest.mark.kind("source")]

FILES = {
    "first/readme.txt": "",
    "second/mod.py": "import pkg.a\nvalue = 'mod'\n",
    "second/pkg/__init__.py": "from . import a\nvalue = 'pkg'\n",
    "second/pkg/a.py": "value = 'a'\n",
    "second/pkg/b.py": "value = 'b'\n",
    "third/space/part.py": "value = 'part'\n",
    "third/mod.py": "value = 'third'\n",
}
# The names are computed, so that nothing but a profile can know them.
BODY = """
import sys, os
root = sys.path[0]
sys.path[1:1] = [root + '/first', root + '/second', root + '/third']
for name in ('mo d', 'pk g', 'pk g.a', 'pk g.b', 'spac e.part', 'abs ent'):
    name = name.replace(' ', '')
    try:
        __import__(name)
        module = sys.modules[name]
        print(name, getattr(module, 'value', None), getattr(module, '__file__', None))
    except Exception as error:
        print(name, type(error).__name__, error)
"""


def _write(path, text, stamp=PLANTED_AT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (stamp, stamp))


def _corrupt(root, change):
    for path in root.rglob("*.pyc"):
        path.write_bytes(change(path.read_bytes()))


def _package_of_module(root):
    (root / "second" / "mod.py").unlink()
    _write(root / "second" / "mod" / "__init__.py", "value = 'now a package'\n")


def _module_of_package(root):
    shutil.rmtree(root / "second" / "pkg")
    _write(root / "second" / "pkg.py", "value = 'now a module'\n")


def _link(root):
    (root / "second").rename(root / "elsewhere")
    (root / "second").symlink_to("elsewhere")


def _swap(root):
    (root / "second" / "pkg").rename(root / "first" / "pkg")


CHANGES = {
    "nothing": lambda root: None,
    "edited": lambda root: _write(root / "second" / "mod.py", "import json\nvalue = 'new'\n", 1),
    "edited unnoticed": lambda root: _write(
        root / "second" / "mod.py", "import pkg.a\nvalue = 'new'\n"
    ),
    "removed": lambda root: (root / "second" / "mod.py").unlink(),
    "removed for a later entry": lambda root: shutil.rmtree(root / "second"),
    "shadowed by an earlier entry": lambda root: _write(root / "first" / "mod.py", "value = 1\n"),
    "shadowed by a package": lambda root: _write(
        root / "second" / "mod" / "__init__.py", "value = 'package'\n"
    ),
    "shadowed by the script's folder": lambda root: _write(root / "pkg.py", "value = 'near'\n"),
    "a module became a package": _package_of_module,
    "a package became a module": _module_of_package,
    "a package moved": _swap,
    "a namespace package became a package": lambda root: _write(
        root / "third" / "space" / "__init__.py", "value = 'regular'\n"
    ),
    "a portion in front": lambda root: _write(root / "first" / "space" / "part.py", "value = 2\n"),
    "an init was removed": lambda root: (root / "second" / "pkg" / "__init__.py").unlink(),
    "a folder became a link": _link,
    "bytecode removed": lambda root: [path.unlink() for path in root.rglob("*.pyc")],
    "bytecode cut short": lambda root: _corrupt(root, lambda pyc: pyc[:20]),
    "bytecode of another version": lambda root: _corrupt(root, lambda pyc: b"\0\0" + pyc[2:]),
    "sources removed": lambda root: [path.unlink() for path in (root / "second").rglob("*.py")],
    "an absent module appeared": lambda root: _write(root / "third" / "absent.py", "value = 3\n"),
    "not to be read": lambda root: (root / "second" / "pkg" / "a.py").chmod(0),
    "a folder instead of a file": lambda root: [
        (root / "second" / "mod.py").unlink(),
        (root / "second" / "mod.py").mkdir(),
    ],
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(files=FILES, body=BODY, known=True, between=change, pause=0.05),
            id=name.replace(" ", "-"),
        )
        for name, change in CHANGES.items()
    ],
)
def test_a_tree_that_changed_since_its_profile(outcome, case):
    counts = outcome.runs["known"].statistics
    assert counts["profile_files"] >= 4
    if case.between is CHANGES["nothing"]:
        assert counts["profile_used"] == counts["profile_files"] and counts["hits"] >= 4


@pytest.mark.parametrize("flags", [(), ("-I",)], ids=["plain", "I"])
def test_the_users_cache_is_left_alone(grove, interpreter, tmp_path, flags):
    """With -I the hook ignores IMPORTAHEAD_PROFILE; each lane has a cache of its own even then."""
    (tmp_path / "main.py").write_text("import json\n")
    for lane in grove.lanes:
        variables = {"PATH": os.environ["PATH"], **lane.variables(), "HOME": str(tmp_path)}
        assert variables["XDG_CACHE_HOME"].startswith(str(grove.root))
        command = [lane.python(interpreter), *flags, "main.py"]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        written = list((lane.root / "cache").glob("importahead/v1/*.profile"))
        assert bool(written) or not (lane.hooked and flags)
    assert sorted(os.listdir(tmp_path)) == ["main.py"]
