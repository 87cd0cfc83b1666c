internal import CLinux

/// The bytes of one file, read ahead; freed with the last reference.
@safe public final class FileBytes: @unchecked Sendable {
  private let storage: UnsafeMutableRawPointer
  private let capacity: Int
  /// What the storage is a part of.
  private let slab: Slab
  /// How many bytes have been filled.
  private(set) var count = 0

  fileprivate init(storage: UnsafeMutableRawPointer, capacity: Int, slab: Slab) {
    unsafe self.storage = unsafe storage
    self.capacity = capacity
    self.slab = slab
  }

  /// The `count` bytes from `offset` on of what `whole` holds; `nil` where it holds no such.
  init?(partOf whole: FileBytes, from offset: Int, count: Int) {
    guard offset >= 0, count >= 0, offset <= whole.count, count <= whole.count &- offset else {
      return nil
    }
    unsafe storage = whole.storage + offset
    capacity = count
    slab = whole.slab
    self.count = count
  }

  /// The place the next bytes go to, and how many fit.
  ///
  /// SAFETY: the caller keeps the object alive while the kernel may write there.
  @unsafe var tail: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: storage + count, count: capacity &- count)
  }

  /// Counts `more` bytes that were written behind the ones already there.
  func advance(by more: Int) {
    count &+= Swift.min(capacity &- count, Swift.max(0, more))
  }

  /// The bytes read so far.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: storage, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Lends the bytes to C for the length of `body`.
  public func withPointer<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
    let start = unsafe UnsafePointer(storage.assumingMemoryBound(to: CChar.self))
    return unsafe body(start, count)
  }
}

/// One mapping that the bytes of several files share; unmapped with the last of them.
@safe private final class Slab {
  let start: UnsafeMutableRawPointer
  let size: Int
  var used = 0

  /// The size of a huge page on x86-64 and, with pages of 4 KiB, on aarch64.
  static let hugeSize = 2 << 20

  init?(size: Int) {
    // The whole of a slab is going to be written: faults page by page would cost more.
    let isHuge = size == Self.hugeSize
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | (isHuge ? 0 : MAP_POPULATE)
    let length = isHuge ? 2 &* size : size
    let memory = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, Int(bitPattern: memory) != -1 else { return nil }
    unsafe start = isHuge ? Self.trimmed(memory) : memory
    self.size = size
  }

  /// Gives back what of a mapping twice its size a huge page leaves over; asks for the page and fills
  /// it, if there is one (madvise(2); MADV_POPULATE_WRITE needs Linux 5.14, and may fail).
  private static func trimmed(_ memory: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    let head = (0 &- Int(bitPattern: memory)) & (hugeSize &- 1)
    let start = unsafe memory + head
    if head > 0 { _ = unsafe munmap(memory, head) }
    if head < hugeSize { _ = unsafe munmap(start + hugeSize, hugeSize &- head) }
    _ = unsafe madvise(start, hugeSize, MADV_HUGEPAGE)
    _ = unsafe madvise(start, hugeSize, MADV_POPULATE_WRITE_FLAG)
    return unsafe start
  }

  deinit { _ = unsafe munmap(start, size) }
}

/// Where room for files' bytes comes from.
///
/// Memory from malloc(3) would grow an arena of the session's thread page by page, and be freed on
/// another thread.
final class FileBytesAllocator: @unchecked Sendable {
  private let monitor = Monitor()
  private var current: Slab?
  private var slabs = 0

  /// The size of the first slabs; a program that needs more of them has huge ones.
  private static let slabSize = 512 << 10
  private static let smallSlabs = 2
  /// What is larger gets a slab of its own.
  private static let largeSize = 128 << 10

  /// Reserves room for `capacity` bytes; `nil` when there is no memory.
  func allocate(capacity: Int) -> FileBytes? {
    guard capacity >= 0, capacity < 1 << 40 else { return nil }
    let size = (Swift.max(capacity, 1) &+ 15) & ~15
    guard size <= Self.largeSize else {
      return Slab(size: size).map {
        unsafe FileBytes(storage: $0.start, capacity: capacity, slab: $0)
      }
    }
    return monitor.locked {
      if current.map({ $0.size &- $0.used < size }) ?? true {
        current = Slab(size: slabs < Self.smallSlabs ? Self.slabSize : Slab.hugeSize)
        slabs &+= 1
      }
      guard let slab = current else { return nil }
      let place = unsafe slab.start + slab.used
      slab.used &+= size
      return unsafe FileBytes(storage: place, capacity: capacity, slab: slab)
    }
  }
}
