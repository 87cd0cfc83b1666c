/// What this build calls itself; pyproject.toml says the same.
enum Release {
  /// The version of the tool and of the Python package it carries.
  static let version = "0.1.0"
  /// What the package is for, in one line.
  static let summary = "readahead(2) for Python imports"
  /// The versions of CPython the package is tested with.
  static let supported = PythonVersion(3, 9)...PythonVersion(3, 14)
}
