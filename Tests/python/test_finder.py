"""Finders: precedence, namespace packages, editable installs, circles (cases 12-14, 20, 21, I02, I13)."""

import os

import pytest
from oracle import case
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


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as stream:
        stream.write(text)
