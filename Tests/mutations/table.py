"""Ways to break the product, and the cases that must notice.

A mutation of the extension takes effect where `isMutant` says so, so that one build serves all of
them; one of the Python side is text that is replaced.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One promise broken: `old` becomes `new` in `file`; the chosen tests must fail."""

    name: str
    broken: str
    file: str
    old: str
    new: str
    tests: str

    @property
    def native(self):
        """Whether it needs a build."""
        return self.file.endswith(".swift")


CORE = "Sources/ImportaheadCore/"
MODULE = "Sources/ImportaheadModule/"
HOOK = "Sources/python/importahead/__init__.py"

MUTATIONS = [
    Mutation(
        "stale-bytes",
        "bytes are served without asking the file system whether they are still right",
        CORE + "Cache/FetchCache+Asking.swift",
        "guard isAdmitted else {",
        "guard isAdmitted || isMutant(@) else {",
        "test_01 or test_i05 or test_06_i06",
    ),
    Mutation(
        "stale-listing",
        "a directory's listing outlives its changes",
        CORE + "Cache/FetchCache+Asking.swift",
        "gate.admits(listing, isListed: isListed)",
        "gate.admits(listing, isListed: isListed) || isMutant(@)",
        "test_12 or test_15 or test_06_i06",
    ),
    Mutation(
        "suffix-order",
        "sources come before extension modules in one directory",
        CORE + "Session+Locate.swift",
        "for (kind, suffixes) in kinds {",
        "for (kind, suffixes) in isMutant(@) ? kinds.reversed() : kinds {",
        "test_12",
    ),
    Mutation(
        "no-audit-event",
        "serving from memory raises no `open` event",
        MODULE + "Reader.swift",
        "unsafe raiseEvent(",
        "unsafe isMutant(@) || raiseEvent(",
        "test_28 or test_i17",
    ),
    Mutation(
        "rights-kept",
        "what was read with rights since given away is served",
        CORE + "Kernel/Gate.swift",
        "return (try? FileStatus(opening: name)) == status",
        "return (try? isMutant(@) ? FileStatus(looking: name) : FileStatus(opening: name)) == status",
        "test_f09",
    ),
    Mutation(
        "threads-at-fork",
        "threads are alive when the program forks",
        MODULE + "Forking.swift",
        "currentSession()?.beginFork(milliseconds: forkPatience)",
        "currentSession()?.beginFork(milliseconds: isMutant(@) ? 0 : forkPatience)",
        "fork",
    ),
    Mutation(
        "signals-taken",
        "the session's threads take the program's signals",
        CORE + "Kernel/Thread.swift",
        "_ = unsafe sigfillset(&all)",
        "_ = unsafe isMutant(@) ? sigemptyset(&all) : sigfillset(&all)",
        "test_f05",
    ),
    Mutation(
        "no-invalidation",
        "`importlib.invalidate_caches()` is not heeded",
        MODULE + "Finder.swift",
        "return unsafe PySet_Size(found) > 0",
        "return unsafe !isMutant(@) && PySet_Size(found) > 0",
        "test_03 or test_i08 or test_i09",
    ),
    Mutation(
        "no-namespaces",
        "directories without `__init__` are not found",
        MODULE + "Finder.swift",
        "  if isOurs, let spec = unsafe spec { unsafe noteExtension(spec, stock) }\n",
        "  if isMutant(@), let spec = unsafe spec {\n"
        "    let loader = unsafe PyObject_GetAttr(spec, Name.loader.object)\n"
        "    PyErr_Clear()\n"
        "    if unsafe loader == importahead_none() { return unsafe importahead_none() }\n"
        "  }\n",
        "test_13 or test_i13",
    ),
    Mutation(
        "wrong-loader",
        "a module's loader is not the one that importlib has for its suffix",
        MODULE + "Finder.swift",
        "stock.loaders[found.suffixIndex]",
        "stock.loaders[isMutant(@) ? 0 : found.suffixIndex]",
        "test_i01 or test_i02",
    ),
    Mutation(
        "silent-listing",
        "a listing from memory raises no `os.listdir` event",
        MODULE + "Finder.swift",
        "guard unsafe raiseEvent(auditFunction.object,",
        "guard unsafe isMutant(@) || raiseEvent(auditFunction.object,",
        "test_28 or test_i16 or test_12",
    ),
    Mutation(
        "closures-by-name",
        "finders with other loaders are taken for importlib's",
        MODULE + "Finder.swift",
        "guard unsafe PyList_Size(found) == told.count else {",
        "if isMutant(@) { return true }\n    guard unsafe PyList_Size(found) == told.count else {",
        "test_16",
    ),
    Mutation(
        "watched-unheeded",
        "functions that a program replaces are bypassed",
        MODULE + "Installation.swift",
        "  var isUnchanged: Bool {\n",
        "  var isUnchanged: Bool {\n    if isMutant(@) { return true }\n",
        "test_16",
    ),
    Mutation(
        "tracers-bypassed",
        "a tracer is not told of importlib's own calls",
        MODULE + "Installation.swift",
        "  var isAny: Bool {\n",
        "  var isAny: Bool {\n    if isMutant(@) { return false }\n",
        "test_f14",
    ),
    Mutation(
        "stops-bytecode",
        "no bytecode is written any more",
        HOOK,
        "    _install()\n    destination",
        "    _install()\n    sys.dont_write_bytecode = True\n    destination",
        "test_04_05 and missing",
    ),
    Mutation(
        "no-off-switch",
        "IMPORTAHEAD=0 is ignored",
        HOOK,
        '_OFF = ("0", "off", "no", "false")',
        "_OFF = ()",
        "test_38 and off",
    ),
    Mutation(
        "threading-imported",
        "the hook imports what the program has not",
        HOOK,
        "    _install()\n    destination",
        "    import threading\n    _install()\n    destination",
        "test_a04",
    ),
    Mutation(
        "not-chained",
        "the user's own sitecustomize is not run",
        "Sources/python/sitecustomize.py",
        "    activate()\n_chain()\n",
        "    activate()\n",
        "test_39",
    ),
]
