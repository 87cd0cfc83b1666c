internal import FoundationEssentials
internal import Glibc

/// The Python side of importahead, as it lies beside the tool.
///
/// The tool finds it from where its own file really is: `bin/importahead` next to `python/`.
struct Distribution {
  /// The directory that goes on PYTHONPATH.
  let directory: ByteString

  /// Finds the directory from the tool's own file, or returns `nil` when it is not there.
  init?() {
    guard let executable = Self.executable else { return nil }
    var parts = executable.bytes.split(separator: UInt8(ascii: "/"))
    guard parts.count >= 2 else { return nil }
    parts.removeLast(2)
    let root = parts.flatMap { [UInt8(ascii: "/")] + $0 }
    directory = ByteString(root + Array("/python".utf8))
    let hook = ByteString(directory.bytes + Array("/sitecustomize.py".utf8))
    guard unsafe hook.withCString({ unsafe access($0, R_OK) }) == 0 else { return nil }
  }

  /// The files of the package `enable` installs: Python sources and the extension module.
  func packageFiles() throws -> [String] {
    let package = directory.text + "/importahead"
    let names = try FileManager.default.contentsOfDirectory(atPath: package)
    return names.filter { $0.hasSuffix(".py") || $0.hasSuffix(".so") }.sorted()
  }

  /// The tool's own file with symbolic links resolved.
  private static var executable: ByteString? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = buffer.count
    let count = unsafe readlink("/proc/self/exe", &buffer, size)
    guard count > 0, count < size else { return nil }
    return ByteString(buffer[..<count].map(UInt8.init(bitPattern:)))
  }
}
