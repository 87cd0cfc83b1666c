internal import CPython
internal import ImportaheadCore

// What Python calls: each body unwraps its arguments, makes one call into the core, and wraps the
// result. The session is one for the process and serves the main interpreter only.

nonisolated(unsafe) private var session: Session?

/// The longest that `stop()` waits for our threads, in milliseconds.
private let joinPatience = 200

/// The session of this process: its own in the child of a clone(2) too.
///
/// Whether the process has the rights that it was started with is the session's own business
/// (`InitialRights`): no system call is made to find out at every question.
func currentSession() -> Session? {
  guard let known = unsafe session else { return nil }
  let present = known.ofThisProcess
  if present !== known { unsafe session = present }
  return present
}

/// The session that the forking thread had, in the child of a fork that it was told of.
func sessionBeforeFork() -> Session? { unsafe session }

/// Whether this is the main interpreter of a process that may be served at all.
func isSupported(_ module: Object?, _ nothing: Object?) -> Object? {
  let isMain = unsafe PyInterpreterState_GetID(PyInterpreterState_Get()) == 0
  return unsafe PyBool_FromLong(isMain && !Confinement.isPrivilegedExecution ? 1 : 0)
}

/// `start(settings)`: starts the session and returns `True`, or `False` where the program has nothing
/// to prefetch; raises `OSError` where no thread can be had.
func start(_ module: Object?, _ arguments: Object?) -> Object? {
  guard let arguments = unsafe arguments, let tuple = unsafe PyTuple_GetItem(arguments, 0),
    unsafe importahead_is_tuple(tuple) != 0
  else {
    unsafe importahead_raise_type_error("expected a tuple of settings")
    return nil
  }
  guard unsafe session == nil else {
    unsafe importahead_raise_runtime_error("a session has been started before")
    return nil
  }
  var isUseful = false
  guard let fields = unsafe texts(of: tuple) else { return nil }
  guard let settings = SessionSettings(named: fields, isUseful: &isUseful) else {
    unsafe importahead_raise_type_error("not the settings of this version")
    return nil
  }
  guard isUseful else { return unsafe PyBool_FromLong(0) }
  let made = Session(settings: settings)
  do throws(Errno) {
    try made.start()
  } catch {
    importahead_raise_os_error(error.code)
    return nil
  }
  unsafe session = made
  installForkHooks()
  if settings.profile.isWritten {
    // Called when the interpreter has gone; `atexit` would stand in `sys.modules` and slow the start.
    _ = Py_AtExit { currentSession()?.saveProfile() }
    // Called behind the destructors of all that is loaded after us (exit(3): in reverse order).
    _ = atexit { currentSession()?.saveEndOfProfile() }
  }
  return unsafe PyBool_FromLong(1)
}

/// `stop()`: stops the session; what is in memory can still be taken.
func stop(_ module: Object?, _ nothing: Object?) -> Object? {
  if let running = currentSession() {
    let thread = unsafe PyEval_SaveThread()
    running.stop(milliseconds: joinPatience)
    unsafe PyEval_RestoreThread(thread)
  }
  return unsafe importahead_none()
}

/// `prepare_for_end(reference)`: the interpreter is about to end; called by a dead weak reference.
func prepareForEnd(_ module: Object?, _ reference: Object?) -> Object? {
  currentSession()?.prepareForEnd()
  return unsafe importahead_none()
}

/// `save_profile()`: keeps what the program needed for its next run.
func saveProfile(_ module: Object?, _ nothing: Object?) -> Object? {
  if let running = currentSession() {
    let thread = unsafe PyEval_SaveThread()
    running.saveProfile()
    unsafe PyEval_RestoreThread(thread)
  }
  return unsafe importahead_none()
}

/// The counters of the session, if there is one.
func sessionStatistics() -> Statistics? { currentSession()?.statistics }
