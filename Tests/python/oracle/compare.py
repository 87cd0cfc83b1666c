"""Says how a hooked run differs from the stock run of the same program."""

import difflib
import re

from oracle.marshalled import same_code

# What importahead may add to a process: its own modules, and modules built into the interpreter.
OWN_MODULES = re.compile(r"^(importahead(\..*)?|_importahead)$")
OWN_FILES = re.compile(r"importahead|sitecustomize")
_OWN_PATH = re.compile(r"site-packages/importahead|python/(sitecustomize|importahead)")
_OWN_KEY = re.compile(r"/importahead$|/stock/python$")
BUILT_IN = {"atexit", "marshal", "posix", "time", "errno", "_thread"}

_TEMPORARY = re.compile(r"(?<=\.pyc\.)\d{9,}|(?<=/tmp/)\w{8,}|0x[0-9a-f]{6,}")
_NOISE = [
    (re.compile(rb"0x[0-9a-fA-F]{4,}"), b"0x"),
    (re.compile(rb"^import time:\s+\d+ \|\s+\d+ \|", re.M), b"import time: N | N |"),
    (re.compile(rb"(?<=\.pyc\.)\d{9,}"), b"N"),
    (re.compile(rb"(?<=subprocess )\d+"), b"N"),
    # unittest's duration.
    (re.compile(rb"^(Ran \d+ tests?) in \d+\.\d+s$", re.M), rb"\1"),
]


def stock_words(content, lane):
    """Replaces the lane's folder by the stock lane's, in bytes."""
    if not lane.hooked:
        return content
    ours = str(lane.root).encode()
    stock = ours[: -len(lane.name)] + b"stock"
    trees = str(lane.cases()).encode()
    return content.replace(trees, stock + b"/cases").replace(ours, stock)


def differences(outcome, stock, other, left_out=()):
    """Yields one line for each difference."""
    ignored = {*outcome.case.ignored, *left_out}
    checks = [
        ("status", _statuses),
        ("stdout", lambda a, b: _texts("stdout", a.stdout, b.stdout, ())),
        ("stderr", lambda a, b: _texts("stderr", a.stderr, b.stderr, _extra(a, b))),
        ("files", _files),
    ]
    if stock.record is not None and other.record is not None:
        checks += _RECORD_CHECKS
    for name, check in checks:
        if name not in ignored and not (name == "path" and _is_untouched(outcome.case)):
            yield from check(stock, other)


def _is_untouched(case):
    """Whether PYTHONPATH leads to a hook that never runs, and so cannot take itself off the path."""
    return case.flavour == "bare" and case.active is False


def _extra(stock, other):
    """Modules the hook loaded before the program began."""
    if not stock.record or not other.record:
        return ()
    return set(other.record["at_start"]) - set(stock.record["at_start"])


def _statuses(stock, other):
    if stock.status != other.status:
        tail = other.stderr[-800:].decode("utf-8", "replace")
        yield "exit status %s, stock %s: %s" % (other.status, stock.status, tail)


def _texts(name, expected, found, extra):
    expected, found = (_tidy(text, extra) for text in (expected, found))
    if expected != found:
        yield "%s differs:\n%s" % (name, _diff(expected, found))


def _tidy(text, extra):
    for pattern, replacement in _NOISE:
        text = pattern.sub(replacement, text)
    lines = text.decode("utf-8", "backslashreplace").splitlines()
    return [line for line in lines if not _own_line(line, extra)]


def _own_line(line, extra):
    """Whether a `-v` or `-X importtime` line speaks of the hook or of what it loaded."""
    if not line.startswith(("import ", "# ")):
        return False
    if line.startswith("# destroy "):
        return True  # the order of teardown depends on who refers to a module, not on imports
    if OWN_FILES.search(line):
        return True
    named = re.match(r"(?:import time: N \| N \|\s*|import '?|# \S+ (?:\S+ )?'?)([\w.]+)", line)
    return bool(named) and named.group(1) in extra


def _diff(expected, found, limit=14):
    lines = difflib.unified_diff(expected, found, "stock", "importahead", lineterm="", n=1)
    kept = [line for _, line in zip(range(limit), lines)]
    return "\n".join("    " + line[:400] for line in kept)


