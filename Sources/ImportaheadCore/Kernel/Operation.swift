internal import CLiburing
internal import CLinux

/// One file's next system call, together with everything the kernel will touch on the way.
///
/// The same value can be queued on a ring or performed as a plain call: that is what the threads
/// back end does with it, and what the tests hold the ring to.
@safe final class Operation: @unchecked Sendable {
  /// The system call an operation stands at.
  enum Verb {
    case open, status, read, close
  }

  let path: CPath
  /// The call to make next.
  var verb: Verb
  /// The open file, or -1.
  var descriptor: Int32 = -1
  /// What has been read.
  var bytes: FileBytes?
  private let raw = UnsafeMutablePointer<statx>.allocate(capacity: 1)
  /// Whether the file system asks no server.
  private let isLocal: Bool
  /// What a `.status` call left that was no statx(2).
  private var looked: FileStatus?

  init(path: [UInt8], verb: Verb, isLocal: Bool = false) {
    self.path = CPath(path)
    self.verb = verb
    self.isLocal = isLocal
    unsafe raw.initialize(to: statx())
  }

  deinit { unsafe raw.deallocate() }

  /// The status that a finished `.status` call left.
  var status: FileStatus { looked ?? FileStatus(unsafe raw.pointee) }

  /// Keeps everything the kernel may touch for ever: its completion will not be seen.
  func keepForKernel() {
    _ = unsafe Unmanaged.passRetained(self)
  }

  /// Makes reads of the open file wait for their data again: a ring would answer a cold read of a
  /// descriptor opened with `openFlags` with EAGAIN where the file system has no asynchronous reads.
  func allowReadsToWait() {
    _ = importahead_clear_status_flags(descriptor)
  }

  /// Never waits for a FIFO's other end and never makes a terminal ours.
  private static let openFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY

  /// Has a worker of the ring make the call (IOSQE_ASYNC).
  static let always = UInt8(1) << UInt8(IOSQE_ASYNC_BIT)

  /// What is asked for: whoever wants a status alone compares it with a bundle's, which tells owners.
  private static let fields = FileStatus.Fields.owned

  /// Describes the call to the ring.
  ///
  /// SAFETY: the object must live until the completion is reaped.
  @unsafe func fill(_ entry: UnsafeMutablePointer<io_uring_sqe>) {
    switch verb {
    case .open:
      unsafe io_uring_prep_openat(entry, AT_FDCWD, path.pointer, Self.openFlags, 0)
    case .status:
      unsafe io_uring_prep_statx(
        entry, AT_FDCWD, path.pointer, AT_NO_AUTOMOUNT, Self.fields.mask, raw)
    case .read:
      let tail = unsafe bytes?.tail
      unsafe io_uring_prep_read(
        entry, descriptor, tail?.baseAddress, UInt32(clamping: tail?.count ?? 0), offset)
    case .close:
      unsafe io_uring_prep_close(entry, descriptor)
    }
    // Never on the submitting thread: the kernel opens there where it knows the name, and may read and
    // close there; on a file system with a server it would wait for that, one file after the other.
    if verb == .open || !isLocal { unsafe entry.pointee.flags |= Self.always }
  }

  /// Makes the call on this thread; the result is the kernel's, a negative error number on failure.
  func perform() -> Int32 {
    while true {
      let result = call()
      if result >= 0 { return result }
      let reason = Errno.last
      if reason.code != EINTR || verb == .close { return 0 &- reason.code }
    }
  }

  /// Makes the call on this thread if that needs no I/O; `nil` where it would wait for some.
  ///
  /// Meant for local file systems: on others even the opening of a known name asks a server.
  /// RESOLVE_CACHED needs Linux 5.12; before that the answer is always `nil`, and under a filter too.
  func performCached() -> Int32? {
    guard !Confinement.allowsPlainCallsOnly || verb == .close else { return nil }
    let flags = UInt64(Self.openFlags)
    let result: Int32
    switch verb {
    case .open:
      result = unsafe importahead_openat2(path.pointer, flags, UInt64(RESOLVE_CACHED))
    case .status:
      let place = unsafe importahead_openat2(
        path.pointer, UInt64(O_PATH | O_CLOEXEC), UInt64(RESOLVE_CACHED))
      guard place >= 0 else { return Self.cachedResult(place) }
      let how = AT_EMPTY_PATH | Int32(AT_STATX_DONT_SYNC)
      result = unsafe importahead_statx(place, "", how, Self.fields.mask, raw)
      _ = CLinux.close(place)
    case .read:
      let tail = unsafe bytes?.tail
      var vector = unsafe iovec(iov_base: tail?.baseAddress, iov_len: tail?.count ?? 0)
      let count = unsafe preadv2(descriptor, &vector, 1, Int(clamping: offset), RWF_NOWAIT_FLAG)
      result = Int32(clamping: count)
    case .close:
      return perform()
    }
    return Self.cachedResult(result)
  }

  private static func cachedResult(_ result: Int32) -> Int32? {
    guard result < 0 else { return result }
    switch Errno.last.code {
    case let code where code == ENOENT || code == ENOTDIR || code == EACCES: return 0 &- code
    default: return nil
    }
  }

  private func call() -> Int32 {
    switch verb {
    case .open:
      return unsafe importahead_open(path.pointer, Self.openFlags)
    case .status:
      guard !Confinement.allowsPlainCallsOnly else {
        looked = try? FileStatus(looking: path)
        return looked == nil ? -1 : 0
      }
      return unsafe importahead_statx(
        AT_FDCWD, path.pointer, AT_NO_AUTOMOUNT, Self.fields.mask, raw)
    case .read:
      let tail = unsafe bytes?.tail
      let count = unsafe pread(
        descriptor, tail?.baseAddress, tail?.count ?? 0, Int(clamping: offset))
      return Int32(clamping: count)
    case .close:
      return CLinux.close(descriptor)
    }
  }

  private var offset: UInt64 { UInt64(clamping: bytes?.count ?? 0) }
}
