"""Installs the mock finder, or one of its mutants."""

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


class PrefetchedFinder(machinery.FileFinder):
    """A path entry finder that changes nothing."""


class ForgetfulFinder(PrefetchedFinder):
    """Mutant `negative-cache`: remembers for ever that a module was not there."""

    def find_spec(self, fullname, target=None):
        """Returns the spec of a module, or an old "not found"."""
        absent = self.__dict__.setdefault("_absent", set())
        if fullname in absent:
            return None
        spec = super().find_spec(fullname, target)
        if spec is None:
            absent.add(fullname)
        return spec

    def invalidate_caches(self):
        """Does not forget."""


class ExtraListingFinder(PrefetchedFinder):
    """Mutant `extra-listing`: lists a folder once more than stock does."""

    def _fill_cache(self):
        posix.listdir(self.path or ".")
        super()._fill_cache()


class NamespaceBlindFinder(PrefetchedFinder):
    """Mutant `namespace-blind`: knows no namespace packages."""

    def find_spec(self, fullname, target=None):
        """Returns the spec of a module unless it is a portion."""
        spec = super().find_spec(fullname, target)
        return spec if spec is not None and spec.loader is not None else None


class CachedSpecFinder(PrefetchedFinder):
    """Mutant `spec-reuse`: hands out one spec object twice."""

    def find_spec(self, fullname, target=None):
        """Returns the spec of the first time."""
        known = self.__dict__.setdefault("_known", {})
        if fullname not in known:
            known[fullname] = super().find_spec(fullname, target)
        return known[fullname]


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


def replace_finders(make):
    """Replaces the finders importlib has made so far, with what they know."""
    for path, finder in list(sys.path_importer_cache.items()):
        if type(finder) is machinery.FileFinder:
            ours = make(path)
            known = dict(finder.__dict__)
            del known["_loaders"]
            ours.__dict__.update(known)
            sys.path_importer_cache[path] = ours


FINDERS = {
    "negative-cache": ForgetfulFinder,
    "extra-listing": ExtraListingFinder,
    "namespace-blind": NamespaceBlindFinder,
    "spec-reuse": CachedSpecFinder,
}


def install():
    """Puts the mock in place."""
    suffixes = subclassed_suffixes() if MUTANT == "subclassed-loaders" else SUFFIXES
    if MUTANT == "suffix-order":
        suffixes = (SUFFIXES[1], SUFFIXES[0], SUFFIXES[2])
    if MUTANT == "source-only":
        suffixes = (SUFFIXES[1],)
    finder = FINDERS.get(MUTANT, PrefetchedFinder)
    hook = finder.path_hook(*suffixes)
    hook.__module__ = "importahead"
    place = 0 if MUTANT == "hook-first" else len(sys.path_hooks) - 1
    sys.path_hooks.insert(place, hook)
    replace_finders(hook)
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
