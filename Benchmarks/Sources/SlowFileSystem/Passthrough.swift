internal import CFuse
internal import Glibc

/// The source directory as the kernel sees it through the mount: read only, and slow.
///
/// Each answer is computed first and sent when the latency of its request has passed, so that
/// the cost of the source itself (in the page cache, as a rule) hides inside it.
final class Passthrough: Sendable {
  let root: CInt
  let caching: Caching
  let link: Link
  let recorder: Recorder
  let nodes = Nodes()

  /// Opens `source`, or returns `nil` with errno set.
  init?(source: String, latency: Latency, caching: Caching, traces: Bool) {
    root = Glibc.open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard root >= 0 else { return nil }
    self.caching = caching
    link = Link(latency)
    recorder = Recorder(traces: traces)
  }

  deinit { close(root) }

  /// The file system a request belongs to.
  static func of(_ request: fuse_req_t?) -> Passthrough? {
    at(fuse_req_userdata(request))
  }

  /// The file system that libfuse was given as its user's data.
  static func at(_ userData: UnsafeMutableRawPointer?) -> Passthrough? {
    userData.map { Unmanaged<Passthrough>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Counts a request, computes its answer, lets its latency pass, and sends the answer.
  ///
  /// `answer` returns what sends the answer and how many bytes travel with it.
  func serve(
    _ operation: Operation, _ request: fuse_req_t, path: [UInt8], offset: Int = 0,
    answer: () -> (bytes: Int, send: () -> Void)
  ) {
    let arrival = monotonicNanoseconds()
    let thread = fuse_req_ctx(request)?.pointee.pid ?? 0
    recorder.arrived(operation, thread: thread)
    let (bytes, send) = answer()
    link.wait(for: operation, since: arrival, bytes: bytes)
    // Recorded before it is sent: whoever saw the answer must also find it in the counts.
    recorder.answered(
      TracedRequest(
        operation: operation, thread: thread, start: arrival, end: monotonicNanoseconds(),
        offset: offset, bytes: bytes, path: path),
      bytes: bytes)
    send()
  }

  /// The status of `path`, not following a final link, or an errno.
  func status(of path: [UInt8]) -> (stat, CInt) {
    var status = stat()
    let result = path.withTerminator { fstatat(root, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return (status, result == 0 ? 0 : errno)
  }

  /// Seconds for which a status may be trusted.
  func age(of status: stat) -> Double {
    status.st_mode & S_IFMT == S_IFDIR ? caching.directoryAttributes : caching.attributes
  }
}

extension [UInt8] {
  /// Calls `body` with these bytes as a C string.
  func withTerminator<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (self.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
      // An array of at least one element has a base address.
      buffer.baseAddress.map(body) ?? body("")
    }
  }
}
