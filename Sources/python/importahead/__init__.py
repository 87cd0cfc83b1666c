"""readahead(2) for Python imports.

Importing this package switches nothing on: `activate()` does, which a `.pth` file or
`sitecustomize` calls at interpreter start. `stats()` tells what it did.

The hook and the finder are one file, and the extension is loaded without a search: until there is
a session every module costs its lookups, an open and a read, one after the other
(docs/decisions/0005-one-module-at-start.md). Nothing is imported that the interpreter has not
loaded, but for the extension.
"""

import posix
import sys

# The interpreter has loaded this as part of itself; `importlib.machinery` would bring `warnings`.
from _frozen_importlib_external import (
    BYTECODE_SUFFIXES,
    MAGIC_NUMBER,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    FileLoader,
    SourceFileLoader,
    SourcelessFileLoader,
    spec_from_file_location,
)
from _imp import extension_suffixes
from _weakref import ref

# The same kinds of module as importlib's own hook names, in its order: the first hook that accepts
# an entry owns it.
DETAILS = (
    (ExtensionFileLoader, extension_suffixes()),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)

# A program may replace these on the class; then it must be asked.
_stock_find = FileFinder.find_spec
_stock_fill = FileFinder._fill_cache

__all__ = ["activate", "stats"]
__version__ = "0.1.0"

_OFF = ("0", "off", "no", "false")
_TESTED = ((3, 9), (3, 14))

#: How many modules were loaded when the session began; None without one.
modules_at_start = None
_end = None


def stats():
    """Return what prefetching has done so far in this process.

    Returns:
        dict: counts (int), sizes in bytes (int) and times in seconds (float); see
        `importahead.statistics.KEYS`. Without a session, `backend` is `"none"` and every count 0.
    """
    from importahead import statistics

    return statistics.collect()


def activate():
    """Start prefetching for this process if it can help; never raises.

    Returns:
        bool: whether a session runs.
    """
    try:
        return _activate()
    except BaseException as error:  # an interrupt here would end the interpreter
        if _variable("IMPORTAHEAD_DEBUG"):
            sys.stderr.write(f"importahead: not active: {type(error).__name__}: {error}\n")
        return False


def _activate():
    from os import environ

    global modules_at_start, _end
    off = environ.get("IMPORTAHEAD")
    if (off is not None and off.lower() in _OFF) or not _is_supported():
        return False
    if modules_at_start is not None:
        return False
    _load_extension()
    if not _importahead.is_supported():
        return False
    loaded = len(sys.modules)
    settings = _settings()
    if environ.get("IMPORTAHEAD_DESCRIBE"):
        from importahead import description

        description.write(settings)
    if not _importahead.start(settings):
        return False
    modules_at_start = loaded
    # What only `sys.modules` holds goes first in an interpreter's end, before all is collected.
    _end = ref(sys.modules[__name__], _importahead.prepare_for_end)
    _install_finder()
    FileLoader.get_data = _importahead.reader(FileLoader, FileLoader.get_data)
    destination = _variable("IMPORTAHEAD_STATS")
    if destination:
        from importahead import statistics

        statistics.write_at_exit(destination)
    return True


def _is_supported():
    return (
        sys.implementation.name == "cpython"
        and _TESTED[0] <= sys.version_info[:2] <= _TESTED[1]
        and not hasattr(sys, "frozen")
        and not hasattr(sys, "_MEIPASS")
    )


def _variable(name):
    """A variable that steers us; none where the interpreter is told to ignore its own."""
    from os import environ

    return None if sys.flags.ignore_environment else environ.get(name)


def _load_extension():
    """Import the extension module from beside this file, without a search for it."""
    global _importahead
    from _frozen_importlib import module_from_spec

    name = __name__ + "._importahead"
    if name in sys.modules:
        return
    path = __path__[0] + "/_importahead.abi3.so"
    _read_ahead(path)
    spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _importahead = module


def _read_ahead(path):
    """Have a shared object read as a whole: mapped, it would be read fault by fault.

    Of one request the kernel takes no more than the device's read-ahead window, 128 KiB.
    """
    window = 128 << 10
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        for start in range(0, posix.fstat(descriptor).st_size, window):
            posix.posix_fadvise(descriptor, start, window, posix.POSIX_FADV_WILLNEED)
    finally:
        posix.close(descriptor)


def _settings():
    """Describe program and interpreter to the extension, in the order that it reads.

    All of it is text and stays `str`: encoding it here could load a codec the program has not.
    """
    import _imp

    flags = sys.flags
    version = sys.version_info
    tag = sys.implementation.cache_tag
    optimization = f".opt-{flags.optimize}" if flags.optimize else ""

    join = "\0".join
    boot = _boot()
    start = _interpreter_start() if boot else ("",) * 4

    return (
        join(_command_line()),
        str(int(flags.isolated or getattr(flags, "safe_path", False))),
        join(dict.fromkeys(name for name in sys.path if isinstance(name, str))),
        join(_known_modules(_imp)),
        join(extension_suffixes()),
        join(SOURCE_SUFFIXES),
        join(BYTECODE_SUFFIXES),
        f".{tag}{optimization}.pyc" if tag else "",
        sys.pycache_prefix or "",
        str(int.from_bytes(MAGIC_NUMBER, "little")),
        str(version[0]),
        str(version[1]),
        str(version[2]),
        _imp.check_hash_based_pycs,
        _variable("IMPORTAHEAD_BACKEND") or "",
        join(_profile()),
        join((sys.version, sys.prefix, sys.exec_prefix)),
        _variable("IMPORTAHEAD_BUNDLE") or "",
        boot,
        *start,
        str(int((_variable("IMPORTAHEAD_REST") or "").lower() not in _OFF)),
    )


