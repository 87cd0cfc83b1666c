import Foundation

extension Paddock {
  /// Traces, dumps and checks an archive of `code-data-share`.
  func pycds(_ program: Program) throws -> Entrant {
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
  func zipapp(_ program: Program, list: String?) throws -> Entrant {
    guard let packages = program.packages, !program.inheritsEnvironment, program.argv.count > 1,
      program.argv[1].hasSuffix(".py")
    else { throw Failure("no script to pack") }
    let text = try list.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    let files = text.split(separator: "\n")
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
    "$python" -c 'import os, zipfile
    with zipfile.ZipFile("../app.pyz", "w") as app:
        for folder, _, names in os.walk("."):
            for name in set(names) - {n[:-1] for n in names if n.endswith(".pyc")}:
                app.write(os.path.join(folder, name))'
    cd .. && rm -rf stage
    """#

  /// zstd reads back faster than the default, and is written in a tenth of the time.
  private static let squeeze = [
    "-comp", "zstd", "-Xcompression-level", "3", "-quiet", "-no-progress", "-noappend",
  ]

  func squashfs(_ program: Program) throws -> Entrant {
    guard let tool = find("mksquashfs") else { throw Failure("squashfs-tools not installed") }
    guard geteuid() == 0 else { throw Failure("mounting an image needs root") }
    guard Namespace.absence == nil else { throw Failure("no private mount namespace") }
    let folder = scratch + "/images"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var images: [(String, String)] = []
    for root in program.roots {
      let library = access(root + "/site-packages", R_OK) == 0
      let image = "\(folder)/\(fingerprint([root, stamp(root)])).sqfs"
      if access(image, R_OK) != 0 {
        note("making an image of \(root)")
        let skipped = library ? ["-e", "site-packages", "test"] : []
        try run([tool, root, image] + Self.squeeze + skipped)
      }
      images.append((image, root))
    }
    var entrant = Entrant(
      contestant: .squashfs, launch: .success(program.launch()), roots: [folder])
    entrant.images = images
    return entrant
  }
}

/// What tells an environment or a tree from an earlier one at the same place.
private func stamp(_ root: String) -> String {
  ["installed.txt", "made.txt"].map { name in
    var status = stat()
    return stat("\(root)/\(name)", &status) == 0 ? "\(status.st_mtim.tv_sec)" : ""
  }
  .joined(separator: ",")
}

extension String {
  /// The first 120 characters without line breaks.
  fileprivate var oneLine: String {
    let line = split(separator: "\n").joined(separator: " ")
    return line.count > 120 ? line.prefix(117) + "..." : line
  }
}
