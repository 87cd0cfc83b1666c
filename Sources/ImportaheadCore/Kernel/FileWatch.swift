internal import CLinux

/// Tells which files of chosen directories are opened, by whomever (inotify(7)).
///
/// The descriptor stands in the private table of the session's threads, so that only they may use it;
/// nothing about the program changes.
final class FileWatch: @unchecked Sendable {
  private let descriptor: Int32
  private let claim: Int32
  /// Guards what follows.
  private let monitor = Monitor()
  /// The directories, at the numbers of their watches, which the kernel counts from 1.
  private var directories: [[UInt8]] = []
  private var seen = ByteTable<Bool>()

  /// The most directories.
  private let most: Int

  /// The most files, and directories: what a start reads besides modules is little.
  private static let mostFiles = Profile.mostData
  /// The fewest instances and watches that a user may have where one of ours is no loss: how many are in use
  /// is not told.
  private static let fewest = (instances: 64, watches: 4096)
  /// The share of a user's watches that may be ours.
  private static let share = 8
  private static let headerSize = 16

  /// Begins to watch nothing yet; throws where another process watches under the same `name`.
  ///
  /// The kernel lets a user have few watches at once (/proc/sys/fs/inotify/max_user_instances, mostly
  /// 128), and they are the programs', of which many may start together. Throws where there are fewer, and
  /// under a filter of system calls, which may end a process for one that it does not know.
  ///
  /// The limits are read below `root`, which is empty but in tests.
  init(named name: [UInt8], limitsBelow root: [UInt8] = []) throws(Errno) {
    guard !Confinement.hasSystemCallFilter else { throw Errno(code: EPERM) }
    guard Self.limit("instances", below: root) >= Self.fewest.instances else {
      throw Errno(code: EMFILE)
    }
    let watches = Self.limit("watches", below: root)
    guard watches >= Self.fewest.watches else { throw Errno(code: ENOSPC) }
    most = Swift.min(Self.mostFiles, watches / Self.share)
    claim = unsafe CPath(name).withPointer { unsafe importahead_claim($0, name.count) }
    guard claim >= 0 else { throw Errno.last }
    descriptor = inotify_init1(O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = Errno.last
      _ = close(claim)
      throw reason
    }
  }

  /// What a user may have: in the first user namespace, and in that of the process (namespaces(7)).
  private static func limit(_ name: String, below root: [UInt8]) -> Int {
    let places = ["/proc/sys/fs/inotify/max_user_", "/proc/sys/user/max_inotify_"]
    let limits = places.compactMap { KernelText(root + Array(($0 + name).utf8))?.number }
    return limits.min() ?? 0
  }

  /// Ends the watch; only a thread of the session may: elsewhere the descriptors are somebody else's.
  func end() {
    _ = close(descriptor)
    _ = close(claim)
  }

  /// Watches the directory at `path`; nothing happens where that is refused.
  ///
  /// Asks the file system for the directory: may block.
  func add(_ path: [UInt8]) {
    guard monitor.locked({ directories.count < most }) else { return }
    let mask = UInt32(IN_OPEN) | UInt32(IN_ONLYDIR)
    let number = unsafe CPath(path).withPointer {
      unsafe inotify_add_watch(descriptor, $0, mask)
    }
    guard number >= 0, number <= most else { return }
    monitor.locked {
      while directories.count <= Int(number) { directories.append([]) }
      directories[Int(number)] = path
    }
  }

  /// The paths of the files opened since the last question, each told once in all.
  func opened() -> [[UInt8]] {
    var found: [[UInt8]] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let size = buffer.count
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(descriptor, bytes.baseAddress, size)
      }
      guard count > 0 else { return found }
      monitor.locked { take(buffer[..<count], into: &found) }
    }
  }

  /// Takes `inotify_event` records: watch, mask, cookie and length of the name, then the name, padded
  /// with NULs.
  private func take(_ events: ArraySlice<UInt8>, into found: inout [[UInt8]]) {
    var place = events.startIndex
    while place &+ Self.headerSize <= events.endIndex {
      let number = Int(word(events, at: place))
      let mask = word(events, at: place &+ 4)
      let start = place &+ Self.headerSize
      let end = start &+ Int(word(events, at: place &+ 12))
      guard end <= events.endIndex else { return }
      place = end
      // A directory that is opened is told too, with its parent's watch and with its own.
      guard mask & UInt32(IN_ISDIR) == 0, number < directories.count, seen.count < Self.mostFiles
      else { continue }
      let name = Array(events[start..<end].prefix { $0 != 0 })
      guard !name.isEmpty else { continue }
      let path = PathBytes.join(directories[number], name)
      guard seen[path] == nil else { continue }
      seen.set(path, true)
      found.append(path)
    }
  }

  private func word(_ bytes: ArraySlice<UInt8>, at place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[place &+ $1]) << UInt32(8 &* $1) }
  }
}
