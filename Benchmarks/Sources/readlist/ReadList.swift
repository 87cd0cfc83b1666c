internal import Glibc
internal import Synchronization

/// `readlist THREADS LIST`: asks the kernel to read the listed files ahead, in the list's order.
///
/// The rival that anybody can write in ten lines: a recorded list, a few threads, readahead.
@main
enum ReadList {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let count = Int(arguments[1]), count > 0,
      let list = List(arguments[2])
    else {
      print("usage: readlist THREADS LIST")
      exit(2)
    }
    let shared = Unmanaged.passRetained(list)
    var threads: [pthread_t] = []
    for _ in 0..<count {
      var thread = pthread_t()
      if pthread_create(&thread, nil, work, shared.toOpaque()) == 0 { threads.append(thread) }
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}

/// The recorded files, taken one by one by whichever thread is free.
final class List: Sendable {
  private let paths: [String]
  private let taken = Atomic<Int>(0)

  /// Reads the file at `path`, one path a line.
  init?(_ path: String) {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var paths: [String] = []
    var line: UnsafeMutablePointer<CChar>?
    var room = 0
    while getline(&line, &room, file) > 0 {
      if let line { paths.append(String(String(cString: line).dropLast())) }
    }
    free(line)
    self.paths = paths
  }

  /// Reads ahead until nothing is left.
  func readAhead() {
    while case let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue, index < paths.count {
      let descriptor = open(paths[index], O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      var status = stat()
      fstat(descriptor, &status)
      // Of one request the kernel takes no more than the device's window.
      for place in stride(from: 0, to: status.st_size, by: 128 << 10) {
        posix_fadvise(descriptor, place, 128 << 10, POSIX_FADV_WILLNEED)
      }
      close(descriptor)
    }
  }
}

private func work(_ list: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let list else { return nil }
  Unmanaged<List>.fromOpaque(list).takeUnretainedValue().readAhead()
  return nil
}
