import Foundation
import Testing

/// A throw-away copy of what `make build` leaves: the real launcher and tool beside a Python side of its own.
///
/// The Python side is a stand-in that only says whether it was loaded, so that these tests need no
/// extension module.
final class TestTree {
  /// What a program left behind when it ended.
  struct Outcome {
    let status: Int32
    let signal: Int32?
    let output: String
    let errors: String
  }

  /// The root of the tree, a directory of its own with symbolic links resolved.
  let root: String

  init() throws {
    let name = "importahead-test-\(UUID().uuidString)"
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    root = directory.resolvingSymlinksInPath().path
    try FileManager.default.createDirectory(
      atPath: "\(root)/dist/bin", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      atPath: "\(root)/dist/libexec", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Self.product("importahead-launcher"), toPath: tool)
    try FileManager.default.copyItem(
      atPath: Self.product("importahead"), toPath: "\(root)/dist/libexec/importahead")
    try write(
      "dist/python/sitecustomize.py",
      "import os\nif os.environ.get('IMPORTAHEAD') != '0': os.environ['HOOK'] = 'sitecustomize'\n")
    try write(
      "dist/python/importahead/__init__.py",
      """
      import os
      def stats():
          return {'backend': 'threads'}
      def activate():
          os.environ['HOOK'] = 'activate'

      """)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// The tool's path.
  var tool: String { "\(root)/dist/bin/importahead" }

  /// The path of a file below the root.
  func path(_ name: String) -> String { "\(root)/\(name)" }

  /// Writes a file below the root, with the directories it needs.
  func write(_ name: String, _ text: String, permissions: Int = 0o644) throws {
    let directory = (path(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: permissions]
    #expect(
      FileManager.default.createFile(
        atPath: path(name), contents: Data(text.utf8), attributes: attributes))
  }

  /// Runs the tool in the root; `environment` adds to, or with `nil` takes from, the test's own.
  func importahead(
    _ arguments: String..., environment: [String: String?] = [:]
  ) throws -> Outcome {
    try run([tool] + arguments, environment: environment)
  }

  /// Runs any program in the root.
  func run(_ command: [String], environment: [String: String?] = [:]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: root)
    process.environment = Self.environment(changedBy: environment)
    let errorFile = path("errors-\(UUID().uuidString)")
    #expect(FileManager.default.createFile(atPath: errorFile, contents: nil))
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: errorFile)
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let isSignal = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: process.terminationStatus, signal: isSignal ? process.terminationStatus : nil,
      output: String(decoding: printed, as: UTF8.self),
      errors: (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "")
  }

  /// A program as it was built beside the tests.
  private static func product(_ name: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = "\((tests as NSString).deletingLastPathComponent)/\(name)"
    return try #require(
      FileManager.default.isExecutableFile(atPath: path) ? path : nil,
      "\(name) is not built beside the tests")
  }

  private static func environment(changedBy changes: [String: String?]) -> [String: String] {
    var result = ProcessInfo.processInfo.environment
    for name in result.keys where name.hasPrefix("PYTHON") || name.hasPrefix("IMPORTAHEAD") {
      result[name] = nil
    }
    result["LD_LIBRARY_PATH"] = runtime
    for (name, value) in changes { result[name] = value }
    return result
  }

  /// Where the Swift runtime of this process lies: as full Swift the launcher needs it, and is linked
  /// without knowing where it is.
  private static let runtime: String? = {
    // The file has no size, so that it must be read to its end.
    let file = FileHandle(forReadingAtPath: "/proc/self/maps")
    let maps = String(decoding: file?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
    let line = maps.split(separator: "\n").first { $0.hasSuffix("/libswiftCore.so") }
    guard let line, let start = line.firstIndex(of: "/") else { return nil }
    return (String(line[start...]) as NSString).deletingLastPathComponent
  }()
}

/// The interpreter the tests run, or `nil` where there is none.
enum Python {
  static let executable: String? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    return (["/usr/bin/python3"] + path.split(separator: ":").map { "\($0)/python3" })
      .first { FileManager.default.isExecutableFile(atPath: $0) && !$0.contains("/shims/") }
  }()

  static var isHere: Bool { executable != nil }
}
