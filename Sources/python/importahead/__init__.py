"""readahead(2) for Python imports.

Importing this package switches nothing on: `activate()` does, which a `.pth` file or
`sitecustomize` calls at interpreter start. `stats()` tells what it did.

The hook and the finder are one file, and the extension is loaded without a search: until there is
a session every module costs its lookups, an open and a read, one after the other
(docs/decisions/0005-one-module-at-start.md). Nothing is imported that the interpreter has not
loaded, but for the extension.
"""

import _frozen_importlib_external as _external
import _io
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

# The kinds of module that importlib's own finders are made for, in its order.
_DETAILS = (
    (ExtensionFileLoader, extension_suffixes()),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)

__all__ = ["activate", "stats", "stop"]
__version__ = "0.1.0"

_BACKENDS = ("io_uring", "threads")
_PROFILES = {"": "rw", "read": "r", "write": "w"}
_OFF = ("0", "off", "no", "false")
_TESTED = ((3, 9), (3, 14))
_function = type(lambda: None)

#: How many modules were loaded when the session began; None without one.
modules_at_start = None
_end = None
#: The extension, while there is a session.
_session = None


def stats():
    """Return what prefetching has done so far in this process.

    Returns:
        dict: counts (int), sizes in bytes (int) and times in seconds (float); see
        `importahead.statistics.KEYS`. Without a session, `backend` is `"none"` and every count 0.
    """
    from importahead import statistics

    return statistics.collect()


def stop():
    """End prefetching in this process and its threads; what is in memory can still be used.

    For a program that must have a single thread, before `os.unshare()` or `os.setns()`. Nothing
    happens without a session.
    """
    if _session is not None:
        _session.stop()


def activate():
    """Start prefetching for this process if it can help; never raises.

    Returns:
        bool: whether a session has been started.
    """
    try:
        _activate()
    except _Inactive as reason:
        _say(reason)
    except BaseException as error:  # an interrupt here would end the interpreter
        _say(f"{type(error).__name__}: {error}")
    else:
        return True
    return False


class _Inactive(Exception):
    """There is no session, for a reason that is no fault."""


def _say(reason):
    """Tell why nothing is prefetched, to who wants to know."""
    try:
        if _variable("IMPORTAHEAD_DEBUG"):
            sys.stderr.write(f"importahead: not active: {reason}\n")
    except BaseException:  # no standard error, or a closed one
        pass


def _activate():
    from os import environ

    global modules_at_start, _end, _session
    if _session is not None:
        raise _Inactive("a session has been started already")
    off = environ.get("IMPORTAHEAD")
    if off is not None and off.lower() in _OFF:
        raise _Inactive(f"switched off by IMPORTAHEAD={off}")
    _check_interpreter()
    _check_variables()
    _load_extension()
    if not _importahead.is_supported():
        raise _Inactive("a subinterpreter, or a program with more rights than its user")
    loaded = len(sys.modules)
    settings = _settings()
    if environ.get("IMPORTAHEAD_DESCRIBE"):
        from importahead import description

        description.write(settings)
    if not _importahead.start(settings):
        raise _Inactive("the program imports nothing that could be read ahead")
    _session, modules_at_start = _importahead, loaded
    # What only `sys.modules` holds goes first in an interpreter's end, before all is collected.
    _end = ref(sys.modules[__name__], _importahead.prepare_for_end)
    _install()
    destination = _variable("IMPORTAHEAD_STATS")
    if destination:
        from importahead import statistics

        statistics.write_at_exit(destination)


def _check_interpreter():
    """Raise `_Inactive` where imports are not importlib's, or not as they were tested."""
    version = sys.version_info[:2]
    if sys.implementation.name != "cpython":
        raise _Inactive(f"{sys.implementation.name} is not CPython")
    if not _TESTED[0] <= version <= _TESTED[1]:
        raise _Inactive("CPython %d.%d is not supported" % version)
    if "t" in sys.abiflags:
        raise _Inactive("free-threaded builds are not supported")
    if hasattr(sys, "frozen") or hasattr(sys, "_MEIPASS"):
        raise _Inactive("a frozen application")
    if _has_open_code_hook():
        raise _Inactive("an open_code hook is set (PEP 578)")


def _has_open_code_hook():
    """Whether something other than `io.open` opens the files that code comes from.

    CPython has no way to ask; to set a hook says whether there is one, but raises an audit event.
    """
    stock = _io.open
    opened = []
    _io.open = lambda *arguments: opened.append(arguments)
    try:
        _io.open_code(__file__)
    except Exception:
        return True
    finally:
        _io.open = stock
    return not opened


