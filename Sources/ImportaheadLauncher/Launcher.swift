internal import CLinux

/// `importahead run` without the tool: what stands before an interpreter must be small.
///
/// Whatever is not a plain run, and every failure, is left to the tool, which says the same things
/// that it always did. The package manager calls a program's `main` by this name; Embedded Swift has no
/// other way to the words of the command line.
@c(ImportaheadLauncher_main)
public func launch(
  _ count: Int32, _ first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  guard let first = unsafe first else { return 2 }
  let words = unsafe Words(first: first, count: Int(count))
  RunArguments(words)?.become()
  Tool.become(words)
}
