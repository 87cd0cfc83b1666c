internal import CPython
internal import ImportaheadCore

/// What `FileFinder` was when its methods were replaced.
private struct StockFinder {
  /// `FileFinder` itself: finders of other types do all by themselves.
  let type: Kept
  let findSpec: Kept
  let fillCache: Kept
  let getSpec: Kept
  /// Pairs of a suffix and a loader type in importlib's order: those that the session was told.
  let loaders: [(suffix: Kept, loader: Kept)]
  /// How many attributes an instance has that nobody has added to.
  let attributes: Int
  let watched: Watched
}

nonisolated(unsafe) private var stock: StockFinder?
/// Our `_fill_cache`, while nobody has replaced it.
nonisolated(unsafe) private var fillCacheDescriptor: Kept?

/// The names of a finder's attributes, and of what is asked of it.
private enum Name {
  nonisolated(unsafe) static let path = Kept("path")
  nonisolated(unsafe) static let loaders = Kept("_loaders")
  nonisolated(unsafe) static let modified = Kept("_path_mtime")
  nonisolated(unsafe) static let names = Kept("_path_cache")
  nonisolated(unsafe) static let fillCache = Kept("_fill_cache")
  nonisolated(unsafe) static let getSpec = Kept("_get_spec")
  nonisolated(unsafe) static let dictionary = Kept("__dict__")
  nonisolated(unsafe) static let loader = Kept("loader")
  nonisolated(unsafe) static let origin = Kept("origin")
  nonisolated(unsafe) static let listing = Kept("os.listdir")
}

/// `install_finder(type, loaders, external, system)`: answers what finders of this type ask from memory
/// where it can.
///
/// `loaders` is a list of pairs as a finder keeps it, `external` the module importlib is in, `system` the
/// module of the system calls it makes.
func installFinder(_ module: Object?, _ arguments: Object?) -> Object? {
  guard let arguments = unsafe arguments, let type = unsafe PyTuple_GetItem(arguments, 0),
    let loaders = unsafe PyTuple_GetItem(arguments, 1),
    let external = unsafe PyTuple_GetItem(arguments, 2),
    let system = unsafe PyTuple_GetItem(arguments, 3),
    let sample = unsafe PyTuple_GetItem(arguments, 4)
  else { return nil }
  var watched = Watched()
  guard
    unsafe watched.add(
      external,
      ["_path_stat", "_path_isfile", "_path_isdir", "_path_join", "_relax_case", "_os"]),
    unsafe watched.add(system, ["stat", "listdir"]),
    let find = unsafe PyObject_GetAttrString(type, "find_spec"),
    let fill = unsafe PyObject_GetAttr(type, Name.fillCache.object),
    let getSpec = unsafe PyObject_GetAttr(type, Name.getSpec.object),
    let attributes = unsafe PyObject_GetAttr(sample, Name.dictionary.object)
  else {
    if unsafe PyErr_Occurred() == nil { unsafe importahead_raise_type_error("not importlib's") }
    return nil
  }
  defer { unsafe Py_DecRef(attributes) }
  var pairs: [(suffix: Kept, loader: Kept)] = []
  for index in 0..<(unsafe PyList_Size(loaders)) {
    guard let pair = unsafe PyList_GetItem(loaders, index),
      let suffix = unsafe PyTuple_GetItem(pair, 0), let loader = unsafe PyTuple_GetItem(pair, 1)
    else { return nil }
    unsafe pairs.append((Kept(suffix), Kept(loader)))
  }
  unsafe stock = StockFinder(
    type: Kept(type), findSpec: Kept(find), fillCache: Kept(fill), getSpec: Kept(getSpec),
    loaders: pairs, attributes: PyDict_Size(attributes), watched: watched)
  guard
    let listing = unsafe install(
      "_fill_cache", of: type,
      documentation:
        "_fill_cache($self, /)\n--\n\nFill the cache of potential modules and packages.",
      { unsafe fillCache($0, $1, $2) }),
    unsafe install(
      "find_spec", of: type,
      documentation: """
        find_spec($self, fullname, target=None)\n--\n\nTry to find a spec for the specified module.\n
        Returns the matching spec, or None if not found.
        """,
      { unsafe findSpec($0, $1, $2) }) != nil
  else { return nil }
  unsafe fillCacheDescriptor = Kept(listing)
  return unsafe importahead_none()
}

