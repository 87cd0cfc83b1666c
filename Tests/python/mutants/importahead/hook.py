"""Installs the mock on importlib's own classes, or one of its mutants."""

import _frozen_importlib_external as machinery
import _imp
import posix
import sys

from importahead import ACTIVE, HITS

MUTANT = posix.environ.get(b"ORACLE_MUTANT", b"").decode()
SUFFIXES = (
    (machinery.ExtensionFileLoader, _imp.extension_suffixes()),
    (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)


Finder = machinery.FileFinder
find_spec, fill_cache = Finder.find_spec, Finder._fill_cache


def find_or_remember(self, fullname, target=None):
    """Mutant `negative-cache`: remembers for ever that a module was not there."""
    absent = ABSENT.setdefault(self.path, set())
    if fullname in absent:
        return None
    spec = find_spec(self, fullname, target)
    if spec is None:
        absent.add(fullname)
    return spec


def fill_twice(self):
    """Mutant `extra-listing`: lists a folder once more than stock does."""
    posix.listdir(self.path or ".")
    fill_cache(self)


def find_no_namespace(self, fullname, target=None):
    """Mutant `namespace-blind`: knows no namespace packages."""
    spec = find_spec(self, fullname, target)
    return spec if spec is not None and spec.loader is not None else None


def find_once(self, fullname, target=None):
    """Mutant `spec-reuse`: hands out one spec object twice."""
    if (self.path, fullname) not in KNOWN:
        KNOWN[self.path, fullname] = find_spec(self, fullname, target)
    return KNOWN[self.path, fullname]


ABSENT = {}
KNOWN = {}
METHODS = {
    "negative-cache": {"find_spec": find_or_remember, "invalidate_caches": lambda self: None},
    "extra-listing": {"_fill_cache": fill_twice},
    "namespace-blind": {"find_spec": find_no_namespace},
    "spec-reuse": {"find_spec": find_once},
}


def subclassed_suffixes():
    """Mutant `subclassed-loaders`: loaders of types importlib does not know."""

    class PrefetchedSourceLoader(machinery.SourceFileLoader):
        pass

    class PrefetchedBytecodeLoader(machinery.SourcelessFileLoader):
        pass

    class PrefetchedExtensionLoader(machinery.ExtensionFileLoader):
        pass

    loaders = PrefetchedExtensionLoader, PrefetchedSourceLoader, PrefetchedBytecodeLoader
    return tuple((loader, suffixes) for loader, (_, suffixes) in zip(loaders, SUFFIXES))


def serving_reader(stock):
    """`get_data` from memory, checked against a live stat; or a mutant of it."""
    kept = {}

    def get_data(self, path):
        key = str(path)
        if not key.endswith((".pyc", ".py")):
            return stock(self, path)
        try:
            status = posix.stat(key)
        except OSError:
            return stock(self, path)
        seen = (status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns)
        known = kept.get(key)
        if known is None or (MUTANT != "stale-bytes" and known[0] != seen):
            kept[key] = known = (seen, stock(self, path))
            if MUTANT == "double-open":
                stock(self, path)
        elif MUTANT != "silent-open":
            sys.audit("open", key, "r", posix.O_RDONLY | posix.O_CLOEXEC)
        HITS[0] += 1
        return known[1]

    return get_data


def start_native_thread():
    """Mutant `thread-at-fork`: a thread of the operating system that lives for a while."""
    import ctypes

    library = ctypes.CDLL(None)
    library.usleep.argtypes = [ctypes.c_uint]
    thread = ctypes.c_ulong()
    routine = ctypes.cast(library.usleep, ctypes.c_void_p)
    library.pthread_create(ctypes.byref(thread), None, routine, ctypes.c_void_p(900_000))


def replace_suffixes(suffixes):
    """Gives all finders, those importlib has made among them, other suffixes and loaders."""
    stock = Finder.__init__

    def make(self, path, *details):
        stock(self, path, *suffixes)

    Finder.__init__ = make
    for finder in sys.path_importer_cache.values():
        if type(finder) is Finder:
            finder._loaders = Finder(finder.path)._loaders


def install():
    """Puts the mock in place."""
    for name, method in METHODS.get(MUTANT, {}).items():
        setattr(Finder, name, method)
    if MUTANT == "subclassed-loaders":
        replace_suffixes(subclassed_suffixes())
    if MUTANT == "source-only":
        replace_suffixes((SUFFIXES[1],))
    if MUTANT == "hook-first":
        sys.path_hooks.insert(0, Finder.path_hook(*SUFFIXES))
    loader = machinery.SourceFileLoader
    loader.get_data = serving_reader(loader.get_data)
    misbehave()
    ACTIVE.append(True)


def misbehave():
    """What the mutants do at startup."""
    if MUTANT == "thread-at-fork":
        start_native_thread()
    if MUTANT == "imports-threading":
        import threading  # noqa: F401
    if MUTANT == "descriptor-leak":
        posix.open("/dev/null", posix.O_RDONLY)
    if MUTANT == "prints":
        posix.write(2, b"importahead is on\n")
    if MUTANT == "blocks-signals":
        import _signal

        _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGUSR1])
    if MUTANT == "raises-limit":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft + 8, hard - 1), hard))
    if MUTANT == "stops-bytecode":
        sys.dont_write_bytecode = True
    if MUTANT == "eager-import":
        import json  # noqa: F401


def activate():
    """Switches the mock on unless it is told not to."""
    if posix.environ.get(b"IMPORTAHEAD") != b"0" and not ACTIVE:
        install()
