import ImportaheadCore
import Testing

@Suite("Bytecode header")
struct BytecodeHeaderTests {
  @Test("the fields are read in order")
  func fields() throws {
    let bytes: [UInt8] = [0xA7, 0x0D, 0x0D, 0x0A, 3, 0, 0, 0, 1, 2, 3, 0x84, 5, 0, 0, 0]
    let found = BytecodeHeader(bytes.span.bytes)
    let header = try #require(found)
    #expect(header.pythonMinorVersion == 11)
    #expect(header.isHashBased)
    #expect(header.mustCheckSource)
    #expect(header.sourceTime == 0x8403_0201)
    #expect(header.sourceSize == 5)
  }

  @Test("a short file has none")
  func short() {
    let bytes = [UInt8](repeating: 0, count: 15)
    #expect(BytecodeHeader(bytes.span.bytes) == nil)
  }

  @Test(
    "only released versions are known",
    arguments: [
      (3425, 9), (3439, 10), (3495, 11), (3531, 12), (3571, 13), (3627, 14), (3424, nil),
      (3496, nil), (3570, nil), (3626, nil), (3650, nil), (0, nil),
    ] as [(UInt16, Int?)])
  func magic(number: UInt16, minor: Int?) throws {
    var bytes: [UInt8] = [UInt8(number & 0xFF), UInt8(number >> 8), 0x0D, 0x0A]
    bytes += [UInt8](repeating: 0, count: 12)
    let found = BytecodeHeader(bytes.span.bytes)
    let header = try #require(found)
    #expect(header.pythonMinorVersion == minor)
    bytes[2] = 0x0A
    #expect(BytecodeHeader(bytes.span.bytes)?.pythonMinorVersion == nil)
  }
}
