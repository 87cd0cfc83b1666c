"""The finder: what is found, in which order, with which spec (cases 3, 12-15, 18-21, I8-I10, I13)."""

import os

import pytest
from oracle import Link, case
from oracle.case import extension

pytestmark = pytest.mark.part("finder")

PACKAGE = {
    "pkg/__init__.py": "from . import a\nfrom .sub import deep\nname = __name__\n",
    "pkg/a.py": "value = 1\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "import pkg.a\nvalue = 2\n",
    "mod.py": "import pkg\nvalue = 3\n",
}


@pytest.mark.kind("source")
@case(
    files=PACKAGE,
    body="import mod, pkg.sub.deep\nprint(pkg.sub.deep.value)\n",
    served=True,
    known=True,
)
def test_i02_specs_of_modules_and_packages(outcome):
    seen = outcome.stock.module("pkg.sub.deep")
    assert seen["__file__"].endswith("pkg/sub/deep.py") and seen["same loader"]


@pytest.mark.kind("source")
@case(
    files={
        "mod.py": "value = 'source'\n",
        "mod/__init__.py": "value = 'package'\n",
        "_heapq.py": "value = 'source'\n",
        "_heapq{ext}": extension("_heapq"),
        "lonely/readme.txt": "no __init__ here\n",
        "lonely.py": "value = 'module'\n",
    },
    body="import mod, _heapq, lonely\nprint(mod.value, _heapq.__file__, lonely.value)\n",
    served=True,
    known=True,
)
def test_12_precedence_in_one_directory(outcome):
    assert "package" in outcome.text and "module" in outcome.text
    assert "_heapq.cpython" in outcome.text


@pytest.mark.kind("namespace")
@case(
    files={"one/late/readme.txt": "", "two/late.py": "value = 'module'\n"},
    body="""
    import sys
    sys.path[1:1] = [sys.path[0] + '/one', sys.path[0] + '/two']
    import late
    print(late.value)
    """,
    known=True,
)
def test_12_a_folder_without_init_does_not_shadow_a_later_module(outcome):
    assert outcome.text == "module\n"


@pytest.mark.kind("namespace")
@case(
    files={
        "one/space/a.py": "value = 'a'\n",
        "two/space/b.py": "value = 'b'\n",
        "three/space/c.py": "value = 'c'\n",
    },
    body="""
    import sys
    root = sys.path[0]
    sys.path[1:1] = [root + '/one', root + '/two']
    import space.a, space.b
    print(type(space.__path__).__name__, list(space.__path__))
    try:
        import space.c
    except ImportError as error:
        print(error)
    sys.path.append(root + '/three')
    import space.c
    print(list(space.__path__), space.c.value, space.__spec__.loader, space.__file__)
    """.replace(", space.__file__", ", getattr(space, '__file__', 'none')").replace(
        "space.__spec__.loader", "type(space.__spec__.loader).__name__"
    ),
    known=True,
)
def test_13_namespace_portions_follow_sys_path(outcome):
    assert outcome.text.startswith("_NamespacePath") and "three/space" in outcome.text


@pytest.mark.kind("namespace")
@case(
    files={"site/tool/__init__.py": "value = 'package'\n", "tool/readme.txt": ""},
    body="""
    import sys
    sys.path.append(sys.path[0] + '/site')
    import tool
    print(tool.__path__, tool.value)
    """,
)
def test_13_an_empty_folder_named_like_a_package_is_only_a_portion(outcome):
    assert "package" in outcome.text


@pytest.mark.kind("namespace")
@case(
    files={
        "one/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "one/old/a.py": "value = 'a'\n",
        "two/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "two/old/b.py": "value = 'b'\n",
    },
    body="""
    import sys
    sys.path[1:1] = [sys.path[0] + '/one', sys.path[0] + '/two']
    import old.a, old.b
    print(old.__path__, old.b.value)
    """,
    served=True,
    known=True,
)
def test_13_pkgutil_style_namespace(outcome):
    assert outcome.text.endswith("b\n")


@pytest.mark.kind("namespace")
@case(
    files={"one/space/a.py": "", "two/space/b.py": ""},
    body="""
    import sys, importlib
    root = sys.path[0]
    sys.path.insert(1, root + '/one')
    import space.a
    sys.path.insert(1, root + '/two')
    importlib.invalidate_caches()
    import space.b
    print(list(space.__path__), len(space.__path__), root + '/two/space' in space.__path__)
    """,
    known=True,
)
def test_i13_namespace_path_is_recomputed_after_invalidation(outcome):
    assert "two/space" in outcome.text


