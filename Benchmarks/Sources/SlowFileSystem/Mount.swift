internal import CFuse
internal import Foundation
internal import Glibc

/// Why a mount could not be made or served.
public struct MountFailure: Error, CustomStringConvertible {
  /// One line for a person.
  public let description: String
}

/// A mounted slow file system, from mount to unmount.
public final class Mount {
  private let passthrough: Passthrough
  private let session: OpaquePointer
  private let counts: String?
  private let trace: String?

  /// Mounts `source` on `mountPoint`; nothing is served until `serve()`.
  ///
  /// `counts` and `trace` name files written at unmount; `counts` also whenever SIGUSR1 arrives.
  public init(
    source: String, mountPoint: String, latency: Latency, caching: Caching,
    counts: String? = nil, trace: String? = nil
  ) throws {
    guard
      let passthrough = Passthrough(
        source: source, latency: latency, caching: caching, traces: trace != nil)
    else { throw MountFailure(description: "\(source): \(String(cString: strerror(errno)))") }
    self.passthrough = passthrough
    self.counts = counts.map(Self.absolute)
    self.trace = trace.map(Self.absolute)
    let words = ["slowfs", "-o", "ro,default_permissions,fsname=slowfs,subtype=slowfs"]
    var arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    let session = arguments.withUnsafeMutableBufferPointer { buffer in
      var list = fuse_args(argc: CInt(words.count), argv: buffer.baseAddress, allocated: 0)
      defer { fuse_opt_free_args(&list) }
      return withUnsafePointer(to: passthroughOperations) { operations in
        fuse_session_new(
          &list, operations, MemoryLayout<fuse_lowlevel_ops>.size,
          Unmanaged.passUnretained(passthrough).toOpaque())
      }
    }
    guard let session else { throw MountFailure(description: "libfuse refused its options") }
    guard fuse_session_mount(session, mountPoint) == 0 else {
      fuse_session_destroy(session)
      throw MountFailure(description: "cannot mount on \(mountPoint)")
    }
    slowfs_allow_parallel_lookups(session)
    self.session = session
  }

  deinit { fuse_session_destroy(session) }

  /// Answers requests on up to `threads` threads until the mount is taken away or SIGINT, SIGTERM
  /// or SIGHUP arrives, then writes the counts and the trace.
  public func serve(threads: UInt32, endsWithParent: Bool = false) throws {
    slowfs_sleep_precisely()
    if endsWithParent { slowfs_end_with_parent() }
    raiseDescriptorLimit()
    fuse_set_signal_handlers(session)
    reportOnSignal()
    let result = slowfs_serve(session, threads)
    fuse_session_unmount(session)
    // libfuse's handlers stay until the counts are written: a late SIGTERM must not lose them.
    defer { fuse_remove_signal_handlers(session) }
    writeCounts(passthrough.recorder, to: counts)
    if let trace {
      let lines = passthrough.recorder.requests.map(\.json).joined(separator: "\n") + "\n"
      try lines.write(toFile: trace, atomically: true, encoding: .utf8)
    }
    if result < 0 { throw MountFailure(description: String(cString: strerror(-result))) }
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// SIGUSR1 is blocked in every thread and awaited in one, which writes the counts.
  ///
  /// All other signals are let in: a parent may have started us with SIGTERM blocked.
  private func reportOnSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGUSR1)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    let (recorder, counts) = (passthrough.recorder, counts)
    Thread.detachNewThread { [signals] in
      var awaited = signals
      var received: CInt = 0
      while sigwait(&awaited, &received) == 0 { writeCounts(recorder, to: counts) }
    }
  }
}

/// Replaces the file at `path` with the counts so far; without a path it does nothing.
private func writeCounts(_ recorder: Recorder, to path: String?) {
  guard let path else { return }
  do {
    try recorder.counts.json.write(toFile: path, atomically: true, encoding: .utf8)
  } catch {
    FileHandle.standardError.write(Data("slowfs: cannot write \(path)\n".utf8))
  }
}

/// Each open file of the mount is one here too.
private func raiseDescriptorLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(7), &limit)
}
