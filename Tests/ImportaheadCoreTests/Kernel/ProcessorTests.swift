import CLinux
import Testing

@testable import ImportaheadCore

@Suite("Processor")
struct ProcessorTests {
  private final class Seen: @unchecked Sendable {
    var processors: [Int32] = []
    var allowed: [cpu_set_t] = []
  }

  private func bits(_ set: cpu_set_t) -> [UInt8] {
    unsafe withUnsafeBytes(of: set) { unsafe Array($0) }
  }

  private func allowed() -> cpu_set_t {
    var set = cpu_set_t()
    _ = unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set)
    return set
  }

  @Test("a thread leaves the processor of another, and may run where it might before")
  func leaves() throws {
    let seen = Seen()
    let thread = try Thread {
      seen.allowed.append(self.allowed())
      // The scheduler may move a thread at any time, also back.
      for _ in 0..<20 {
        let here = Processor.current
        here.leave()
        seen.processors = [Int32(here.number), sched_getcpu()]
        if seen.processors[0] != seen.processors[1] { break }
      }
      seen.allowed.append(self.allowed())
    }
    #expect(thread.join(milliseconds: 5000))
    #expect(bits(seen.allowed[0]) == bits(seen.allowed[1]))
    let count = bits(seen.allowed[0]).reduce(0) { $0 + $1.nonzeroBitCount }
    if count > 1 { #expect(seen.processors[0] != seen.processors[1]) }
  }

  @Test("a thread that may run on one processor stays there")
  func stays() throws {
    let seen = Seen()
    let thread = try Thread {
      var one = cpu_set_t()
      let here = sched_getcpu()
      withUnsafeMutableBytes(of: &one) { bytes in
        unsafe bytes[Int(here) / 8] = 1 << UInt8(here % 8)
      }
      _ = unsafe sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &one)
      Processor.current.leave()
      seen.processors = [here, sched_getcpu()]
      seen.allowed = [one, self.allowed()]
    }
    #expect(thread.join(milliseconds: 5000))
    #expect(seen.processors[0] == seen.processors[1])
    #expect(bits(seen.allowed[0]) == bits(seen.allowed[1]))
  }
}