@pytest.mark.kind("editable")
@case(
    files={
        "elsewhere/editable/__init__.py": "from . import part\nvalue = 'editable'\n",
        "elsewhere/editable/part.py": "",
        "finder_of_editable.py": """
        import sys
        from importlib.machinery import PathFinder
        from importlib.util import spec_from_file_location
        ROOT = sys.path[0] + '/elsewhere/editable'
        class Finder:
            @classmethod
            def find_spec(cls, fullname, path=None, target=None):
                if fullname == 'editable':
                    return spec_from_file_location(fullname, ROOT + '/__init__.py')
        sys.meta_path.append(Finder)
        """,
    },
    body="import finder_of_editable\nimport editable, editable.part\nprint(editable.value)\n",
)
def test_14_an_editable_finder_at_the_end_of_the_meta_path(outcome):
    assert outcome.text == "editable\n"
    assert "_EditableFinder" not in outcome.text


@pytest.mark.kind("editable")
@case(
    files={"source tree/plain/__init__.py": "value = 'from a .pth line'\n"},
    body="import site, sys\nsite.addsitedir(sys.path[0] + '/links')\nimport plain\nprint(plain.value)\n",
    prepare=lambda root, interpreter, python: _write(
        root / "links" / "plain.pth", "%s\n" % (root / "source tree")
    ),
)
def test_14_an_editable_install_by_a_pth_line(outcome):
    assert "pth line" in outcome.text


@pytest.mark.kind("editable")
@case(
    files={"empty/__init__.py": "__path__ = []\n", "empty/part.py": "value = 1\n"},
    body="""
    import empty
    try:
        import empty.part
    except ImportError as error:
        print(type(error).__name__, error)
    """,
)
def test_14_an_empty_path_finds_nothing(outcome):
    assert "No module named 'empty.part'" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"a.py": "", "extra/mod.py": "value = 'extra'\n", "mod.py": "value = 'first'\n"},
    body="""
    import sys
    import a
    sys.path.insert(0, sys.path[0] + '/extra')
    import mod
    print(mod.value)
    """,
)
def test_15_sys_path_changed_between_two_imports(outcome):
    assert outcome.text == "extra\n"


@pytest.mark.kind("source")
@case(
    files={
        "a.py": "import sys\nsys.path.insert(0, sys.path[0] + '/extra')\n",
        "extra/mod.py": "value = 'extra'\n",
        "mod.py": "value = 'first'\n",
    },
    body="import a\nimport mod\nprint(mod.value, mod.__file__)\n",
    known=True,
)
def test_15_sys_path_changed_by_an_imported_module(outcome):
    assert outcome.text.startswith("extra ")


@pytest.mark.kind("source")
@case(
    files={
        "pkg/__init__.py": "__path__.insert(0, __path__[0] + '/override')\n",
        "pkg/a.py": "value = 'plain'\n",
        "pkg/override/a.py": "value = 'override'\n",
        "odd/__init__.py": "__path__ = 'xyz'\n",
        "y/a.py": "value = 'string path'\n",
    },
    body="""
    import pkg.a
    print(pkg.a.value)
    try:
        import odd.a
        print(odd.a.value)
    except ImportError as error:
        print(error)
    """,
)
def test_15_path_attribute_edited_or_of_an_odd_type(outcome):
    assert outcome.text.startswith("override\n")


@pytest.mark.kind("source")
@case(
    files={
        "one/mod.py": "value = 'one'\n",
        "two/mod.py": "value = 'two'\n",
        "two/other.py": "value = 'two'\n",
    },
    body="""
    import os, sys
    sys.path[:0] = ['', '.', 'sub/../', 'nowhere', '']
    os.chdir('one')
    import mod
    print(mod.__file__, mod.__spec__.origin)
    os.chdir('../two')
    import other
    print(other.__file__)
    del sys.modules['mod']
    import mod
    print(mod.__file__, mod.value)
    """,
    known=True,
)
def test_15_relative_and_empty_entries_follow_the_working_directory(outcome):
    assert "two" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"real/mod.py": "value = 'real'\n", "link": Link("real"), "dup/other.py": ""},
    body="""
    import sys, pathlib
    root = sys.path[0]
    sys.path[:0] = [root + '/nowhere', root + '/main.py', root + '/dup', root + '/dup',
                    (root + '/bytes').encode(), pathlib.Path(root, 'dup'), 7, None]
    sys.path.append(root + '/link')
    import mod, other
    print(mod.__file__, other.__file__)
    """,
)
def test_15_duplicate_missing_bytes_pathlike_and_symlinked_entries(outcome):
    assert "link/mod.py" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"many/m%04d.py" % number: "" for number in range(3000)},
    body="""
    import sys
    sys.path.insert(0, sys.path[0] + '/many')
    import m0000, m1500, m2999
    try:
        import m3000
    except ImportError as error:
        print(error)
    """,
    pycs="missing",
    flags=("-B",),
)
def test_18_a_huge_directory(outcome):
    assert "m3000" in outcome.text


