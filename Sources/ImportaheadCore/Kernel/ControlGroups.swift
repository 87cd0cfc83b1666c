/// The control groups that this process is in (cgroups(7)): for each controller the directories of its own
/// group and of those above, as far as they can be seen from here.
struct ControlGroups {
  /// What limits a group.
  enum Controller: CaseIterable {
    case memory, tasks, processors

    /// What the kernel calls it.
    var name: [UInt8] {
      switch self {
      case .memory: Array("memory".utf8)
      case .tasks: Array("pids".utf8)
      case .processors: Array("cpu".utf8)
      }
    }
  }

  /// The groups that one controller limits this process by, its own first.
  struct Branch {
    /// Whether they are of the unified hierarchy (version 2).
    let isUnified: Bool
    let directories: [[UInt8]]

    /// What a file of one of the groups says.
    static func text(_ name: String, in directory: [UInt8]) -> KernelText? {
      KernelText(PathBytes.join(directory, Array(name.utf8)))
    }
  }

  private var branches: [(controller: Controller, branch: Branch)] = []

  /// The most groups one above the other that are looked at.
  private static let mostLevels = 16

  /// Finds them below `root`, which is empty but in tests; none where /proc does not tell.
  init(below root: [UInt8] = []) {
    guard let own = KernelText(root + Array("/proc/self/cgroup".utf8)) else { return }
    let wanted = Controller.allCases.map { ($0, Self.membership(of: $0, in: own)) }
    let mounts = KernelText(root + Array("/proc/self/mountinfo".utf8)) { text in
      let seen = KernelText(bytes: text).lines.dropLast().compactMap(Mount.init)
      return wanted.allSatisfy { controller, membership in
        guard let membership else { return true }
        return seen.contains { $0.serves(controller, isUnified: membership.isUnified) }
      }
    }
    let found = mounts?.lines.compactMap(Mount.init) ?? []
    for (controller, membership) in wanted {
      guard let membership,
        let mount = found.first(where: {
          $0.serves(controller, isUnified: membership.isUnified)
        })
      else { continue }
      let directories = mount.directories(ofGroup: membership.path, most: Self.mostLevels)
      let branch = Branch(
        isUnified: membership.isUnified, directories: directories.map { root + $0 })
      branches.append((controller, branch))
    }
  }

  /// The groups that `controller` limits; `nil` where none can be seen.
  subscript(controller: Controller) -> Branch? {
    branches.first { $0.controller == controller }?.branch
  }

  /// The group's path in a line `number:controllers:path`; the unified hierarchy has number 0 and no names.
  private static func membership(
    of controller: Controller, in text: KernelText
  ) -> (isUnified: Bool, path: [UInt8])? {
    var unified: [UInt8]?
    for line in text.lines {
      let parts = line.split(
        separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let names = parts[1].split(separator: UInt8(ascii: ","))
      if names.contains(where: { $0.elementsEqual(controller.name) }) {
        return (false, Array(parts[2]))
      }
      if names.isEmpty { unified = Array(parts[2]) }
    }
    return unified.map { (true, $0) }
  }

  /// A mounted hierarchy.
  private struct Mount {
    let root: [UInt8]
    let place: [UInt8]
    let isUnified: Bool
    let options: [UInt8]

    /// Reads a line of `mountinfo` (proc(5)); `nil` for other file systems.
    ///
    /// Root and place are its fourth and fifth word; type, source and options stand behind a dash.
    init?(_ line: ArraySlice<UInt8>) {
      let words = KernelText.words(in: line)
      guard words.count > 5, let dash = words.firstIndex(where: { $0.elementsEqual([0x2d]) }),
        dash &+ 3 < words.count
      else { return nil }
      let type = Array(words[dash &+ 1])
      guard type.starts(with: Array("cgroup".utf8)) else { return nil }
      isUnified = type == Array("cgroup2".utf8)
      root = Array(words[3])
      place = Array(words[4])
      options = Array(words[dash &+ 3])
    }

    func serves(_ controller: Controller, isUnified: Bool) -> Bool {
      guard self.isUnified == isUnified else { return false }
      if isUnified { return true }
      return options.split(separator: UInt8(ascii: ",")).contains {
        $0.elementsEqual(controller.name)
      }
    }

    /// The directories of the group at `path`, and of those above it.
    ///
    /// A container may see only its own part: what lies elsewhere is taken to be the highest that it sees.
    func directories(ofGroup path: [UInt8], most: Int) -> [[UInt8]] {
      var below = path.split(separator: PathBytes.slash)
      let above = root.split(separator: PathBytes.slash)
      let isOutside = below.contains { $0.elementsEqual([PathBytes.dot, PathBytes.dot]) }
      let isBelow =
        !isOutside && below.count >= above.count
        && zip(below, above).allSatisfy { $0.elementsEqual($1) }
      below = isBelow ? Array(below.dropFirst(above.count)) : []
      var found: [[UInt8]] = []
      while true {
        if found.count < most {
          found.append(below.reduce(place) { PathBytes.join($0, Array($1)) })
        }
        if below.popLast() == nil { return found }
      }
    }
  }
}