/// `FileFinder.find_spec`: finds a module where current listings prove the answer, and lets importlib
/// look for it everywhere else.
private func findSpec(_ finder: Object?, _ arguments: Object?, _ keywords: Object?) -> Object? {
  guard let stock = unsafe stock else { return unsafe importahead_none() }
  var isOurs = false
  if unsafe keywords == nil, let finder = unsafe finder,
    let state = unsafe StateOfFinder(finder, stock)
  {
    isOurs = true
    if let spec = unsafe locate(finder, state, stock, arguments) { return unsafe spec }
    if unsafe PyErr_Occurred() != nil { return nil }
  }
  let spec = unsafe call(stock.findSpec.object, finder, arguments, keywords)
  if isOurs, let spec = unsafe spec { unsafe noteExtension(spec, stock) }
  return unsafe spec
}

/// `FileFinder._fill_cache`: lists a directory from memory where its names are known and current.
private func fillCache(_ finder: Object?, _ arguments: Object?, _ keywords: Object?) -> Object? {
  guard let stock = unsafe stock else { return unsafe importahead_none() }
  if unsafe keywords == nil, unsafe PyTuple_Size(arguments) == 0, let finder = unsafe finder,
    let state = unsafe StateOfFinder(finder, stock), let running = currentSession()
  {
    var question = Question()
    if !state.isInvalidated,
      let joined = waiting({ running.names(in: state.directory, &question) })
    {
      return unsafe state.keep(joined) ? importahead_none() : nil
    }
    running.forget(directory: state.directory)
  }
  if unsafe PyErr_Occurred() != nil { return nil }
  return unsafe call(stock.fillCache.object, finder, arguments, keywords)
}

/// A finder that is as importlib made it, with the loaders that the session knows of.
@safe private struct StateOfFinder {
  let dictionary: Object
  let path: Object
  let directory: [UInt8]
  /// `_path_mtime`: -1 for a directory that has not been looked into, or was invalidated.
  let modified: Double

  /// `nil` where importlib must do all of it; no Python error is left behind.
  init?(_ finder: Object, _ stock: StockFinder) {
    guard unsafe stock.type.isSame(importahead_type_of(finder)), stock.watched.isUnchanged,
      unsafe !observers.isAny, let found = unsafe PyObject_GetAttr(finder, Name.dictionary.object)
    else {
      PyErr_Clear()
      return nil
    }
    // The finder, which the caller holds, holds it.
    unsafe Py_DecRef(found)
    guard unsafe PyDict_Size(found) == stock.attributes,
      let loaders = unsafe PyDict_GetItem(found, Name.loaders.object),
      let path = unsafe PyDict_GetItem(found, Name.path.object),
      let modified = unsafe PyDict_GetItem(found, Name.modified.object),
      unsafe Self.areTold(loaders, stock.loaders),
      let directory = unsafe fileSystemBytes(of: path),
      directory.first == UInt8(ascii: "/")
    else { return nil }
    unsafe dictionary = found
    unsafe self.path = path
    self.directory = directory
    self.modified = unsafe PyFloat_AsDouble(modified)
    PyErr_Clear()
  }

  private static func areTold(
    _ found: Object, _ told: [(suffix: Kept, loader: Kept)]
  ) -> Bool {
    guard unsafe PyList_Size(found) == told.count else {
      PyErr_Clear()
      return false
    }
    for index in told.indices {
      guard let pair = unsafe PyList_GetItem(found, index),
        let suffix = unsafe PyTuple_GetItem(pair, 0), let loader = unsafe PyTuple_GetItem(pair, 1),
        unsafe told[index].loader.isSame(loader),
        unsafe told[index].suffix.isSame(suffix)
          || PyUnicode_Compare(suffix, told[index].suffix.object) == 0
      else {
        PyErr_Clear()
        return false
      }
    }
    return true
  }

  /// Whether the directory has never been looked into, or the finder was told to look again.
  var isFresh: Bool { modified == -1 }

  /// Whether the finder was told to look again: a fresh one holds no names.
  var isInvalidated: Bool {
    guard isFresh, let found = unsafe PyDict_GetItem(dictionary, Name.names.object) else {
      return false
    }
    return unsafe PySet_Size(found) > 0
  }

  /// Keeps names, each followed by a NUL, as the finder does on a platform with case-sensitive names.
  ///
  /// Audit hooks are told, as of a directory that is listed; `false` with the hook's error set where one
  /// objects.
  func keep(_ joined: [UInt8]) -> Bool {
    guard unsafe raiseEvent(auditFunction.object, consuming: tuple(Name.listing.object, path)),
      let list = unsafe list(ofNames: joined)
    else { return false }
    defer { unsafe Py_DecRef(list) }
    guard let set = unsafe PySet_New(list) else { return false }
    defer { unsafe Py_DecRef(set) }
    return unsafe PyDict_SetItem(dictionary, Name.names.object, set) == 0
  }

