"""Threads, subinterpreters and memory (cases 34, 36, 41, F06)."""

import os

import pytest
from oracle import case
from samples import MANY
from samples import MANY_FILES as FILES

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]


@case(
    files={
        **FILES,
        **{name.replace("many/", "flat/"): text for name, text in MANY.items()},
        **{"c%d.py" % n: "import c%d, time\nvalue = %d\n" % ((n + 1) % 12, n) for n in range(12)},
    },
    body="""
    import threading, sys, importlib
    names = ['flat.m%03d' % n for n in range(120)] + ['c%d' % n for n in range(12)] + ['json', 'pkg.a']
    failures, barrier = [], threading.Barrier(32)
    def imported(name):
        # A thread that another overtakes between its look at sys.modules and its wait for the
        # module's lock gets _DeadlockError from a circle of imports: without importahead too,
        # 3 to 6 times in a hundred with a short switch interval.
        for _ in range(1000):
            try:
                return importlib.import_module(name)
            except RuntimeError as error:
                if type(error).__name__ != '_DeadlockError':
                    raise
        raise RuntimeError('always a deadlock')
    def work(number):
        barrier.wait()
        for name in names[number:] + names[:number]:
            try:
                imported(name)
            except BaseException as error:
                failures.append((name, repr(error)))
    threads = [threading.Thread(target=work, args=(n * 4,)) for n in range(32)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(failures, sum(sys.modules['flat.m%03d' % n].value for n in range(120)))
    """,
    ignored=("modules", "events", "finders"),
)
def test_36_i20_many_threads_import_at_once(outcome):
    assert outcome.text == "[] 7140\n"


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
    run = lambda made, code: interpreters.run_string(made, code)
    create, destroy = interpreters.create, interpreters.destroy
except ImportError:
    import _xxsubinterpreters as interpreters
    run = lambda made, code: interpreters.run_string(made, code)
    create, destroy = interpreters.create, interpreters.destroy
"""


@case(
    files={**FILES, "sub.py": SUBINTERPRETER},
    body="""
    import mod, sub
    code = '''if True:
        import sys, os
        sys.path.insert(0, os.getcwd())
        import many, json, pkg.a
        assert many.m119.value == 119
        with open('out', 'a') as stream:
            stream.write(type(many.__loader__).__name__ + ' ')
            stream.write(str(any('Prefetched' in type(f).__name__ and not f.path
                                 for f in sys.path_importer_cache.values() if f)))
    '''
    for number in range(4):
        made = sub.create()
        print(sub.run(made, code))
        sub.destroy(made)
    import many
    print(many.m119.value, open('out').read())
    """,
    ignored=("events",),
)
def test_34_i21_subinterpreters(outcome):
    assert "SourceFileLoader" in outcome.text


@case(
    files={**FILES, "sub.py": SUBINTERPRETER},
    body="""
    import sub, threading
    def work():
        made = sub.create()
        sub.run(made, "import sys, os; sys.path.insert(0, os.getcwd()); import many, json")
        sub.destroy(made)
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    import many
    [thread.join() for thread in threads]
    print(many.m119.value)
    """,
    ignored=("events",),
)
def test_34_subinterpreters_in_threads(outcome):
    assert outcome.text == "119\n"


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to unshare")
@case(
    files=FILES,
    body="""
    import ctypes, time, many
    time.sleep(0.4)
    libc = ctypes.CDLL(None, use_errno=True)
    print(libc.unshare(0x10000000) and ctypes.get_errno())
    """,
    recorded=False,
)
def test_f06_unshare_works_once_the_work_is_done(outcome):
    assert outcome.text == "0\n"


@case(
    files={"m%d.py" % n: "value = '%s'\n" % ("x" * 60000) for n in range(60)},
    body="\n".join("import m%d" % n for n in range(60))
    + """
import sys, gc
for name in [name for name in sys.modules if name.startswith('m') and name[1:].isdigit()]:
    del sys.modules[name]
gc.collect()
rss = int(open('/proc/self/statm').read().split()[1]) * 4096
print('resident is bounded', rss < 60 * 2**20)
""",
)
def test_41_memory_is_given_back(outcome):
    assert outcome.text == "resident is bounded True\n"
