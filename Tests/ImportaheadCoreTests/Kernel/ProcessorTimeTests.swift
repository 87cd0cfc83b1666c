import Testing

@testable import ImportaheadCore

@Suite("Processor time")
struct ProcessorTimeTests {
  private func read(_ text: String) -> ProcessorTime? { ProcessorTime(schedstat: Array(text.utf8)) }

  @Test("a schedstat has three numbers")
  func text() {
    let time = read("1234 56 7\n")
    #expect(time?.used == 1234)
    #expect(time?.delayed == 56)
    for bad in ["", "1 2", "1 2 3 4", "1 x 3", "-1 2 3", "1 9999999999999999999999 3"] {
      #expect(read(bad) == nil)
    }
  }

  @Test("what the kernel says of the calling thread grows with it")
  func thread() throws {
    guard let before = ProcessorTime.ofThread else { return }
    let end = Instant.now.adding(milliseconds: 50)
    while Instant.now < end {}
    let after = try #require(ProcessorTime.ofThread)
    // It has run or waited for a processor all the time.
    let passed = (after.used - before.used) + (after.delayed - before.delayed)
    #expect(passed >= 30_000_000)
  }

  @Test("processors are scarce where a thread waits more than half as long as it runs")
  func scarce() throws {
    let before = try #require(read("1000 1000 1"))
    #expect(try !#require(read("2000 1500 2")).isScarce(since: before))
    #expect(try #require(read("2000 1501 2")).isScarce(since: before))
    #expect(!before.isScarce(since: before))
  }
}
