/// The list of installed files that pip and uv remove a package by.
struct PackageRecord {
  /// The directory the package lies in.
  let sitePackages: String
  /// The name of the directory that holds the list.
  let metadata: String

  /// Compiles the package, so that it never has to at start, then lists what is there.
  private static let program = """
    import base64, compileall, hashlib, os, sys
    root, metadata = sys.argv[1:]
    os.chdir(root)
    compileall.compile_dir("importahead", quiet=2, optimize=[0, 1, 2])
    files = [n for n in ("importahead.pth", "importahead.start") if os.path.exists(n)]
    for top in ("importahead", metadata):
        for directory, _, names in os.walk(top):
            files += [os.path.join(directory, n) for n in names if n != "RECORD"]
    with open(os.path.join(metadata, "RECORD"), "w") as record:
        for name in sorted(files):
            if name.endswith(".pyc"):
                print(name + ",,", file=record)
                continue
            with open(name, "rb") as file:
                data = file.read()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
            print("%s,sha256=%s,%d" % (name, digest.decode(), len(data)), file=record)
        print(metadata + "/RECORD,,", file=record)
    """

  /// Writes the list by means of the interpreter the package is for, which has the digests.
  func write(with interpreter: Interpreter) throws {
    let command = [
      interpreter.executable, "-I", "-c", Self.program, sitePackages, metadata,
    ]
    guard ChildProcess.output(of: command) != nil else {
      throw Failure("\(sitePackages)/\(metadata)/RECORD: could not be written")
    }
  }
}
