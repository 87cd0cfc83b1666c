import Glibc
import Testing

@testable import ImportaheadCore

@Suite("FileBytes")
struct FileBytesTests {
  private func fill(_ bytes: FileBytes, _ value: UInt8) {
    let tail = unsafe bytes.tail
    unsafe tail.initializeMemory(as: UInt8.self, repeating: value)
    bytes.advance(by: tail.count)
  }

  private func holds(_ bytes: FileBytes, _ count: Int, _ value: UInt8) -> Bool {
    bytes.withPointer { start, length in
      unsafe length == count
        && (0..<length).allSatisfy { unsafe UInt8(bitPattern: start[$0]) == value }
    }
  }

  @Test("files of every size lie beside each other and outlive the allocator")
  func sizes() throws {
    let sizes =
      [0, 1, 15, 16, 17, 4095, 4096, 131_072, 131_073, 600_000] + (0..<300).map { $0 * 13 }
    var allocator: FileBytesAllocator? = FileBytesAllocator()
    let all = try sizes.map { try #require(allocator?.allocate(capacity: $0)) }
    allocator = nil
    for (index, bytes) in all.enumerated() { fill(bytes, UInt8(truncatingIfNeeded: index)) }
    for (index, bytes) in all.enumerated() {
      #expect(holds(bytes, sizes[index], UInt8(truncatingIfNeeded: index)), "\(index)")
    }
  }

  /// How many of the pages from the start of `bytes` on are in memory (mincore(2)).
  private func residentPages(of bytes: FileBytes, among pages: Int) -> Int {
    bytes.withPointer { start, _ in
      let size = sysconf(Int32(_SC_PAGESIZE))
      let address = UInt(bitPattern: unsafe start) / UInt(size) * UInt(size)
      var states = [UInt8](repeating: 0, count: pages)
      let result = unsafe mincore(
        UnsafeMutableRawPointer(bitPattern: address), pages * size, &states)
      return result == 0 ? states.count { $0 & 1 == 1 } : -1
    }
  }

  @Test("a file's room is found before a call fills it, and no more: whoever finds all waits long")
  func pages() throws {
    let allocator = FileBytesAllocator()
    let size = sysconf(Int32(_SC_PAGESIZE))
    let small = try #require(allocator.allocate(capacity: 10))
    #expect(residentPages(of: small, among: 16) == 1)
    let larger = try #require(allocator.allocate(capacity: 3 * size))
    #expect(residentPages(of: small, among: 16) == 4)
    #expect(residentPages(of: larger, among: 4) == 4)
  }

  @Test("sizes that make no sense are refused", arguments: [-1, Int.min, Int.max, 1 << 40])
  func refused(capacity: Int) {
    #expect(FileBytesAllocator().allocate(capacity: capacity) == nil)
  }

  @Test("no more counts as read than there is room for")
  func advance() throws {
    let bytes = try #require(FileBytesAllocator().allocate(capacity: 10))
    bytes.advance(by: 4)
    bytes.advance(by: -3)
    #expect(bytes.count == 4)
    #expect(unsafe bytes.tail.count == 6)
    bytes.advance(by: Int.max)
    #expect(bytes.count == 10)
    #expect(unsafe bytes.tail.isEmpty)
    #expect(bytes.bytes.byteCount == 10)
  }
}
