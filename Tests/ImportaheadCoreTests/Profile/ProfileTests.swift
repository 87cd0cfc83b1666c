import Testing

@testable import ImportaheadCore

/// Settings of a program with two path entries, one within the other.
func profileSettings() -> SessionSettings {
  var settings = SessionSettings()
  settings.pathEntries = ["/lib/py", "/lib/py/site"].map { Array($0.utf8) }
  settings.extensionSuffixes = [Array(".abi3.so".utf8), Array(".so".utf8)]
  settings.sourceSuffixes = [Array(".py".utf8)]
  settings.bytecodeSuffixes = [Array(".pyc".utf8)]
  settings.cacheSuffix = Array(".cpython-311.pyc".utf8)
  return settings
}

func entry(
  _ kind: ProfileEntry.Kind, _ path: String, age: UInt8 = 0, pages: LibraryPages? = nil
) -> ProfileEntry {
  ProfileEntry(kind: kind, path: Array(path.utf8), age: age, pages: pages)
}

@Suite("Profile")
struct ProfileTests {
  let scope = ProfileScope(settings: profileSettings())

  private var sample: Profile {
    var profile = Profile()
    profile.isComplete = true
    var ended = pages(of: 1 << 20)
    ended.atEnd = [.init(start: 40, count: 7), .init(start: 150, count: 1)]
    profile.entries = [
      entry(.directory, "/lib/py"), entry(.source, "/lib/py/site/a/__init__.py"),
      entry(.native, "/lib/py/site/a/_b.abi3.so"),
      entry(.native, "/lib/py/site/a/_d.so", pages: pages(of: 9 << 20)),
      entry(.library, "/usr/lib/libd.so.6", pages: ended),
      entry(.bytecode, "/lib/py/c.pyc", age: 2), entry(.data, "/lib/py/site/a/data.txt"),
      entry(.name, "/opt/libs/glibc-hwcaps"),
    ]
    return profile
  }

  @Test("what is written is read again")
  func roundTrip() throws {
    let read = try #require(Profile(sample.encoded(), in: scope))
    #expect(read.entries == sample.entries)
    #expect(read.isComplete)
  }

  @Test("a file cut short anywhere is no profile")
  func truncation() {
    let bytes = sample.encoded()
    for count in 0..<bytes.count {
      #expect(Profile(Array(bytes[..<count]), in: scope) == nil, "cut to \(count) bytes")
    }
  }

  @Test("a file with any bit flipped is no profile")
  func bitFlips() {
    let bytes = sample.encoded()
    for index in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[index] ^= 1 << UInt8(bit)
        #expect(Profile(flipped, in: scope) == nil, "bit \(bit) of byte \(index)")
      }
    }
  }

  @Test("random records with a right checksum never trap and never leave the path entries")
  func fuzz() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("dsbnlf0123/.\u{0}py_c-lib +f;".utf8)
    for _ in 0..<4000 {
      var bytes = Array("importahead profile 5 c\n".utf8)
      for _ in 0..<Int.random(in: 0..<120, using: &generator) {
        bytes.append(alphabet.randomElement(using: &generator) ?? 0)
      }
      if Bool.random(using: &generator) {
        let text = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
          Array("0179af +".utf8).randomElement(using: &generator) ?? 0
        }
        bytes += Array("l0/lib/x.so\0fffff 1 ".utf8) + text + [0]
      }
      if Bool.random(using: &generator) {
        bytes += Array("s0/lib/py/".utf8) + [alphabet.randomElement() ?? 0] + Array("/x.py\0".utf8)
      }
      var hash = ByteHash()
      hash.combine(bytes)
      bytes += Hexadecimal.digits(of: hash.value) + [0x0A]
      guard let profile = Profile(bytes, in: scope) else { continue }
      for entry in profile.entries {
        let root = entry.kind == .library ? "/lib/x.so" : "/lib/py"
        #expect(entry.path.starts(with: Array(root.utf8)))
        _ = scope.module(of: entry)
      }
    }
  }

  @Test("more entries than are allowed are no profile")
  func tooMany() {
    var profile = Profile()
    for index in 0...Profile.mostEntries {
      profile.entries.append(entry(.source, "/lib/py/m\(index).py"))
    }
    #expect(Profile(profile.encoded(), in: scope) == nil)
    profile.entries.removeLast()
    #expect(Profile(profile.encoded(), in: scope)?.entries.count == Profile.mostEntries)
  }

  @Test(
    "only files below a path entry that are named like modules are fetched",
    arguments: [
      "/etc/passwd", "/lib/py", "/lib/python/x.py", "/lib/py/../x.py", "/lib/py/./x.py",
      "/lib/py//x.py", "/lib/py/x.txt", "/lib/py/.py", "/lib/py/d/.py", "lib/py/x.py", "/dev/x.py",
      "/lib/py/x.py/", "",
    ])
  func outside(path: String) {
    #expect(!scope.allows(entry(.source, path)))
  }

  @Test("a path longer than the system takes is not fetched")
  func longPath() {
    let name = String(repeating: "x", count: 4100)
    #expect(!scope.allows(entry(.source, "/lib/py/\(name).py")))
  }

  @Test(
    "a path tells the module's name, from the innermost path entry",
    arguments: [
      (ProfileEntry.Kind.source, "/lib/py/a/b.py", "a.b", false),
      (.source, "/lib/py/site/a/__init__.py", "a", true),
      (.source, "/lib/py/site/a/__main__.py", "a.__main__", false),
      (.native, "/lib/py/site/_c.abi3.so", "_c", false),
      (.bytecode, "/lib/py/d.pyc", "d", false),
    ])
  func names(kind: ProfileEntry.Kind, path: String, name: String, isPackage: Bool) throws {
    let module = try #require(scope.module(of: entry(kind, path)))
    #expect(module.name == Array(name.utf8))
    #expect((module.package != nil) == isPackage)
  }

  @Test(
    "files that no import leads to are no modules",
    arguments: ["/lib/py/a.b.py", "/lib/py/__init__.py", "/lib/py/x__init__.py"])
  func unnamed(path: String) {
    #expect(scope.module(of: entry(.source, path)) == nil)
  }

  @Test("bytecode that a loader asked for stands for its source")
  func bytecode() {
    let asked = Array("/lib/py/a/__pycache__/b.cpython-311.pyc".utf8)
    #expect(scope.entry(file: asked) == entry(.source, "/lib/py/a/b.py"))
    let other = Array("/elsewhere/__pycache__/b.cpython-311.pyc".utf8)
    #expect(scope.entry(file: other) == nil)
  }

  @Test("bytecode below a prefix stands for its source")
  func prefixedBytecode() {
    var settings = profileSettings()
    settings.cachePrefix = Array("/cache".utf8)
    let asked = Array("/cache/lib/py/a/b.cpython-311.pyc".utf8)
    let found = ProfileScope(settings: settings).entry(file: asked)
    #expect(found == entry(.source, "/lib/py/a/b.py"))
  }
}

