internal import CLinux

/// What this process may do, asked without doing anything that a sandbox might punish.
public enum Confinement {
  /// Whether a seccomp filter is in force: it may kill the process for io_uring_setup(2), so that a
  /// ring must not even be tried.
  public static var hasSystemCallFilter: Bool {
    let name = CPath(Array("/proc/self/status".utf8))
    let descriptor = unsafe importahead_open(name.pointer, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return true }
    defer { _ = close(descriptor) }
    var text = [UInt8](repeating: 0, count: 4096)
    let size = text.count
    let count = unsafe read(descriptor, &text, size)
    let field = Array("\nSeccomp:\t".utf8)
    guard count > field.count else { return true }
    for start in 0..<(count &- field.count) where matches(text, field, at: start) {
      return text[start &+ field.count] != UInt8(ascii: "0")
    }
    // No such line: a kernel without seccomp.
    return false
  }

  /// Whether the program runs with more rights than its user (set-uid, file capabilities).
  public static var isPrivilegedExecution: Bool {
    getauxval(UInt(AT_SECURE)) != 0
  }

  /// How many processors this process may use.
  static var processors: Int {
    var set = cpu_set_t()
    guard unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return 1 }
    return Int(unsafe importahead_cpu_count(&set))
  }

  private static func matches(_ text: [UInt8], _ field: [UInt8], at start: Int) -> Bool {
    for offset in field.indices where text[start &+ offset] != field[offset] { return false }
    return true
  }
}
