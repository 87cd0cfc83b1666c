internal import Glibc
internal import ImportaheadCore

/// What `bundle --list` and `bundle --verify` print.
struct BundleReport {
  private let name: String
  private let inspection: BundleInspection

  /// Reads the bundle called `name`.
  init(_ name: String) throws {
    self.name = name
    do throws(Errno) {
      inspection = try BundleInspection(path: ByteString(name).bytes)
    } catch {
      switch error.code {
      case EBADMSG: throw Failure("\(name): not a whole bundle of this version")
      case EPERM:
        throw Failure(
          "\(name): not used, because it is another user's, has another name, or others may write to it"
        )
      case ELOOP: throw Failure("\(name): not used, because it is a symbolic link")
      case EINVAL: throw Failure("\(name): not a file")
      default: throw Failure(name, errorNumber: error.code)
      }
    }
  }

  /// Prints all entries, or those that a start would not be served; ends with a failure if there are
  /// any of these.
  func print(verifying isVerifying: Bool) throws {
    guard isVerifying else {
      for line in inspection.lines { show(line.kind.word, line.size, line.servedPath) }
      return
    }
    var held = 0
    var failures = 0
    for (line, state) in zip(inspection.lines, inspection.states()) where state != .named {
      held += 1
      guard let word = state.word else { continue }
      failures += 1
      show(word, line.size, line.servedPath)
    }
    if failures > 0 { throw Failure("\(name): \(failures) of \(held) entries are not served") }
    Swift.print("\(name): all \(held) entries are as they were packed")
  }

  private func show(_ word: String, _ size: Int, _ path: [UInt8]) {
    let padding = String(repeating: " ", count: max(1, 10 - word.count))
    let number = String(size)
    let space = String(repeating: " ", count: max(0, 8 - number.count))
    Swift.print("\(word)\(padding)\(space)\(number)  \(String(decoding: path, as: UTF8.self))")
  }
}

extension BundleInspection.Kind {
  fileprivate var word: String {
    switch self {
    case .directory: "directory"
    case .source, .bytecode: "bytecode"
    case .native: "extension"
    case .library: "library"
    case .data: "data"
    case .name: "absent"
    }
  }
}

extension BundleInspection.State {
  /// Why an entry is not served; `nil` where it is.
  fileprivate var word: String? {
    switch self {
    case .current, .named: nil
    case .changed: "changed"
    case .absent: "gone"
    case .stale: "stale"
    case .damaged: "damaged"
    }
  }
}
