import Testing

@testable import SlowFileSystem

@Suite("Link")
struct LinkTests {
  private func elapsed(_ body: () -> Void) -> Double {
    let start = monotonicNanoseconds()
    body()
    return Double(monotonicNanoseconds() - start) / 1e6
  }

  @Test("an awaited request waits for the round trip, a release does not")
  func roundTrip() {
    let link = Link(Latency(roundTrip: 20_000_000))
    #expect(elapsed { link.wait(for: .lookup, since: monotonicNanoseconds()) } >= 20)
    #expect(elapsed { link.wait(for: .release, since: monotonicNanoseconds()) } < 20)
  }

  @Test("time already spent on the answer counts towards the round trip")
  func arrival() {
    let link = Link(Latency(roundTrip: 20_000_000))
    #expect(elapsed { link.wait(for: .read, since: monotonicNanoseconds() - 20_000_000) } < 15)
  }

  @Test("an override replaces the common round trip")
  func override() {
    let link = Link(Latency(roundTrip: 0, overrides: [.open: 15_000_000]))
    #expect(elapsed { link.wait(for: .open, since: monotonicNanoseconds()) } >= 15)
    #expect(elapsed { link.wait(for: .lookup, since: monotonicNanoseconds()) } < 15)
  }

  @Test("bytes of one link queue behind each other")
  func bandwidth() {
    let link = Link(Latency(roundTrip: 0, bandwidth: 1_000_000))
    let start = monotonicNanoseconds()
    let time = elapsed {
      for _ in 0..<3 { link.wait(for: .read, since: start, bytes: 10_000) }
    }
    #expect(time >= 30)
  }
}
