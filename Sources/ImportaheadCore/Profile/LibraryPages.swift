/// Which pages of a shared object a past run touched, and which file that was.
struct LibraryPages: Equatable, Sendable {
  /// Pages that follow each other, counted in units of 4096 bytes from the file's beginning.
  struct Range: Equatable, Sendable {
    var start: Int
    var count: Int
    /// The page behind the last.
    var end: Int { start &+ count }
  }

  /// The file's size in bytes.
  let size: Int
  /// When the file was last modified, in nanoseconds since the epoch.
  let modified: Int
  /// In the order of the file; they do not touch.
  let ranges: [Range]
  /// What only the end of the program touches, its destructors: like `ranges`, and apart from them.
  var atEnd: [Range] = []

  /// The unit of the ranges, in bytes, whatever the size of a page is here.
  static let unit = 4096
  /// The most ranges of one object.
  static let mostRanges = 256
  /// The largest file.
  static let mostSize = 16 << 30
  /// Pages between two ranges that are cheaper to read than to leave out: 64 KiB, what the kernel
  /// maps around a fault.
  private static let leastGap = 16

  init(size: Int, modified: Int, ranges: [Range]) {
    self.size = size
    self.modified = modified
    self.ranges = ranges
  }

  /// Keeps what lies within the file of the pages touched, with small gaps closed.
  ///
  /// `nil` where nothing was touched or the file is too large.
  init?(size: Int, modified: Int, touched: [Range]) {
    guard size > 0, size <= Self.mostSize, modified >= 0 else { return nil }
    let last = Self.units(of: size)
    let inside = touched.compactMap { range -> Range? in
      let end = Swift.min(range.end, last)
      guard range.start >= 0, range.count > 0, end > range.start else { return nil }
      return Range(start: range.start, count: end &- range.start)
    }
    let sorted = inside.sorted { $0.start < $1.start }
    var gap = Self.leastGap
    var merged = Self.merged(sorted, gap: gap)
    while merged.count > Self.mostRanges {
      gap &*= 2
      merged = Self.merged(merged, gap: gap)
    }
    guard !merged.isEmpty else { return nil }
    self.init(size: size, modified: modified, ranges: merged)
  }

  /// How many bytes all of `ranges` are.
  var bytes: Int { Self.bytes(of: ranges) }

  /// How many bytes some ranges are.
  static func bytes(of ranges: [Range]) -> Int { ranges.reduce(0) { $0 &+ $1.count } &* unit }

  /// Takes over as the end's what `later` has of the same file and these have not.
  mutating func setEnd(from later: LibraryPages) {
    guard later.size == size, later.modified == modified else { return }
    var rest: [Range] = []
    var known = ranges[...]
    for range in later.ranges {
      var start = range.start
      while let next = known.first, next.start < range.end {
        if next.start > start { rest.append(Range(start: start, count: next.start &- start)) }
        start = Swift.max(start, next.end)
        guard next.end <= range.end else { break }
        known.removeFirst()
      }
      if start < range.end { rest.append(Range(start: start, count: range.end &- start)) }
    }
    atEnd = LibraryPages(size: size, modified: modified, touched: rest)?.ranges ?? []
  }

  /// How many units a file of `size` bytes has.
  private static func units(of size: Int) -> Int { (size &+ unit &- 1) / unit }

  private static func merged(_ ranges: [Range], gap: Int) -> [Range] {
    var merged: [Range] = []
    for range in ranges {
      if let last = merged.last, range.start <= last.end &+ gap {
        merged[merged.count &- 1].count = Swift.max(last.end, range.end) &- last.start
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  /// Reads what `encoded` made; `nil` for anything else.
  init?(_ text: ArraySlice<UInt8>) {
    var numbers = text[...]
    guard let size = Hexadecimal.take(&numbers, until: 0x20),
      let modified = Hexadecimal.take(&numbers, until: 0x20),
      size > 0, size <= Self.mostSize
    else { return nil }
    let last = Self.units(of: size)
    let mark = numbers.firstIndex(of: Self.endMark)
    guard let ranges = Self.ranges(numbers[..<(mark ?? numbers.endIndex)], within: last) else {
      return nil
    }
    self.init(size: size, modified: modified, ranges: ranges)
    guard let mark else { return }
    guard let atEnd = Self.ranges(numbers[(mark &+ 1)...], within: last) else { return nil }
    self.atEnd = atEnd
  }

  /// Reads at least one range of a file of `last` units.
  private static func ranges(_ text: ArraySlice<UInt8>, within last: Int) -> [Range]? {
    var numbers = text
    var ranges: [Range] = []
    var end = -1
    while !numbers.isEmpty {
      guard let gap = Hexadecimal.take(&numbers, until: 0x2B),
        let count = Hexadecimal.take(&numbers, until: 0x20), count > 0,
        gap <= last, count <= last, ranges.count < mostRanges
      else { return nil }
      // Ranges that touch would be one.
      let start = end < 0 ? gap : end &+ gap
      guard end < 0 || gap > 0, start &+ count <= last else { return nil }
      ranges.append(Range(start: start, count: count))
      end = start &+ count
    }
    return ranges.isEmpty ? nil : ranges
  }

  /// Stands before what only the end touches: a semicolon.
  private static let endMark: UInt8 = 0x3B

  /// The numbers as text: size, time of modification, then for each range how far behind the one
  /// before it begins and its length; the end's ranges follow a semicolon.
  var encoded: [UInt8] {
    var text: [UInt8] = []
    Hexadecimal.append(size, to: &text)
    text.append(0x20)
    Hexadecimal.append(modified, to: &text)
    text.append(0x20)
    Self.append(ranges, to: &text)
    if !atEnd.isEmpty {
      text.append(Self.endMark)
      Self.append(atEnd, to: &text)
    }
    return text
  }

  private static func append(_ ranges: [Range], to text: inout [UInt8]) {
    var end = 0
    for range in ranges {
      Hexadecimal.append(range.start &- end, to: &text)
      text.append(0x2B)
      Hexadecimal.append(range.count, to: &text)
      text.append(0x20)
      end = range.end
    }
  }

  /// Whether the file is the one whose pages these are.
  func isOf(_ status: FileStatus) -> Bool {
    status.isRegular && status.size == UInt64(size) && status.modified == modified
  }
}
