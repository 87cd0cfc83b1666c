internal import FoundationEssentials
internal import Glibc

/// The package in one interpreter's site-packages, as `enable` leaves it there and `disable` takes
/// it away: in the form of an installed wheel, so that pip and uv list it and can remove it.
struct Activation {
  /// Who is written down as having installed the package.
  private static let installer = "importahead"

  private let sitePackages: String

  /// Looks at the site-packages of `interpreter`.
  init(of interpreter: Interpreter) {
    sitePackages = interpreter.sitePackages
  }

  /// Whether the interpreter loads the hook when it starts.
  var isEnabled: Bool {
    FileTree.exists(path(StartupFiles.pathFile)) && FileTree.exists(path("importahead"))
  }

  /// Copies the package and switches it on, the line that does so last.
  func install(_ distribution: Distribution, with interpreter: Interpreter) throws {
    try requireOwnership()
    try requireWriteAccess()
    let staged = path("importahead.part-\(getpid())")
    defer { try? FileTree.remove(staged) }
    try FileTree.makeDirectory(staged)
    for name in try distribution.packageFiles() {
      try FileTree.copy(
        "\(distribution.directory.text)/importahead/\(name)", to: "\(staged)/\(name)")
    }
    try remove()
    try FileTree.move(staged, to: path("importahead"))
    try writeMetadata()
    try writeStartupFiles(for: interpreter)
    try PackageRecord(sitePackages: sitePackages, metadata: metadataName).write(with: interpreter)
  }

  /// Switches the package off and removes it, the line that loads it first.
  func remove() throws {
    try requireOwnership()
    let names = [StartupFiles.pathFile, StartupFiles.startFile, "importahead"]
    let paths = (names + (try metadataDirectories())).map(path).filter(FileTree.exists)
    guard !paths.isEmpty else { return }
    try requireWriteAccess()
    for path in paths { try FileTree.remove(path) }
  }

  private var metadataName: String { "importahead-\(Release.version).dist-info" }

  private func path(_ name: String) -> String { "\(sitePackages)/\(name)" }

  private func metadataDirectories() throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: sitePackages) else {
      throw Failure("\(sitePackages): cannot be listed")
    }
    return names.filter { $0.hasPrefix("importahead-") && $0.hasSuffix(".dist-info") }
  }

  private func requireWriteAccess() throws {
    guard unsafe access(sitePackages, W_OK) == 0 else {
      throw Failure(sitePackages, errorNumber: errno)
    }
  }

  /// Refuses to touch a package that something else put there.
  private func requireOwnership() throws {
    let directories = try metadataDirectories()
    for name in directories {
      let contents = FileManager.default.contents(atPath: path("\(name)/INSTALLER")) ?? .init()
      let installer = String(decoding: contents, as: UTF8.self)
        .split(whereSeparator: \.isWhitespace).first.map(String.init)
      guard installer == Self.installer else {
        throw Failure("\(path(name)): was installed by \(installer ?? "another tool"); use that")
      }
    }
    guard !directories.isEmpty || !FileTree.exists(path("importahead")) else {
      throw Failure("\(path("importahead")): was not put there by 'importahead enable'")
    }
  }

  private func writeMetadata() throws {
    try FileTree.makeDirectory(path(metadataName))
    let metadata = """
      Metadata-Version: 2.1
      Name: importahead
      Version: \(Release.version)
      Summary: \(Release.summary)
      License: Apache-2.0
      Requires-Python: >=\(Release.supported.lowerBound)

      """
    try write(metadata, to: "\(metadataName)/METADATA")
    try write("\(Self.installer)\n", to: "\(metadataName)/INSTALLER")
  }

  private func writeStartupFiles(for interpreter: Interpreter) throws {
    if let version = PythonVersion(interpreter.version), StartupFiles.readsEntryPoints(version) {
      try write(StartupFiles.startLine, to: StartupFiles.startFile)
    }
    try write(StartupFiles.pathLine, to: StartupFiles.pathFile)
  }

  private func write(_ text: String, to name: String) throws {
    try FileTree.write(Array(text.utf8), to: path(name))
  }
}
