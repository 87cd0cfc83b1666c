"""The path entry finder that takes directory listings from the session's cache."""

import sys

# The interpreter has loaded this as part of itself; `importlib.machinery` would bring `warnings`.
from _frozen_importlib_external import (
    BYTECODE_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from _imp import extension_suffixes
from posix import stat

from importahead import _importahead

# The same kinds of module as importlib's own hook names, in its order: the first hook that accepts
# an entry owns it.
DETAILS = (
    (ExtensionFileLoader, extension_suffixes()),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)

_locate = _importahead.locate
_note = _importahead.note
# A program may replace these on the class; then it must be asked.
_stock_find = FileFinder.find_spec
_stock_fill = FileFinder._fill_cache


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
        found = None if replaced else _locate(self.path, fullname, self._path_mtime == -1)
        if found is None:
            spec = super().find_spec(fullname, target)
            if spec is not None and type(spec.loader) is ExtensionFileLoader:
                _note(spec.origin)
            return spec
        if self._path_mtime == -1:
            # The first look into a directory lists it, which audit hooks are told.
            self._path_mtime = stat(self.path).st_mtime
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


def install():
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
