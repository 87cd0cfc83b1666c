/// What decides which files the calling thread may open, and which calls it may make, as far as the
/// kernel tells: user and group ids, groups, capabilities, no_new_privs and filters (proc(5)).
///
/// Landlock does not show; who restricts himself by it has to set no_new_privs first, or be privileged
/// (landlock_restrict_self(2)).
struct Rights: Equatable {
  /// The lines that matter, as they are: no call but open, read and close is made for them, which a
  /// filter that lets an interpreter run allows.
  private let lines: [UInt8]
  /// Whether a seccomp filter is in force; true where that is not told.
  let hasFilter: Bool

  private static let fields: [[UInt8]] = [
    "Uid:", "Gid:", "Groups:", "CapEff:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:",
  ].map { Array($0.utf8) }

  /// Those of the calling thread (`/proc/thread-self`, Linux 3.17); `nil` where they are not told.
  static var ofThread: Rights? { Rights(at: Array("/proc/thread-self/status".utf8)) }

  /// Those of another thread of this process.
  static func of(thread number: Int32) -> Rights? {
    Rights(
      at: Array("/proc/self/task/".utf8) + Decimal.digits(of: Int(number)) + Array("/status".utf8))
  }

  private init?(at path: [UInt8]) {
    guard let text = KernelText(path) else { return nil }
    self.init(status: text.bytes)
  }

  /// Reads the text of a `/proc/PID/status`; `nil` where it does not tell the ids.
  init?(status text: [UInt8]) {
    var lines: [UInt8] = []
    var hasIdentity = false
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let field = Self.fields.first(where: { line.starts(with: $0) }) else { continue }
      if field == Self.fields[0] { hasIdentity = true }
      lines += line
      lines.append(UInt8(ascii: "\n"))
    }
    guard hasIdentity else { return nil }
    self.lines = lines
    hasFilter = Confinement.hasFilter(inStatus: text)
  }
}

/// The rights that a session began with, and whether the program still has them.
///
/// With others, files may not be the program's to read, and calls may end it: once they have been found
/// changed, or cannot be told, they are lost for good.
final class InitialRights: @unchecked Sendable {
  /// Guards what follows.
  private let monitor = Monitor()
  private var initial: Rights?
  /// The thread that began (gettid(2)).
  private var thread: Int32
  private var isLost: Bool
  /// Whether they are those of the process that this one was forked from.
  private var areParents = false
  private var lookedAt: Instant

  /// How long the session's thread believes what it saw last, in milliseconds.
  private static let interval = 20

  /// Notes those of the calling thread.
  init() {
    initial = Rights.ofThread
    thread = Thread.identifier
    isLost = initial == nil
    lookedAt = Instant.now
    Confinement.note(filter: initial?.hasFilter ?? true)
  }

  /// Whether the calling thread, which is one of the program's, has them still.
  var areHeld: Bool { look { Rights.ofThread } }

  /// Whether the thread that began has them still; for threads of our own, which a filter that is not for
  /// all threads does not reach.
  var areHeldByProgram: Bool { look { Rights.of(thread: self.monitor.locked { self.thread }) } }

  /// The same, looked at anew only where the last look was a while ago.
  var wereHeldLately: Bool {
    let isRecent = monitor.locked {
      Instant.now < lookedAt.adding(milliseconds: Self.interval)
    }
    return isRecent ? !monitor.locked({ isLost }) : areHeldByProgram
  }

  /// Begins anew in the child of a fork, with the rights that it has when they matter first; makes no
  /// system call.
  func becomeChild() {
    monitor.reset()
    areParents = true
  }

  private func renew() {
    let (present, caller) = (Rights.ofThread, Thread.identifier)
    monitor.locked {
      (initial, thread, isLost, areParents) = (present, caller, present == nil, false)
    }
    Confinement.note(filter: present?.hasFilter ?? true)
  }

  private func look(_ present: () -> Rights?) -> Bool {
    if monitor.locked({ areParents }) { renew() }
    let (expected, wasLost) = monitor.locked { (initial, isLost) }
    guard !wasLost else { return false }
    let isSame = present() == expected
    return monitor.locked {
      lookedAt = Instant.now
      if !isSame { isLost = true }
      return !isLost
    }
  }
}
