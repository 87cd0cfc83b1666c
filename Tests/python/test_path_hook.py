"""Path hooks and the meta path: others keep their say (cases 16, 17, I11, I12, I17-I19, 28)."""

import pytest
from oracle import Case, case

pytestmark = [pytest.mark.part("path hook"), pytest.mark.kind("source")]

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n",
    "mod.py": "import pkg.a\nvalue = 'mod'\n",
    "last.py": "value = 'last'\n",
}

STEPS = {
    "meta path finder in front": """
        import sys
        from importlib.machinery import ModuleSpec
        class Loader:
            def create_module(self, spec): return None
            def exec_module(self, module): module.value = 'made up'
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name in ('mod', 'pkg'):
                    return ModuleSpec(name, Loader(), is_package=name == 'pkg')
        sys.meta_path.insert(0, Finder())
    """,
    "meta path reversed": "import sys\nsys.meta_path.reverse()\n",
    "meta path emptied": "import sys\nsys.meta_path.clear()\n",
    "path hook in front": """
        import sys
        from importlib.machinery import SourceFileLoader, FileFinder
        class Loud(SourceFileLoader):
            def exec_module(self, module):
                print('loading', module.__name__)
                super().exec_module(module)
        sys.path_hooks.insert(0, FileFinder.path_hook((Loud, ['.py'])))
        sys.path_importer_cache.clear()
    """,
    "path hook in front, cache kept": """
        import sys
        def hook(entry):
            print('asked for', entry.rpartition('/')[2])
            raise ImportError
        sys.path_hooks.insert(0, hook)
    """,
    "path hooks emptied": "import sys\nsys.path_hooks.clear()\nsys.path_importer_cache.clear()\n",
    "cache cleared": "import sys\nsys.path_importer_cache.clear()\n",
    "cache entry is None": "import sys\nsys.path_importer_cache[sys.path[0]] = None\n",
    "get_data replaced on the class": """
        from importlib.machinery import SourceFileLoader
        stock = SourceFileLoader.get_data
        def get_data(self, path):
            data = stock(self, path)
            if path.endswith('last.py'):
                data = data.replace(b'last', b'rewritten')
            return data
        SourceFileLoader.get_data = get_data
        SourceFileLoader._cache_bytecode = lambda *rest: None
        import importlib.util, os
        os.remove(importlib.util.cache_from_source('last.py'))
    """,
    "path_stats replaced on the class": """
        from importlib.machinery import SourceFileLoader
        SourceFileLoader.path_stats = lambda self, path: {'mtime': 1, 'size': 1}
    """,
    "find_spec replaced on FileFinder": """
        from importlib.machinery import FileFinder
        stock = FileFinder.find_spec
        def find_spec(self, name, target=None):
            print('find', name)
            return stock(self, name, target)
        FileFinder.find_spec = find_spec
    """,
    "listing replaced on FileFinder": """
        from importlib.machinery import FileFinder
        stock = FileFinder._fill_cache
        def fill(self):
            print('fill', self.path.rpartition('/')[2][:3])
            stock(self)
        FileFinder._fill_cache = fill
    """,
    "import replaced": """
        import builtins
        stock = builtins.__import__
        def importing(name, *rest):
            if name != '_io':  # asked for by open_code() itself, which is not called for what is served
                print('import', name)
            return stock(name, *rest)
        builtins.__import__ = importing
    """,
    "module removed while it loads": "import sys\ndel sys.modules[__name__]\n",
    "None in sys.modules": "import sys\nsys.modules['pkg.a'] = None\n",
    "replaces itself": "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(value=1)\n",
    "sys.modules holds a stranger": "import sys\nsys.modules['pkg'] = object()\n",
}


def _steps():
    body = """
    import first
    try:
        import mod, pkg.a, last
        print(mod.value, last.value)
    except Exception as error:
        print(type(error).__name__, error)
    """
    for name, step in STEPS.items():
        made = Case(files={**FILES, "first.py": step}, body=body, known=True)
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_steps()))
def test_16_i12_i14_machinery_changed_by_an_imported_module(outcome, case):
    assert outcome.stock.stdout or outcome.stock.stderr


@case(
    files=FILES,
    body="""
    import sys, last
    asked = []
    def hook(entry):
        asked.append(entry)
        raise ImportError
    sys.path_hooks.insert(0, hook)
    import mod, pkg.a
    print([entry.rpartition('/')[2] for entry in asked])
    import json
    print(len(asked))
    """,
    served=True,
    known=True,
)
def test_17_a_later_path_hook_is_not_asked_for_cached_entries(outcome):
    assert outcome.text.startswith("[")


@case(
    files=FILES,
    body="""
    import sys, mod, zipimport
    print(sys.path_hooks[0] is zipimport.zipimporter)
    print(sys.path_hooks[-1].__qualname__, sys.path_hooks[-1].__module__)
    from importlib.machinery import FileFinder
    print(type(sys.path_hooks[-1](sys.path[0])) is FileFinder)
    """,
    served=True,
    known=True,
)
def test_i11_the_stock_hook_stays_last_and_as_it_was(outcome):
    assert outcome.text.count("True") == 2


