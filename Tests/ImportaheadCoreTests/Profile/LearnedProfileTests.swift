import FoundationEssentials
import Glibc
import Testing

@testable import ImportaheadCore

@Suite("A program's profile on disk")
struct LearnedProfileTests {
  private func needs(_ count: Int) -> [Recording.Need] {
    (0..<count).map { .file(Array("/lib/py/m\($0).py".utf8)) }
  }

  private func settings(in tree: TemporaryTree) -> SessionSettings {
    var settings = profileSettings()
    settings.profile.isRead = true
    settings.profile.isWritten = true
    settings.profile.home = tree.bytes("")
    settings.profile.below = [Array("profiles".utf8)]
    return settings
  }

  private func kept(in tree: TemporaryTree) throws -> Profile? {
    let names = try FileManager.default.contentsOfDirectory(atPath: tree.path("profiles"))
    let name = try #require(names.first { $0.hasSuffix(".profile") })
    let bytes = try #require(FileManager.default.contents(atPath: tree.path("profiles/\(name)")))
    return Profile(Array(bytes), in: ProfileScope(settings: settings(in: tree)))
  }

  @Test("what the program's end writes is never lost to a writing that is under way")
  func endDuringGrowth() throws {
    for round in 0..<40 {
      let tree = try TemporaryTree()
      let profile = LearnedProfile(settings(in: tree))
      _ = profile.load()
      let growing = try Thread { profile.save(growing: needs(2000)) }
      usleep(UInt32(round * 50))
      profile.save(needs(2500), atEnd: true, renewsPages: false)
      // The end has come: nothing is written any more, whoever was late.
      let found = try kept(in: tree)
      #expect(found?.isComplete == true)
      #expect(found?.entries.count == 2500)
      #expect(growing.join(milliseconds: 20_000))
      #expect(try kept(in: tree) == found)
    }
  }

  @Test("whoever needs the profile while another thread reads it waits for that")
  func loadingTogether() throws {
    let tree = try TemporaryTree()
    LearnedProfile(settings(in: tree)).save(needs(2000), atEnd: true, renewsPages: false)
    for round in 0..<60 {
      let profile = LearnedProfile(settings(in: tree))
      let first = try Thread { _ = profile.load() }
      usleep(UInt32(round * 5))
      _ = profile.load()
      #expect(profile.use(of: []).files == 2000)
      #expect(first.join(milliseconds: 20_000))
    }
  }

  @Test("a program that is about to end does not have its profile written twice")
  func endAtHand() throws {
    let tree = try TemporaryTree()
    let profile = LearnedProfile(settings(in: tree))
    profile.expectEnd()
    profile.save(growing: needs(2000))
    #expect(!FileManager.default.fileExists(atPath: tree.path("profiles")))
    profile.save(needs(2500), atEnd: true, renewsPages: false)
    #expect(try kept(in: tree)?.isComplete == true)
  }

  @Test("a run looks at what is opened besides modules until a profile knows")
  func watching() throws {
    let tree = try TemporaryTree()
    func run(_ change: (inout SessionSettings) -> Void = { _ in }, looks: Bool) -> Bool {
      var settings = settings(in: tree)
      change(&settings)
      let profile = LearnedProfile(settings)
      _ = profile.load()
      let wants = profile.wantsWatch
      profile.isWatching = wants && looks
      profile.save(needs(5), atEnd: true, renewsPages: false)
      return wants
    }
    #expect(run({ $0.profile.isWritten = false }, looks: true) == false)
    #expect(run(looks: false))
    #expect(try kept(in: tree)?.isWatched == false)
    #expect(run(looks: true))
    #expect(try kept(in: tree)?.isWatched == true)
    #expect(run(looks: true) == false)
    #expect(try kept(in: tree)?.isWatched == true)
    // A few modules more are no reason to look again; many are.
    let grown = LearnedProfile(settings(in: tree))
    _ = grown.load()
    grown.save(needs(6), atEnd: true, renewsPages: false)
    #expect(try kept(in: tree)?.isWatched == true)
    let large = LearnedProfile(settings(in: tree))
    _ = large.load()
    large.save(needs(60), atEnd: true, renewsPages: false)
    #expect(try kept(in: tree)?.isWatched == false)
    #expect(try kept(in: tree)?.entries.count == 60)
  }
}

extension Profile: Equatable {
  /// Whether the same would stand in the file.
  public static func == (left: Profile, right: Profile) -> Bool {
    left.encoded() == right.encoded()
  }
}
