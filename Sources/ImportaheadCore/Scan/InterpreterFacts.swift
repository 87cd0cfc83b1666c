/// What is constant for the running interpreter and decides conditions around imports.
public struct InterpreterFacts: Sendable {
  /// `sys.version_info[:3]`: major, minor and micro version.
  public var version: (major: Int, minor: Int, micro: Int)
  /// `sys.platform`, for example `linux`.
  public var platform: [UInt8]
  /// `os.name`, for example `posix`.
  public var osName: [UInt8]
  /// `sys.implementation.name`, for example `cpython`.
  public var implementation: [UInt8]

  /// Facts of one interpreter; the names default to those of CPython on Linux.
  public init(
    version: (major: Int, minor: Int, micro: Int),
    platform: [UInt8] = Array("linux".utf8), osName: [UInt8] = Array("posix".utf8),
    implementation: [UInt8] = Array("cpython".utf8)
  ) {
    self.version = version
    self.platform = platform
    self.osName = osName
    self.implementation = implementation
  }
}