def _files(stock, other):
    names = sorted(set(stock.files) | set(other.files))
    own = {part for name in names if _OWN_PATH.search(name) for part in _with_parents(name)}
    for name in names:
        if name in own and name not in stock.files:
            continue
        expected, found = stock.files.get(name), other.files.get(name)
        if expected != found and not _is_same_bytecode(name, expected, found):
            yield "file %s: %s" % (name, _file_change(expected, found))


def _is_same_bytecode(name, expected, found):
    if not name.endswith(".pyc") or None in (expected, found) or expected[:2] != found[:2]:
        return False
    return len(expected) == len(found) == 3 and same_code(expected[2], found[2])


def _with_parents(name):
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _file_change(expected, found):
    if expected is None:
        return "made only by importahead"
    if found is None:
        return "made only by stock"
    if expected[:2] != found[:2]:
        return "kind and mode %s, stock %s" % (found[:2], expected[:2])
    return "other content"


def _own(name):
    return bool(OWN_MODULES.match(name))


def _startup(stock, other):
    extra = _extra(stock, other)
    allowed = BUILT_IN | ({"sitecustomize"} if stock.flavour == "bare" else set())
    strangers = [name for name in extra if not _own(name) and name not in allowed]
    if strangers:
        yield "modules loaded at startup: %s" % sorted(strangers)
    lost = set(stock.record["at_start"]) - set(other.record["at_start"])
    if lost:
        yield "modules not loaded at startup: %s" % sorted(lost)


def _modules(stock, other):
    extra = _extra(stock, other)
    expected, found = (
        [name for name, _ in run.record["modules"] if name not in extra and not _own(name)]
        for run in (stock, other)
    )
    if expected != found:
        yield "order of sys.modules:\n%s" % _diff(expected, found)
    theirs = dict(other.record["modules"])
    for name, seen in stock.record["modules"]:
        if name in theirs and name not in ("__main__", "sitecustomize"):
            yield from _module(name, seen, theirs[name])


def _module(name, expected, found):
    if expected == found or not isinstance(expected, list) or not isinstance(found, list):
        if expected != found:
            yield "module %s: %r, stock %r" % (name, found, expected)
        return
    for (key, wanted), (_, seen) in zip(expected, found):
        if wanted != seen:
            yield "module %s: %s is %r, stock %r" % (name, key, seen, wanted)


def _events(stock, other):
    expected, found = (
        [_TEMPORARY.sub("N", "%s %s" % each) for each in run.record["events"]]
        for run in (stock, other)
    )
    if expected != found:
        yield "audit events:\n%s" % _diff(expected, found)


def _finders(stock, other):
    expected, found = stock.record["finders"], other.record["finders"]
    keys, ours = ([str(key) for key, _ in each["cache"]] for each in (expected, found))
    ours = [key for key in ours if not _OWN_KEY.search(key)]
    if keys != ours:
        yield "keys of sys.path_importer_cache:\n%s" % _diff(keys, ours)
    entries = dict(found["cache"])
    for key, wanted in expected["cache"]:
        seen = entries.get(key, wanted)
        if seen != wanted:
            yield "path_importer_cache[%r]: %s, stock %s" % (key, seen, wanted)
    if expected["metas"] != found["metas"]:
        yield "sys.meta_path %s, stock %s" % (found["metas"], expected["metas"])
    if expected["hooks"] != found["hooks"]:
        yield "sys.path_hooks %s, stock %s" % (found["hooks"], expected["hooks"])


def _same(key):
    def check(stock, other):
        expected, found = stock.record[key], other.record[key]
        if expected != found:
            yield "%s: %s, stock %s" % (key, found, expected)

    return key, check


_RECORD_CHECKS = [
    ("startup", _startup),
    ("modules", _modules),
    ("events", _events),
    ("finders", _finders),
    _same("path"),
    _same("descriptors"),
    _same("flags"),
    _same("dont_write_bytecode"),
    _same("pycache_prefix"),
    _same("warnoptions"),
    _same("status"),
    _same("limits"),
]