@pytest.mark.kind("source")
@case(
    files={
        "Upper.py": "value = 'Upper'\n",
        "pkg/__init__.py": "count = globals().get('count', 0) + 1\n",
        "n" * 200 + ".py": "value = 'long'\n",
        "größe.py": "value = 'not ascii'\n",
    },
    body="""
    import importlib
    for name in ('upper', 'Upper', 'pkg', 'pkg.__init__', 'n' * 200, 'n' * 250, 'n' * 300,
                 'größe', 'mod\\0x', 'x' * 5000, 'a..b', '.', 'pkg.'):
        try:
            print(name[:20], importlib.import_module(name).__name__[:20])
        except Exception as error:
            print(name[:20], type(error).__name__, str(error)[:60])
    """,
)
def test_19_letter_case_long_names_and_double_init(outcome):
    assert "pkg.__init__ pkg.__init__" in outcome.text


@pytest.mark.kind("source")
@case(
    body="import sys\nsys.path.insert(0, sys.path[0] + '/\\udcff')\nimport mod\nprint(ascii(mod.__file__))\n",
    prepare=lambda root, interpreter, python: _write(
        os.fsdecode(os.fsencode(root) + b"/\xff/mod.py"), "value = 'bytes'\n"
    ),
)
def test_19_names_that_are_not_utf8(outcome):
    assert "\\udcff" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"mod.py": "value = 1\n"},
    body="import mod\nprint(mod.value)\ntry:\n    import MOD\nexcept ImportError as e:\n    print(e)\n",
    environment={"PYTHONCASEOK": "1"},
)
def test_i24_letter_case_with_pythoncaseok(outcome):
    assert "MOD" in outcome.text


@pytest.mark.kind("source")
@case(
    files={
        "twice/__init__.py": """
        import sys
        if not hasattr(sys, 'again'):
            sys.again = True
            here = __path__[0]
            del sys.modules[__name__]
            sys.path.insert(0, here + '/real')
            import twice
            sys.path.pop(0)
            sys.modules[__name__] = twice
        """,
        "twice/real/twice/__init__.py": "from . import inner\nvalue = 'second'\n",
        "twice/real/twice/inner.py": "",
    },
    body="import twice\nprint(twice.value, twice.__file__)\n",
    known=True,
)
def test_20_a_module_that_imports_itself_again(outcome):
    assert outcome.text.startswith("second ")


@pytest.mark.kind("source")
@case(
    files={
        "probe.py": """
        found = []
        for name in ('absent_one', 'absent_two.part', 'present', 'present.part', 'json.absent'):
            try:
                __import__(name)
                found.append(name)
            except ImportError as error:
                found.append((type(error).__name__, str(error), error.name, error.path))
        """,
        "present.py": "",
    },
    body="""
    try:
        import absent_three
    except ImportError:
        absent_three = None
    import probe
    print(probe.found)
    try:
        from json import absent
    except ImportError as error:
        print(type(error).__name__, error.name)
    """,
    served=True,
    known=True,
)
def test_21_probes_for_optional_modules(outcome):
    assert "No module named 'present.part'; 'present' is not a package" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"mod.py": "import importlib\n", "later/keep.txt": ""},
    body="""
    import importlib, sys, mod
    sys.path.insert(0, sys.path[0] + '/later')
    results = []
    for number in range(40):
        name = 'fresh%d' % number
        try:
            __import__(name)
            results.append('too early')
        except ImportError:
            pass
        with open(sys.path[0] + '/' + name + '.py', 'w') as stream:
            stream.write('value = %d' % number)
        importlib.invalidate_caches()
        results.append(__import__(name).value)
    print(results == list(range(40)), results[:5])
    """,
    flags=("-B",),
    ignored=("events",),
)
def test_03_a_module_written_at_run_time_is_found_after_invalidation(outcome):
    assert outcome.text.startswith("True")


