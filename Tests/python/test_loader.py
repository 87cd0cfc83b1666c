"""Loaders: what modules are given, reload, frozen, zip and extension modules (cases 11, 22, 27, 30-32)."""

import pytest
from oracle import Zip, case
from oracle.case import extension
from samples import BODY, FILES

pytestmark = pytest.mark.part("loader")


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