def _profile():
    """What to do with profiles (r, w), a directory, and names below it; empty for none."""
    from os import environ

    chosen = _variable("IMPORTAHEAD_PROFILE") or ""
    if chosen.lower() in _OFF:
        return ()
    if chosen[:1] == "/":
        home, _, name = chosen.rstrip("/").rpartition("/")
        return ("rw", home or "/", name) if name else ()
    mode = {"": "rw", "read": "r", "write": "w"}.get(chosen.lower())
    # The XDG directories are no variables of ours or Python's: `-E` leaves them alone.
    home = environ.get("XDG_CACHE_HOME") or ""
    if home[:1] != "/":
        home = environ.get("HOME") or ""
        home = home.rstrip("/") + "/.cache" if home[:1] == "/" else ""
    return (mode, home, "importahead", "v1") if mode and home else ()


def _boot():
    """What `importahead run` calls this program; nobody else is to see it."""
    from os import environ

    found = None if sys.flags.ignore_environment else environ.pop("IMPORTAHEAD_BOOT", None)
    return found or ""


def _interpreter_start():
    """What the interpreter has looked for: itself, its library, modules, site directories."""
    # A frozen module has no bytecode file, and nobody has looked for its source.
    modules = [
        getattr(module, "__file__", None)
        for module in list(sys.modules.values())
        if getattr(module, "__cached__", None)
    ]
    site = sys.modules.get("site")
    directories = [*getattr(site, "getsitepackages", tuple)(), getattr(site, "USER_SITE", None)]
    executables = [sys.executable, getattr(sys, "_base_executable", None)]
    library = [getattr(sys.modules.get("os"), "__file__", None)]
    return [
        "\0".join(name for name in dict.fromkeys(names) if isinstance(name, str) and name)
        for names in (executables, library, modules, directories)
    ]


def _command_line():
    """The interpreter's own arguments, its name first; empty where they are not known.

    `sys.orig_argv` has them from CPython 3.10 on; before that /proc/self/cmdline does.
    """
    found = getattr(sys, "orig_argv", None)
    if found is not None:
        return found
    from os import fsdecode

    with open("/proc/self/cmdline", "rb") as file:
        return [fsdecode(part) for part in file.read().split(b"\0")[:-1]]


def _known_modules(_imp):
    """Names that no path entry finder will be asked for."""
    names = [*sys.modules, *sys.builtin_module_names]
    # Aliases of frozen modules, whatever file stands in their place.
    names += ["importlib._bootstrap", "importlib._bootstrap_external"]
    listed = getattr(_imp, "_frozen_module_names", None)
    frozen = listed() if listed else ["zipimport"]
    names += [name for name in frozen if _imp.is_frozen(name)]
    return names


class PrefetchedFinder(FileFinder):
    """A `FileFinder` that need not list a directory the session has listed.

    Specs carry importlib's own loader types; every rule stays importlib's.
    """

    def find_spec(self, fullname, target=None):
        """Find a module where current listings prove the answer, like `FileFinder.find_spec`."""
        replaced = (
            FileFinder.find_spec is not _stock_find or FileFinder._fill_cache is not _stock_fill
        )
        # With names of its own it need not wait for the session's.
        found = None
        if not replaced:
            found = _importahead.locate(self.path, fullname, self._path_mtime == -1)
        if found is None:
            spec = super().find_spec(fullname, target)
            if spec is not None and type(spec.loader) is ExtensionFileLoader:
                _importahead.note(spec.origin)
            return spec
        if self._path_mtime == -1:
            # The first look into a directory lists it, which audit hooks are told.
            self._path_mtime = posix.stat(self.path).st_mtime
            self._fill_cache()
        kind, path, package = found
        portions = None if package is None else [package]
        return self._get_spec(DETAILS[kind][0], fullname, path, portions, target)

    def _fill_cache(self):
        path = self.path
        ours = path and FileFinder._fill_cache is _stock_fill
        names = _importahead.names(path) if ours else None
        if names is None:
            return super()._fill_cache()
        # What FileFinder keeps on a platform with case-sensitive names; it lists the directory
        # itself, and says so to audit hooks.
        sys.audit("os.listdir", path)
        self._path_cache = set(names)

    def invalidate_caches(self):
        """Forget what was listed, like `FileFinder.invalidate_caches`."""
        _importahead.forget(self.path)
        super().invalidate_caches()


def _install_finder():
    """Put the finder in front of importlib's own, and take over the entries that it holds.

    Hooks before importlib's keep their place: whatever a program inserts later wins.
    """
    if sys.flags.verbose > 1:
        # `-vv` tells every name that is tried.
        del PrefetchedFinder.find_spec
    hooks = sys.path_hooks
    place = next((i for i, hook in enumerate(hooks) if _is_stock(hook)), len(hooks))
    hooks.insert(place, PrefetchedFinder.path_hook(*DETAILS))
    for entry, finder in list(sys.path_importer_cache.items()):
        if type(finder) is FileFinder:
            taken = PrefetchedFinder(finder.path, *DETAILS)
            vars(taken).update(vars(finder))
            sys.path_importer_cache[entry] = taken


def _is_stock(hook):
    return getattr(hook, "__name__", "") == "path_hook_for_FileFinder"
