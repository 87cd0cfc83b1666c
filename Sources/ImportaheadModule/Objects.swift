internal import CPython

// Python objects that outlive every call, and calls that pass and return them. References that are kept
// are never given back: the process keeps what it has installed in importlib's classes.

/// An object that is kept for ever.
@safe struct Kept {
  let object: Object?

  /// Keeps `object`, to which the caller has a reference of its own or not.
  init(_ object: Object?) {
    unsafe self.object = unsafe object
    unsafe Py_IncRef(object)
  }

  /// Keeps a text, as an interned `str`.
  init(_ text: StaticString) {
    unsafe object = PyUnicode_InternFromString(staticText(text))
  }

  /// Whether it is this very object.
  func isSame(_ other: Object?) -> Bool { unsafe object == other }
}

/// A new reference to `object`.
func retained(_ object: Object?) -> Object? {
  unsafe Py_IncRef(object)
  return unsafe object
}

/// A tuple of new references to `items`; `nil` with an error set where there is no memory, or an item is
/// missing.
func tuple(_ items: Object?...) -> Object? { unsafe tuple(of: items) }

private func tuple(of items: [Object?]) -> Object? {
  let count = unsafe items.count
  guard let made = unsafe PyTuple_New(count) else { return nil }
  for index in 0..<count {
    guard let item = unsafe items[index] else {
      unsafe Py_DecRef(made)
      return nil
    }
    unsafe Py_IncRef(item)
    _ = unsafe PyTuple_SetItem(made, index, item)
  }
  return unsafe made
}

/// Calls `function` with `self` in front of the arguments, as a method of a class.
func call(
  _ function: Object?, _ receiver: Object?, _ arguments: Object?, _ keywords: Object? = nil
) -> Object? {
  let count = unsafe PyTuple_Size(arguments)
  guard count >= 0, let all = unsafe PyTuple_New(count &+ 1) else { return nil }
  defer { unsafe Py_DecRef(all) }
  _ = unsafe PyTuple_SetItem(all, 0, retained(receiver))
  for index in 0..<count {
    _ = unsafe PyTuple_SetItem(all, index &+ 1, retained(PyTuple_GetItem(arguments, index)))
  }
  return unsafe PyObject_Call(function, all, keywords)
}

/// Calls `function` with `arguments`, a tuple that is given up.
func call(_ function: Object?, consuming arguments: Object?) -> Object? {
  guard let arguments = unsafe arguments else { return nil }
  defer { unsafe Py_DecRef(arguments) }
  return unsafe PyObject_CallObject(function, arguments)
}

/// Raises an audit event (PEP 578).
///
/// `arguments` is a tuple of the event's name and its arguments, and is given up. Answers `false` with
/// the hook's error set where one objects.
func raiseEvent(_ audit: Object?, consuming arguments: Object?) -> Bool {
  guard let result = unsafe call(audit, consuming: arguments) else { return false }
  unsafe Py_DecRef(result)
  return true
}

/// A path as `str`.
func text(of path: [UInt8]) -> Object? {
  unsafe path.withUnsafeBytes { memory in
    unsafe PyUnicode_DecodeFSDefaultAndSize(
      memory.baseAddress?.assumingMemoryBound(to: CChar.self), memory.count)
  }
}
