internal import CPython
internal import ImportaheadCore

/// `statistics()`: a tuple of numbers in the order `importahead` names them.
///
/// `None` without a session. Times are in nanoseconds.
func statistics(_ module: Object?, _ nothing: Object?) -> Object? {
  guard let counts = sessionStatistics() else { return unsafe importahead_none() }
  let values = [
    Int(counts.backend.rawValue), counts.hits, counts.misses, counts.stale, counts.waits,
    counts.waitTime, counts.filesFetched, counts.bytesFetched, counts.bytesServed,
    counts.bytecodeFetched, counts.sourcesFetched, counts.directoriesListed, counts.bytesWarmed,
    counts.modulesPlanned, counts.demands, counts.rests, counts.processorTime, counts.sessionTime,
    counts.errors, Int(counts.lastError), counts.profileState, counts.profileFiles,
    counts.profileUsed, counts.bundleState, counts.bundleFiles, counts.bundleUsed,
    counts.bundleStale,
  ]
  guard let tuple = unsafe PyTuple_New(values.count) else { return nil }
  for index in values.indices {
    guard unsafe PyTuple_SetItem(tuple, index, PyLong_FromLong(values[index])) == 0 else {
      unsafe Py_DecRef(tuple)
      return nil
    }
  }
  return unsafe tuple
}
