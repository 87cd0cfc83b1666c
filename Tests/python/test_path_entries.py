"""Finders: path entries of every kind, odd names (cases 15, 18, 19, I10)."""

import os

import pytest
from oracle import Link, case

pytestmark = pytest.mark.part("finder")


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
