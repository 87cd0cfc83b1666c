/// Paths and dotted names are bytes; these are the few things done to them.
enum PathBytes {
  static let slash = UInt8(ascii: "/")
  static let dot = UInt8(ascii: ".")

  /// `directory` and `name` with exactly one slash between, as importlib's `_path_join` gives.
  static func join(_ directory: [UInt8], _ name: [UInt8], _ suffix: [UInt8] = []) -> [UInt8] {
    var path = directory
    path.reserveCapacity(directory.count &+ name.count &+ suffix.count &+ 1)
    while path.count > 1, path.last == slash { path.removeLast() }
    if path.last != slash { path.append(slash) }
    path.append(contentsOf: name)
    path.append(contentsOf: suffix)
    return path
  }

  /// An absolute path without `.`, `..` and doubled slashes, as `os.path.normpath` gives.
  static func normalised(_ path: [UInt8]) -> [UInt8] {
    var kept: [ArraySlice<UInt8>] = []
    for part in path.split(separator: slash) where part != [dot] {
      if part == [dot, dot] { _ = kept.popLast() } else { kept.append(part) }
    }
    var result: [UInt8] = []
    for part in kept { result += [slash] + part }
    return result.isEmpty ? [slash] : result
  }

  /// What stands before and behind the last slash.
  static func split(_ path: [UInt8]) -> (directory: [UInt8], name: [UInt8]) {
    guard let place = path.lastIndex(of: slash) else { return ([], path) }
    return (Array(path[..<place]), Array(path[(place &+ 1)...]))
  }

  /// `package` and `name` with a dot between; either may be empty.
  static func qualify(_ package: [UInt8], _ name: [UInt8]) -> [UInt8] {
    if package.isEmpty { return name }
    return name.isEmpty ? package : package + [dot] + name
  }

  /// The package `levels` above `package`; `nil` above the top.
  static func ancestor(of package: [UInt8], levels: Int) -> [UInt8]? {
    var name = package[...]
    for _ in 0..<Swift.max(0, levels) {
      guard let place = name.lastIndex(of: dot) else { return nil }
      name = name[..<place]
    }
    return name.isEmpty ? nil : Array(name)
  }

  /// The source whose bytecode is kept at `path`; `nil` where no source's would be.
  static func sourcePath(
    ofBytecode path: [UInt8], suffix: [UInt8], prefix: [UInt8]
  ) -> [UInt8]? {
    let end = path.count &- suffix.count
    guard !suffix.isEmpty, end > 0, path.suffix(suffix.count).elementsEqual(suffix) else {
      return nil
    }
    let (directory, stem) = split(Array(path[..<end]))
    guard !stem.isEmpty else { return nil }
    let source = Array(".py".utf8)
    guard prefix.isEmpty else {
      guard directory.starts(with: prefix) else { return nil }
      return join([slash] + directory[prefix.count...].drop { $0 == slash }, stem, source)
    }
    let (package, cache) = split(directory)
    return cache == Array("__pycache__".utf8) ? join(package, stem, source) : nil
  }

  /// Where the bytecode of the source at `path` is kept (PEP 3147, PEP 488), as
  /// `importlib.util.cache_from_source` says; `suffix` is tag, optimisation and `.pyc`.
  static func bytecodePath(of path: [UInt8], suffix: [UInt8], prefix: [UInt8]) -> [UInt8] {
    let (directory, name) = split(path)
    let end = name.lastIndex(of: dot) ?? name.count
    let stem = end == 0 ? Array(name.dropFirst()) : Array(name[..<end])
    guard prefix.isEmpty else {
      let below = Array(directory.drop { $0 == slash })
      return join(join(prefix, below), stem, suffix)
    }
    return join(join(directory, Array("__pycache__".utf8)), stem, suffix)
  }
}
