"""Runs a case in every lane and keeps what came of it."""

import marshal
import os
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from oracle.compare import differences, stock_words
from oracle.interpreters import clean_environment
from oracle.lanes import KNOWN, remove_tree
from oracle.places import RECORDER
from oracle.stand import Stand

# Kinds of difference that a developer asked not to see.
LEFT_OUT = set()


@dataclass(repr=False)
class Run:
    """What one process left behind, with the lane's name replaced by that of the stock lane."""

    lane: str
    status: object
    stdout: bytes
    stderr: bytes
    record: dict
    files: dict
    statistics: dict = field(default_factory=dict)
    flavour: str = "pth"

    def __repr__(self):
        return "%s: status %s\n%s\n%s" % (
            self.lane,
            self.status,
            self.stdout.decode("utf-8", "replace")[-1500:],
            self.stderr.decode("utf-8", "replace")[-1500:],
        )

    def module(self, name):
        """What was recorded of one module."""
        return dict(dict(self.record["modules"])[name])


@dataclass(repr=False)
class Outcome:
    """The runs of a case, one for each lane."""

    case: object
    interpreter: object
    runs: dict

    def __repr__(self):
        return "Outcome of %r" % (self.stock,)

    @property
    def stock(self):
        """The run without the hook."""
        return self.runs["stock"]

    @property
    def text(self):
        """What stock wrote to its standard output."""
        return self.stock.stdout.decode()

    def hooked(self):
        """The runs with the hook."""
        return [run for name, run in self.runs.items() if name != "stock"]

    def differences(self):
        """Every difference between stock and the other lanes, and every void run."""
        found = []
        for run in self.hooked():
            found += ["%s: %s" % (run.lane, each) for each in void_reasons(self.case, run)]
            found += [
                "%s: %s" % (run.lane, each) for each in differences(self, self.stock, run, LEFT_OUT)
            ]
        return found


def void_reasons(case, run):
    """Why a hooked run says nothing, if it does not."""
    if not case.recorded:
        return
    stats = run.statistics
    if run.record is None:
        yield "void: the program left no record (%s)" % run.stderr.decode("utf-8", "replace")[-600:]
    elif case.active and not _took_part(stats):
        yield "void: the hook was not active (%s)" % (stats,)
    elif case.active is False and stats and stats.get("backend", "none") != "none":
        yield "the hook was active where it must not be"
    elif case.served and not stats.get("hits"):
        yield "void: nothing was served from memory (%s)" % (stats,)
    elif run.lane == KNOWN and _ignored_its_profile(stats):
        yield "void: no profile was used (%s)" % (stats,)


def _took_part(stats):
    """Whether a session ran; one may be asked for files before it has chosen its back end."""
    return stats.get("backend", "none") != "none" or stats.get("demands", 0) > 0


def _ignored_its_profile(stats):
    """Whether a session ran without the profile; the program may be over before one runs at all."""
    ran = stats.get("backend", "none") != "none"
    return ran and stats.get("profile") not in ("read", "rewritten")


def tree_of(grove_lane, key):
    """The folder a case's tree stands in, below a lane."""
    return grove_lane.cases() / key


def lanes_of(grove, key, case):
    """The lanes a case runs in."""
    return (*grove.lanes, grove.known(key)) if case.known else grove.lanes


def plant(grove, key, case, interpreter):
    """Plants the case's tree in every lane, and lets the known lane have its first run."""
    for lane in lanes_of(grove, key, case):
        root = tree_of(lane, key)
        remove_tree(root)
        remove_tree(_beside(root, "cache"))
        case.plant(root, interpreter, lane.python(interpreter, case.flavour))
        if lane.label == KNOWN:
            learn(lane, key, case, interpreter)
        if case.between is not None:
            case.between(root)
    grove.touch()


def learn(lane, key, case, interpreter):
    """Runs a case for the sake of its profile, and puts its tree back as it was.

    What the run left alone stays untouched, so that the profile speaks of it truly.
    """
    root = tree_of(lane, key)
    before = Stand(root)
    run_lane(lane, key, case, interpreter)
    before.restore()


