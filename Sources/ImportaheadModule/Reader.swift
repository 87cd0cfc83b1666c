internal import CLinux
internal import CPython
internal import ImportaheadCore

/// What `FileLoader` was when its method was replaced.
private struct StockLoader {
  /// `FileLoader.get_data`, called for everything that is not in memory.
  let getData: Kept
  let watched: Watched
  /// The mode and flags that `io.open_code` reports: `"r"` and `O_RDONLY | O_CLOEXEC`.
  let mode: Kept
  let flags: Kept
  let event: Kept
}

nonisolated(unsafe) private var stock: StockLoader?

/// `sys.audit`: what is answered from memory raises the events that importlib's own would (PEP 578).
nonisolated(unsafe) let auditFunction = unsafe Kept(PySys_GetObject("audit"))

/// Who watches Python code run.
nonisolated(unsafe) let observers = Observers()

/// `install_reader(type, external, io)`: has `get_data` of this type answer from memory where it can.
///
/// `external` is the module importlib is in, `io` the module whose `open_code` it calls.
func installReader(_ module: Object?, _ arguments: Object?) -> Object? {
  guard let arguments = unsafe arguments, let type = unsafe PyTuple_GetItem(arguments, 0),
    let external = unsafe PyTuple_GetItem(arguments, 1),
    let io = unsafe PyTuple_GetItem(arguments, 2),
    let original = unsafe PyObject_GetAttrString(type, "get_data")
  else { return nil }
  var watched = Watched()
  guard unsafe watched.add(external, ["_io"]), unsafe watched.add(io, ["open_code", "FileIO"])
  else {
    unsafe importahead_raise_type_error("not importlib's")
    return nil
  }
  unsafe stock = StockLoader(
    getData: Kept(original), watched: watched, mode: Kept("r"),
    flags: Kept(PyLong_FromLong(Int(O_RDONLY | O_CLOEXEC))), event: Kept("open"))
  guard
    unsafe install(
      "get_data", of: type,
      documentation: "get_data($self, path)\n--\n\nReturn the data from path as raw bytes.",
      { unsafe getData($0, $1, $2) }) != nil
  else { return nil }
  return unsafe importahead_none()
}

private func getData(_ loader: Object?, _ arguments: Object?, _ keywords: Object?) -> Object? {
  guard let stock = unsafe stock else { return unsafe importahead_none() }
  if unsafe keywords == nil, unsafe PyTuple_Size(arguments) == 1,
    let path = unsafe PyTuple_GetItem(arguments, 0), let running = currentSession(),
    let name = unsafe fileSystemBytes(of: path), isCode(name), stock.watched.isUnchanged,
    unsafe !observers.isAny, let data = unsafe take(name, path, loader, stock, from: running)
  {
    return unsafe data
  }
  if unsafe PyErr_Occurred() != nil { return nil }
  return unsafe call(stock.getData.object, loader, arguments, keywords)
}

/// Whether a path may be one of those that are prefetched; `get_data` also reads data files.
private func isCode(_ path: [UInt8]) -> Bool {
  path.suffix(3).elementsEqual(".py".utf8) || path.suffix(4).elementsEqual(".pyc".utf8)
}

/// The bytes at `name` as a new `bytes` object; `nil` where they are not in memory, or with a Python
/// error set where an audit hook refuses.
private func take(
  _ name: [UInt8], _ path: Object, _ loader: Object?, _ stock: StockLoader, from session: Session
) -> Object? {
  var question = Question()
  let data = waiting { session.take(name, &question) }
  if question.isDemand, let module = unsafe moduleName(of: loader) {
    session.demand(module: module, file: name)
  }
  guard let data,
    unsafe raiseEvent(
      auditFunction.object,
      consuming: tuple(stock.event.object, path, stock.mode.object, stock.flags.object))
  else { return nil }
  return unsafe data.withPointer { start, count in
    unsafe PyBytes_FromStringAndSize(start, count)
  }
}

/// The full name of the module a loader is for; no Python error is left behind.
private func moduleName(of loader: Object?) -> [UInt8]? {
  guard let name = unsafe PyObject_GetAttrString(loader, "name") else {
    PyErr_Clear()
    return nil
  }
  defer { unsafe Py_DecRef(name) }
  return unsafe fileSystemBytes(of: name)
}
