"""Resources, introspection and tools of the standard library (cases 22-24, I15)."""

import pytest
from oracle import Case, Zip, case

pytestmark = [pytest.mark.part("resources"), pytest.mark.kind("source")]

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "'''Of a.'''\nvalue = 'a'\n\ndef function():\n    return value\n",
    "pkg/__main__.py": "import sys\nfrom . import a\nprint('main of', __package__, sys.argv[1:])\n",
    "pkg/words.txt": "words of pkg\n",
    "pkg/data/more.py": "value = 'data that looks like a module'\n",
    "space/inside/note.txt": "a note\n",
    "mod.py": "import pkg.a\nprint(__name__, __file__ and 'has a file')\nvalue = 'mod'\n",
}


@case(
    files=FILES,
    body="""
    import pkg, pkgutil
    print(pkgutil.get_data('pkg', 'words.txt'), pkgutil.get_data('pkg', 'a.py'))
    open('pkg/words.txt', 'w').write('changed')
    open('pkg/a.py', 'w').write('changed = 1')
    print(pkgutil.get_data('pkg', 'words.txt'), pkgutil.get_data('pkg', 'a.py'))
    loader = pkg.a.__loader__
    print(loader.get_data(pkg.__path__[0] + '/data/more.py'))
    for path in ('pkg/none.txt', 'pkg', '/proc/self/comm', b'pkg/a.py', 3):
        try:
            print(len(loader.get_data(path)) > 0)
        except Exception as error:
            print(type(error).__name__, error)
    """,
    served=True,
    known=True,
    stdin=b"",
)
def test_24_get_data_is_for_any_file(outcome):
    assert "changed" in outcome.text


@case(
    files=FILES,
    body="""
    import pathlib
    import pkg.a
    for path in (pathlib.Path(pkg.a.__file__), pkg.a.__file__):
        print(len(pkg.a.__loader__.get_data(path)), type(path).__name__)
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader
    print(SourceFileLoader('x', 'pkg/a.py').get_data('pkg/a.py')[:10])
    try:
        SourceFileLoader.get_data()
    except TypeError as error:
        print('TypeError')
    """,
    ignored=("stdout",),
)
def test_24_get_data_of_paths_and_strangers(raw_outcome):
    assert not raw_outcome.differences()
    for run in raw_outcome.hooked():
        assert run.stdout == raw_outcome.stock.stdout


@case(
    files=FILES,
    body="""
    from importlib import resources
    import pkg
    print(resources.files('pkg').joinpath('words.txt').read_text())
    print(sorted(each.name for each in resources.files('pkg').iterdir()))
    print(sorted(each.name for each in resources.files('space.inside').iterdir()))
    with resources.as_file(resources.files('pkg') / 'a.py') as path:
        print(path)
    print(type(pkg.__loader__.get_resource_reader('pkg')).__name__)
    """,
    versions=((3, 10), (4, 0)),
    served=True,
    known=True,
)
def test_24_importlib_resources(outcome):
    assert "words of pkg" in outcome.text


@case(
    files=FILES,
    body="""
    from importlib import resources
    import pkg
    print(resources.read_text('pkg', 'words.txt'), resources.is_resource('pkg', 'a.py'))
    print(sorted(resources.contents('pkg')))
    """,
    versions=((3, 9), (3, 13)),
    served=True,
    known=True,
)
def test_24_importlib_resources_of_old(outcome):
    assert "words of pkg" in outcome.text


@case(
    files=FILES,
    body="""
    import pkgutil, sys
    print([name for _, name, _ in pkgutil.iter_modules(sys.path[:1])])
    print([(name, is_package) for _, name, is_package in pkgutil.walk_packages(['.'])])
    import pkg
    print([name for _, name, _ in pkgutil.iter_modules(pkg.__path__, 'pkg.')])
    for importer in pkgutil.iter_importers('pkg.a'):
        print(importer.path, importer.find_spec('pkg.a') is not None)
    print(pkgutil.get_loader('pkg.a').path if hasattr(pkgutil, 'get_loader') else '')
    """,
    flags=("-W", "ignore"),
)
def test_24_pkgutil_walks_packages(outcome):
    assert "('pkg', True)" in outcome.text


@case(
    files=FILES,
    body="""
    import inspect, sys
    import pkg.a
    print(inspect.getsource(pkg.a), inspect.getsourcefile(pkg.a), inspect.getmodule(pkg.a.function))
    print(inspect.getdoc(pkg.a), inspect.getmodulename(pkg.a.__file__))
    print(inspect.getsource(sys.modules['__main__'])[-20:])
    """,
    served=True,
    known=True,
)
def test_22_inspect_reads_from_the_disk(outcome):
    assert "def function" in outcome.text


