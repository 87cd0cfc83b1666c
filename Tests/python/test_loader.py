"""The loader: which bytes run, and what stays on the disk (cases 1-11, 22, 27, 30, I1-I7)."""

import os

import pytest
from oracle import Zip, case
from oracle.case import PYCS, Case, extension

pytestmark = pytest.mark.part("loader")

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n\ndef function():\n    '''A docstring.'''\n    assert value\n",
    "mod.py": "import pkg.a\nvalue = 'mod'\n\ndef fail():\n    raise ValueError(value)\n",
}
BODY = """
try:
    import mod, pkg.a
    print(mod.value, pkg.a.value, pkg.a.function.__doc__, pkg.a.function.__code__.co_filename)
except Exception as error:
    print(type(error).__name__, error, getattr(error, 'name', None), getattr(error, 'path', None))
"""
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


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="""
    import mod
    spec = mod.__spec__
    print(spec.cached, spec.parent, getattr(mod, '__cached__', 'absent'), mod.__package__ == '')
    from importlib.util import module_from_spec
    again = module_from_spec(spec)
    spec.loader.exec_module(again)
    print(again.value, again.__file__ == mod.__file__)
    print(hasattr(spec.loader, 'load_module'))
    """,
    served=True,
    known=True,
)
def test_11_cached_is_set_on_the_spec(outcome):
    assert ".pyc" in outcome.text


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="""
    import inspect, linecache, sys, traceback
    import mod, pkg.a
    text = open('mod.py').read()
    open('mod.py', 'w').write('# a new first line\\n' + text)
    print(mod.__loader__.get_source('mod').splitlines()[0])
    print(inspect.getsource(pkg.a.function))
    linecache.checkcache()
    print(linecache.getline(mod.__file__, 1))
    try:
        mod.fail()
    except ValueError:
        traceback.print_exc()
    print(mod.__loader__.path_stats(mod.__file__)['size'] == len(text) + 19)
    print(mod.__loader__.get_code('mod').co_firstlineno)
    """,
    served=True,
    known=True,
)
def test_22_source_comes_from_the_disk(outcome):
    assert "# a new first line" in outcome.text


@pytest.mark.kind("source")
@case(
    files={
        "bad.py": "value = 1\nraise ValueError('at import')\n",
        "syntax.py": "def f(:\n",
        "deep.py": "import bad\n",
        "latin.py": b"# coding: latin-1\nvalue = '\xe9'\n",
        "broken.py": b"value = '\xff'\n",
        "nul.py": b"value = 1\0\n",
        "bom.py": b"\xef\xbb\xbfvalue = 'bom'\n",
        "cookie.py": b"# coding: nonsense\n",
    },
    body="""
    import traceback
    for name in ('deep', 'syntax', 'latin', 'broken', 'nul', 'bom', 'cookie', 'absent'):
        try:
            print(name, ascii(getattr(__import__(name), 'value', None)))
        except Exception:
            traceback.print_exc()
    import deep
    """,
    pycs="missing",
)
def test_i15_tracebacks_of_failing_imports(outcome):
    assert b"ValueError: at import" in outcome.stock.stderr
    assert outcome.stock.status == 1


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="""
    import importlib, sys, os
    import mod
    first = mod.value
    status = os.stat('mod.py')
    open('mod.py', 'w').write("value = 'reloaded'\\n")
    importlib.reload(mod)
    print(first, mod.value)
    open('mod.py', 'w').write("value = 'again and longer'\\n")
    del sys.modules['mod']
    import mod
    print(mod.value)
    import shutil
    shutil.rmtree('__pycache__')
    for name in ('mod', 'pkg', 'pkg.a'):
        sys.modules.pop(name, None)
    import mod, pkg.a
    print(mod.value, sorted(os.listdir('__pycache__')))
    """,
    served=True,
    known=True,
    ignored=("events",),
)
def test_27_reload_and_second_import_look_again(outcome):
    assert "again and longer" in outcome.text


@pytest.mark.kind("source")
@case(files=FILES, body=BODY + "import importlib\nimportlib.reload(mod)\n", served=True, known=True)
def test_27_reload_reads_again(outcome):
    opened = [args for event, args in outcome.stock.record["events"] if event == "open"]
    assert len([args for args in opened if "/mod." in str(args)]) == 2


@pytest.mark.kind("frozen")
@pytest.mark.parametrize("setting", ["on", "off"])
@case(
    files={
        "os.py": "raise SystemExit('shadowed')\n",
        "zipimport.py": "value = 'never'\n",
        "mod.py": "value = 1\n",
    },
    body="""
    import mod, os, zipimport, codecs, abc, io, stat, posixpath, __hello__, this
    for each in (os, zipimport, codecs, abc, io, stat, posixpath, __hello__):
        print(each.__name__, each.__spec__.origin, type(each.__spec__.loader).__name__)
    """,
    served=True,
    known=True,
)
def test_30_i23_frozen_modules(outcome, setting):
    assert "frozen" in outcome.text


