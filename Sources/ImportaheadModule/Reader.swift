internal import CLinux
internal import CPython
internal import ImportaheadCore

/// `FileLoader.get_data` as it was, called for everything that is not in memory.
nonisolated(unsafe) private var original: Object?
/// `sys.audit`: reads from memory raise the event that `io.open_code` raises (PEP 578).
nonisolated(unsafe) private var audit: Object?
/// The mode and flags that `io.open_code` reports: `"r"` and `O_RDONLY | O_CLOEXEC`.
nonisolated(unsafe) private var auditMode: Object?
nonisolated(unsafe) private var auditFlags: Object?

/// `reader(loader_type, original)`: a method that answers `get_data` from memory where it can.
///
/// It is a method descriptor and not a function, so that no frame of ours stands in tracebacks.
func makeReader(_ module: Object?, _ arguments: Object?) -> Object? {
  guard let arguments = unsafe arguments, let type = unsafe PyTuple_GetItem(arguments, 0),
    let function = unsafe PyTuple_GetItem(arguments, 1),
    let loader = unsafe importahead_as_type(type)
  else {
    if unsafe PyErr_Occurred() == nil { unsafe importahead_raise_type_error("expected a type") }
    return nil
  }
  let definition = UnsafeMutablePointer<PyMethodDef>.allocate(capacity: 1)
  unsafe definition.initialize(
    to: PyMethodDef(
      ml_name: staticText("get_data"),
      ml_meth: importahead_with_keywords { unsafe getData($0, $1, $2) },
      ml_flags: Int32(METH_VARARGS) | Int32(METH_KEYWORDS),
      ml_doc: staticText(
        "get_data($self, path)\n--\n\nReturn the data from path as raw bytes.")))
  unsafe Py_IncRef(function)
  unsafe original = unsafe function
  unsafe audit = PySys_GetObject("audit")
  unsafe Py_IncRef(audit)
  unsafe auditMode = PyUnicode_FromString("r")
  unsafe auditFlags = PyLong_FromLong(Int(O_RDONLY | O_CLOEXEC))
  return unsafe PyDescr_NewMethod(loader, definition)
}

private func getData(_ loader: Object?, _ arguments: Object?, _ keywords: Object?) -> Object? {
  if unsafe keywords == nil, let arguments = unsafe arguments,
    unsafe PyTuple_Size(arguments) == 1, let path = unsafe PyTuple_GetItem(arguments, 0),
    let running = currentSession(), let name = unsafe fileSystemBytes(of: path),
    isCode(name), let data = unsafe take(name, path, loader, from: running)
  {
    return unsafe data
  }
  if unsafe PyErr_Occurred() != nil { return nil }
  return unsafe callOriginal(loader, arguments, keywords)
}

/// Whether a path may be one of those that are prefetched; `get_data` also reads data files.
private func isCode(_ path: [UInt8]) -> Bool {
  path.suffix(3).elementsEqual(".py".utf8) || path.suffix(4).elementsEqual(".pyc".utf8)
}

/// The bytes at `name` as a new `bytes` object; `nil` where they are not in memory, or with a Python
/// error set where an audit hook refuses.
private func take(
  _ name: [UInt8], _ path: Object, _ loader: Object?, from session: Session
) -> Object? {
  var isDemand = false
  let thread = unsafe PyEval_SaveThread()
  let data = session.take(name, isDemand: &isDemand)
  unsafe PyEval_RestoreThread(thread)
  if isDemand, let module = unsafe moduleName(of: loader) { session.demand(module: module) }
  guard let data, unsafe raiseOpenEvent(for: path) else { return nil }
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

/// Raises the audit event of opening `path`; `false` with the hook's error set when one objects.
private func raiseOpenEvent(for path: Object) -> Bool {
  guard let audit = unsafe audit, let event = unsafe PyUnicode_FromString("open"),
    let arguments = unsafe PyTuple_New(4)
  else { return false }
  unsafe Py_IncRef(path)
  unsafe Py_IncRef(auditMode)
  unsafe Py_IncRef(auditFlags)
  _ = unsafe PyTuple_SetItem(arguments, 0, event)
  _ = unsafe PyTuple_SetItem(arguments, 1, path)
  _ = unsafe PyTuple_SetItem(arguments, 2, auditMode)
  _ = unsafe PyTuple_SetItem(arguments, 3, auditFlags)
  let result = unsafe PyObject_CallObject(audit, arguments)
  unsafe Py_DecRef(arguments)
  guard let result = unsafe result else { return false }
  unsafe Py_DecRef(result)
  return true
}

private func callOriginal(
  _ loader: Object?, _ arguments: Object?, _ keywords: Object?
) -> Object? {
  let count = unsafe PyTuple_Size(arguments)
  guard let all = unsafe PyTuple_New(count &+ 1) else { return nil }
  unsafe Py_IncRef(loader)
  _ = unsafe PyTuple_SetItem(all, 0, loader)
  for index in 0..<count {
    let item = unsafe PyTuple_GetItem(arguments, index)
    unsafe Py_IncRef(item)
    _ = unsafe PyTuple_SetItem(all, index &+ 1, item)
  }
  defer { unsafe Py_DecRef(all) }
  return unsafe PyObject_Call(original, all, keywords)
}
