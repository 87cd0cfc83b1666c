/// What an interpreter looks for by itself, one name after the other, before there is a session.
///
/// From the hook; empty where no launcher will ask for it.
public struct InterpreterStart: Sendable {
  /// `sys.executable` and `sys._base_executable`.
  var executables: [[UInt8]] = []
  /// The file by which the interpreter finds its library, `os.py`; or empty.
  var landmark: [UInt8] = []
  /// The files of the modules that were loaded when the session began: sources, or bytecode without one.
  var modules: [[UInt8]] = []
  /// Where the `site` module looks for packages, whether there is such a directory or not.
  var siteDirectories: [[UInt8]] = []

  /// Nothing.
  init() {}

  init(
    executables: [[UInt8]], landmark: [UInt8], modules: [[UInt8]], siteDirectories: [[UInt8]]
  ) {
    self.executables = executables
    self.landmark = landmark
    self.modules = modules
    self.siteDirectories = siteDirectories
  }
}

extension BootRecord {
  /// Adds what the interpreter looks for, in its order.
  mutating func add(_ start: InterpreterStart, _ settings: SessionSettings) {
    for executable in start.executables { add(executable: executable) }
    add(start.landmark, .status)
    var seen = ByteTable<Bool>()
    for entry in settings.pathEntries + start.siteDirectories where seen[entry] == nil {
      seen.set(entry, true)
      add(entry, .names)
    }
    for module in start.modules { add(module: module, settings, &seen) }
    for directory in start.siteDirectories {
      guard let listing = try? DirectoryListing.read(directory) else { continue }
      let names = listing.names.split(separator: 0)
      for name in names where name.suffix(4).elementsEqual(".pth".utf8) {
        add(PathBytes.join(directory, Array(name)), .contents)
      }
    }
  }

  /// What getpath (CPython's Modules/getpath.py) looks for around an executable, as far as it does not
  /// depend on the answers.
  private mutating func add(executable: [UInt8]) {
    let directory = PathBytes.split(executable).directory
    add(executable, .status)
    add(PathBytes.join(PathBytes.split(directory).directory, Array("pyvenv.cfg".utf8)), .contents)
    for name in ["pyvenv.cfg", "pybuilddir.txt", "Modules", "lib"] {
      add(PathBytes.join(directory, Array(name.utf8)), .status)
    }
    add(executable + Array("._pth".utf8), .status)
  }

  /// What FileFinder and the loaders ask for: a package's initialisation may be of any kind.
  private mutating func add(
    module path: [UInt8], _ settings: SessionSettings, _ seen: inout ByteTable<Bool>
  ) {
    let (directory, name) = PathBytes.split(path)
    let initialisation = Array("__init__".utf8)
    if name.starts(with: initialisation) {
      for suffix in settings.extensionSuffixes {
        add(PathBytes.join(directory, initialisation, suffix), .status)
      }
    } else if seen[directory] == nil {
      seen.set(directory, true)
      add(directory, .names)
    }
    guard settings.sourceSuffixes.contains(where: { path.suffix($0.count).elementsEqual($0) })
    else { return add(path, .contents) }
    add(source: path, settings)
  }
}
