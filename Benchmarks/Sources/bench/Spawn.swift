import Foundation
import Measure

/// One line for a person about why the harness cannot go on.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A command with its environment.
struct Launch {
  /// The program, looked up on PATH, and its arguments.
  var argv: [String]
  /// The whole environment.
  var environment: [String: String]
  /// Where it runs; `nil` is here.
  var directory: String?
  /// A command that runs to its end first; its time counts.
  var before: [String]?
  /// A command started with the program and left to run beside it.
  var beside: [String]?
}

/// What became of a process.
struct Exit {
  let seconds: Double
  let user: Double
  let system: Double
  let peakKilobytes: Int
  /// The exit code, or 128 plus the signal.
  let code: Int
}

/// A started process.
struct Child {
  let pid: pid_t
  private let start: UInt64

  /// Starts `argv` with output to `output` (`/dev/null` as a rule) and errors to `errors`.
  init(
    _ argv: [String], environment: [String: String], directory: String? = nil,
    output: String = "/dev/null", errors: String = "/dev/null"
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    // Entered by its name, so that a mount made over it since then is seen.
    let argv = (directory.map { ["env", "-C", $0] } ?? []) + argv
    var words = argv.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var pid = pid_t()
    start = monotonicNow()
    let code = posix_spawnp(&pid, argv[0], &actions, &attributes, &words, &variables)
    guard code == 0 else { throw Failure("\(argv[0]): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// Waits for the end; the resources are those of the process and everything it waited for.
  func wait() -> Exit {
    var (status, usage) = (CInt(0), rusage())
    while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
    let end = monotonicNow()
    let code = status & 0x7F == 0 ? Int(status >> 8) & 0xFF : 128 + Int(status & 0x7F)
    return Exit(
      seconds: Double(end - start) / 1e9, user: usage.ru_utime.seconds,
      system: usage.ru_stime.seconds, peakKilobytes: usage.ru_maxrss, code: code)
  }
}

extension timeval {
  /// The time as seconds.
  fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}

/// The monotonic clock in nanoseconds; the slow file system's trace uses the same.
func monotonicNow() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Runs a command to its end and returns what it printed; throws when it fails.
@discardableResult
func run(_ argv: [String], environment: [String: String]? = nil, directory: String? = nil) throws
  -> String
{
  let output = NSTemporaryDirectory() + "/bench-\(getpid())-\(UInt32.random(in: 0 ... .max))"
  defer {
    unlink(output)
    unlink(output + ".err")
  }
  let exit = try Child(
    argv, environment: environment ?? cleanEnvironment(), directory: directory, output: output,
    errors: output + ".err"
  ).wait()
  guard exit.code == 0 else {
    let errors = (try? String(contentsOfFile: output + ".err", encoding: .utf8)) ?? ""
    let last = errors.split(separator: "\n").last.map(String.init) ?? "no message"
    throw Failure("\((argv[0] as NSString).lastPathComponent) exits with \(exit.code): \(last)")
  }
  return (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
}

/// This environment without what changes how Python starts or writes bytecode.
func cleanEnvironment() -> [String: String] {
  ProcessInfo.processInfo.environment.filter {
    (!$0.key.hasPrefix("PYTHON") && !$0.key.hasPrefix("IMPORTAHEAD")) || $0.key == "PYTHONHASHSEED"
  }
}

/// The full path of a tool, or `nil` when it is not installed.
func find(_ tool: String) -> String? {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
  return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
    .map { "\($0)/\(tool)" }.first { access($0, X_OK) == 0 }
}

/// A program built beside this one.
func sibling(_ name: String) -> String {
  let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return (own as NSString).deletingLastPathComponent + "/" + name
}
