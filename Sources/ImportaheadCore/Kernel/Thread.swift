// Embedded Swift takes sigset_t to be declared by whichever header it met first.
internal import CLiburing
internal import CLinux

/// A native thread nobody but us can see: every signal blocked, a small stack.
///
/// It never touches Python, so it needs no thread state there.
@safe final class Thread {
  private let handle: pthread_t
  private var joined = false

  /// The body of a thread, kept alive until the thread has taken it over.
  private final class Start {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  /// What a new thread shares of the program's descriptor table.
  enum Descriptors {
    /// Its creator's table, as every thread does.
    case shared
    /// Nothing: it has a copy, to be emptied by `enterPrivateDescriptorTable`.
    case copied
  }

  /// Starts a thread that runs `body`; fails with `EAGAIN` where no more threads are allowed, and with
  /// `ENOSYS` where it cannot have a table of its own on this processor.
  init(
    stackSize: Int = 256 << 10, descriptors: Descriptors = .shared, _ body: @escaping () -> Void
  ) throws(Errno) {
    var attributes = pthread_attr_t()
    _ = unsafe pthread_attr_init(&attributes)
    let least = unsafe importahead_least_stack(&attributes)
    _ = unsafe pthread_attr_setstacksize(&attributes, stackSize &+ least)
    defer { _ = unsafe pthread_attr_destroy(&attributes) }

    // A new thread inherits its creator's mask: block everything around the creation, so that no
    // signal of the program is ever delivered there (sigwait(3) in the program must win).
    var all = sigset_t()
    var before = sigset_t()
    _ = unsafe sigfillset(&all)
    _ = unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    let start = unsafe Unmanaged.passRetained(Start(body))
    var handle = pthread_t()
    let create =
      descriptors == .copied ? unsafe importahead_create_apart : unsafe importahead_create_thread
    let result = unsafe create(
      &handle, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.body()
        return nil
      }, start.toOpaque())
    _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard result == 0 else {
      unsafe start.release()
      throw Errno(code: result)
    }
    self.handle = handle
  }

  deinit {
    if !joined { _ = pthread_detach(handle) }
  }

  /// Waits for the thread's end for at most `milliseconds`; after that it is left to itself.
  ///
  /// Returns whether the thread has ended.
  func join(milliseconds: Int) -> Bool {
    // A thread that has been joined is gone, and its handle may be another's.
    guard !joined else { return true }
    let end = Instant.realTime &+ milliseconds &* 1_000_000
    var time = timespec()
    time.tv_sec = end / 1_000_000_000
    time.tv_nsec = end % 1_000_000_000
    joined = unsafe pthread_timedjoin_np(handle, nil, &time) == 0
    return joined
  }

  /// Whether the thread is gone, by itself or killed.
  ///
  /// Asks memory alone: the kernel clears a thread's number there when it dies, however that happens
  /// (set_tid_address(2)). Not to be asked while another thread joins.
  var hasEnded: Bool {
    if !joined { joined = unsafe pthread_tryjoin_np(handle, nil) == 0 }
    return joined
  }

  /// Leaves the handle alone from now on: in the child of a fork there is no such thread.
  func disown() { joined = true }

  /// The number of the calling thread (gettid(2)).
  static var identifier: Int32 { Int32(truncatingIfNeeded: importahead_gettid()) }

  /// How often the calling thread has given up its processor to wait for something (getrusage(2),
  /// `ru_nvcsw`; RUSAGE_THREAD since Linux 2.6.26); 0 where that is not told.
  static var waits: Int {
    var usage = rusage()
    return unsafe importahead_thread_usage(&usage) == 0 ? usage.ru_nvcsw : 0
  }

  /// Lets the calling thread wait.
  static func sleep(milliseconds: Int) {
    _ = usleep(UInt32(clamping: milliseconds &* 1000))
  }

  /// Gives the calling thread, and those it starts, a descriptor table of its own with nothing in it.
  ///
  /// The program's descriptor numbers stay as they would be without us (close_range(2), Linux 5.9).
  static func enterPrivateDescriptorTable() throws(Errno) {
    // Such a thread was made with a table of its own.
    if Confinement.allowsPlainCallsOnly { return try closeCopies() }
    if close_range(0, UInt32.max, CLOSE_RANGE_UNSHARE_FLAG) == 0 { return }
    let refusal = Errno.last
    guard refusal.code == ENOSYS || refusal.code == EINVAL else { throw refusal }
    guard unshare(CLONE_FILES_FLAG) == 0 else { throw Errno.last }
    var limit = rlimit()
    _ = unsafe getrlimit(RLIMIT_NOFILE, &limit)
    let highest = Swift.min(limit.rlim_cur, 65_536)
    for number in 0..<Int32(truncatingIfNeeded: highest) { _ = close(number) }
  }

  /// Closes what a copied table holds: the numbers that `/proc/thread-self/fd` (Linux 3.17) names.
  static func closeCopies() throws(Errno) {
    let listing = try DirectoryListing.read(Array("/proc/thread-self/fd".utf8))
    for name in listing.names.split(separator: 0) {
      // The listing's own has been closed.
      let number = name.reduce(Int32(0)) { $0 &* 10 &+ Int32($1 &- UInt8(ascii: "0")) }
      _ = close(number)
    }
  }
}
