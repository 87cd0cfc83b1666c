internal import CLinux

/// Which pages this process has in its page tables (/proc/self/pagemap; Documentation/admin-guide).
///
/// What is there was touched, or lies within 64 KiB of what was, whether the file was in the page
/// cache before or not: mincore(2) would tell of the cache, which others fill too.
@safe struct PageMap: ~Copyable {
  private let descriptor: Int32
  private let pageSize: Int
  private var buffer = [UInt64](repeating: 0, count: 8192)

  /// Present in memory, or in swap.
  private static let isTouched: UInt64 = 3 << 62

  /// Opens the map; throws where there is no /proc or it is not for us.
  init() throws(Errno) {
    let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW
    let number = unsafe importahead_open("/proc/self/pagemap", flags)
    guard number >= 0 else { throw Errno.last }
    descriptor = number
    pageSize = Swift.max(LibraryPages.unit, Int(getpagesize()))
  }

  deinit { _ = close(descriptor) }

  /// The pages of a segment that are there, in the file's units.
  mutating func touched(_ segment: MappedObject.Segment) -> [LibraryPages.Range] {
    guard segment.size > 0, segment.size <= LibraryPages.mostSize else { return [] }
    let lead = Int(segment.address & UInt(pageSize &- 1))
    let first = Int(clamping: segment.address / UInt(pageSize))
    let count = (lead &+ segment.size &+ pageSize &- 1) / pageSize
    let units = pageSize / LibraryPages.unit
    let start = (segment.offset &- lead) / LibraryPages.unit
    var ranges: [LibraryPages.Range] = []
    var page = 0
    while page < count {
      let found = read(from: first &+ page, Swift.min(buffer.count, count &- page))
      guard found > 0 else { break }
      for index in 0..<found where buffer[index] & Self.isTouched != 0 {
        let unit = start &+ (page &+ index) &* units
        if let last = ranges.last, last.end == unit {
          ranges[ranges.count &- 1].count &+= units
        } else {
          ranges.append(LibraryPages.Range(start: unit, count: units))
        }
      }
      page &+= found
    }
    return ranges
  }

  private mutating func read(from page: Int, _ count: Int) -> Int {
    let number = descriptor
    let read = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe pread(number, bytes.baseAddress, count &* 8, page &* 8)
    }
    return read / 8
  }
}
