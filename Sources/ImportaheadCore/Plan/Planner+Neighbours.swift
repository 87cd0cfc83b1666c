/// What is likely to follow a module that no scan had named.
extension Planner {
  /// A package with more modules than this is too large to be taken as a whole.
  private static let mostNeighbours = 24

  /// Plans the modules right below a package that the program asked for out of the blue.
  ///
  /// Whoever imports it does so where no scan sees: from an extension module, or under a computed
  /// name. Such importers ask for one module of the package after the other, faster than scanning
  /// could follow.
  func planNeighbours(of module: PlannedModule) {
    guard let paths = module.location?.searchPath, paths.count == 1,
      case .ready(let listing)? = directories[paths[0]]
    else { return }
    let names = moduleNames(in: listing)
    guard names.count <= Self.mostNeighbours else { return }
    var place = module.place
    for name in names {
      let child = PathBytes.qualify(module.name, name)
      guard let wanted = want(child, after: place, rank: 1, tentative: true) else { continue }
      if order.isBefore(place, wanted.place) { place = wanted.place }
    }
  }

  /// Names of the modules that a directory seems to hold, packages among them, each once; of a
  /// directory that holds too many, no more than prove that.
  private func moduleNames(in listing: DirectoryListing) -> [[UInt8]] {
    var names: [[UInt8]] = []
    for entry in listing.names.split(separator: 0) {
      let name = Array(entry)
      guard let stem = stem(of: name, in: listing), stem.first != UInt8(ascii: "."),
        !stem.starts(with: "__".utf8), !names.contains(stem)
      else { continue }
      names.append(stem)
      if names.count > Self.mostNeighbours { break }
    }
    return names
  }

  private func stem(of name: [UInt8], in listing: DirectoryListing) -> [UInt8]? {
    if listing.kind(of: name) == .directory { return name.contains(PathBytes.dot) ? nil : name }
    for suffix in settings.extensionSuffixes + settings.sourceSuffixes
    where name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix) {
      return Array(name.dropLast(suffix.count))
    }
    return nil
  }
}
