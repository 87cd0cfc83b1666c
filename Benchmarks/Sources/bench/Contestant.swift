import ArgumentParser
import Foundation

/// A way to start a program.
enum Contestant: String, CaseIterable, ExpressibleByArgument {
  case stock
  case stockWarm = "stock-warm"
  case ioUring = "io_uring"
  case threads
  case readList = "readlist"
  case cat
  case vmtouch
  case pycds
  case zipapp
  case squashfs

  /// The name in tables.
  var title: String {
    switch self {
    case .stock: "stock"
    case .stockWarm: "stock, warm (ceiling)"
    case .ioUring: "importahead, io_uring"
    case .threads: "importahead, threads"
    case .readList: "recorded list, readahead by 8 threads"
    case .cat: "recorded list, cat before start"
    case .vmtouch: "vmtouch -t site-packages before start"
    case .pycds: "PyCDS archive"
    case .zipapp: "zipapp"
    case .squashfs: "squashfs image"
    }
  }

  /// Whether the comparison makes sense where everything is warm already.
  var mattersWarm: Bool {
    switch self {
    case .stock, .ioUring, .threads, .pycds, .zipapp, .squashfs: true
    case .stockWarm, .readList, .cat, .vmtouch: false
    }
  }
}

/// A contestant made ready for one program.
struct Entrant {
  let contestant: Contestant
  /// The way to start, or why there is none.
  let launch: Result<Launch, Failure>
  /// Directories of its own beside the program's roots, on the same storage.
  var roots: [String] = []
  /// Images mounted over the program's roots: image, then directory.
  var images: [(image: String, directory: String)] = []
}

/// Makes contestants ready; what one leaves on disk is kept for the next run.
struct Paddock {
  let product: String?
  let scratch: String
  let python: String

