internal import CLinux

/// A shared object that this process has mapped, as the dynamic linker tells of it.
struct MappedObject: Sendable {
  /// A part of the file and where it is in memory.
  struct Segment: Sendable {
    let address: UInt
    let offset: Int
    let size: Int
  }

  /// The name it was opened by; links are not resolved.
  let path: [UInt8]
  fileprivate(set) var segments: [Segment] = []
  /// Where the code is that runs when the process ends (DT_FINI), after everybody has looked.
  fileprivate(set) var finish: UInt?
  /// The names of the libraries it needs.
  var needed: [[UInt8]] = []
  /// Where it has them looked for, as DT_RUNPATH says it.
  var searchPath: [UInt8] = []

  /// The most objects that are looked at.
  static let most = 4096

  /// Every object but the program itself, in the order in which they were loaded.
  ///
  /// dl_iterate_phdr(3) asks nobody: what it walks is the dynamic linker's own list.
  static var all: [MappedObject] {
    let list = ObjectList()
    _ = withExtendedLifetime(list) {
      unsafe dl_iterate_phdr(
        { object, _, context in
          guard let object = unsafe object, let context = unsafe context else { return 0 }
          let list = unsafe Unmanaged<ObjectList>.fromOpaque(context).takeUnretainedValue()
          return unsafe list.take(object.pointee)
        }, Unmanaged.passUnretained(list).toOpaque())
    }
    return list.objects
  }

  /// How many there are.
  static var count: Int {
    var count = 0
    _ = unsafe withUnsafeMutablePointer(to: &count) { pointer in
      unsafe dl_iterate_phdr(
        { _, _, context in
          unsafe context?.assumingMemoryBound(to: Int.self).pointee &+= 1
          return 0
        }, pointer)
    }
    return count
  }
}

extension MappedObject {
  /// The page of the file that is run last, if there is one.
  var lastPage: LibraryPages.Range? {
    guard let finish else { return nil }
    for segment in segments where finish >= segment.address {
      let distance = finish &- segment.address
      guard distance < UInt(segment.size) else { continue }
      let place = segment.offset &+ Int(distance)
      return LibraryPages.Range(start: place / LibraryPages.unit, count: 1)
    }
    return nil
  }
}

/// Collects what the dynamic linker tells.
private final class ObjectList {
  var objects: [MappedObject] = []

  /// Takes one; a result other than 0 ends the walk.
  @unsafe func take(_ object: dl_phdr_info) -> Int32 {
    var path: [UInt8] = []
    if let name = unsafe object.dlpi_name {
      while path.count < 4096, case let byte = unsafe name[path.count], byte != 0 {
        path.append(UInt8(bitPattern: byte))
      }
    }
    var mapped = MappedObject(path: path)
    let base = unsafe UInt(truncatingIfNeeded: object.dlpi_addr)
    for index in 0..<Int(unsafe object.dlpi_phnum) {
      guard let header = unsafe object.dlpi_phdr?[index] else { continue }
      let address = base &+ UInt(truncatingIfNeeded: header.p_vaddr)
      if header.p_type == UInt32(PT_DYNAMIC) {
        // SAFETY: the dynamic linker keeps the section mapped as long as it tells of the object.
        let section = unsafe DynamicSection(
          at: address, size: Int(clamping: header.p_memsz), base: base)
        mapped.finish = section.finish
        mapped.needed = section.needed
        mapped.searchPath = section.searchPath
      }
      guard header.p_type == UInt32(PT_LOAD) else { continue }
      mapped.segments.append(
        MappedObject.Segment(
          address: address, offset: Int(clamping: header.p_offset),
          size: Int(clamping: header.p_filesz)))
    }
    objects.append(mapped)
    return objects.count < MappedObject.most ? 0 : 1
  }
}
