/// The files by which an interpreter finds the hook when it starts.
enum StartupFiles {
  /// The name of the line file every interpreter reads.
  static let pathFile = "importahead.pth"
  /// The name of the entry point file that replaces it from CPython 3.15 on (PEP 829).
  static let startFile = "importahead.start"

  /// One line that stands alone: silent when the package is gone, and no failure of the hook, not
  /// even SystemExit, can end the interpreter.
  static let pathLine = #"""
    import sys; exec("try: from importahead import activate; activate()\nexcept BaseException: pass")

    """#

  /// The entry point of the same function.
  static let startLine = "importahead:activate\n"

  /// Whether an interpreter of this version reads entry point files.
  static func readsEntryPoints(_ version: PythonVersion) -> Bool {
    version >= PythonVersion(3, 15)
  }
}
