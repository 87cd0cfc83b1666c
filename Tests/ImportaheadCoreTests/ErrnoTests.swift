import Testing

@testable import ImportaheadCore

@Suite("Errno")
struct ErrnoTests {
  @Test("a negative result is thrown as its positive error number")
  func negativeResultThrows() {
    #expect(throws: Errno(code: 2)) { try Errno.check(-2) }
  }
}
