import Testing

@testable import ImportaheadCore

@Suite("Files that are no modules, and what is news")
struct NeededDataTests {
  let scope = ProfileScope(settings: profileSettings())

  private func bytes(_ path: String) -> [UInt8] { Array(path.utf8) }

  private func profile(_ entries: [ProfileEntry]) -> Profile {
    var profile = Profile()
    (profile.entries, profile.isComplete, profile.isWatched) = (entries, true, true)
    return profile
  }

  @Test(
    "files that are no modules lie below a path entry and are not named like modules",
    arguments: [
      ("/lib/py/a/cacert.pem", true), ("/lib/py/site/a-1.0.dist-info/METADATA", true),
      ("/lib/py/x.py", false), ("/lib/py/a/_b.so", false), ("/lib/py/a/__pycache__/x.pyc", false),
      ("/lib/py", false), ("/etc/passwd", false), ("/lib/py/a/../x.txt", false),
      ("/lib/py//x.txt", false), ("lib/py/x.txt", false),
    ])
  func data(path: String, isAllowed: Bool) {
    #expect((scope.entry(data: bytes(path)) != nil) == isAllowed)
    #expect(scope.module(of: entry(.data, path)) == nil)
  }

  @Test("they stand in the order of need, among the modules")
  func order() {
    let needs: [Recording.Need] = [
      .file(bytes("/lib/py/m.py")), .data(bytes("/lib/py/p/data.txt")),
      .data(bytes("/lib/py/p/data.txt")), .data(bytes("/etc/passwd")),
      .file(bytes("/lib/py/n.py")),
    ]
    let made = Profile(needs, after: Profile(), atEnd: true, isWatched: true, in: scope)
    #expect(
      made.entries == [
        entry(.source, "/lib/py/m.py"), entry(.data, "/lib/py/p/data.txt"),
        entry(.source, "/lib/py/n.py"),
      ])
    #expect(Profile(made.encoded(), in: scope)?.entries == made.entries)
  }

  @Test("they age only in a run that looks at what is opened", arguments: [true, false])
  func aging(isWatched: Bool) {
    let before = profile([entry(.data, "/lib/py/p/data.txt"), entry(.source, "/lib/py/m.py")])
    let after = Profile([], after: before, atEnd: true, isWatched: isWatched, in: scope)
    #expect(after.entries.map(\.age) == [isWatched ? 1 : 0, 1])
    #expect(after.isWatched == isWatched)
  }

  @Test("whether a run looked is kept with what it found", arguments: [true, false])
  func watched(isWatched: Bool) {
    var made = profile([entry(.source, "/lib/py/m.py")])
    made.isWatched = isWatched
    #expect(Profile(made.encoded(), in: scope)?.isWatched == isWatched)
    made.isComplete = false
    #expect(Profile(made.encoded(), in: scope)?.isWatched == false)
  }

  @Test("a few modules in another order, an aged directory, other data: no reason to write again")
  func sameEnough() {
    let modules = (0..<100).map { entry(.source, "/lib/py/m\($0).py") }
    let before = profile(
      modules + [entry(.directory, "/lib/py/p"), entry(.data, "/lib/py/p/data.txt")])
    let turned = Array(modules[..<30]) + modules[30..<60].reversed() + modules[60...]
    #expect(!profile(turned + [entry(.directory, "/lib/py/p")]).differs(from: before))
    #expect(!profile([entry(.directory, "/lib/py/p", age: 1)] + modules).differs(from: before))
    #expect(!profile(modules).differs(from: before))
  }

  @Test(
    "a program is much newer when a quarter as many modules have come",
    arguments: [(0, false), (25, false), (26, true), (100, true)])
  func newer(count: Int, isNewer: Bool) {
    let modules = (0..<100).map { entry(.source, "/lib/py/m\($0).py") }
    let fresh = (0..<count).map { entry(.source, "/lib/py/n\($0).py") }
    let known = profile(modules + [entry(.directory, "/lib/py/p")])
    #expect(profile(fresh + modules).isMuchNewer(than: known) == isNewer)
    #expect(profile(fresh + modules.dropLast(50)).isMuchNewer(than: known) == isNewer)
  }

  @Test("another module, directory, age or order is one")
  func different() {
    let modules = (0..<100).map { entry(.source, "/lib/py/m\($0).py") }
    let before = profile(modules)
    #expect(profile(modules + [entry(.directory, "/lib/py/p")]).differs(from: before))
    #expect(profile(modules + [entry(.source, "/lib/py/x.py")]).differs(from: before))
    #expect(profile(Array(modules.dropLast())).differs(from: before))
    #expect(profile(Array(modules.reversed())).differs(from: before))
    let aged = modules.dropLast() + [entry(.source, "/lib/py/m99.py", age: 1)]
    #expect(profile(Array(aged)).differs(from: before))
    let other = modules.dropLast() + [entry(.native, "/lib/py/m99.so")]
    #expect(profile(Array(other)).differs(from: before))
    var unwatched = before
    unwatched.isWatched = false
    #expect(unwatched.differs(from: before))
  }
}
