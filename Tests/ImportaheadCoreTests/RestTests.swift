import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Rest")
struct RestTests {
  @Test("before and after a rest each demand is heeded")
  func awake() {
    var rest = Rest()
    #expect(rest.answer() == .heed)
    rest.begin()
    _ = rest.answer()
    Thread.sleep(milliseconds: 1)
    #expect(rest.answer() == .heed)
    #expect(!rest.isOn)
    #expect(rest.answer() == .heed)
  }

  @Test("a thread that does not wait is not heeded, but now and then attended to")
  func ignored() {
    // A thread may be made to wait by others: then there is nothing to be seen.
    for _ in 0..<50 {
      var rest = Rest()
      rest.begin()
      let before = Thread.waits
      let answers = (1...130).map { _ in rest.answer() }
      guard Thread.waits == before else { continue }
      #expect(rest.isOn)
      #expect(answers.indices.filter { answers[$0] == .attend } == [63, 127])
      #expect(!answers.contains(.heed))
      return
    }
    Issue.record("the thread waited every time")
  }

  @Test("what another thread has waited before counts for nothing")
  func others() throws {
    var rest = Rest()
    rest.begin()
    _ = rest.answer()
    let answer = try inSession {
      Thread.sleep(milliseconds: 1)
      Thread.sleep(milliseconds: 1)
      var copy = rest
      return copy.answer()
    }
    #expect(answer == .ignore)
  }
}
