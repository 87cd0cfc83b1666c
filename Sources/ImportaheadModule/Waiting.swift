internal import CPython
internal import ImportaheadCore

/// Asks the session for something that may be on its way, without the GIL, until there is an answer: other
/// threads of the program go on meanwhile.
///
/// Each attempt is short, and signals are looked at in between, as a read that they interrupt would do (PEP
/// 475). `nil` without a Python error where importlib must look for itself; with one where a signal's handler
/// has raised it.
func waiting<Value>(_ attempt: () -> Attempt<Value>) -> Value? {
  while true {
    let thread = unsafe PyEval_SaveThread()
    let result = attempt()
    unsafe PyEval_RestoreThread(thread)
    switch result {
    case .found(let value): return value
    case .notFound: return nil
    case .pending: guard PyErr_CheckSignals() == 0 else { return nil }
    }
  }
}