@Suite("Recording")
struct RecordingTests {
  let scope = ProfileScope(settings: profileSettings())

  private func file(_ name: String) -> Recording.Need { .file(Array("/lib/py/\(name).py".utf8)) }

  @Test("needs keep their order and count once")
  func order() {
    let profile = Profile(
      [file("b"), .directory(Array("/lib/py".utf8)), file("a"), file("b")], after: Profile(),
      atEnd: true, in: scope)
    #expect(
      profile.entries == [
        entry(.source, "/lib/py/b.py"), entry(.directory, "/lib/py"),
        entry(.source, "/lib/py/a.py"),
      ])
  }

  @Test("a package's directory comes with its file, whether the session was asked for it or not")
  func packageDirectory() {
    let needs = [file("m"), file("a/__init__"), file("a/b"), file("c/d")]
    let profile = Profile(needs, after: Profile(), atEnd: true, in: scope)
    let expected = [
      entry(.source, "/lib/py/m.py"), entry(.directory, "/lib/py/a"),
      entry(.source, "/lib/py/a/__init__.py"), entry(.source, "/lib/py/a/b.py"),
      entry(.source, "/lib/py/c/d.py"),
    ]
    #expect(profile.entries == expected)
    let asked = [.directory(Array("/lib/py/a".utf8))] + needs
    let other = Profile(asked, after: Profile(), atEnd: true, in: scope)
    #expect(!other.differs(from: profile) && !profile.differs(from: other))
  }

  @Test("what is not needed any more is dropped after a few runs")
  func ageing() {
    var profile = Profile([file("a"), file("b")], after: Profile(), atEnd: true, in: scope)
    for age in 1...ProfileEntry.mostAge {
      profile = Profile([file("a")], after: profile, atEnd: true, in: scope)
      #expect(profile.entries.last == entry(.source, "/lib/py/b.py", age: age))
    }
    profile = Profile([file("a")], after: profile, atEnd: true, in: scope)
    #expect(profile.entries == [entry(.source, "/lib/py/a.py")])
  }

  @Test("an entry needed again is young again")
  func rejuvenation() {
    var profile = Profile([file("a"), file("b")], after: Profile(), atEnd: true, in: scope)
    profile = Profile([file("a")], after: profile, atEnd: true, in: scope)
    profile = Profile([file("b")], after: profile, atEnd: true, in: scope)
    #expect(profile.entries.first == entry(.source, "/lib/py/b.py"))
  }

  @Test("before the end nothing ages and the profile is not complete")
  func growing() {
    let first = Profile([file("a"), file("b")], after: Profile(), atEnd: true, in: scope)
    let next = Profile([file("b")], after: first, atEnd: false, in: scope)
    #expect(next.entries.map(\.age) == [0, 0])
    #expect(!next.isComplete)
  }

  @Test("what earlier runs needed is not fetched once it is the larger part")
  func wasteful() {
    var profile = Profile()
    profile.entries = [
      entry(.source, "/lib/py/a.py"), entry(.source, "/lib/py/b.py", age: 1),
    ]
    #expect(profile.worthwhile.count == 2)
    profile.entries.append(entry(.source, "/lib/py/c.py", age: 1))
    #expect(profile.worthwhile == [entry(.source, "/lib/py/a.py")])
  }

  @Test("no more is noted than a profile can hold")
  func bounded() {
    var recording = Recording()
    recording.note(file: [1])
    #expect(recording.needs.isEmpty)
    recording.isOn = true
    for _ in 0..<(5 * Profile.mostEntries) { recording.note(file: [1]) }
    #expect(recording.needs.count == 4 * Profile.mostEntries)
    let many = (0..<(Profile.mostEntries + 9)).map { file("m\($0)") }
    let profile = Profile(many, after: Profile(), atEnd: true, in: scope)
    #expect(profile.entries.count == Profile.mostEntries)
  }
}
