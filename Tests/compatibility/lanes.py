"""How a program is run: stock, and in each way importahead is switched on."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

#: Names have five letters each, so that paths are of one length.
STOCK, PATHS, SITES, START = "stock", "paths", "sites", "start"
WAYS = (PATHS, SITES, START)
TITLES = {PATHS: "PYTHONPATH", SITES: "enable", START: "run"}

# Variables a child is given; of all others it must not depend.
KEPT = ("PATH", "JAVA_HOME", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "TZ")

_NOISE = [
    (r"0x[0-9a-fA-F]{4,}", "0xN"),
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?[+-]\d\d:?\d\d|Z)?", "DATE"),
    (r"\b\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\b", "DATE"),
    (r"\b\d\d:\d\d:\d\d([.,]\d+)?\b", "TIME"),
    (r"\b\d+\.\d\d+\b", "N"),
    (r"\b[\dN]+(\.\d+)? ?(s|ms|us|µs|seconds?|secs?|sec)\b", "N s"),
    (r"(?i)\b(pid|process|worker|reloader process|server process)\b(:? ?[\[(]?)\d+", r"\1\2N"),
    (r"\[\d{2,7}\]", "[N]"),
]
_NOISE = [(re.compile(pattern), replacement) for pattern, replacement in _NOISE]


@dataclass(frozen=True)
class Place:
    """Where one program runs in one way: its files, its home, its cache."""

    root: Path
    way: str
    environment: object
    dist: Path

    @property
    def folder(self):
        """The folder that holds the program's files; its working directory."""
        return self.root / self.way / "app"

    @property
    def cache(self):
        """What the program takes for the user's cache."""
        return self.root / self.way / "cache"

    @property
    def statistics(self):
        """Where the last process to end leaves its statistics."""
        return self.root / self.way / "statistics.json"

    def prefix(self):
        """What stands before a program's own command line."""
        return [str(self.dist / "bin" / "importahead"), "run", "--"] if self.way == START else []

    def variables(self, told=False):
        """The program's environment; `told` asks for statistics."""
        home = self.root / self.way / "home"
        home.mkdir(exist_ok=True)
        found = {name: os.environ[name] for name in KEPT if name in os.environ}
        found["PATH"] = "%s:%s" % (Path(self.environment.python).parent, found["PATH"])
        found.update(HOME=str(home), XDG_CACHE_HOME=str(self.cache), LANG="C.UTF-8")
        found.update(PYTHONHASHSEED="0", NO_COLOR="1", TERM="dumb")
        if self.way == PATHS:
            found["PYTHONPATH"] = str(self.dist / "python")
        if told:
            found["IMPORTAHEAD_STATS"] = str(self.statistics)
        return found

    def tidy(self, text):
        """Output without what no two runs have in common."""
        here = str(self.root / self.way)
        text = text.replace(here, here[: -len(self.way)] + STOCK)
        for pattern, replacement in _NOISE:
            text = pattern.sub(replacement, text)
        return text


class Run:
    """One run of a scenario: starts the program's processes and keeps what they said."""

    def __init__(self, place, told=False):
        self.place = place
        self.folder = place.folder
        self.record = []
        self.port = free_port()
        self._variables = place.variables(told)
        self._started = {}

    def say(self, *things):
        """Notes something to be compared."""
        self.record.append(self.place.tidy(" ".join(map(str, things))))

    def _command(self, arguments):
        return [*self.place.prefix(), self.place.environment.python, *map(str, arguments)]

    def _options(self, variables):
        filled = {**self._variables, **{name: str(text) for name, text in variables.items()}}
        # A group of its own, to be ended as a whole.
        return {"cwd": self.folder, "env": filled, "preexec_fn": os.setpgrp}

    def python(self, *arguments, keep=None, order=True, timeout=120, **variables):
        """Runs the interpreter to its end and notes status and output.

        Of the output only lines that the expression `keep` finds something in are noted, sorted
        where their order means nothing.
        """
        process = subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **self._options(variables),
        )
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            self.say("killed after %d seconds" % timeout)
        name = " ".join(map(str, arguments))[:60]
        for text in (output, errors):
            self._note(text.decode(errors="replace"), keep, order)
        self.say("status %d: %s" % (process.returncode, name))
        return output.decode(errors="replace")

    def tool(self, name, *arguments, **options):
        """The same for a script that a package has installed."""
        script = Path(self.place.environment.python).with_name(name)
        return self.python(script, *arguments, **options)

    def _note(self, text, keep, order):
        lines = [line for line in text.splitlines() if line.strip()]
        if keep is not None:
            lines = [line for line in lines if re.search(keep, line)]
        for line in lines if order else sorted(map(self.place.tidy, lines)):
            self.say(line)

    def outside(self, name, *arguments, timeout=60):
        """What an installed command that is no Python program prints; it is run as it is."""
        command = [Path(self.place.environment.python).with_name(name), *map(str, arguments)]
        options = {**self._options({}), "stdin": subprocess.DEVNULL, "timeout": timeout}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
        self.say("status %d: %s" % (done.returncode, name))
        return done.stdout

    def start(self, *arguments, **variables):
        """Starts the interpreter and goes on; its output goes to a file."""
        path = self.folder.parent / ("log%d" % len(self._started))
        with path.open("wb") as log:
            process = subprocess.Popen(
                self._command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._options(variables),
            )
        self._started[process.pid] = path
        return process

    def output(self, process):
        """What a started process has written so far."""
        return self._started[process.pid].read_text(errors="replace")

    def stop(self, process, number=signal.SIGTERM, keep=None, order=True, timeout=40):
        """Sends a signal to what was started, waits for its end, notes status and output."""
        if process.poll() is None and number is not None:
            process.send_signal(number)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = "killed after %d seconds" % timeout
        self._note(self.output(process), keep, order)
        self.say("status", status)

    def fetch(self, path="/", wanted=None, patience=60):
        """What a server on this run's port answers, once it does (or answers what is wanted)."""
        address = "http://127.0.0.1:%d%s" % (self.port, path)
        return self.until(lambda: _get(address), wanted, patience)

    def until(self, look, wanted=None, patience=60):
        """The first truth that `look` finds, equal to `wanted` where that is given."""
        deadline = time.monotonic() + patience
        while True:
            found = look()
            if found == wanted if wanted is not None else found:
                return found
            if time.monotonic() > deadline:
                return "nothing in %d seconds, but %r" % (patience, found)
            time.sleep(0.1)


def _get(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return "%d %s" % (error.code, error.reason)
    except OSError:
        return None


def free_port():
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def switch(environment, dist, verb, home):
    """Runs `importahead enable` or `disable` for an environment."""
    command = [str(dist / "bin" / "importahead"), verb, "--python", environment.python]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home)
    if done.returncode:
        sys.exit("%s: %s" % (" ".join(command), done.stderr))


def remove(folder):
    """Removes a tree, if there is one."""
    shutil.rmtree(folder, ignore_errors=True)
