"""Finders: modules that appear while the program runs (cases 3, I08, I09)."""

import pytest
from oracle import case

pytestmark = pytest.mark.part("finder")


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
