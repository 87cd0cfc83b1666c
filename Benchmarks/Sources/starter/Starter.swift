internal import Glibc

/// `starter SECONDS FILE COMMAND…`: starts COMMAND, and writes what it took.
///
/// A process of its own because a child's peak memory counts from its parent's size at the time of
/// the start, and because a small parent starts children faster. Writes the child's process id as
/// a first line and, when it has ended, a second line: exit code, begin and end (nanoseconds of the
/// monotonic clock), user and system microseconds, peak kilobytes. After SECONDS it kills.
@main
enum Starter {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count > 3, let patience = UInt32(arguments[1]) else {
      print("usage: starter SECONDS FILE COMMAND…")
      exit(2)
    }
    let report = open(arguments[2], O_WRONLY | O_CLOEXEC)
    var words = arguments.dropFirst(3).map { strdup($0) } + [nil]
    var child = pid_t()
    let begin = now()
    let code = posix_spawnp(&child, arguments[3], nil, nil, &words, environ)
    guard code == 0 else {
      say("0\n127 \(begin) \(begin) 0 0 0\n", to: report)
      exit(127)
    }
    say("\(child)\n", to: report)
    let (status, usage) = outlast(child, patience: patience)
    let end = now()
    let exitCode = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    say(
      "\(exitCode) \(begin) \(end) \(microseconds(usage.ru_utime)) "
        + "\(microseconds(usage.ru_stime)) \(usage.ru_maxrss)\n", to: report)
  }

  private static func outlast(_ child: pid_t, patience: UInt32) -> (CInt, rusage) {
    // The alarm interrupts wait4 once; then the child is killed and waited for again.
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGALRM, &action, nil)
    alarm(patience)
    var (status, usage) = (CInt(0), rusage())
    while wait4(child, &status, 0, &usage) < 0, errno == EINTR { kill(child, SIGKILL) }
    return (status, usage)
  }
}

private func say(_ text: String, to descriptor: CInt) {
  _ = text.withCString { write(descriptor, $0, strlen($0)) }
}

private func microseconds(_ time: timeval) -> Int { time.tv_sec * 1_000_000 + time.tv_usec }

private func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
