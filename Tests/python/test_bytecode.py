"""Loaders and bytecode: every state, every flag, edits and damage (cases 1-10, I03-I07)."""

import os

import pytest
from oracle import case
from oracle.case import PYCS, Case
from samples import BODY, FILES

pytestmark = pytest.mark.part("loader")

FLAGS = {
    "plain": (),
    "O": ("-O",),
    "OO": ("-OO",),
    "B": ("-B",),
    "I": ("-I",),
    "P": ("-P",),
    "always": ("--check-hash-based-pycs", "always"),
    "never": ("--check-hash-based-pycs", "never"),
}


def _matrix():
    for state in PYCS:
        for name, flags in FLAGS.items():
            hashed = state.startswith(("checked", "unchecked"))
            if name in ("always", "never") and not hashed:
                continue
            if name in ("B", "I", "P") and state in ("bad-magic", "short-header", "not-code"):
                continue
            versions = ((3, 11), (4, 0)) if name == "P" else ((3, 0), (4, 0))
            body = "import sys\nsys.path.insert(0, %r)\n" % "{here}" if name in "IP" else ""
            body = body.replace("'{here}'", "__file__.rpartition('/')[0]")
            made = Case(
                files=FILES,
                body=body + BODY,
                pycs=state,
                flags=flags,
                versions=versions,
                known=name == "plain",
                served=state == "fresh" and not flags,
            )
            yield pytest.param(made, id="%s-%s" % (state, name))


@pytest.mark.kind("source")
@pytest.mark.parametrize("case", list(_matrix()))
def test_04_05_i03_i04_i07_every_state_of_bytecode_with_every_flag(outcome, case):
    good = case.pycs not in ("orphaned", "not-code", "header-only") and not case.pycs.startswith(
        "trunc"
    )
    if good:
        assert "mod a" in outcome.text
    for run in outcome.hooked():
        if case.pycs == "fresh" and not case.flags:
            assert run.statistics["hits"], "nothing was served"


@pytest.mark.kind("source")
@case(
    files={**FILES, "slow.py": "import time\nopen('mod.py', 'a').write('value = 1234567\\n')\n"},
    body="import slow\nimport mod\nprint(mod.value)\n",
)
def test_01_source_edited_between_prefetch_and_import(outcome):
    assert outcome.text == "1234567\n"


# An edit that leaves size and time as they were.
UNNOTICED = """
import os
before = os.stat('mod.py')
text = open('mod.py').read().replace("'mod'", "'new'")
open('mod.py', 'w').write(text)
os.utime('mod.py', ns=(before.st_atime_ns, before.st_mtime_ns))
"""


@pytest.mark.kind("source")
@case(
    files={**FILES, "slow.py": UNNOTICED},
    body="import slow\nimport mod\nprint(mod.value)\n",
)
def test_02_an_edit_stock_does_not_notice_is_not_noticed(outcome):
    assert outcome.text == "mod\n"


@pytest.mark.kind("source")
@case(
    files={**FILES, "slow.py": UNNOTICED},
    body="import slow\nimport mod\nprint(mod.value)\n",
    pycs="missing",
)
def test_i05_source_edited_with_its_mtime_restored(outcome):
    assert outcome.text == "new\n"


REPLACEMENTS = {
    "rename": "open('new', 'w').write('value = 1'); os.replace('new', 'mod.py')",
    "rewrite": "open('mod.py', 'r+').write('value = 22')",
    "symlink": "open('new', 'w').write('value = 3'); os.remove('mod.py'); os.symlink('new', 'mod.py')",
    "delete": "os.remove('mod.py')",
    "truncate": "open('mod.py', 'w').close()",
    "folder": "os.remove('mod.py'); os.mkdir('mod'); open('mod/__init__.py', 'w').write('value = 4')",
    "unreadable": "os.chmod('mod.py', 0)",
    "directory": "os.remove('mod.py'); os.mkdir('mod.py')",
    "other mtime": "os.utime('mod.py', (1, 1))",
    "pyc rename": "import py_compile; open('new.py', 'w').write('value = 5'); "
    "py_compile.compile('new.py', PYC, dfile='mod.py'); s = os.stat('mod.py')",
    "pyc delete": "os.remove(PYC)",
    "pyc truncate": "open(PYC, 'r+').truncate(20)",
    "pyc rewrite": "s = os.stat(PYC); d = open(PYC, 'rb').read().replace(b'original', b'replaced'); "
    "open(PYC, 'r+b').write(d); os.utime(PYC, ns=(s.st_atime_ns, s.st_mtime_ns))",
    "pyc swap": "d = open(PYC, 'rb').read().replace(b'original', b'replaced'); s = os.stat(PYC); "
    "open('new', 'wb').write(d); os.utime('new', ns=(s.st_atime_ns, s.st_mtime_ns)); "
    "os.replace('new', PYC)",
    "cache folder": "import shutil; shutil.rmtree('__pycache__')",
}


def _replacements():
    for name, step in REPLACEMENTS.items():
        for state in ("fresh", "missing"):
            if "PYC" in step and state == "missing":
                continue
            slow = "import os, importlib.util\nPYC = importlib.util.cache_from_source('mod.py')\n"
            made = Case(
                files={"mod.py": "value = 'original'\n", "slow.py": slow + step + "\n"},
                body="""
                import slow
                try:
                    import mod
                    print(mod.value)
                except Exception as error:
                    print(type(error).__name__, error)
                """,
                pycs=state,
                known=state == "fresh",
            )
            yield pytest.param(made, id="%s-%s" % (name.replace(" ", "-"), state))


