"""Tracers, profilers and audit hooks see the program, and nothing of ours (cases 28, F14).

Frames of importlib itself are left out: it asks less where the answer is known.
"""

import re
import textwrap

import pytest
from oracle import Case, case

pytestmark = [pytest.mark.part("finder"), pytest.mark.kind("source")]

FILES = {
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "def half(number):\n    return number // 2\n",
    "mod.py": "import pkg.a, plain\nvalue = pkg.a.half(8)\n",
    "plain/inside.py": "value = 'in a namespace'\n",
    "last.py": "value = 'last'\n",
}

# `seen` is to be told of file names and functions; `tell` prints those that are not importlib's.
TOOLS = """
import sys
seen = []
def note(filename, function, *rest):
    if 'importlib' not in filename and not filename.endswith('main.py'):
        seen.append((filename.rpartition('/')[2], function, *rest))
def tell():
    print(len(seen), seen)
"""

WAYS = {
    "settrace": """
        def trace(frame, event, arg):
            note(frame.f_code.co_filename, frame.f_code.co_name, event, frame.f_lineno)
            return trace
        sys.settrace(trace)
        {imports}
        sys.settrace(None)
        tell()
    """,
    "settrace of opcodes": """
        def trace(frame, event, arg):
            frame.f_trace_opcodes = True
            note(frame.f_code.co_filename, frame.f_code.co_name, event)
            return trace
        sys.settrace(trace)
        {imports}
        sys.settrace(None)
        tell()
    """,
    "setprofile": """
        def profile(frame, event, arg):
            if event.startswith('c_'):
                if 'importahead' in repr(arg) or 'importahead' in str(getattr(arg, '__module__', '')):
                    note('C', repr(arg), event)
            else:
                note(frame.f_code.co_filename, frame.f_code.co_name, event)
        sys.setprofile(profile)
        {imports}
        sys.setprofile(None)
        tell()
    """,
    "threading.settrace": """
        import threading
        def trace(frame, event, arg):
            note(frame.f_code.co_filename, frame.f_code.co_name, event)
            return trace
        def work():
            {imports}
        threading.settrace(trace)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        threading.settrace(None)
        print([each for each in seen if each[0] != 'threading.py'])
    """,
    "bdb with skip": """
        import bdb
        class Tracer(bdb.Bdb):
            def user_line(self, frame):
                note(frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno)
                self.set_step()
            def user_call(self, frame, arguments):
                note(frame.f_code.co_filename, frame.f_code.co_name, 'call')
        tracer = Tracer(skip=['importlib*', '_frozen_importlib*', 'zipimport', 'encodings*'])
        tracer.run('import mod, last; mod.pkg.a.half(4)', {{}}, {{}})
        tell()
    """,
    "bdb, stepping into an import": """
        import bdb
        class Tracer(bdb.Bdb):
            def user_line(self, frame):
                note(frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno)
                self.set_step()
        tracer = Tracer()
        tracer.run('import mod, last', {{}}, {{}})
        tell()
    """,
    "trace": """
        import trace
        tracer = trace.Trace(count=1, trace=0, countfuncs=0)
        tracer.run('import mod, last; mod.pkg.a.half(4)')
        for filename, line in sorted(tracer.results().counts):
            note(filename, line)
        tell()
    """,
    "trace of functions": """
        import trace
        tracer = trace.Trace(count=0, trace=0, countfuncs=1)
        tracer.run('import mod, last; mod.pkg.a.half(4)')
        for filename, module, function in sorted(tracer.results().calledfuncs):
            note(filename, module, function)
        tell()
    """,
    "cProfile": """
        import cProfile, pstats
        profile = cProfile.Profile()
        profile.run('import mod, last; mod.pkg.a.half(4)')
        profile.create_stats()
        for filename, line, function in sorted(profile.stats):
            if filename != '~' or 'importahead' in function:
                note(filename, function, line)
        tell()
    """,
    "profile": """
        import profile
        found = profile.Profile()
        found.run('import mod, last; mod.pkg.a.half(4)')
        found.create_stats()
        for filename, line, function in sorted(found.stats):
            if filename or 'importahead' in function:
                note(filename, function, line)
        tell()
    """,
    "sys._getframe in a module": """
        import frames
        print(frames.seen)
    """,
    "tracemalloc": """
        import tracemalloc
        tracemalloc.start(25)
        {imports}
        found = tracemalloc.take_snapshot().traces
        tracemalloc.stop()
        print({{frame.filename.rpartition('/')[2] for trace in found for frame in trace.traceback
                if 'importahead' in frame.filename}})
    """,
}

MONITORING = """
    monitoring = sys.monitoring
    monitoring.use_tool_id(3, 'test')
    events = monitoring.events
    def start(code, *rest):
        note(code.co_filename, code.co_name, 'start')
    def call(code, offset, called, argument):
        if 'importahead' in repr(called) + str(getattr(called, '__module__', '')):
            note('C', repr(called))
    def raised(code, offset, error):
        note(code.co_filename, code.co_name, type(error).__name__)
    for event, callback in ((events.PY_START, start), (events.CALL, call), (events.RAISE, raised)):
        monitoring.register_callback(3, event, callback)
    monitoring.set_events(3, events.PY_START | events.CALL | events.RAISE)
    {imports}
    try:
        import absent
    except ImportError as error:
        print(error)
    monitoring.set_events(3, 0)
    monitoring.free_tool_id(3)
    tell()
"""

