public import CPython

/// Makes the extension module (PEP 489, multi-phase initialisation).
@c(PyInit__importahead)
public func initializeModule() -> UnsafeMutablePointer<PyObject>? {
  // Python keeps pointers into the definition for as long as the process lives.
  let definition = UnsafeMutablePointer<PyModuleDef>.allocate(capacity: 1)
  unsafe definition.initialize(to: PyModuleDef())
  unsafe definition.pointee.m_base.ob_base.ob_refcnt = 1
  unsafe definition.pointee.m_name = staticText("_importahead")
  unsafe definition.pointee.m_doc = staticText("The prefetching core of importahead.")
  unsafe definition.pointee.m_size = 0
  unsafe definition.pointee.m_methods = moduleMethods()
  unsafe definition.pointee.m_slots = moduleSlots()
  return unsafe PyModuleDef_Init(definition)
}

/// The slots that the running interpreter knows; an unknown one would make it refuse the module.
private func moduleSlots() -> UnsafeMutablePointer<PyModuleDef_Slot> {
  let minor = minorVersion()
  let slots = UnsafeMutablePointer<PyModuleDef_Slot>.allocate(capacity: 3)
  var count = 0
  if minor >= 12 {
    // Py_mod_multiple_interpreters: Py_MOD_PER_INTERPRETER_GIL_SUPPORTED.
    unsafe slots[count] = PyModuleDef_Slot(slot: 3, value: UnsafeMutableRawPointer(bitPattern: 2))
    count &+= 1
  }
  if minor >= 13 {
    // Py_mod_gil: Py_MOD_GIL_NOT_USED.
    unsafe slots[count] = PyModuleDef_Slot(slot: 4, value: UnsafeMutableRawPointer(bitPattern: 1))
    count &+= 1
  }
  unsafe slots[count] = PyModuleDef_Slot(slot: 0, value: nil)
  return unsafe slots
}

/// The second number of `sys.version_info`.
private func minorVersion() -> Int {
  guard let text = unsafe Py_GetVersion() else { return 0 }
  var index = 0
  while unsafe text[index] != 0, unsafe text[index] != 0x2e { index &+= 1 }
  var minor = 0
  index &+= 1
  while unsafe text[index] >= 0x30, unsafe text[index] <= 0x39, minor < 1000 {
    minor = minor &* 10 &+ Int(unsafe text[index] &- 0x30)
    index &+= 1
  }
  return minor
}

private func moduleMethods() -> UnsafeMutablePointer<PyMethodDef> {
  let noArguments = Int32(METH_NOARGS)
  let oneArgument = Int32(METH_O)
  let arguments = Int32(METH_VARARGS)
  let methods: [PyMethodDef] = unsafe [
    method("start", arguments, "start(settings)\n--\n\nStart the session.") {
      unsafe start($0, $1)
    },
    method("stop", noArguments, "stop()\n--\n\nStop the session and join its threads.") {
      unsafe stop($0, $1)
    },
    method("prepare_for_end", oneArgument, "prepare_for_end(reference)\n--\n\nExpect the end.") {
      unsafe prepareForEnd($0, $1)
    },
    method("save_profile", noArguments, "save_profile()\n--\n\nWrite the program's profile.") {
      unsafe saveProfile($0, $1)
    },
    method(
      "install_finder", arguments,
      "install_finder(type, loaders, external, system, sample)\n--\n\nAnswer finders from memory."
    ) {
      unsafe installFinder($0, $1)
    },
    method(
      "install_reader", arguments,
      "install_reader(type, external)\n--\n\nAnswer loaders from memory."
    ) {
      unsafe installReader($0, $1)
    },
    method("statistics", noArguments, "statistics()\n--\n\nReturn the counters by name.") {
      unsafe statistics($0, $1)
    },
    method("is_supported", noArguments, "is_supported()\n--\n\nWhether this process may be served.")
    { unsafe isSupported($0, $1) },
  ]
  let count = unsafe methods.count
  let table = UnsafeMutablePointer<PyMethodDef>.allocate(capacity: count &+ 1)
  for index in 0..<count { unsafe (table + index).initialize(to: methods[index]) }
  unsafe (table + count).initialize(to: PyMethodDef())
  return unsafe table
}

/// An entry of a method table, whose texts live as long as the process.
func method(
  _ name: StaticString, _ flags: Int32, _ documentation: StaticString,
  _ function:
    @convention(c) (
      UnsafeMutablePointer<PyObject>?, UnsafeMutablePointer<PyObject>?
    ) -> UnsafeMutablePointer<PyObject>?
) -> PyMethodDef {
  unsafe PyMethodDef(
    ml_name: staticText(name), ml_meth: function, ml_flags: flags,
    ml_doc: staticText(documentation))
}

/// The NUL-terminated bytes of a literal.
func staticText(_ text: StaticString) -> UnsafePointer<CChar> {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