STARTS = {
    "script": ("main.py",),
    "module": ("-m", "pkg", "an argument"),
    "module file": ("-m", "mod"),
    "folder": ("application", "x"),
    "archive": ("application.pyz",),
    "code": ("-c", "import mod, pkg.a; print(pkg.a.value)"),
    "absent module": ("-m", "pkg.absent"),
    "package without main": ("-m", "space"),
    "absent script": ("nothing.py",),
    "bytecode": ("compiled.pyc",),
    "pdb": ("-m", "pdb", "-c", "continue", "-c", "quit", "main.py"),
    "cprofile": ("-m", "cProfile", "-o", "/dev/null", "main.py"),
    "timeit": ("-m", "timeit", "-n1", "-r1", "-s", "import mod", "pass"),
    "trace": ("-m", "trace", "--listfuncs", "main.py"),
    "runpy": ("-c", "import runpy; print(runpy.run_module('pkg.a')['value'])"),
    "run path": ("-c", "import runpy; print(runpy.run_path('mod.py', run_name='x')['value'])"),
    "zipapp": ("-c", "import runpy; runpy.run_path('application.pyz', run_name='__main__')"),
    "ensurepip": ("-m", "ensurepip", "--version"),
    "this": ("-m", "this"),
    "tabnanny": ("-m", "tabnanny", "main.py"),
    "py_compile": ("-m", "py_compile", "mod.py"),
    "compileall": ("-m", "compileall", "-q", "-f", "pkg"),
    "stdin": ("-",),
    "interactive": ("-i", "-q", "main.py"),
    "doctest": ("-m", "doctest", "mod.py"),
    "unittest": ("-m", "unittest", "-q", "tests"),
    "site": ("-m", "site", "--user-site"),
}


def _compiled(root, interpreter, python):
    import subprocess

    program = "import py_compile; py_compile.compile('mod.py', 'compiled.pyc')"
    subprocess.run([python, "-I", "-S", "-c", program], cwd=root, check=True)


def _starts():
    files = {
        **FILES,
        "application/__main__.py": "import inner, sys\nprint(inner.value, sys.argv[1:])\n",
        "application/inner.py": "value = 'inner'\n",
        "application.pyz": Zip(
            {"__main__.py": "import inner\nprint(inner.value)\n", "inner.py": "value = 'zipped'\n"}
        ),
        "tests.py": "import unittest, mod\nclass T(unittest.TestCase):\n"
        "    def test(self): self.assertTrue(mod.value)\n",
    }
    for name, arguments in STARTS.items():
        made = Case(
            files=files,
            body="import mod\nprint(mod.value)\n",
            arguments=arguments,
            recorded=name == "script",
            prepare=_compiled,
            stdin=b"import mod, pkg.a\nprint(mod.value)\n"
            if name in ("stdin", "interactive")
            else b"",
            ignored=("stderr",) if name == "timeit" else (),
        )
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_starts()))
def test_23_i15_ways_to_start_a_program(raw_outcome, case):
    if "timeit" in case.arguments:
        assert {run.status for run in raw_outcome.runs.values()} == {0}
        return
    if "trace" in case.arguments:
        # A tracer sees the frames of our finder where it would see those of importlib's.
        for run in raw_outcome.runs.values():
            lines = run.stdout.splitlines(keepends=True)
            run.stdout = b"".join(line for line in lines if b"/cases/" in line)
            assert b"pkg/a.py" in run.stdout
    found = raw_outcome.differences()
    assert not found, "\n".join(found)


@case(
    files=FILES,
    body="""
    import multiprocessing, sys
    import pkg
    def work(number):
        import pkg.a
        return number, pkg.a.value, __name__ if __name__ == '__mp_main__' else 'forked'
    if __name__ == '__main__':
        for method in ('spawn', 'fork', 'forkserver'):
            with multiprocessing.get_context(method).Pool(2) as pool:
                print(method, sorted(pool.map(work, range(4))))
        # Whether a pool's threads have quite ended when the next forks decides, since 3.12, whether
        # that warns: in stock as well.
        vars(sys.modules['multiprocessing.popen_fork']).pop('__warningregistry__', None)
    """,
    arguments=("main.py",),
    ignored=("events", "status"),
)
def test_23_f03_multiprocessing_imports_main_again(outcome):
    assert "__mp_main__" in outcome.text
