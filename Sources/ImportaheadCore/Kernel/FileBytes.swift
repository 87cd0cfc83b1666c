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
    touch()
  }

  /// Has the pages found now, by this thread, which holds only the mapping they are in (Linux 6.4);
  /// a call that fills them would hold the process's whole memory map at every fault.
  private func touch() {
    var offset = 0
    while offset < capacity {
      unsafe (storage + offset).storeBytes(of: 0, as: UInt8.self)
      offset &+= Self.pageSize
    }
    if capacity > 0 { unsafe (storage + (capacity &- 1)).storeBytes(of: 0, as: UInt8.self) }
  }

  /// The smallest size of a page, bytes.
  private static let pageSize = 4096

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
///
/// Its pages come as the files that will fill them are given their room, not with the mapping:
/// whoever fills a mapping as a whole (MAP_POPULATE, MADV_POPULATE_WRITE, a huge page) holds the
/// process's memory map meanwhile, for milliseconds where a host has to find the memory, and the
/// importing thread waits with its next mmap(2).
@safe private final class Slab {
  let start: UnsafeMutableRawPointer
  let size: Int
  var used = 0

  init?(size: Int) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, Int(bitPattern: memory) != -1 else { return nil }
    unsafe start = memory
    self.size = size
    _ = unsafe madvise(memory, size, MADV_NOHUGEPAGE)
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

  /// The size of a slab.
  private static let slabSize = 1 << 20
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
        current = Slab(size: Self.slabSize)
      }
      guard let slab = current else { return nil }
      let place = unsafe slab.start + slab.used
      slab.used &+= size
      return unsafe FileBytes(storage: place, capacity: capacity, slab: slab)
    }
  }
}
