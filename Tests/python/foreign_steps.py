"""Steps that change the import machinery as programs do; `test_foreign_finders` runs them."""

# What a step can use: `root`, importlib's parts, a loader of its own.
TOOLS = """
import sys, importlib.machinery
from importlib.machinery import (BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES,
    ExtensionFileLoader, FileFinder, PathFinder, SourceFileLoader, SourcelessFileLoader)
root = sys.path[0]
class Loud(SourceFileLoader):
    def exec_module(self, module):
        print('loading', module.__name__)
        super().exec_module(module)
usual = [(ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, SOURCE_SUFFIXES),
         (SourcelessFileLoader, BYTECODE_SUFFIXES)]
def name(path):
    return path.rpartition('/')[2]
def finder():
    import importlib.util
    importlib.util.find_spec('absolutely_absent')
    return sys.path_importer_cache[root]
"""

STEPS = {
    "a path hook of another suffix in front": """
        sys.path_hooks.insert(0, FileFinder.path_hook((Loud, ['.other', *SOURCE_SUFFIXES])))
        sys.path_importer_cache.clear()
    """,
    "a path hook of another order in front": """
        sys.path_hooks.insert(0, FileFinder.path_hook(*reversed(usual)))
        sys.path_importer_cache.clear()
    """,
    "a path hook of sources alone in front": """
        sys.path_hooks.insert(0, FileFinder.path_hook((SourceFileLoader, ['.py'])))
        sys.path_importer_cache.clear()
    """,
    "a path hook of importlib's own kinds in front": """
        sys.path_hooks.insert(0, FileFinder.path_hook(*usual))
        sys.path_importer_cache.clear()
    """,
    "a path hook behind importlib's": """
        sys.path_hooks.append(FileFinder.path_hook((Loud, ['.other', *SOURCE_SUFFIXES])))
        sys.path_importer_cache.clear()
    """,
    "a path hook in place of importlib's": """
        sys.path_hooks[-1] = FileFinder.path_hook((Loud, ['.other', *SOURCE_SUFFIXES]))
        sys.path_importer_cache.clear()
    """,
    "importlib's hook twice": """
        sys.path_hooks.insert(0, sys.path_hooks[-1])
        sys.path_importer_cache.clear()
    """,
    "a path hook of a subclass in front": """
        class Mine(FileFinder):
            def find_spec(self, fullname, target=None):
                print('find', fullname)
                return super().find_spec(fullname, target)
        sys.path_hooks.insert(0, Mine.path_hook(*usual))
        sys.path_importer_cache.clear()
    """,
    "a path hook wrapped": """
        stock = sys.path_hooks[-1]
        def path_hook_for_FileFinder(path):
            if name(path) in ('sub', 'pkg'):
                print('hook', name(path))
            return stock(path)
        sys.path_hooks[-1] = path_hook_for_FileFinder
        sys.path_importer_cache.clear()
    """,
    "find_spec of FileFinder": """
        stock = FileFinder.find_spec
        def find_spec(self, fullname, target=None):
            print('find', fullname)
            return stock(self, fullname, target)
        FileFinder.find_spec = find_spec
    """,
    "_get_spec of FileFinder": """
        stock = FileFinder._get_spec
        def _get_spec(self, loader, fullname, path, *rest):
            print('spec', fullname)
            return stock(self, Loud if path.endswith('last.py') else loader, fullname, path, *rest)
        FileFinder._get_spec = _get_spec
    """,
    "_fill_cache of FileFinder": """
        stock = FileFinder._fill_cache
        def _fill_cache(self):
            stock(self)
            self._path_cache.discard('last.py')
        FileFinder._fill_cache = _fill_cache
        sys.path_importer_cache.clear()
    """,
    "__init__ of FileFinder": """
        stock = FileFinder.__init__
        def __init__(self, path, *details):
            stock(self, path, *details)
            self._loaders.append(('.other', SourceFileLoader))
        FileFinder.__init__ = __init__
        sys.path_importer_cache.clear()
    """,
    "find_spec of PathFinder": """
        stock = PathFinder.find_spec
        def find_spec(fullname, path=None, target=None):
            spec = stock(fullname, path, target)
            if fullname == 'last':
                spec.loader = Loud(fullname, spec.origin)
            return spec
        PathFinder.find_spec = find_spec
    """,
    "get_data of SourceFileLoader": """
        stock = SourceFileLoader.get_data
        def get_data(self, path):
            print('data', name(path).split('.')[0])
            return stock(self, path)
        SourceFileLoader.get_data = get_data
    """,
    "get_data of FileLoader": """
        from _frozen_importlib_external import FileLoader
        stock = FileLoader.get_data
        def get_data(self, path):
            print('data', name(path).split('.')[0])
            return stock(self, path)
        FileLoader.get_data = get_data
    """,
    "path_stats of SourceFileLoader": """
        stock = SourceFileLoader.path_stats
        def path_stats(self, path):
            print('stats', name(path))
            return stock(self, path)
        SourceFileLoader.path_stats = path_stats
    """,
    "get_code of SourceFileLoader": """
        stock = SourceFileLoader.get_code
        def get_code(self, fullname):
            print('code', fullname)
            return stock(self, fullname)
        SourceFileLoader.get_code = get_code
    """,
    "source_to_code of SourceFileLoader": """
        stock = SourceFileLoader.source_to_code
        def source_to_code(self, data, path, **options):
            return stock(self, bytes(data).replace(b'last', b'rewritten'), path, **options)
        SourceFileLoader.source_to_code = source_to_code
        import importlib.util, os
        os.remove(importlib.util.cache_from_source(root + '/last.py'))
        sys.dont_write_bytecode = True
    """,
    "_loaders of one finder, another suffix": """
        finder()._loaders.append(('.other', SourceFileLoader))
    """,
    "_loaders of one finder, another loader": """
        found = finder()
        found._loaders[:] = [(suffix, Loud if suffix == '.py' else loader)
                             for suffix, loader in found._loaders]
    """,
    "_loaders of one finder, emptied": """
        del finder()._loaders[:]
    """,
    "_loaders of one finder, another order": """
        finder()._loaders.reverse()
    """,
    "path of one finder": """
        finder().path = root + '/away'
        finder().invalidate_caches()
    """,
    "find_spec of one finder": """
        found = finder()
        def find_spec(fullname, target=None, stock=found.find_spec):
            print('find', fullname)
            return stock(fullname, target)
        found.find_spec = find_spec
    """,
    "SOURCE_SUFFIXES appended to": """
        SOURCE_SUFFIXES.append('.other')
        sys.path_importer_cache.clear()
    """,
    "SOURCE_SUFFIXES put before": """
        SOURCE_SUFFIXES.insert(0, '.other')
        sys.path_importer_cache.clear()
    """,
    "a finder of a subclass": """
        class Mine(FileFinder):
            def find_spec(self, fullname, target=None):
                print('find', fullname)
                return super().find_spec(fullname, target)
        sys.path_importer_cache[root] = Mine(root, *usual)
    """,
    "a subclass's finder of another suffix": """
        class Mine(FileFinder):
            pass
        sys.path_importer_cache[root] = Mine(root, (Loud, ['.other']), *usual)
    """,
    "a finder of importlib's class, of another suffix": """
        sys.path_importer_cache[root] = FileFinder(root, (Loud, ['.other']), *usual)
    """,
    "a finder of importlib's class, of another directory": """
        sys.path_importer_cache[root] = FileFinder(root + '/away', *usual)
    """,
    "a finder of another class": """
        class Other:
            def find_spec(self, fullname, target=None):
                print('other', fullname)
                if fullname == 'last':
                    import importlib.util
                    return importlib.util.spec_from_file_location('last', root + '/mod.py')
        sys.path_importer_cache[root] = Other()
    """,
    "a finder that finds nothing": """
        class Nothing:
            def find_spec(self, fullname, target=None):
                return None
            def invalidate_caches(self):
                print('invalidated')
        sys.path_importer_cache[root] = Nothing()
    """,
}
