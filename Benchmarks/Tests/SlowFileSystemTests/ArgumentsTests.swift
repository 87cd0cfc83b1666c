import SlowFileSystem
import Testing

@testable import slowfs

@Suite("slowfs arguments")
struct ArgumentsTests {
  @Test(
    "an interval needs a unit unless it is zero",
    arguments: [
      ("0", 0), ("100us", 100_000), ("1ms", 1_000_000), ("0.02s", 20_000_000), ("5ns", 5),
      ("5", nil), ("-1ms", nil), ("ms", nil), ("1 ms", nil), ("1e9s", nil),
    ] as [(String, UInt64?)])
  func interval(text: String, nanoseconds: UInt64?) {
    #expect(Interval(argument: text)?.nanoseconds == nanoseconds)
  }

  @Test(
    "a byte count takes powers of 1000",
    arguments: [
      ("0", 0), ("512", 512), ("100M", 100_000_000), ("1.5G", 1_500_000_000), ("M", nil),
      ("-1", nil),
    ] as [(String, UInt64?)])
  func byteCount(text: String, bytes: UInt64?) {
    #expect(ByteCount(argument: text)?.bytes == bytes)
  }

  @Test("one operation's latency names an operation that exists")
  func operationLatency() {
    #expect(OperationLatency(argument: "read=2ms")?.operation == .read)
    #expect(OperationLatency(argument: "read=2ms")?.interval.nanoseconds == 2_000_000)
    #expect(OperationLatency(argument: "write=2ms") == nil)
    #expect(OperationLatency(argument: "read") == nil)
  }
}
