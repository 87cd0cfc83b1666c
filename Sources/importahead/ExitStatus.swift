internal import Glibc

/// How the tool ends when it does not become the program it was asked to run.
enum ExitStatus: Int32 {
  /// What was asked for is done.
  case success = 0
  /// What was asked for could not be done.
  case failure = 1
  /// The arguments make no sense.
  case usage = 2
  /// The program to run was found but cannot be executed, as a shell reports it.
  case notExecutable = 126
  /// The program to run was not found, as a shell reports it.
  case notFound = 127

  /// The status a shell gives when execve(2) fails with `code`.
  init(executionError code: Int32) {
    self = code == ENOENT || code == ENOTDIR ? .notFound : .notExecutable
  }

  /// Ends the process.
  static func end(_ status: ExitStatus) -> Never {
    exit(status.rawValue)
  }
}
