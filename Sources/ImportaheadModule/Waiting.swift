internal import CPython

/// Runs what may wait without the GIL: other threads of the program go on meanwhile.
func waiting<Result>(_ body: () -> Result) -> Result {
  let thread = unsafe PyEval_SaveThread()
  defer { unsafe PyEval_RestoreThread(thread) }
  return body()
}
