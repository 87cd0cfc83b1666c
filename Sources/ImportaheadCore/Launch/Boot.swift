internal import CLinux

/// The start of a program before there is an interpreter: what that will read is brought into the page cache
/// by a process that has ended when the program begins.
public struct Boot {
  /// What tells the hook which record is this program's; empty where there is to be none.
  public private(set) var mark: [UInt8] = []
  /// Where the record is, if it is to be read.
  private var place: BootPlace?

  /// Names the record of a program, and reads nothing.
  ///
  /// `home` and `below` say where profiles are kept, as `ProfileSettings` does.
  public init(
    _ command: [[UInt8]], interpreter: [UInt8], variables: [[UInt8]], home: [UInt8],
    below: [[UInt8]], isRead: Bool
  ) {
    // What a filter lets a small program do is not known.
    guard !Confinement.hasSystemCallFilter, getuid() == geteuid(), getgid() == getegid(),
      home.first == PathBytes.slash,
      let digits = BootKey.digits(command, interpreter: interpreter, variables: variables)
    else { return }
    mark = digits + [UInt8(ascii: ":")] + Decimal.digits(of: Int(getpid()))
    if isRead { place = BootPlace(home: home, below: below, name: BootKey.fileName(digits)) }
  }

  /// The digits that `mark` holds if it was made by the process that this one was.
  public static func digits(inMark mark: [UInt8]) -> [UInt8]? {
    let digits = Array(mark.prefix(16))
    guard BootKey.isValid(digits),
      mark.dropFirst(16).elementsEqual([UInt8(ascii: ":")] + Decimal.digits(of: Int(getpid())))
    else { return nil }
    return digits
  }

  /// Has read what the interpreter will, if any of it is not in the page cache, and waits for that as long
  /// as it gets on.
  ///
  /// `rename` gives the process that does it a name of its own.
  public func begin(_ rename: () -> Void) {
    guard let place else { return }
    let isAtHand = !place.isCold
    let found = isAtHand ? place.record : nil
    if isAtHand {
      guard let found, BootProbe.isCold(found) else { return }
    }
    var room = Room(below: [])
    // The program is not there yet: they may be more than a session's.
    let threads = Swift.min(room.tasks / 4, BootWork.mostThreads)
    room.tasks = Int.max
    let memory = MemoryGauge(room.memory).room
    guard threads > 0, let limits = FetchLimits().fitting(room, memory: memory),
      Self.isParentOfItsKind
    else { return }
    let forerunner = try? Forerunner { progress in
      _ = unsafe importahead_set_name("importahead")
      rename()
      guard let record = found ?? place.record else { return }
      progress.report()
      guard isAtHand || BootProbe.isCold(record) else { return }
      BootWork(record, most: limits.pageBytes) { progress.report() }.perform(threads: threads)
    }
    forerunner?.finish()
  }

  /// Whether a child would be in the namespace of this process: the first in another (unshare(2),
  /// `CLONE_NEWPID`) is its process 1, whose end would take that from the program.
  private static var isParentOfItsKind: Bool {
    let own = try? FileStatus(path: CPath(Array("/proc/self/ns/pid".utf8)))
    let next = try? FileStatus(path: CPath(Array("/proc/self/ns/pid_for_children".utf8)))
    guard let own, let next else { return false }
    return own.device == next.device && own.inode == next.inode
  }
}

/// Where a program's record is.
struct BootPlace {
  let home: [UInt8]
  let below: [[UInt8]]
  let name: [UInt8]

  /// Whether reading the record would have to wait.
  var isCold: Bool {
    BootProbe.isCold(own: PathBytes.join(below.reduce(home) { PathBytes.join($0, $1) }, name))
  }

  /// The record; `nil` where there is none that can be trusted.
  var record: BootRecord? {
    guard let directory = try? PrivateDirectory(home: home, below: below, mayCreate: false),
      let (bytes, _) = try? directory.read(name, limit: Profile.mostBytes)
    else { return nil }
    return BootRecord(bytes)
  }
}
