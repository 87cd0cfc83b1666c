internal import CLinux

/// What this process may do, asked without doing anything that a sandbox might punish.
public enum Confinement {
  /// Whether a seccomp filter is in force: it may kill the process for io_uring_setup(2), so that a
  /// ring must not even be tried.
  public static var hasSystemCallFilter: Bool {
    guard let text = KernelText(Array("/proc/self/status".utf8)) else { return true }
    return hasFilter(inStatus: text.bytes)
  }

  /// Whether only calls that CPython and its libc make by themselves may be made, and a thread's: a filter
  /// was in force when this process began to read ahead, which may kill for any other.
  ///
  /// Written before there is a thread of ours; a filter that comes later ends the session instead
  /// (`InitialRights`).
  static var allowsPlainCallsOnly: Bool { unsafe isFiltered }
  nonisolated(unsafe) private static var isFiltered = false

  /// Takes note of whether a filter is in force; one cannot be taken off.
  static func note(filter isInForce: Bool) {
    if isInForce { unsafe isFiltered = true }
  }

  /// Whether the text of a `/proc/PID/status` says that a filter is in force.
  static func hasFilter(inStatus text: [UInt8]) -> Bool {
    let field = Array("\nSeccomp:\t".utf8)
    guard text.count > field.count else { return true }
    for start in 0..<(text.count &- field.count) where matches(text, field, at: start) {
      return text[start &+ field.count] != UInt8(ascii: "0")
    }
    // No such line: a kernel without seccomp.
    return false
  }

  /// Whether the program was given a variable of that name with something in it.
  static func hasVariable(_ name: StaticString) -> Bool {
    let found = name.withUTF8Buffer { bytes in
      unsafe CPath(Array(bytes)).withPointer { unsafe getenv($0) }
    }
    guard let found = unsafe found else { return false }
    return unsafe found.pointee != 0
  }

  /// Whether the program runs with more rights than its user (set-uid, file capabilities).
  public static var isPrivilegedExecution: Bool {
    getauxval(UInt(AT_SECURE)) != 0
  }

  /// The effective user.
  ///
  /// Under a filter as it was when the program was executed: CPython need not ask (getauxval(3)). Who
  /// has given away rights since has ended the session.
  static var user: UInt32 {
    allowsPlainCallsOnly ? UInt32(truncatingIfNeeded: getauxval(UInt(AT_EUID))) : geteuid()
  }

  /// Whether the process acts for the user who started it.
  static var isOneUser: Bool {
    if allowsPlainCallsOnly {
      return getauxval(UInt(AT_UID)) == getauxval(UInt(AT_EUID))
        && getauxval(UInt(AT_GID)) == getauxval(UInt(AT_EGID))
    }
    return getuid() == geteuid() && getgid() == getegid()
  }

  private static func matches(_ text: [UInt8], _ field: [UInt8], at start: Int) -> Bool {
    for offset in field.indices where text[start &+ offset] != field[offset] { return false }
    return true
  }
}
