"""Programs that watch others run: tracers, profilers, debuggers, memory tracers."""

import json
import re
import signal

from programs import FILES, program

MANY = {
    **{
        "m%d.py" % n: "x = %d\n" % n
        + "".join("def f%d(a): return a + %d\n" % (j, j) for j in range(40))
        for n in range(60)
    },
    "many.py": "".join("import m%d\n" % n for n in range(60))
    + "import decimal, sqlite3\nprint('done')\n",
}

SLOW = """
import mod, time

def spin():
    end = time.monotonic() + 20
    open('spinning', 'w').close()
    while time.monotonic() < end:
        mod.double(21)

spin()
"""

DEBUGGED = """
import mod
import pkg.a
print(pkg.a.half(mod.double(8)))
import email.message
print('end')
"""

CLIENT = '''
import json, socket, sys, time

class Client:
    """Speaks the Debug Adapter Protocol."""

    def __init__(self, port):
        for _ in range(600):
            try:
                self.socket = socket.create_connection(('127.0.0.1', port), timeout=60)
                break
            except OSError:
                time.sleep(0.1)
        self.file = self.socket.makefile('rb')
        self.number = 0
        self.events = []

    def send(self, command, **arguments):
        self.number += 1
        text = json.dumps({'seq': self.number, 'type': 'request', 'command': command,
                           'arguments': arguments}).encode()
        self.socket.sendall(b'Content-Length: %d\\r\\n\\r\\n' % len(text) + text)
        return self.number

    def read(self):
        length = 0
        while True:
            line = self.file.readline().strip()
            if not line:
                break
            length = int(line.split(b':')[1])
        return json.loads(self.file.read(length))

    def event(self, name):
        for kept in self.events:
            if kept['event'] == name:
                self.events.remove(kept)
                return kept['body']
        while True:
            message = self.read()
            if message['type'] == 'event':
                if message['event'] == name:
                    return message.get('body')
                self.events.append(message)

    def answer(self, number):
        while True:
            message = self.read()
            if message['type'] == 'event':
                self.events.append(message)
            elif message.get('request_seq') == number:
                return message.get('body') or message.get('message')

client = Client(int(sys.argv[1]))
client.answer(client.send('initialize', adapterID='test', linesStartAt1=True, pathFormat='path'))
attach = client.send('attach', justMyCode=False, subProcess=False)
client.event('initialized')
import os
here = os.getcwd()
for name, line in (('main.py', 2), ('pkg/a.py', 2)):
    client.answer(client.send('setBreakpoints', source={'path': here + '/' + name},
                              breakpoints=[{'line': line}]))
client.answer(client.send('configurationDone'))
for step in ('stepIn', 'stepOut', 'continue', 'continue'):
    stopped = client.event('stopped')
    thread = stopped['threadId']
    stack = client.answer(client.send('stackTrace', threadId=thread))['stackFrames']
    threads = client.answer(client.send('threads'))['threads']
    print(stopped['reason'], [(f['name'], f['line']) for f in stack][:4], len(threads))
    client.answer(client.send(step, threadId=thread))
    if step == 'continue' and 'half' in str(stack):
        break
client.event('terminated')
print('terminated')
'''


@program("coverage", "pytest", "coverage", "100%")
def coverage(run):
    """`run`, `run --branch`, `report --fail-under=100`, the files in its JSON report; with pytest."""
    test = run.folder / "test_it.py"
    test.write_text(
        "import mod, pkg.a\n\n\ndef test_it():\n    assert mod.double(2) == 4 == pkg.a.half(8)\n"
    )
    for options in ([], ["--branch"]):
        run.python("-m", "coverage", "run", *options, "main.py")
        run.python("-m", "coverage", "report", "-m")
        run.python("-m", "coverage", "run", *options, "-m", "pytest", "-q", "test_it.py")
        run.python("-m", "coverage", "report", "--fail-under=100")
        run.python("-m", "coverage", "json", "-q", "-o", "found.json")
        run.say(sorted(json.loads((run.folder / "found.json").read_text())["files"]))


@program("trace, cProfile, profile", "tools", "", "main.cover")
def trace(run):
    """The standard library's tracer and profilers: which files and functions they name."""
    run.python("-m", "trace", "--count", "--missing", "-C", "cov", "main.py", keep="^$")
    run.say(sorted(path.name for path in (run.folder / "cov").iterdir()))
    output = run.python("-m", "trace", "--listfuncs", "main.py", keep="^$")
    run.say(sorted(set(re.findall(r"filename: .*", output)) - importlibs(output)))
    for profiler in ("cProfile", "profile"):
        output = run.python("-m", profiler, "main.py", keep="^$")
        found = set(re.findall(r"(\S+:\d+\(.*\))", output))
        run.say("\n".join(sorted(each for each in found if "importlib" not in each)))


def importlibs(output):
    """What names importlib itself: it asks less where the answer is known."""
    return {line for line in re.findall(r"filename: .*", output) if "importlib" in line}


@program("memray", "tools", "memray", "done", files={**FILES, **MANY})
def memray(run):
    """`run` by each kind of tracing, its file readable by `stats`."""
    for options in ([], ["--native"], ["--trace-python-allocators"], ["--follow-fork"]):
        run.python(
            "-m", "memray", "run", "-q", "-f", *options, "-o", "found.bin", "many.py", timeout=40
        )
        run.python("-m", "memray", "stats", "--json", "-f", "-o", "s.json", "found.bin", keep="^$")


@program("viztracer", "tools", "viztracer", "half")
def viztracer(run):
    """A trace of a program and of its forked child, and which functions it names."""
    options = ["--quiet", "--ignore_c_function", "-o", "found.json"]
    run.python("-m", "viztracer", *options, "main.py")
    names = {
        event["name"]
        for event in json.loads((run.folder / "found.json").read_text())["traceEvents"]
    }
    run.say("\n".join(sorted(name for name in names if "importlib" not in name)))


@program("py-spy", "tools", "py-spy", "spin", files={**FILES, "slow.py": SLOW})
def pyspy(run):
    """`dump` of a running program, Python's frames and native ones."""
    process = run.start("slow.py")
    run.until((run.folder / "spinning").exists)
    # `importahead run` becomes the program: the number is the same.
    for options in ([], ["--native"]):
        output = run.outside("py-spy", "dump", *options, "--pid", process.pid)
        frames = re.findall(r"(?m)^ +(\S+) \((?:mod|slow)\.py", output)
        run.say([name for name in frames if name != "double"])
        run.say(len(re.findall(r"(?m)^Thread", output)), "threads")
    run.stop(process, signal.SIGKILL)


@program(
    "debugpy",
    "tools",
    "debugpy",
    "terminated",
    files={**FILES, "main.py": DEBUGGED, "client.py": CLIENT},
)
def debugpy(run):
    """A client of the debug adapter stops at breakpoints, steps into an import and out of it."""
    arguments = ["-m", "debugpy", "--listen", "127.0.0.1:%d" % run.port, "--wait-for-client"]
    quiet = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    process = run.start("-Xfrozen_modules=off", *arguments, "main.py", **quiet)
    run.python("-S", "client.py", run.port)
    run.stop(process, None)
