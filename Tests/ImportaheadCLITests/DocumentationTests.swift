import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  /// The root of the sources these tests were compiled from.
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The pages of the project, relative to its root.
  private static let pages: [String] = {
    let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    let docs = root.appendingPathComponent("docs").path
    let below = (try? FileManager.default.subpathsOfDirectory(atPath: docs)) ?? []
    return (top + below.map { "docs/\($0)" }).filter { $0.hasSuffix(".md") }.sorted()
  }()

  @Test("every relative link leads somewhere", arguments: pages)
  func links(page: String) throws {
    let directory = Self.root.appendingPathComponent(page).deletingLastPathComponent()
    for match in try text(page).matches(of: /\]\(([^)#]+)(#[^)]*)?\)/) {
      let target = String(match.1)
      guard !target.contains("://") else { continue }
      let path = directory.appendingPathComponent(target).path
      #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(target)")
    }
  }

  @Test("the README explains every key of the statistics, and no other")
  func statisticsKeys() throws {
    let source = try text("Sources/python/importahead/statistics.py")
    let body = try #require(source.components(separatedBy: "KEYS = {").dropFirst().first)
    let keys = body.prefix { $0 != "}" }.matches(of: /(?m)^    "([a-z_]+)":/).map { String($0.1) }
    let readme = try text("README.md")
    let table = try #require(readme.components(separatedBy: "| key | meaning |").dropFirst().first)
    let rows = table.components(separatedBy: "\n\n")[0]
    let documented = rows.matches(of: /(?m)^\| `([a-z_]+)` \|/).map { String($0.1) }
    #expect(!keys.isEmpty)
    #expect(documented == keys)
  }

  @Test("the tool, the package and the project are of one version")
  func versions() throws {
    let tool = try text("Sources/importahead/Release.swift").firstMatch(of: /version = "([^"]+)"/)
    let project = try text("pyproject.toml").firstMatch(of: /(?m)^version = "([^"]+)"/)
    let package = try text("Sources/python/importahead/__init__.py")
      .firstMatch(of: /__version__ = "([^"]+)"/)
    #expect(tool?.1 == project?.1)
    #expect(tool?.1 == package?.1)
    #expect(tool != nil)
  }

  @Test("the README names every command of the tool")
  func commands() throws {
    let help = try TestTree().importahead("--help").output
    let commands = help.matches(of: /(?m)^  ([a-z]+) {2,}/).map { String($0.1) }
    let readme = try text("README.md")
    #expect(commands.contains("run"))
    for command in commands where command != "help" {
      #expect(readme.contains("importahead \(command)"), "\(command) is not in the README")
    }
  }
}
