internal import FoundationEssentials
internal import Glibc
internal import ImportaheadCore

/// What decides about the back end on this machine.
struct KernelReport {
  /// The kernel's release, for example "6.1.0-18-amd64".
  let release: String
  /// Whether a seccomp filter is in force.
  let filter: String
  /// Whether a ring can be had, in words.
  let ringState: String
  /// The back end a session would choose.
  let backend: Backend

  /// Looks, and tries a ring where that is safe.
  init() {
    release = Self.text(of: "/proc/sys/kernel/osrelease") ?? "unknown"
    filter = Confinement.hasSystemCallFilter ? "a filter is in force" : "none"
    let availability = RingAvailability.survey()
    ringState = Self.words(for: availability)
    backend = availability == .available ? .ioUring : .threads
  }

  private static func words(for availability: RingAvailability) -> String {
    switch availability {
    case .available: "available"
    case .filtered: "not tried: the filter may end a process for asking"
    case .refused(let error): "refused: \(Failure.text(for: error.code))\(sysctl)"
    }
  }

  /// The switch by which an administrator refuses io_uring, where the kernel has one (6.6).
  private static var sysctl: String {
    guard let value = text(of: "/proc/sys/kernel/io_uring_disabled"), value != "0" else {
      return ""
    }
    return " (kernel.io_uring_disabled = \(value))"
  }

  private static func text(of path: String) -> String? {
    guard let contents = FileManager.default.contents(atPath: path) else { return nil }
    return String(decoding: contents, as: UTF8.self)
      .split(whereSeparator: \.isNewline).first.map(String.init)
  }
}