@pytest.mark.kind("builtin")
@case(
    files={
        "sys.py": "raise SystemExit\n",
        "time.py": "value = 'mine'\n",
        "itertools.py": "x = 1\n",
        "mod.py": "import sys, time, itertools, _imp, builtins, gc\n",
    },
    body="""
    import mod, sys, importlib.util
    for name in ('sys', 'time', 'itertools', 'builtins', 'gc', 'marshal'):
        print(name, importlib.util.find_spec(name).origin)
    """,
    served=True,
    known=True,
)
def test_30_builtin_modules_are_not_shadowed(outcome):
    assert "sys built-in" in outcome.text


ARCHIVE = {
    "zipped/__init__.py": "from . import part\nvalue = 'zipped'\n",
    "zipped/part.py": "import mod\n",
    "zipped/words.txt": "some words\n",
    "single.py": "value = 'single'\n",
}


@pytest.mark.kind("zip")
@case(
    files={
        "lib.zip": Zip(ARCHIVE),
        "mod.py": "",
        "portion/outside.py": "",
        "package/keep/__init__.py": "value = 'beside'\n",
        "package.zip": Zip({"keep.py": ""}),
    },
    body="""
    import sys, pkgutil
    root = sys.path[0]
    sys.path.insert(0, root + '/lib.zip')
    sys.path.append(root + '/package.zip')
    sys.path.append(root + '/lib.zip/zipped')
    sys.path.append(root + '/broken.zip')
    import zipped, zipped.part, single, portion.outside, keep, part
    print(zipped.__file__, pkgutil.get_data('zipped', 'words.txt'), list(portion.__path__))
    print(zipped.__loader__.get_source('zipped'), type(zipped.__loader__).__name__)
    """,
    prepare=lambda root, interpreter, python: (root / "broken.zip").write_bytes(b"PK no zip"),
)
def test_30_zip_entries(outcome):
    assert "zipimporter" in outcome.text


@pytest.mark.kind("extension")
@case(
    files={
        "native/__init__.py": "from . import _heapq\n",
        "native/_heapq{ext}": extension("_heapq"),
        "link/_bisect{ext}": extension("_bisect"),
    },
    body="""
    import sys
    import native._heapq
    print(type(native._heapq.__loader__).__name__, native._heapq.__spec__.origin)
    sys.path.insert(0, sys.path[0] + '/link')
    import _bisect, array, math
    print(_bisect.__file__)
    print([line.split()[-1] for line in open('/proc/self/maps') if '_heapq' in line][-1])
    """,
)
def test_31_i22_extension_modules(outcome):
    assert "ExtensionFileLoader" in outcome.text


@pytest.mark.kind("extension")
@case(
    files={"native/_heapq{ext}": extension("_heapq")},
    body="""
    import sys
    root = sys.path[0]
    sys.path[:0] = [root + '/one', root + '/native']
    import _heapq
    first = _heapq.__file__
    del sys.modules['_heapq']
    sys.path.remove(root + '/one')
    import _heapq
    print(first, _heapq.__file__)
    """,
    prepare=lambda root, interpreter, python: (root / "one").symlink_to("native"),
)
def test_32_two_routes_to_one_extension(outcome):
    assert "one/_heapq" in outcome.text and "native/_heapq" in outcome.text


@pytest.mark.kind("extension")
@case(
    files={"_bisect{ext}": b"\x7fELF not really", "_heapq{ext}": b"", "mod.py": "value = 1\n"},
    body="""
    import mod
    for name in ('_bisect', '_heapq'):
        try:
            __import__(name)
        except ImportError as error:
            print(type(error).__name__, error)
    """,
    served=True,
    known=True,
)
def test_31_damaged_extension_modules(outcome):
    assert outcome.text.count("ImportError") == 2


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="""
    import mod, pkg.a
    from importlib.machinery import SourceFileLoader
    for each in (mod, pkg, pkg.a):
        print(type(each.__loader__) is SourceFileLoader, sorted(vars(each.__loader__)),
              each.__loader__ == SourceFileLoader(each.__name__, each.__file__),
              each.__spec__.loader_state)
    import pickle
    print(len(vars(SourceFileLoader)), 'get_data' in dir(mod.__loader__))
    """.replace("print(len(vars(SourceFileLoader)), ", "print("),
    served=True,
    known=True,
)
def test_i01_loaders_are_exactly_importlibs(outcome):
    assert "False" not in outcome.text