  /// Readies `contestant` for `program`; a tool that is missing or fails becomes an absence.
  func ready(_ contestant: Contestant, for program: Program, list: String) -> Entrant {
    do {
      switch contestant {
      case .stock, .stockWarm:
        return Entrant(contestant: contestant, launch: .success(program.launch()))
      case .ioUring, .threads: return try importahead(contestant, program)
      case .readList:
        var launch = program.launch()
        launch.beside = [sibling("readlist"), "8", list]
        return Entrant(contestant: contestant, launch: .success(launch))
      case .cat:
        var launch = program.launch()
        launch.before = ["sh", "-c", #"xargs -d '\n' cat < "$0" > /dev/null"#, list]
        return Entrant(contestant: contestant, launch: .success(launch))
      case .vmtouch: return try vmtouch(program)
      case .pycds: return try pycds(program)
      case .zipapp: return try zipapp(program, list: list)
      case .squashfs: return try squashfs(program)
      }
    } catch {
      let failure = error as? Failure ?? Failure("\(error)")
      return Entrant(contestant: contestant, launch: .failure(failure))
    }
  }

  private func importahead(_ contestant: Contestant, _ program: Program) throws -> Entrant {
    guard let product, access(product + "/importahead/__init__.py", R_OK) == 0 else {
      throw Failure("not built (make build)")
    }
    let backend = ["IMPORTAHEAD_BACKEND": contestant.rawValue]
    return Entrant(
      contestant: contestant, launch: .success(program.launch(path: [product], backend)),
      roots: [product])
  }

  private func vmtouch(_ program: Program) throws -> Entrant {
    guard let tool = find("vmtouch") else { throw Failure("not installed") }
    guard let packages = program.packages else { throw Failure("no site-packages known") }
    var launch = program.launch()
    launch.before = [tool, "-q", "-t", packages] + program.path
    return Entrant(contestant: .vmtouch, launch: .success(launch))
  }

  /// Traces, dumps and checks an archive of `code-data-share`.
  private func pycds(_ program: Program) throws -> Entrant {
    let folder = "\(scratch)/pycds-\(fingerprint([python]))"
    if access(folder + "/cds/__init__.py", R_OK) != 0 {
      note("installing code-data-share")
      do {
        try run([
          python, "-m", "pip", "install", "-q", "--target", folder, "code-data-share==0.1.0",
        ])
      } catch { throw Failure("code-data-share cannot be installed here") }
      let hook = "import cds\n\ncds.init_from_env()\n"
      try hook.write(toFile: folder + "/sitecustomize.py", atomically: true, encoding: .utf8)
      try run([python, "-m", "compileall", "-q", folder])
    }
    let archive = "\(folder)/\(program.id)-\(fingerprint(program.argv)).img"
    let list = archive + ".list"
    unlink(list)
    unlink(archive)
    let trace = program.launch(path: [folder], ["PYCDSMODE": "TRACE", "PYCDSLIST": list])
    let dump = "import cds.dump; cds.dump.run_dump('\(list)', '\(archive)')"
    let share = program.launch(path: [folder], ["PYCDSMODE": "SHARE", "PYCDSARCHIVE": archive])
    do {
      try run(trace.argv, environment: trace.environment, directory: trace.directory)
      try run(
        [program.argv[0], "-c", dump], environment: program.launch(path: [folder]).environment)
      try run(share.argv, environment: share.environment, directory: share.directory)
    } catch let failure as Failure { throw Failure("fails on this program: \(failure)".oneLine) }
    return Entrant(contestant: .pycds, launch: .success(share), roots: [folder])
  }

  /// Packs site-packages and the script, compiled, into one zip file.
  private func zipapp(_ program: Program, list: String) throws -> Entrant {
    guard let packages = program.packages, !program.inheritsEnvironment, program.argv.count > 1,
      program.argv[1].hasSuffix(".py")
    else { throw Failure("no script to pack") }
    let files = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
    guard !files.contains(where: { $0.hasPrefix(packages) && $0.hasSuffix(".so") }) else {
      throw Failure("does not work: C extensions cannot be imported from a zip")
    }
    let folder = "\(scratch)/zipapp-\(program.id)-\(fingerprint(program.argv))"
    let app = folder + "/app.pyz"
    if access(app, R_OK) != 0 {
      note("packing \(app)")
      try run(
        ["sh", "-c", Self.pack, program.argv[1], folder, packages, program.argv[0]] + program.path)
    }
    var packed = program
    packed.argv = [program.argv[0], app] + program.argv.dropFirst(2)
    packed.path = []
    let launch = packed.launch()
    do {
      try run(launch.argv, environment: launch.environment, directory: launch.directory)
    } catch let failure as Failure { throw Failure("fails on this program: \(failure)".oneLine) }
    return Entrant(contestant: .zipapp, launch: .success(launch), roots: [folder])
  }

  /// The script's folder, the packages and the path entries, as sourceless bytecode, in one file.
  private static let pack = #"""
    set -e
    folder=$1 packages=$2 python=$3
    shift 3
    rm -rf "$folder"
    mkdir -p "$folder/stage"
    if [ $# -eq 0 ]; then set -- "$(dirname "$0")"; fi
    for from in "$packages" "$@"; do cp -r "$from/." "$folder/stage"; done
    cd "$folder/stage"
    rm -rf pip pip-* setuptools setuptools-* _distutils_hack distutils-precedence.pth
    cp "$0" __main__.py
    find . -name __pycache__ -prune -exec rm -rf {} +
    "$python" -m compileall -q -b . || true
    find . -name '*.py' | while read -r source; do
      if [ -e "${source}c" ]; then rm "$source"; fi
    done
    "$python" -c 'import os, zipfile
    with zipfile.ZipFile("../app.pyz", "w") as app:
        for folder, _, names in os.walk("."):
            for name in names:
                app.write(os.path.join(folder, name))'
    cd .. && rm -rf stage
    """#

  private func squashfs(_ program: Program) throws -> Entrant {
    guard let tool = find("mksquashfs") else { throw Failure("squashfs-tools not installed") }
    guard geteuid() == 0 else { throw Failure("mounting an image needs root") }
    guard Namespace.absence == nil else { throw Failure("no private mount namespace") }
    let folder = scratch + "/images"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var images: [(String, String)] = []
    for root in program.roots {
      // A standard library stays as it is; an environment gains files with each program.
      let library = access(root + "/site-packages", R_OK) == 0
      let image = "\(folder)/\(fingerprint([root] + (library ? [] : program.argv))).sqfs"
      if access(image, R_OK) != 0 {
        note("making an image of \(root)")
        let skipped = library ? ["-e", "site-packages", "test"] : []
        try run([tool, root, image, "-quiet", "-no-progress", "-noappend"] + skipped)
      }
      images.append((image, root))
    }
    var entrant = Entrant(
      contestant: .squashfs, launch: .success(program.launch()), roots: [folder])
    entrant.images = images
    return entrant
  }
}

/// A short name that differs where `words` differ (FNV-1a).
func fingerprint(_ words: [String]) -> String {
  let hash = words.joined(separator: "\u{0}").utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
    ($0 ^ UInt64($1)) &* 0x100_0000_01B3
  }
  return String(hash, radix: 36)
}

extension String {
  /// The first 120 characters without line breaks.
  fileprivate var oneLine: String {
    let line = split(separator: "\n").joined(separator: " ")
    return line.count > 120 ? line.prefix(117) + "..." : line
  }
}
