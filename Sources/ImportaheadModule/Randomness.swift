/// Fills memory for Swift's hash seeds, in the place of a function that asks for glibc 2.36.
///
/// No code of ours hashes with a seed; the Embedded library refers to it all the same.
@c(arc4random_buf)
func fillWithoutRandomness(_ memory: UnsafeMutableRawPointer?, _ count: Int) {
  guard let memory = unsafe memory else { return }
  unsafe memory.initializeMemory(as: UInt8.self, repeating: 0x2a, count: count)
}
