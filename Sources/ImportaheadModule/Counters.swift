internal import CPython
internal import ImportaheadCore

/// `statistics()`: a dict of numbers by the names that `stats()` gives them; `None` without a session.
///
/// Times are in nanoseconds.
func statistics(_ module: Object?, _ nothing: Object?) -> Object? {
  guard let counts = sessionStatistics() else { return unsafe importahead_none() }
  guard let dictionary = unsafe PyDict_New() else { return nil }
  for (name, value) in counts.named {
    let number = unsafe PyLong_FromLong(value)
    defer { unsafe Py_DecRef(number) }
    guard unsafe number != nil,
      unsafe PyDict_SetItemString(dictionary, staticText(name), number) == 0
    else {
      unsafe Py_DecRef(dictionary)
      return nil
    }
  }
  return unsafe dictionary
}
