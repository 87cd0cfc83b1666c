// Embedded Swift takes iovec to be declared by whichever header it met first.
internal import CLiburing
internal import CLinux

/// Brings what a record names into the page cache, many at once and in its order.
final class BootWork: @unchecked Sendable {
  private let entries: [BootRecord.Entry]
  private let fileSystems = KnownFileSystems()
  private let monitor = Monitor()
  private let report: @Sendable () -> Void
  private var next = 0

  /// A cold open waits for one read after the other: so many wait at once, at a local disk.
  private static let fewThreads = 16
  /// So many wait at once for a server.
  static let mostThreads = 64
  /// What takes longer than this is asked of a server, or of a slow disk; nanoseconds.
  private static let slow = 1_000_000
  /// The largest file that is brought in as a whole.
  private static let mostContents = 8 << 20
  /// How many more bytes may be brought in.
  private var bytesLeft: Int

  /// Work that calls `report`, on any thread, with each entry that it has done, and brings in about `most`
  /// bytes.
  init(
    _ record: BootRecord, most: Int = FetchLimits().pageBytes,
    report: @escaping @Sendable () -> Void = {}
  ) {
    entries = record.entries
    bytesLeft = most
    self.report = report
  }

  /// Does everything, on this thread and others, `most` in all; returns when all that had to be waited for
  /// has come.
  func perform(threads most: Int = BootWork.mostThreads) {
    var threads: [Thread] = []
    start(Swift.min(most, Self.fewThreads) &- 1, &threads)
    while let entry = take() {
      let begin = Instant.now
      finish(entry)
      let isSlow = Instant.now.nanoseconds &- begin.nanoseconds > Self.slow
      if isSlow { start(Swift.min(most, left) &- 1 &- threads.count, &threads) }
    }
    for thread in threads { _ = thread.join(milliseconds: 10_000) }
  }

  private func start(_ count: Int, _ threads: inout [Thread]) {
    for _ in 0..<Swift.max(count, 0) {
      let thread = try? Thread {
        while let entry = self.take() { self.finish(entry) }
      }
      guard let thread else { return }
      threads.append(thread)
    }
  }

  private func finish(_ entry: BootRecord.Entry) {
    perform(entry)
    report()
  }

  /// How many entries nobody has taken.
  private var left: Int { monitor.locked { entries.count &- next } }

  private func take() -> BootRecord.Entry? {
    monitor.locked {
      guard next < entries.count, bytesLeft > 0 else { return nil }
      next &+= 1
      return entries[next &- 1]
    }
  }

  private func perform(_ entry: BootRecord.Entry) {
    let name = CPath(entry.path)
    switch entry.action {
    case .status: _ = try? FileStatus(path: name)
    case .names: _ = try? DirectoryListing.read(entry.path, on: fileSystems)
    case .contents: spend(OpenFile.warm(entry.path, limit: Self.mostContents))
    case .pages(let pages):
      // Looked at before it is opened: opening a device can do things.
      guard let status = try? FileStatus(path: name), pages.isOf(status),
        let file = try? OpenFile(library: name)
      else { return }
      file.readAhead(pages.ranges)
      spend(pages.bytes)
    }
  }

  private func spend(_ bytes: Int) { monitor.locked { bytesLeft &-= bytes } }
}

/// Whether what a start reads is in memory, told by a few samples without any I/O.
enum BootProbe {
  /// How many files are looked at: enough to meet one that is cold, few enough for a warm start.
  private static let samples = 8

  /// Whether any sample would have to wait for a disk or a server.
  static func isCold(_ record: BootRecord) -> Bool {
    let files = record.entries.filter {
      switch $0.action {
      case .contents, .pages: return true
      case .status, .names: return false
      }
    }
    // The interpreter's own come first, which other programs keep warm, and this program's last.
    return (0..<samples).contains { sample in
      let index = sample &* (files.count &- 1) / (samples &- 1)
      return files.indices.contains(index) && isCold(files[index])
    }
  }

  /// Whether a file of ours would have to wait, or might: a file system with no device of its own may be
  /// anybody's, and open(2) may ask a server whatever is cached.
  static func isCold(own path: [UInt8]) -> Bool {
    let name = CPath(path)
    let flags = O_PATH_FLAG | O_CLOEXEC
    let descriptor = unsafe importahead_openat2(
      name.pointer, UInt64(flags), UInt64(RESOLVE_CACHED))
    guard descriptor >= 0 else { return Errno.last.code != ENOENT }
    defer { _ = close(descriptor) }
    guard let status = try? FileStatus(descriptor: descriptor), status.device >> 32 != 0 else {
      return true
    }
    // Whoever reads it refuses anything else.
    return status.isRegular && isCold(BootRecord.Entry(path: path, action: .contents))
  }

  private static func isCold(_ entry: BootRecord.Entry) -> Bool {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let name = CPath(entry.path)
    var descriptor = unsafe importahead_openat2(
      name.pointer, UInt64(flags), UInt64(RESOLVE_CACHED))
    if descriptor < 0 {
      let reason = Errno.last.code
      if reason == EAGAIN { return true }
      guard reason == ENOSYS || reason == EINVAL else { return false }
      descriptor = unsafe importahead_open(name.pointer, flags)
    }
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    var place = 0
    if case .pages(let pages) = entry.action {
      // The middle of the largest range: its ends may have come with something else.
      let largest = pages.ranges.max { $0.count < $1.count }
      place = largest.map { ($0.start &+ $0.count / 2) &* LibraryPages.unit } ?? 0
    }
    var byte: UInt8 = 0
    let count = unsafe withUnsafeMutablePointer(to: &byte) { pointer in
      var part = unsafe iovec(iov_base: pointer, iov_len: 1)
      return unsafe preadv2(descriptor, &part, 1, place, RWF_NOWAIT_FLAG)
    }
    return count < 0 && Errno.last.code == EAGAIN
  }
}
