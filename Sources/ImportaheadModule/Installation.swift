internal import CPython

/// What of importlib, and of what it calls, stood where it stands when the session was told of it.
///
/// A program may replace any of it later; from then on importlib must do all of its work itself.
struct Watched {
  private var places: [(dictionary: Kept, name: Kept, object: Kept)] = []

  /// Notes what the dictionary of `module` has under `names`; `false` where one is missing.
  mutating func add(_ module: Object?, _ names: [StaticString]) -> Bool {
    guard let dictionary = unsafe PyModule_GetDict(module) else { return false }
    for name in names {
      let key = Kept(name)
      guard let object = unsafe PyDict_GetItem(dictionary, key.object) else { return false }
      unsafe places.append((Kept(dictionary), key, Kept(object)))
    }
    return true
  }

  /// Whether all of it still stands there.
  var isUnchanged: Bool {
    for (dictionary, name, object) in places {
      guard unsafe object.isSame(PyDict_GetItem(dictionary.object, name.object)) else {
        return false
      }
    }
    return true
  }
}

/// Whether somebody watches Python code run in this thread, who would see importlib's own.
///
/// Then importlib's own has to run: its calls and lines are what a tracer or profiler is told.
struct Observers {
  private let tracer: Kept
  private let profiler: Kept
  /// `sys.monitoring.get_events` (PEP 669, CPython 3.12 and later).
  private let events: Kept
  private let none: Kept
  private let nothing: Kept
  /// The numbers of the tools, as tuples of arguments.
  private var tools: [Kept] = []

  /// Numbers that tools may have: 6 and 7 are CPython's own, for `settrace` and `setprofile`.
  private static let mostTools = 6

  init() {
    unsafe tracer = Kept(PySys_GetObject("gettrace"))
    unsafe profiler = Kept(PySys_GetObject("getprofile"))
    unsafe none = Kept(importahead_none())
    unsafe nothing = Kept(PyTuple_New(0))
    guard let monitoring = unsafe PySys_GetObject("monitoring"),
      let events = unsafe PyObject_GetAttrString(monitoring, "get_events")
    else {
      PyErr_Clear()
      unsafe self.events = Kept(nil as Object?)
      return
    }
    unsafe self.events = Kept(events)
    for number in 0..<Self.mostTools {
      let text = unsafe PyLong_FromLong(number)
      unsafe tools.append(Kept(tuple(text)))
    }
  }

  /// Whether there is one.
  var isAny: Bool {
    if !isNone(tracer) || !isNone(profiler) { return true }
    for tool in tools {
      guard let found = unsafe PyObject_CallObject(events.object, tool.object) else {
        PyErr_Clear()
        continue
      }
      defer { unsafe Py_DecRef(found) }
      if unsafe PyLong_AsLong(found) != 0 {
        PyErr_Clear()
        return true
      }
    }
    return false
  }

  private func isNone(_ question: Kept) -> Bool {
    guard let found = unsafe PyObject_CallObject(question.object, nothing.object) else {
      PyErr_Clear()
      return false
    }
    defer { unsafe Py_DecRef(found) }
    return unsafe none.isSame(found)
  }
}

/// Puts a method of ours in the place of one of importlib's, in the class itself.
///
/// It is a method descriptor and not a function, so that no frame of ours stands in tracebacks. Answers the
/// descriptor, or `nil` with an error set.
func install(
  _ name: StaticString, of type: Object, documentation: StaticString,
  _ body: @escaping @convention(c) (Object?, Object?, Object?) -> Object?
) -> Object? {
  guard let owner = unsafe importahead_as_type(type) else {
    unsafe importahead_raise_type_error("expected a type")
    return nil
  }
  // Python keeps a pointer to the definition for as long as the process lives.
  let definition = UnsafeMutablePointer<PyMethodDef>.allocate(capacity: 1)
  unsafe definition.initialize(
    to: PyMethodDef(
      ml_name: staticText(name), ml_meth: importahead_with_keywords(body),
      ml_flags: Int32(METH_VARARGS) | Int32(METH_KEYWORDS), ml_doc: staticText(documentation)))
  guard let descriptor = unsafe PyDescr_NewMethod(owner, definition),
    unsafe PyObject_SetAttrString(type, staticText(name), descriptor) == 0
  else { return nil }
  return unsafe descriptor
}
