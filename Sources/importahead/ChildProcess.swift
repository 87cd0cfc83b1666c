internal import Glibc

/// A short-lived program whose standard output is wanted.
enum ChildProcess {
  /// Runs `command` with no input, errors unseen and the hook off, and returns what it printed.
  ///
  /// Returns `nil` when it cannot be started or does not end with 0.
  static func output(of command: [String]) -> String? {
    bytes(of: command.map { ByteString($0) }).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Runs `command` likewise, and returns the bytes that it wrote.
  static func bytes(of command: [ByteString]) -> [UInt8]? {
    guard !command.isEmpty else { return nil }
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = start(command, output: ends[1])
    _ = close(ends[1])
    defer { _ = close(ends[0]) }
    guard let child else { return nil }
    let output = everything(from: ends[0])
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    return status == 0 ? output : nil
  }

  private static func start(_ command: [ByteString], output: Int32) -> pid_t? {
    var actions = unsafe posix_spawn_file_actions_t()
    guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    ByteString("0").setEnvironment("IMPORTAHEAD")

    var arguments = unsafe command.map { word in unsafe word.withCString { unsafe strdup($0) } }
    unsafe arguments.append(nil)
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var child: pid_t = 0
    guard let program = unsafe arguments[0] else { return nil }
    let result = unsafe posix_spawnp(&child, program, &actions, nil, arguments, environ)
    return result == 0 ? child : nil
  }

  private static func everything(from descriptor: Int32) -> [UInt8] {
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(descriptor, &part, 4096)
      if count > 0 {
        text += part[..<count]
      } else if count == 0 || errno != EINTR {
        return text
      }
    }
  }
}
