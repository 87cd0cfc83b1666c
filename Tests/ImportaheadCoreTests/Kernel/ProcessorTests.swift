import CLinux
import Testing

@testable import ImportaheadCore

extension Processor {
  /// The numbers of the processors that the calling thread may run on.
  static var allowed: [Int] {
    var set = cpu_set_t()
    guard unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return [] }
    return withUnsafeBytes(of: set) { bytes in
      (0..<(bytes.count * 8)).filter { unsafe bytes[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
    }
  }

  /// Keeps the calling thread on this processor; returns whether it may run there.
  func pin() -> Bool {
    var one = cpu_set_t()
    withUnsafeMutableBytes(of: &one) { bytes in
      unsafe bytes[number / 8] = 1 << UInt8(number % 8)
    }
    return unsafe sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &one) == 0
  }
}

@Suite("Processor")
struct ProcessorTests {
  private final class Seen: @unchecked Sendable {
    var processors: [Int32] = []
    var allowed: [[Int]] = []
    var answers: [Bool] = []
  }

  @Test("a thread leaves the processor of another, and may run where it might before")
  func leaves() throws {
    let seen = Seen()
    let thread = try Thread {
      seen.allowed.append(Processor.allowed)
      // The scheduler may move a thread at any time, also back.
      for _ in 0..<20 {
        let here = Processor.current
        seen.answers.append(here.leave())
        seen.processors = [Int32(here.number), sched_getcpu()]
        if seen.processors[0] != seen.processors[1] { break }
      }
      seen.allowed.append(Processor.allowed)
    }
    #expect(thread.join(milliseconds: 5000))
    #expect(seen.allowed[0] == seen.allowed[1])
    let count = seen.allowed[0].count
    if count > 1 { #expect(seen.processors[0] != seen.processors[1]) }
    #expect(seen.answers.allSatisfy { $0 == (count > 1) })
  }

  @Test("a thread that may run on one processor stays there")
  func stays() throws {
    let seen = Seen()
    let thread = try Thread {
      let here = Processor.current
      #expect(here.pin())
      seen.answers = [Processor.current.leave()]
      seen.processors = [Int32(here.number), sched_getcpu()]
      seen.allowed = [[here.number], Processor.allowed]
    }
    #expect(thread.join(milliseconds: 5000))
    #expect(seen.processors[0] == seen.processors[1])
    #expect(seen.answers == [false])
    #expect(seen.allowed[0] == seen.allowed[1])
  }
}