FRAMES = """
import sys
seen = []
frame = sys._getframe()
while frame is not None:
    if 'importlib' not in frame.f_code.co_filename:
        seen.append((frame.f_code.co_filename.rpartition('/')[2], frame.f_code.co_name))
    frame = frame.f_back
"""


def _cases():
    files = {**FILES, "frames.py": FRAMES}
    everything = [(name, text, ((3, 9), (4, 0))) for name, text in WAYS.items()]
    everything.append(("monitoring", MONITORING, ((3, 12), (4, 0))))
    for name, text, versions in everything:
        body = TOOLS + textwrap.dedent(text).format(imports="import mod, last")
        # What a tracer itself imports and does is none of these tests' business, but its output is.
        # While somebody watches, importlib's own runs, and nothing is served.
        made = Case(files=files, body=body, known=True, versions=versions)
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_cases()))
def test_f14_tracers_and_profilers_see_nothing_of_ours(outcome, case):
    assert "importahead" not in outcome.text


REFUSING = """
import sys, traceback
def show(error):
    print(type(error).__name__, error)
    for frame in traceback.extract_tb(error.__traceback__):
        if 'importlib' not in frame.filename:
            print(frame.filename.rpartition('/')[2], frame.lineno, frame.name)
wanted = [None, None]
def hook(event, args):
    if event == wanted[0] and (wanted[1] is None or wanted[1] in str(args[0])):
        wanted[0] = None
        raise RuntimeError('refused')
sys.addaudithook(hook)
"""


def _events():
    for event, part in (
        ("import", "last"),
        ("open", "last"),
        ("os.listdir", None),
        ("marshal.loads", None),
        ("exec", "last"),
    ):
        body = """
        import first, mod
        first.wanted[:] = %r, %r
        try:
            import last
            print('loaded')
        except RuntimeError as error:
            first.show(error)
        import sys
        sys.path.insert(0, sys.path[0] + '/plain')
        first.wanted[:] = 'os.listdir', None
        try:
            import inside
            print('loaded', inside.value)
        except RuntimeError as error:
            first.show(error)
        import last, inside
        print(last.value, inside.value)
        """ % (event, part)
        made = Case(files={**FILES, "first.py": REFUSING}, body=body, served=True, known=True)
        yield pytest.param(made, id=event)


@pytest.mark.parametrize("case", list(_events()))
def test_28_i17_the_traceback_of_a_refusal_has_no_line_of_ours(outcome, case):
    assert "refused" in outcome.text


@case(
    files={**FILES, "program.py": "import time\ntime.sleep(0.1)\nimport mod, last, json\n"},
    arguments=("-m", "trace", "--count", "--missing", "-C", "covered", "program.py"),
    flavour="bare",
    active=None,
    recorded=False,
)
def test_f14_trace_leaves_no_file_of_ours(raw_outcome):
    """One file for each module that was traced; some versions name it for the module's path."""
    covered = {}
    for run in raw_outcome.runs.values():
        names = [name.rpartition("/")[2] for name in run.files if name.endswith(".cover")]
        covered[run.lane] = sorted(
            re.sub(r"\.(stock|uring|pools)\.", ".lane.", name) for name in names
        )
    assert any(name.endswith("mod.cover") for name in covered["stock"])
    assert all(found == covered["stock"] for found in covered.values()), covered


@case(
    files={**FILES, "program.py": "import time\ntime.sleep(0.1)\nimport mod, last, json\n"},
    arguments=("-m", "trace", "--listfuncs", "program.py"),
    flavour="bare",
    active=None,
    recorded=False,
    ignored=("stdout",),
)
def test_f14_trace_lists_no_function_of_ours(raw_outcome):
    assert not raw_outcome.differences()
    for run in raw_outcome.hooked():
        assert b"program" in run.stdout
        assert b"importahead" not in run.stdout


@case(
    files=FILES,
    body="""
    import sys, traceback
    sys.meta_path.insert(0, None)
    try:
        import last
    except Exception as error:
        for frame in traceback.extract_tb(error.__traceback__):
            print(frame.filename.rpartition('/')[2], frame.name)
    del sys.meta_path[0]
    sys.path.insert(0, 'x' * 5000)
    sys.path.insert(0, 'nul' + chr(0))
    try:
        import last, absent
    except Exception as error:
        print(type(error).__name__, error)
        for frame in traceback.extract_tb(error.__traceback__):
            print(frame.filename.rpartition('/')[2], frame.name)
    """,
    served=True,
    known=True,
)
def test_f14_tracebacks_of_importlibs_own_errors(outcome):
    assert "absent" in outcome.text or "null" in outcome.text
