import FoundationEssentials
import Testing

@testable import ImportaheadCore

@Suite("Confinement")
struct ConfinementTests {
  @Test(
    "the status of a process says whether a filter is in force",
    arguments: [
      ("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n", false),
      ("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n", true),
      ("Name:\tx\nSeccomp:\t1\n", true),
      // A kernel without seccomp has no such line; a text cut short proves nothing.
      ("Name:\tx\nNoNewPrivs:\t0\n", false), ("", true), ("Name:\n", true),
      ("Name:\tx\nSeccomp:\t", false),
    ])
  func filter(status: String, expected: Bool) {
    #expect(Confinement.hasFilter(inStatus: Array(status.utf8)) == expected)
  }

  @Test("the line is found behind as many groups as a user may have")
  func manyGroups() {
    let groups = (0..<65_536).map { " \($0 + 1_000_000)" }.joined()
    let status = "Name:\tx\nGroups:\t\(groups)\nSeccomp:\t2\n"
    #expect(Confinement.hasFilter(inStatus: Array(status.utf8)))
  }

  @Test("this process is what its own status says")
  func ownStatus() throws {
    let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(
      separator: "\n")
    let line = lines.first { $0.hasPrefix("Seccomp:") }
    #expect(Confinement.hasSystemCallFilter == (line.map { !$0.hasSuffix("\t0") } ?? false))
    #expect(!Confinement.isPrivilegedExecution)
  }
}
