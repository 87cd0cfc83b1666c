/// The way of one file into memory: open, read until its end, close; or its status alone.
///
/// Each step is one call of `operation`, made by a ring or on a worker thread; `advance` takes its
/// result and says whether there is another.
final class FileFetch: @unchecked Sendable {
  /// What became of the file.
  enum Outcome {
    case contents(FileBytes, FileStatus, isRacy: Bool)
    case status(FileStatus)
    case failed(Errno)
  }

  let path: [UInt8]
  let operation: Operation
  /// What whoever waits for the file goes by; `nil` where nobody can.
  var passage: Passage?
  /// The outcome, as soon as it is known: before the file is closed.
  private(set) var outcome: Outcome?
  /// Whether the file lies where calls that need no I/O return at once.
  let isLocal: Bool
  /// Set when loaders have been let have the outcome.
  var isPublished = false
  /// Set by whoever has passed the outcome on.
  var isReported = false
  private let limit: Int
  private let allocator: FileBytesAllocator?
  private var before: FileStatus?
  /// Whether the status is asked of the file system, and not of what the kernel knows of it: Lustre and
  /// Ceph may know no size, or an old one, until they have been asked.
  private var isAsked = false

  /// Plans to read the whole of the file at `path`, unless it is larger than `limit` bytes.
  init(contentsOf path: [UInt8], limit: Int, isLocal: Bool, from allocator: FileBytesAllocator) {
    self.path = path
    self.limit = limit
    self.isLocal = isLocal
    self.allocator = allocator
    operation = Operation(path: path, verb: .open, isLocal: isLocal)
  }

  /// Plans to ask for the status of the file at `path`, symbolic links followed.
  init(statusOf path: [UInt8], isLocal: Bool) {
    self.path = path
    limit = 0
    allocator = nil
    self.isLocal = isLocal
    operation = Operation(path: path, verb: .status, isLocal: isLocal)
  }

  /// Takes the result of the call made last; returns whether there is another call to make.
  func advance(_ result: Int32) -> Bool {
    if operation.verb == .close {
      operation.descriptor = -1
      return false
    }
    guard result >= 0 else { return fail(Errno(code: 0 &- result)) }
    switch operation.verb {
    case .status:
      outcome = .status(operation.status)
      return false
    case .open:
      operation.descriptor = result
      return opened()
    case .read:
      operation.bytes?.advance(by: Int(result))
      return hasRead(Int(result))
    case .close:
      return false
    }
  }

  /// Makes every remaining call on this thread; none but the file's closing once `isWanted` says no.
  func performAll(while isWanted: () -> Bool = { true }) {
    repeat {
      guard isWanted() || giveUp() else { return }
      passage?.enter(.underWay)
    } while advance(operation.perform())
  }

  /// Has the file closed instead of read any further; whether there is anything to close.
  func giveUp() -> Bool {
    guard operation.verb != .close else { return true }
    return fail(.stopped)
  }

  /// Notes that nothing more will be heard of the file.
  func abandon(_ reason: Errno) {
    if outcome == nil { outcome = .failed(reason) }
  }

  /// Makes the calls that need no I/O; returns whether there is another to make.
  func performCached() -> Bool {
    while let result = operation.performCached() {
      if !advance(result) { return false }
    }
    return true
  }

  private func opened() -> Bool {
    do throws(Errno) {
      var status = try status()
      if status.size == 0, !isLocal, !isAsked {
        isAsked = true
        status = try self.status()
      }
      guard status.isRegular else { return fail(Errno.notRegular) }
      guard status.size <= UInt64(limit) else { return fail(Errno.tooLarge) }
      // One byte more than the file holds: a read that fills it shows that the file has grown.
      guard let bytes = allocator?.allocate(capacity: Int(status.size) &+ 1) else {
        return fail(Errno.noMemory)
      }
      operation.allowReadsToWait()
      before = status
      operation.bytes = bytes
      operation.verb = .read
      return true
    } catch {
      return fail(error)
    }
  }

  private func hasRead(_ count: Int) -> Bool {
    guard let bytes = operation.bytes, let before else { return fail(Errno.changed) }
    if count > 0, bytes.count < Int(before.size) { return true }
    let time = Instant.realTime
    guard bytes.count == Int(before.size), (try? status()) == before else {
      guard bytes.count > Int(before.size), !isLocal, !isAsked else { return fail(Errno.changed) }
      // It is longer than the kernel knew: once more, with the size that the file system tells.
      isAsked = true
      return opened()
    }
    outcome = .contents(bytes, before, isRacy: before.isRacy(at: time))
    operation.bytes = nil
    operation.verb = .close
    return true
  }

  private func status() throws(Errno) -> FileStatus {
    try FileStatus(
      descriptor: operation.descriptor, .compared, isAsked ? .present : .known)
  }

  /// Notes the failure; an open file must still be closed.
  private func fail(_ reason: Errno) -> Bool {
    if outcome == nil { outcome = .failed(reason) }
    operation.bytes = nil
    guard operation.descriptor >= 0 else { return false }
    operation.verb = .close
    return true
  }
}
