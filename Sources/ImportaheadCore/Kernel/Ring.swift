internal import CLiburing
internal import CLinux

/// What tells completions apart: the index of the operation in flight, or a number of our own.
struct Ticket: Equatable {
  let rawValue: UInt64
}

/// The outcome of one submission.
struct Completion {
  let ticket: Ticket
  /// A non-negative result, or a negative error number: a value of that operation, never a failure
  /// of the ring.
  let result: Int32
}

/// An io_uring instance, owned by one thread.
///
/// Nothing outside this folder touches an SQE or a CQE.
@safe struct Ring: ~Copyable {
  private var ring: io_uring
  private var isAbandoned = false

  /// Takes over a ring that is set up and enabled.
  init(adopting ring: consuming io_uring) {
    unsafe self.ring = ring
  }

  /// Gives the ring up without telling the kernel: what is in flight may still be written to.
  mutating func abandon() {
    isAbandoned = true
  }

  deinit {
    guard !isAbandoned else { return }
    // SAFETY: queue_exit reads the mappings and the descriptor out of the structure and never
    // stores its address, so a copy serves.
    var last = unsafe ring
    unsafe io_uring_queue_exit(&last)
  }

  /// Queues one operation; `false` when the submission queue is full.
  ///
  /// SAFETY: everything `operation` owns must live until its completion is reaped.
  @unsafe mutating func prepare(_ operation: Operation, ticket: Ticket) -> Bool {
    guard let entry = unsafe io_uring_get_sqe(&ring) else { return false }
    unsafe operation.fill(entry)
    unsafe io_uring_sqe_set_data64(entry, ticket.rawValue)
    return true
  }

  /// Queues a read of an event counter: it completes when somebody wakes the ring's owner.
  ///
  /// SAFETY: `counter` must live until the completion is reaped.
  @unsafe mutating func prepareWake(
    _ descriptor: Int32, into counter: UnsafeMutablePointer<UInt64>, ticket: Ticket
  ) -> Bool {
    guard let entry = unsafe io_uring_get_sqe(&ring) else { return false }
    unsafe io_uring_prep_read(entry, descriptor, counter, 8, 0)
    unsafe io_uring_sqe_set_data64(entry, ticket.rawValue)
    return true
  }

  /// Queues the end of the operation in flight that has the ticket `other`: one that has not begun is dropped,
  /// and a call that waits where a signal would be heard ends with EINTR.
  mutating func prepareCancel(of other: Ticket, ticket: Ticket) -> Bool {
    guard let entry = unsafe io_uring_get_sqe(&ring) else { return false }
    unsafe io_uring_prep_cancel64(entry, other.rawValue, 0)
    unsafe io_uring_sqe_set_data64(entry, ticket.rawValue)
    return true
  }

  /// Hands what is queued to the kernel and waits until a completion is there or `deadline` passed.
  mutating func submitAndWait(until deadline: Instant) throws(Errno) {
    while true {
      let left = Swift.max(0, deadline.nanoseconds &- Instant.now.nanoseconds)
      var time = __kernel_timespec()
      time.tv_sec = Int64(left / 1_000_000_000)
      time.tv_nsec = Int64(left % 1_000_000_000)
      var entry: UnsafeMutablePointer<io_uring_cqe>?
      let result = unsafe io_uring_submit_and_wait_timeout(&ring, &entry, 1, &time, nil)
      if result == -EINTR { continue }
      if result == -ETIME { return }
      try Errno.check(result)
      return
    }
  }

  /// Hands what is queued to the kernel without waiting.
  mutating func submit() throws(Errno) {
    try Errno.check(unsafe io_uring_submit(&ring))
  }

  /// Takes the oldest completion, if one is ready.
  mutating func nextCompletion() -> Completion? {
    var entry: UnsafeMutablePointer<io_uring_cqe>?
    guard unsafe io_uring_peek_cqe(&ring, &entry) == 0, let entry = unsafe entry else {
      return nil
    }
    defer { unsafe io_uring_cqe_seen(&ring, entry) }
    let ticket = Ticket(rawValue: unsafe io_uring_cqe_get_data64(entry))
    return Completion(ticket: ticket, result: unsafe entry.pointee.res)
  }
}
