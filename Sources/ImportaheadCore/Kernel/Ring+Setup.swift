internal import CLiburing
internal import CLinux

extension Ring {
  /// The operations the ring is restricted to; whoever got hold of it could do nothing else.
  private static let opcodes: [io_uring_op] = [
    IORING_OP_READ, IORING_OP_OPENAT, IORING_OP_STATX, IORING_OP_CLOSE, IORING_OP_ASYNC_CANCEL,
  ]

  /// Sets up a ring for `depth` operations in flight, served by up to `workers` kernel workers.
  ///
  /// Takes the newest set-up flags this kernel knows and steps down. Never asks for SQPOLL, whose
  /// kernel thread would keep the credentials of its creator. Throws what the last rung was refused
  /// with, or where the kernel cannot be told how many workers there may be and `mustLimit` asks for that; the
  /// caller then works on threads.
  init(depth: UInt32, workers: UInt32, mustLimit: Bool = false) throws(Errno) {
    var raw = unsafe try Self.acquire(depth: depth)
    do throws(Errno) {
      try unsafe Self.requireOperations(&raw)
      // Bounded workers default to 4 x CPUs: a slow file system would be asked 8 things at a time.
      // Kernels before 5.15 do not know this; they keep their default.
      var limits: (UInt32, UInt32) = (workers, 1)
      let told = unsafe withUnsafeMutableBytes(of: &limits) { bytes in
        unsafe io_uring_register_iowq_max_workers(
          &raw, bytes.baseAddress?.assumingMemoryBound(to: UInt32.self))
      }
      if mustLimit { try Errno.check(told) }
      try unsafe Self.restrictAndEnable(&raw)
      _ = unsafe io_uring_ring_dontfork(&raw)
    } catch {
      unsafe io_uring_queue_exit(&raw)
      throw error
    }
    unsafe self.init(adopting: raw)
  }

  private static func acquire(depth: UInt32) throws(Errno) -> io_uring {
    let disabled = UInt32(IORING_SETUP_R_DISABLED)
    let clamp = UInt32(IORING_SETUP_CLAMP)
    let single = UInt32(IORING_SETUP_SINGLE_ISSUER)
    let rungs: [UInt32] = [
      clamp | UInt32(IORING_SETUP_SUBMIT_ALL) | single | UInt32(IORING_SETUP_DEFER_TASKRUN)
        | disabled,
      clamp | UInt32(IORING_SETUP_SUBMIT_ALL) | UInt32(IORING_SETUP_COOP_TASKRUN) | disabled,
      clamp | UInt32(IORING_SETUP_SUBMIT_ALL) | disabled,
      clamp | disabled,
    ]
    var entries = depth
    var rung = 0
    while true {
      var raw = unsafe io_uring()
      var parameters = io_uring_params()
      parameters.flags = rungs[rung]
      let result = unsafe io_uring_queue_init_params(entries, &raw, &parameters)
      if result == 0 { return unsafe raw }
      if result == -EINVAL, rung &+ 1 < rungs.count {
        rung &+= 1
      } else if result == -ENOMEM, entries > 16 {
        // RLIMIT_MEMLOCK counts a ring's pages: a smaller one may still fit.
        entries = entries > 64 ? 64 : 16
      } else {
        throw Errno(code: 0 &- result)
      }
    }
  }

  private static func requireOperations(_ raw: inout io_uring) throws(Errno) {
    // Without EXT_ARG (Linux 5.11) a timed wait would need an operation of its own.
    let features =
      UInt32(IORING_FEAT_NODROP) | UInt32(IORING_FEAT_SUBMIT_STABLE) | UInt32(IORING_FEAT_EXT_ARG)
    guard unsafe raw.features & features == features else { throw Errno(code: EOPNOTSUPP) }
    guard let probe = unsafe io_uring_get_probe_ring(&raw) else { throw Errno(code: EOPNOTSUPP) }
    defer { unsafe io_uring_free_probe(probe) }
    for opcode in opcodes
    where unsafe io_uring_opcode_supported(probe, Int32(opcode.rawValue)) == 0 {
      throw Errno(code: EOPNOTSUPP)
    }
  }

  private static func restrictAndEnable(_ raw: inout io_uring) throws(Errno) {
    var rules: [io_uring_restriction] = []
    for opcode in opcodes {
      var rule = io_uring_restriction()
      rule.opcode = UInt16(IORING_RESTRICTION_SQE_OP)
      rule.sqe_op = UInt8(truncatingIfNeeded: opcode.rawValue)
      rules.append(rule)
    }
    var flags = io_uring_restriction()
    flags.opcode = UInt16(IORING_RESTRICTION_SQE_FLAGS_ALLOWED)
    flags.sqe_flags = Operation.always
    rules.append(flags)
    let count = UInt32(rules.count)
    try Errno.check(unsafe io_uring_register_restrictions(&raw, &rules, count))
    try Errno.check(unsafe io_uring_enable_rings(&raw))
  }
}
