import Foundation
import Testing

@Suite("importahead doctor", .enabled(if: Python.isHere, "no python3 on this machine"))
struct DoctorTests {
  @Test("it names the kernel, one back end, and this interpreter")
  func report() throws {
    let tree = try TestTree()
    let python = try #require(Python.executable)
    let version = try tree.run([python, "-c", "import platform; print(platform.python_version())"])
    let outcome = try tree.importahead("doctor")
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("kernel  ") })
    #expect(lines.contains("back end     io_uring") || lines.contains("back end     threads"))
    let row = try #require(
      lines.first { $0.hasPrefix("python \(version.output.dropLast()) ") && $0.contains(python) })
    #expect(row.contains("threads, not enabled"))
  }

  @Test("it says which interpreter the hook does not load in, and which switches are set")
  func troubles() throws {
    let tree = try TestTree()
    try tree.write("dist/python/importahead/__init__.py", "raise ImportError\n")
    let outcome = try tree.importahead("doctor", environment: ["IMPORTAHEAD_DEBUG": "0"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("the hook does not load"))
    #expect(outcome.output.contains("environment  IMPORTAHEAD_DEBUG=0\n"))
  }

  @Test("it changes nothing in the tree it is run from")
  func changesNothing() throws {
    let tree = try TestTree()
    let before = try FileManager.default.subpathsOfDirectory(atPath: tree.root).sorted()
    _ = try tree.importahead("doctor")
    let after = try FileManager.default.subpathsOfDirectory(atPath: tree.root).sorted()
    #expect(after.filter { !$0.hasPrefix("errors-") } == before)
  }

  @Test("help is printed to standard output, and an unknown command is one line and 2")
  func helpAndUsage() throws {
    let tree = try TestTree()
    let help = try tree.importahead("run", "--help")
    #expect(help.status == 0)
    #expect(help.output.contains("importahead run"))
    let unknown = try tree.importahead("sprint")
    #expect(unknown.status == 2)
    #expect(unknown.errors.split(separator: "\n").count == 1)
  }
}