def _check_variables():
    """Tell of variables of ours that say nothing we know; they are ignored."""
    backend = _variable("IMPORTAHEAD_BACKEND")
    if backend and backend not in _BACKENDS:
        _warn("IMPORTAHEAD_BACKEND", backend, "io_uring or threads")
    profile = _variable("IMPORTAHEAD_PROFILE") or ""
    is_path = profile[:1] == "/" and profile.strip("/")
    if not is_path and profile.lower() not in (*_PROFILES, *_OFF):
        _warn("IMPORTAHEAD_PROFILE", profile, "off, read, write or an absolute path")
    bundle = _variable("IMPORTAHEAD_BUNDLE") or ""
    if bundle and bundle[:1] != "/":
        _warn("IMPORTAHEAD_BUNDLE", bundle, "an absolute path")


def _warn(name, value, expected):
    if _variable("IMPORTAHEAD_DEBUG"):
        sys.stderr.write(f"importahead: {name}={value}: not {expected}; ignored\n")


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
    if not _is_filtered():
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


def _is_filtered():
    """Whether a seccomp filter is in force, which may kill for what CPython does not call."""
    try:
        descriptor = posix.open("/proc/self/status", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return True
    try:
        return b"\nSeccomp:\t0" not in posix.read(descriptor, 1 << 16)
    finally:
        posix.close(descriptor)


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
    """Describe program and interpreter to the extension: a name, "=" and a text for each thing.

    All of it is text and stays `str`: encoding it here could load a codec the program has not.
    Lists are separated by NULs. `SessionSettings(named:)` reads them.
    """
    import _imp

    flags = sys.flags
    version = sys.version_info
    tag = sys.implementation.cache_tag
    optimization = f".opt-{flags.optimize}" if flags.optimize else ""
    boot = _boot()
    lists = {
        "command_line": _command_line(),
        "path": dict.fromkeys(name for name in sys.path if isinstance(name, str)),
        "known_modules": _known_modules(_imp),
        "extension_suffixes": extension_suffixes(),
        "source_suffixes": SOURCE_SUFFIXES,
        "bytecode_suffixes": BYTECODE_SUFFIXES,
        "version": map(str, version[:3]),
        "profile": _profile(),
        "interpreter": (sys.version, sys.prefix, sys.exec_prefix),
        **(_interpreter_start() if boot else {}),
    }
    texts = {name: "\0".join(items) for name, items in lists.items()}
    texts["is_safe"] = str(int(flags.isolated or getattr(flags, "safe_path", False)))
    texts["cache_suffix"] = f".{tag}{optimization}.pyc" if tag else ""
    texts["pycache_prefix"] = sys.pycache_prefix or ""
    texts["magic"] = str(int.from_bytes(MAGIC_NUMBER, "little"))
    texts["check_hash_based_pycs"] = _imp.check_hash_based_pycs
    texts["backend"] = _variable("IMPORTAHEAD_BACKEND") or ""
    texts["bundle"] = _variable("IMPORTAHEAD_BUNDLE") or ""
    texts["boot"] = boot
    texts["may_rest"] = str(int((_variable("IMPORTAHEAD_REST") or "").lower() not in _OFF))
    return tuple(f"{name}={text}" for name, text in texts.items())


def _profile():
    """What to do with profiles (r, w), a directory, and names below it; empty for none."""
    from os import environ

    chosen = _variable("IMPORTAHEAD_PROFILE") or ""
    if chosen.lower() in _OFF:
        return ()
    if chosen[:1] == "/":
        home, _, name = chosen.rstrip("/").rpartition("/")
        return ("rw", home or "/", name) if name else ()
    mode = _PROFILES.get(chosen.lower())
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
    found = {
        "executables": executables,
        "landmark": library,
        "modules": modules,
        "site_directories": directories,
    }
    return {
        key: [name for name in dict.fromkeys(names) if isinstance(name, str) and name]
        for key, names in found.items()
    }


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
    names = [name for name in sys.modules if isinstance(name, str)]
    names += sys.builtin_module_names
    # Aliases of frozen modules, whatever file stands in their place.
    names += ["importlib._bootstrap", "importlib._bootstrap_external"]
    listed = getattr(_imp, "_frozen_module_names", None)
    frozen = listed() if listed else ["zipimport"]
    names += [name for name in frozen if _imp.is_frozen(name)]
    return names


def _install():
    """Have importlib's own finders and loaders ask the session first.

    Nothing is added that others could meet: methods of importlib's classes are replaced by methods
    of the extension, which call the ones they replace wherever the session cannot prove the answer.
    What somebody else has replaced before us is left alone.
    """
    # `-vv` tells every name that is tried.
    if _are_stock(FileFinder, "find_spec", "_fill_cache", "_get_spec") and sys.flags.verbose < 2:
        sample = FileFinder("/", *_DETAILS)
        _importahead.install_finder(FileFinder, sample._loaders, _external, posix, sample)
    if _are_stock(FileLoader, "get_data"):
        _importahead.install_reader(FileLoader, _external, _io)


def _are_stock(owner, *names):
    """Whether these methods of a class are importlib's own: functions of its very module."""
    return all(
        type(method) is _function and method.__globals__ is vars(_external)
        for method in map(vars(owner).get, names)
    )
