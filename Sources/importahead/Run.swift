internal import ArgumentParser
internal import Glibc

/// `importahead run`: becomes the given program, with the hook on its PYTHONPATH.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a Python program with its imports read ahead.",
    usage: "importahead run [--backend <name>] [--stats <file>] [--quiet] [--] <command> ...",
    discussion: """
      The command is run in place of the tool: its exit status, its signals and its terminal are its \
      own. It may be an interpreter (python app.py, python -m package, python -c code), a script \
      with a #! line, or anything else that starts Python; Python programs it starts inherit the \
      hook. Python's options -E, -I and -S keep the hook out; 'importahead enable' works with -E and -I.
      """)

  @Option(help: ArgumentHelp("Read with this back end.", valueName: "name"))
  var backend: Backend?

  @Option(
    help: ArgumentHelp(
      "Write statistics as JSON at exit, to this file or for - to standard error.",
      valueName: "file"))
  var stats: String?

  @Flag(help: "Do not say when Python's own options keep the hook out.")
  var quiet = false

  @Argument(parsing: .captureForPassthrough, help: "The program to run and its arguments.")
  var command: [String] = []

  func run() throws {
    let command = try typedCommand()
    try prepareEnvironment(for: command)
    throw Self.become(command)
  }

  /// The command as it was typed, byte for byte: the parser's strings replace what is not UTF-8.
  private func typedCommand() throws -> [ByteString] {
    var typed = ByteString.arguments.suffix(command.count)
    if let option = typed.first?.text, option.hasPrefix("-") {
      if option == "-h" || option == "--help" { throw CleanExit.helpRequest(self) }
      guard option == "--" else { throw Failure("run: unknown option \(option)", status: .usage) }
      typed.removeFirst()
    }
    guard let program = typed.first else {
      throw Failure(
        "run: no command given, for example: importahead run python app.py", status: .usage)
    }
    guard !program.bytes.isEmpty else {
      throw Failure("run: the name of the command is empty", status: .notFound)
    }
    return Array(typed)
  }

  /// Sets what the hook reads; a tree without its Python side is no reason not to run the program.
  private func prepareEnvironment(for command: [ByteString]) throws {
    if let backend { ByteString(backend.rawValue).setEnvironment("IMPORTAHEAD_BACKEND") }
    if let stats { absolute(stats).setEnvironment("IMPORTAHEAD_STATS") }
    guard let distribution = Distribution() else {
      Failure.warn("the Python package is not beside the tool; running the program without it")
      return
    }
    let path = try SearchPath(
      prepending: distribution.directory, to: ByteString.environment("PYTHONPATH"))
    path.value.setEnvironment("PYTHONPATH")
    if !quiet, let warning = PythonInvocation(command).warning { Failure.warn(warning) }
  }

  /// The file as seen from here: the program may change directory before it writes.
  private func absolute(_ file: String) -> ByteString {
    guard file != "-", !file.hasPrefix("/"), let here = unsafe getcwd(nil, 0) else {
      return ByteString(file)
    }
    defer { unsafe free(here) }
    return ByteString(unsafe String(cString: here) + "/" + file)
  }

  /// Replaces this process by the command; returns only to say why it could not.
  private static func become(_ command: [ByteString]) -> Failure {
    var arguments = unsafe command.map { word in unsafe word.withCString { unsafe strdup($0) } }
    unsafe arguments.append(nil)
    let code: Int32
    if let program = unsafe arguments[0] {
      _ = unsafe execvp(program, &arguments)
      code = errno
    } else {
      code = ENOMEM
    }
    return Unrunnable(command[0], errorNumber: code).failure
  }
}