@pytest.mark.kind("source")
@case(
    files={"mod.py": "", "later/keep.txt": ""},
    body="""
    import importlib, os, sys, mod
    entry = sys.path[0] + '/later'
    sys.path.insert(0, entry)
    stamp = os.stat(entry).st_mtime_ns
    outcomes = []
    for number in range(20):
        name = 'fresh%d' % number
        try:
            __import__(name)
        except ImportError:
            pass
        with open(entry + '/' + name + '.py', 'w') as stream:
            stream.write('value = 1')
        os.utime(entry, ns=(stamp, stamp))
        try:
            __import__(name)
            outcomes.append('found')
        except ImportError:
            outcomes.append('missed, as in stock')
        importlib.invalidate_caches()
        __import__(name)
    print(outcomes)
    """,
    flags=("-B",),
    ignored=("events",),
)
def test_i08_without_invalidation_stock_misses_are_kept(outcome):
    assert "missed, as in stock" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"first.py": "open(__file__[:-8] + 'second.py', 'w').write('value = 2')\n"},
    body="""
    import first
    import importlib
    importlib.invalidate_caches()
    import second
    print(second.value)
    """,
    pycs="missing",
)
def test_i09_a_module_created_after_the_hook_started(outcome):
    assert outcome.text == "2\n"


@pytest.mark.kind("source")
@case(
    files={"first.py": "open(__file__[:-8] + 'second.py', 'w').write('value = 2')\n"},
    body="import first\nimport second\nprint(second.value)\n",
    pycs="missing",
)
def test_i09_a_module_created_by_the_import_before_it(outcome):
    assert outcome.text == "2\n"


@pytest.mark.kind("source")
@case(
    files={"mod.py": "", "gone/keep.txt": "", "other/away.py": "value = 1\n"},
    body="""
    import sys, os, mod
    sys.path[:0] = ['', 'other']
    os.chdir('gone')
    os.rmdir('../gone') if not os.listdir('.') else os.remove('keep.txt') or os.rmdir('../gone')
    try:
        import away
    except Exception as error:
        print(type(error).__name__, error)
    os.chdir('/')
    print('' in sys.path_importer_cache, 'other' in sys.path_importer_cache)
    """,
)
def test_i10_relative_entries_and_a_deleted_working_directory(outcome):
    assert "away" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"mod.py": "value = 1\n"},
    body="""
    import sys, mod
    from importlib.machinery import FileFinder, PathFinder
    print({isinstance(f, (FileFinder, type(None))) or type(f).__name__
           for f in sys.path_importer_cache.values()})
    finder = PathFinder.find_spec('mod')
    print(finder.origin == mod.__file__, type(finder.loader).__name__)
    """,
    served=True,
    known=True,
)
def test_i10_path_importer_cache_holds_file_finders(outcome):
    assert "SourceFileLoader" in outcome.text


@pytest.mark.kind("source")
@case(
    files={"mod.py": "", "pkg/__init__.py": ""},
    body="""
    import importlib.util, importlib.machinery, sys, mod
    for finder in list(sys.path_importer_cache.values()):
        if isinstance(finder, importlib.machinery.FileFinder):
            print(repr(finder)[:11], finder.path, sorted(vars(finder))[:9],
                  finder.find_spec('absolutely_absent'), hash(finder.path) != 0)
    root = sys.path[0]
    hooks = [hook(root) for hook in sys.path_hooks[1:]]
    for finder in hooks:
        spec = finder.find_spec('pkg')
        print(spec.name, spec.submodule_search_locations, type(spec.loader).__name__)
        finder.invalidate_caches()
    for hook in sys.path_hooks:
        try:
            hook(root + '/main.py')
        except ImportError as error:
            print(error)
    """,
    ignored=("stdout", "events"),
)
def test_i10_the_finder_as_an_object(raw_outcome):
    assert not raw_outcome.differences()
    for run in raw_outcome.hooked():
        assert b"only directories are supported" in run.stdout
        assert b"FileFinder(" in run.stdout


@pytest.mark.kind("source")
@case(
    files={"mod.py": "value = 1\n", "secret/hidden.py": "value = 2\n", "file": "not a folder\n"},
    body="""
    import os, sys, mod
    root = sys.path[0]
    if os.getuid() == 0:
        os.setuid(65534)
    sys.path[:0] = [root + '/secret', root + '/file', root + '/mod.py/deeper']
    try:
        import hidden
    except ImportError as error:
        print(error)
    """,
    prepare=lambda root, interpreter, python: [
        os.chmod(root / "secret", 0),
        [os.chmod(folder, 0o755) for folder in (root, root.parent)],
    ],
    recorded=False,
)
def test_15_an_unreadable_entry(outcome):
    assert "hidden" in outcome.text or os.getuid() != 0


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as stream:
        stream.write(text)
