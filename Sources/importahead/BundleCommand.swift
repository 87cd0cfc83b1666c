internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import ImportaheadCore

/// `importahead bundle`: packs the bytecode that a program needs into one file, and looks into such a
/// file.
struct BundleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract: "Pack the bytecode that a program needs into one file.",
    usage: """
      importahead bundle [-o <file>] [--python <path>] [--copied] [--] <script>
      importahead bundle [-o <file>] [--python <path>] [--copied] -m <module>
      importahead bundle [-o <file>] --profile <file>
      importahead bundle --list <file>
      importahead bundle --verify <file>
      """,
    discussion: """
      What the program needs is known from its profile: run it once with importahead before. Python's \
      own options, such as -O, go before the script. With IMPORTAHEAD_BUNDLE=/path/of/the/file a start \
      asks the file system for the status of each file only, and reads what has changed as ever.
      """)

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write the bundle to this file.", valueName: "file"))
  var output = "importahead.bundle"

  @Option(help: ArgumentHelp("An interpreter or a virtual environment.", valueName: "path"))
  var python: String?

  @Option(help: ArgumentHelp("Take this profile, not the program's own.", valueName: "file"))
  var profile: String?

  @Flag(
    help: "The environment will be copied, into an image for instance: compare size and time alone."
  )
  var copied = false

  @Option(help: ArgumentHelp("Show what a bundle holds.", valueName: "file"))
  var list: String?

  @Option(help: ArgumentHelp("Show what of a bundle is stale or damaged.", valueName: "file"))
  var verify: String?

  @Argument(parsing: .captureForPassthrough, help: "The program, as Python would be told it.")
  var program: [String] = []

  func run() throws {
    if let file = list ?? verify {
      guard list == nil || verify == nil, program.isEmpty else {
        throw Failure("bundle: --list and --verify take one file and nothing else", status: .usage)
      }
      try BundleReport(file).print(verifying: verify != nil)
      return
    }
    let arguments = try typedArguments()
    guard let distribution = Distribution() else {
      throw Failure("the Python package is not beside the tool: build it first")
    }
    let settings = try describe(arguments, with: distribution)
    let packed = try pack(settings, isOfProgram: !arguments.isEmpty)
    try FileTree.replace(output, with: packed.bytes)
    print("\(output): \(packed.summary)")
  }

  /// What Python is to be told, byte for byte as it was typed.
  private func typedArguments() throws -> [ByteString] {
    var typed = ByteString.arguments.suffix(program.count)
    if let option = typed.first?.text, option.hasPrefix("-") {
      if option == "-h" || option == "--help" { throw CleanExit.helpRequest(self) }
      if option == "--" {
        typed.removeFirst()
      } else if option.hasPrefix("--") && option != "--check-hash-based-pycs" {
        throw Failure("bundle: unknown option \(option)", status: .usage)
      }
    }
    guard !typed.isEmpty || profile != nil else {
      throw Failure(
        "bundle: no program given, for example: importahead bundle -o app.bundle app.py",
        status: .usage)
    }
    return Array(typed)
  }

  /// Asks the interpreter what a session of the program would know.
  private func describe(
    _ arguments: [ByteString], with distribution: Distribution
  ) throws -> SessionSettings {
    let interpreter = try Interpreter(named: python ?? InterpreterSearch.current)
    guard interpreter.support == .full else {
      throw Failure("\(interpreter.executable): \(interpreter.support)")
    }
    let isEnabled = Activation(of: interpreter).isEnabled
    let program = arguments.isEmpty ? [ByteString("-c"), ByteString("pass")] : arguments
    let command = [ByteString(interpreter.executable)] + program
    if let option = PythonInvocation([ByteString("python")] + program).isolatingOption {
      throw Failure("bundle: \(option) keeps bundles out of such a start", status: .usage)
    }
    let description = try InterpreterDescription(
      asking: command, with: distribution, isEnabled: isEnabled)
    guard let description else {
      throw Failure(
        "\(interpreter.executable): the hook does not load (IMPORTAHEAD_DEBUG=1 says why)")
    }
    return description.settings
  }

  private func pack(_ settings: SessionSettings, isOfProgram: Bool) throws -> PackedBundle {
    do throws(BundlePacker.Problem) {
      let target = output.lastIndex(of: "/").map { output[...$0] } ?? "."
      return try packer(settings, isOfProgram: isOfProgram)
        .pack(into: Array(target.utf8))
    } catch {
      switch error {
      case .noProfile:
        throw Failure(
          "bundle: there is no profile of this program: run it once with importahead before, with "
            + "the same interpreter, options and PYTHONPATH")
      case .notAProfile: throw Failure("\(profile ?? ""): not a profile")
      case .nothing: throw Failure("bundle: none of the program's modules has bytecode to pack")
      case .tooLarge: throw Failure("bundle: the program needs more bytecode than a bundle holds")
      }
    }
  }

  private func packer(
    _ settings: SessionSettings, isOfProgram: Bool
  ) throws(BundlePacker.Problem) -> BundlePacker {
    guard let profile else {
      return try BundlePacker(settings: settings, isForCopies: copied)
    }
    var status = stat()
    guard unsafe stat(profile, &status) == 0,
      let contents = FileManager.default.contents(atPath: profile)
    else { throw .notAProfile }
    let written = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    return try BundlePacker(
      profile: Array(contents), written: written, isOfProgram: isOfProgram, settings: settings,
      isForCopies: copied)
  }
}

extension PackedBundle {
  /// What it holds, in a line.
  fileprivate var summary: String {
    let without = filesWithout > 0 ? "; \(filesWithout) modules have no bytecode to pack" : ""
    return "\(files) files, \(directories) directories, \(bytes.count) bytes\(without)"
  }
}