  /// Keeps when the directory was modified; `false` with an error set.
  func keep(modified: Double) -> Bool {
    guard let number = unsafe PyFloat_FromDouble(modified) else { return false }
    defer { unsafe Py_DecRef(number) }
    return unsafe PyDict_SetItem(dictionary, Name.modified.object, number) == 0
  }
}

/// The spec of a module that the session proves to be in the finder's directory; `nil` without an error
/// where only importlib can tell.
private func locate(
  _ finder: Object, _ state: StateOfFinder, _ stock: StockFinder, _ arguments: Object?
) -> Object? {
  let count = unsafe PyTuple_Size(arguments)
  guard count == 1 || count == 2, let fullName = unsafe PyTuple_GetItem(arguments, 0),
    let name = unsafe fileSystemBytes(of: fullName), !state.isInvalidated,
    hasOwnMethods(stock), let running = currentSession()
  else { return nil }
  // With names of its own a finder need not wait for the session's.
  let mayWait = state.isFresh
  let (directory, modified) = (state.directory, state.modified)
  var question = Question()
  let attempt = {
    running.locate(name, in: directory, mayWait: mayWait, namesOf: modified, &question)
  }
  guard let found = waiting(attempt) else { return nil }
  if state.modified != found.directoryModified {
    // The first look into a directory lists it, and so does the first after a change.
    guard state.keep(found.directoryNames),
      state.keep(modified: found.directoryModified)
    else { return nil }
  }
  guard let loader = unsafe loader(of: found, stock), let path = unsafe text(of: found.path)
  else { return nil }
  defer { unsafe Py_DecRef(path) }
  guard let portions = unsafe portions(of: found) else { return nil }
  defer { unsafe Py_DecRef(portions) }
  let none = unsafe importahead_none()
  defer { unsafe Py_DecRef(none) }
  let target = unsafe count == 2 ? PyTuple_GetItem(arguments, 1) : none
  return unsafe call(
    stock.getSpec.object, consuming: tuple(finder, loader, fullName, path, portions, target))
}

/// Whether the methods that importlib's `find_spec` would call are importlib's, or ours.
private func hasOwnMethods(_ stock: StockFinder) -> Bool {
  unsafe isAttribute(Name.fillCache, of: stock.type, fillCacheDescriptor)
    && isAttribute(Name.getSpec, of: stock.type, stock.getSpec)
}

private func isAttribute(_ name: Kept, of type: Kept, _ expected: Kept?) -> Bool {
  guard let found = unsafe PyObject_GetAttr(type.object, name.object) else {
    PyErr_Clear()
    return false
  }
  defer { unsafe Py_DecRef(found) }
  return unsafe expected?.isSame(found) ?? false
}

/// The type of loader that importlib has for such a file.
private func loader(of found: FoundModule, _ stock: StockFinder) -> Object? {
  guard found.suffixIndex < stock.loaders.count else { return nil }
  return unsafe stock.loaders[found.suffixIndex].loader.object
}

/// A package's directory in a list, or `None`.
private func portions(of found: FoundModule) -> Object? {
  guard let package = found.package else { return unsafe importahead_none() }
  guard let list = unsafe PyList_New(1), let path = unsafe text(of: package) else { return nil }
  _ = unsafe PyList_SetItem(list, 0, path)
  return unsafe list
}

/// Lets the profile have an extension module that importlib found by itself.
private func noteExtension(_ spec: Object, _ stock: StockFinder) {
  let none = unsafe importahead_none()
  unsafe Py_DecRef(none)
  guard unsafe spec != none, let loader = unsafe PyObject_GetAttr(spec, Name.loader.object) else {
    PyErr_Clear()
    return
  }
  defer { unsafe Py_DecRef(loader) }
  guard let first = stock.loaders.first, unsafe first.loader.isSame(importahead_type_of(loader)),
    let running = currentSession(),
    let origin = unsafe PyObject_GetAttr(spec, Name.origin.object)
  else {
    PyErr_Clear()
    return
  }
  defer { unsafe Py_DecRef(origin) }
  if let path = unsafe fileSystemBytes(of: origin) { running.note(native: path) }
}

/// A list of `str` from names that are followed by a NUL each.
private func list(ofNames joined: [UInt8]) -> Object? {
  guard let list = unsafe PyList_New(0) else { return nil }
  var start = 0
  for end in joined.indices where joined[end] == 0 {
    let name = unsafe joined.withUnsafeBytes { memory in
      unsafe PyUnicode_DecodeFSDefaultAndSize(
        memory.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self), end &- start)
    }
    start = end &+ 1
    guard let name = unsafe name, unsafe PyList_Append(list, name) == 0 else {
      unsafe Py_DecRef(name)
      unsafe Py_DecRef(list)
      return nil
    }
    unsafe Py_DecRef(name)
  }
  return unsafe list
}