def run(grove, key, case, interpreter):
    """Runs a planted case, whose tree has settled, in every lane."""
    lanes = lanes_of(grove, key, case)
    runs = {lane.label: run_lane(lane, key, case, interpreter) for lane in lanes}
    return Outcome(case, interpreter, runs)


def uproot(grove, key, case):
    """Removes a case's trees and what lies beside them."""
    for lane in lanes_of(grove, key, case):
        root = tree_of(lane, key)
        remove_tree(root)
        remove_tree(_beside(root, "cache"))


def command_of(lane, root, case, interpreter):
    """The command line of the case in a lane."""
    arguments = [each.replace("{root}", str(root)) for each in (*case.flags, *case.arguments)]
    return [lane.python(interpreter, case.flavour), *arguments]


def environment_of(lane, root, case):
    """The environment of the case in a lane."""
    environment = {**clean_environment(), **lane.variables()}
    environment["PYTHONHASHSEED"] = case.hash_seed
    if case.flavour == "bare" and lane.hooked:
        environment["PYTHONPATH"] = str(lane.site())
    for name, text in case.environment.items():
        filled = text.replace("{root}", str(root))
        environment[name] = filled
    environment["ORACLE_PAUSE"] = str(case.pause)
    environment["ORACLE_SERVED"] = "1" if case.served else ""
    has_profile = any(_beside(root, "cache").glob("importahead/v1/*.profile"))
    environment["ORACLE_PROFILE"] = "1" if has_profile and case.active else ""
    environment["ORACLE_RECORDER"] = str(RECORDER)
    environment["ORACLE_RECORD"] = str(_beside(root, "record"))
    environment["XDG_CACHE_HOME"] = str(_beside(root, "cache"))
    return environment


def _beside(root, kind):
    return root.parent / ("%s.%s" % (root.name, kind))


def run_lane(lane, key, case, interpreter):
    """Runs the case in one lane."""
    root = tree_of(lane, key)
    record_path = _beside(root, "record")
    if record_path.exists():
        record_path.unlink()
    command = command_of(lane, root, case, interpreter)
    variables = environment_of(lane, root, case)
    status, stdout, stderr = start(command, root, variables, case)
    record = None
    if record_path.exists():
        # The names of lanes are of one length, so that what `marshal` says of lengths stays true.
        record = marshal.loads(stock_words(record_path.read_bytes(), lane))
    return Run(
        lane=lane.label,
        status=status,
        stdout=stock_words(stdout, lane),
        stderr=stock_words(stderr, lane),
        record=record,
        files=snapshot(root, lane),
        statistics=(record or {}).get("stats") or {},
        flavour=case.flavour,
    )


def start(command, root, variables, case):
    """Runs a command to its end; the exit status of one that hangs is `"timeout"`."""
    process = subprocess.Popen(
        command,
        cwd=root,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(case.stdin, timeout=case.timeout)
        return process.returncode, stdout, stderr
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        stdout, stderr = process.communicate()
        return "timeout", stdout, stderr


def snapshot(root, lane):
    """Every file of a tree: its kind, mode and content."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            path = Path(folder, name)
            status = path.lstat()
            entry = [stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)]
            if stat.S_ISREG(status.st_mode):
                entry.append(stock_words(_content(path), lane))
            elif stat.S_ISLNK(status.st_mode):
                entry.append(stock_words(os.fsencode(os.readlink(path)), lane))
            key = os.fsencode(path.relative_to(root))
            found[os.fsdecode(stock_words(key, lane))] = entry
    return found


def _content(path):
    """A file's bytes; a bytecode file that names its source's present mtime says so instead.

    A program may write sources while it runs, at another second in each lane.
    """
    content = path.read_bytes()
    if path.suffix != ".pyc" or content[4:8] != bytes(4):
        return content
    source = path.parent.parent / (path.name.split(".")[0] + ".py")
    if not source.exists():
        return content
    stamp = int(source.stat().st_mtime).to_bytes(4, "little")
    return content[:8] + b"same" + content[12:] if content[8:12] == stamp else content
