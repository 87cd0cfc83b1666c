internal import ArgumentParser

/// The ways files can be read ahead.
enum Backend: String, CaseIterable, ExpressibleByArgument {
  /// One thread that owns an io_uring.
  case ioUring = "io_uring"
  /// Plain system calls on a few threads.
  case threads
}