@case(
    files={
        **FILES,
        "first.py": """
        import sys
        from importlib.machinery import FileFinder, SourceFileLoader
        class Rewriting(SourceFileLoader):
            def source_to_code(self, data, path):
                return super().source_to_code(data.replace(b"'mod'", b"'rewritten'"), path)
            def get_code(self, name):
                return self.source_to_code(self.get_data(self.path), self.path)
        class Hook:
            @staticmethod
            def find_spec(name, path=None, target=None):
                from importlib.machinery import PathFinder
                spec = PathFinder.find_spec(name, path, target)
                if spec is not None and isinstance(spec.loader, SourceFileLoader):
                    spec.loader = Rewriting(spec.loader.name, spec.loader.path)
                return spec
        sys.meta_path.insert(0, Hook)
        """,
    },
    body="import first, mod, pkg.a\nprint(mod.value, type(mod.__loader__).__name__, mod.__cached__)\n",
)
def test_26_a_rewriting_hook_like_that_of_pytest(outcome):
    assert "rewritten Rewriting" in outcome.text


@case(
    files={
        **FILES,
        "first.py": """
        from importlib.machinery import SourceFileLoader
        stock = SourceFileLoader.get_code
        depth = []
        def get_code(self, name):
            depth.append(name)
            if len(depth) == 1:
                import last
            return stock(self, name)
        SourceFileLoader.get_code = get_code
        """,
    },
    body="import first, mod, pkg.a\nprint(first.depth)\n",
)
def test_26_loaders_are_reentrant(outcome):
    assert "'last'" in outcome.text


AUDIT = """
import sys, errno
refused = []
def hook(event, args):
    if event == 'open' and isinstance(args[0], str) and 'last' in args[0]:
        refused.append((event, args[0].rpartition('/')[2], args[1], args[2]))
        raise PermissionError(errno.EPERM, 'refused by policy')
sys.addaudithook(hook)
"""


@case(
    files={**FILES, "first.py": AUDIT},
    body="""
    import first, mod
    try:
        import last
        print('loaded', last.value)
    except Exception as error:
        print(type(error).__name__, error)
    print(first.refused)
    """,
)
def test_i17_an_audit_hook_that_refuses_to_open(outcome):
    assert "refused by policy" in outcome.text or "PermissionError" in outcome.text


@case(
    files={**FILES, "first.py": "import sys\nsys.addaudithook(lambda *args: None)\n"},
    body="import first, mod, pkg.a, last\nprint(last.value)\n",
    served=True,
    known=True,
)
def test_28_i16_audit_events_are_those_of_stock(outcome):
    kinds = {event for event, _ in outcome.stock.record["events"]}
    assert {"import", "open", "exec", "os.listdir"} <= kinds


OPEN_CODE = """
import ctypes, io
HOOK = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p)
seen = []
def opened(path, data):
    seen.append(path.rpartition('/')[2])
    return io.open(path, 'rb')
kept = HOOK(opened)
set_hook = ctypes.pythonapi.PyFile_SetOpenCodeHook
set_hook.argtypes = [HOOK, ctypes.c_void_p]
try:
    print('set', set_hook(kept, None))
except SystemError as error:
    print(error)
"""


@case(
    files={**FILES, "first.py": OPEN_CODE},
    body="""
    import first
    import os, site, sys
    version = 'python%d.%d' % sys.version_info[:2]
    site.addsitedir(os.path.join(os.path.dirname(os.path.dirname(sys.executable)), 'lib', version,
                                 'site-packages'))
    del first.seen[:]
    import mod, pkg.a, last
    print(first.seen)
    """,
    flags=("-S",),
    active=None,
)
def test_28_i18_an_open_code_hook_set_before_sees_every_file(raw_outcome):
    # Activation is part of this program, so that only what it prints can be compared.
    outcome = raw_outcome
    assert {run.stdout for run in outcome.runs.values()} == {outcome.stock.stdout}
    assert "set 0" in outcome.text
    assert "mod.cpython" in outcome.text and "last.cpython" in outcome.text


@case(
    files=FILES,
    body="import mod, pkg.a\nprint(mod.value)\n",
    flags=("-v",),
    ignored=("descriptors",),
)
def test_29_i15_verbose_import_messages(outcome):
    assert b"matches" in outcome.stock.stderr and b"code object from" in outcome.stock.stderr


@case(files=FILES, body="import mod, absent\n", flags=("-vv",))
def test_29_i15_very_verbose_import_messages(raw_outcome):
    # Which names are tried where is stock's own affair; the hook's own start adds lines to it.
    for run in raw_outcome.hooked():
        assert run.status == raw_outcome.stock.status == 1
        assert b"# trying" in run.stderr


@case(files=FILES, body="import mod, pkg.a, json\n", flags=("-X", "importtime"))
def test_29_i14_importtime_names_every_module_in_order(outcome):
    assert b"pkg.a" in outcome.stock.stderr


@case(
    files=FILES,
    body="""
    import sys, threading
    import mod
    print(threading.active_count(), list(sys._current_frames()) == [threading.get_ident()])
    sys.settrace(lambda *args: None)
    seen = []
    sys.setprofile(lambda frame, event, arg: seen.append((event, frame.f_code.co_name)))
    import last
    sys.setprofile(None)
    print(seen)
    """,
    versions=((3, 9), (4, 0)),
    ignored=("stdout",),
)
def test_f14_tracers_see_no_thread(outcome):
    assert outcome.text.startswith("1 True")
    for run in outcome.hooked():
        assert run.stdout.startswith(b"1 True")
