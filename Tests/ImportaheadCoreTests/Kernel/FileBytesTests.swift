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