@pytest.mark.kind("source")
@pytest.mark.parametrize("case", list(_replacements()))
def test_06_i06_files_replaced_between_prefetch_and_import(outcome, case):
    assert outcome.text


@pytest.mark.kind("source")
@case(
    files=FILES,
    body=BODY,
    pycs="stale-mtime",
    prepare=lambda root, interpreter, python: [
        os.chmod(path, 0o555) for path in [*root.rglob("__pycache__"), root]
    ],
)
def test_07_stale_bytecode_in_a_folder_that_cannot_be_written(outcome):
    assert "mod a" in outcome.text


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="import os\nif os.getuid() == 0: os.setuid(65534)\n" + BODY,
    pycs="missing",
    recorded=False,
    prepare=lambda root, interpreter, python: [
        os.chmod(path, 0o755) for path in [root.parent, root, root / "pkg"]
    ],
)
def test_07_bytecode_that_may_not_be_written_is_not(outcome):
    assert "mod a" in outcome.text
    assert outcome.stock.files.keys() == outcome.runs["pools"].files.keys()


@pytest.mark.kind("source")
@case(
    files={"m%d.py" % number: "value = %d\n" % number for number in range(40)},
    body="""
    import os, subprocess, sys
    if len(sys.argv) == 1:
        children = [subprocess.Popen([sys.executable, 'main.py', 'child']) for _ in range(4)]
        print([child.wait() for child in children])
    else:
        for number in range(40):
            assert __import__('m%d' % number).value == number
        os._exit(0)
    """,
    pycs="missing",
)
def test_08_concurrent_first_runs_write_bytecode(outcome):
    assert outcome.text == "[0, 0, 0, 0]\n"
    assert len([name for name in outcome.stock.files if name.endswith(".pyc")]) == 40


@pytest.mark.kind("source")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(files=FILES, body=BODY, environment={"PYTHONPYCACHEPREFIX": "{root}/cache"}),
            id="environment",
        ),
        pytest.param(
            Case(files=FILES, body=BODY, flags=("-X", "pycache_prefix={root}/cache")), id="option"
        ),
        pytest.param(
            Case(files=FILES, body=BODY, environment={"PYTHONPYCACHEPREFIX": "cache"}),
            id="relative",
        ),
        pytest.param(
            Case(
                files={
                    **FILES,
                    "first.py": "import sys\nsys.pycache_prefix = sys.path[0] + '/late'\n",
                },
                body="import first\n" + BODY,
            ),
            id="assigned",
        ),
        pytest.param(
            Case(
                files={**FILES, "first.py": "import sys\nsys.pycache_prefix = None\n"},
                body="import first\n" + BODY,
                environment={"PYTHONPYCACHEPREFIX": "{root}/cache"},
            ),
            id="taken-back",
        ),
        pytest.param(
            Case(
                files={**FILES, "first.py": "import sys\nsys.implementation.cache_tag = None\n"},
                body="import first\n" + BODY,
            ),
            id="no-tag",
        ),
        pytest.param(
            Case(
                files={**FILES, "first.py": "import sys\nsys.implementation.cache_tag = 'other'\n"},
                body="import first\n" + BODY,
            ),
            id="other-tag",
        ),
        pytest.param(
            Case(
                files={**FILES, "first.py": "import sys\nsys.dont_write_bytecode = True\n"},
                body="import first\n" + BODY,
                pycs="missing",
            ),
            id="dont-write",
        ),
        pytest.param(
            Case(
                files=FILES,
                body=BODY,
                pycs="missing",
                environment={"PYTHONDONTWRITEBYTECODE": "1"},
            ),
            id="dont-write-environment",
        ),
        pytest.param(Case(files=FILES, body=BODY, pycs="optimized", flags=("-O",)), id="opt-1"),
        pytest.param(Case(files=FILES, body=BODY, pycs="optimized", flags=("-OO",)), id="opt-2"),
        pytest.param(
            Case(files=FILES, body=BODY, environment={"PYTHONOPTIMIZE": "2"}), id="opt-environment"
        ),
    ],
)
def test_09_i07_where_bytecode_lives(outcome, case):
    assert "mod a" in outcome.text


@pytest.mark.kind("sourceless")
@case(files=FILES, body=BODY, pycs="sourceless")
def test_10_sourceless_modules_beside_nothing(outcome):
    assert "SourcelessFileLoader" in str(outcome.stock.module("mod")["loader"])


@pytest.mark.kind("sourceless")
@case(files=FILES, body=BODY, pycs="orphaned")
def test_10_bytecode_in_a_cache_folder_without_source_is_nothing(outcome):
    assert "ModuleNotFoundError" in outcome.text


DAMAGE = {
    "magic": lambda pyc: b"\0\0\r\n" + pyc[4:],
    "short": lambda pyc: pyc[:7],
    "empty": lambda pyc: pyc[:16],
    "truncated": lambda pyc: pyc[:-5],
    "flags": lambda pyc: pyc[:4] + b"\x08\0\0\0" + pyc[8:],
    "not-code": lambda pyc: pyc[:16] + b"i\1\0\0\0",
}


def _damaged():
    body = "import traceback\ntry:\n    import mod\nexcept Exception:\n    traceback.print_exc()\n"
    for name, change in DAMAGE.items():

        def damage(root, interpreter, python, change=change):
            path = root / "mod.pyc"
            path.write_bytes(change(path.read_bytes()))

        made = Case(files=FILES, body=body, pycs="sourceless", prepare=damage)
        yield pytest.param(made, id=name)


@pytest.mark.kind("sourceless")
@pytest.mark.parametrize("case", list(_damaged()))
def test_i03_damaged_sourceless_modules(outcome, case):
    assert b"Error" in outcome.stock.stderr
