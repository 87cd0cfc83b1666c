import Testing

@testable import ImportaheadCore

@Suite("Bundle packer")
struct BundlePackerTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  /// Programs that have bytecode.
  private static let plans = PlanCase.all.filter { !$0.bytecode.isEmpty }

  /// A profile that names the modules with bytecode, and the program's directory.
  private func profile(of plan: PlanCase) -> Profile {
    var profile = Profile()
    profile.entries = [ProfileEntry(kind: .directory, path: tree.bytes(plan.folder))]
    for each in plan.bytecode {
      let kind = each.source.isEmpty ? ProfileEntry.Kind.bytecode : .source
      let name = each.source.isEmpty ? each.name : each.source
      profile.entries.append(
        ProfileEntry(kind: kind, path: tree.bytes("\(plan.folder)/\(name)")))
    }
    return profile
  }

  private func pack(_ plan: PlanCase, _ settings: SessionSettings) throws -> PackedBundle {
    let packer = try BundlePacker(
      profile: profile(of: plan).encoded(), written: 0, isOfProgram: true, settings: settings,
      isForCopies: false)
    return try packer.pack(into: tree.bytes("files"))
  }

  @Test("a session with a bundle has in memory what one without has", arguments: plans, backends)
  func sessions(plan: PlanCase, backend: Backend) throws {
    try #require(BytecodeFixture(minor: 11) != nil)
    var settings = plan.settings(in: tree, backend: backend)
    guard let packed = try? pack(plan, settings) else {
      // Bytecode that importlib would not use is not packed.
      let unused: [PlanCase.Bytecode.Kind] = [.stale, .otherMagic, .truncated]
      #expect(plan.bytecode.allSatisfy { unused.contains($0.kind) })
      return
    }
    #expect(packed.files == plan.bytecode.count)
    let own = try TemporaryTree()
    try own.write("it.bundle", packed.bytes)
    settings.bundle = own.bytes("it.bundle")
    let session = Session(settings: settings)
    try session.start()
    #expect(session.hasEnded())
    #expect(session.statistics.bundleState == 2)
    #expect(session.statistics.bundleUsed == packed.files)
    #expect(session.statistics.bundleStale == 0)
    let served = plan.served.filter { session.has(tree.bytes("\(plan.folder)/\($0)")) }
    #expect(served == plan.served)
    #expect(session.statistics.errors == 0)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("a bundle that is gone when its bytes are asked for is missed", arguments: backends)
  func vanished(backend: Backend) throws {
    let plan = try #require(Self.plans.first { $0.title == "fresh bytecode" })
    var settings = plan.settings(in: tree, backend: backend)
    let own = try TemporaryTree()
    var bytes = try pack(plan, settings).bytes
    bytes[bytes.count - 1] ^= 1
    try own.write("it.bundle", bytes)
    settings.bundle = own.bytes("it.bundle")
    let session = Session(settings: settings)
    try session.start()
    #expect(session.hasEnded())
    #expect(session.statistics.bundleUsed == 0)
    let served = plan.served.filter { session.has(tree.bytes("\(plan.folder)/\($0)")) }
    #expect(served == plan.served)
    session.stop(milliseconds: 5000)
  }

  @Test("what is no profile, or names nothing that can be packed, makes no bundle")
  func problems() throws {
    let plan = try #require(Self.plans.first)
    let settings = plan.settings(in: tree, backend: .threads)
    func pack(_ profile: [UInt8]) throws(BundlePacker.Problem) {
      _ = try BundlePacker(
        profile: profile, written: 0, isOfProgram: true, settings: settings, isForCopies: false
      ).pack(into: [])
    }
    #expect(throws: BundlePacker.Problem.notAProfile) { try pack([1, 2, 3]) }
    #expect(throws: BundlePacker.Problem.noProfile) { try pack(Profile().encoded()) }
    var profile = Profile()
    profile.entries = [ProfileEntry(kind: .source, path: tree.bytes("absent.py"))]
    #expect(throws: BundlePacker.Problem.nothing) { try pack(profile.encoded()) }
    #expect(throws: BundlePacker.Problem.noProfile) {
      _ = try BundlePacker(settings: settings, isForCopies: false)
    }
  }

  @Test("the pages of shared objects, and names that were looked for in vain, are handed on")
  func pages() throws {
    let plan = try #require(Self.plans.first { $0.title == "fresh bytecode" })
    let settings = plan.settings(in: tree, backend: .threads)
    var profile = profile(of: plan)
    let pages = LibraryPages(
      size: 1 << 20, modified: 5, touched: [LibraryPages.Range(start: 3, count: 4)])
    let native = tree.bytes("\(plan.folder)/n.so")
    profile.entries.append(ProfileEntry(kind: .native, path: native, pages: pages))
    profile.entries.append(
      ProfileEntry(kind: .library, path: Array("/l/l.so.1".utf8), pages: pages))
    profile.entries.append(ProfileEntry(kind: .name, path: Array("/l/tls".utf8)))
    let packer = try BundlePacker(
      profile: profile.encoded(), written: 0, isOfProgram: true, settings: settings,
      isForCopies: false)
    let own = try TemporaryTree()
    try own.write("it.bundle", packer.pack(into: []).bytes)
    let (file, index) = try BundleFile.open(own.bytes("it.bundle"))
    let order = Bundle(index, file).order(for: settings)
    #expect(order.entries == profile.entries)
    var other = settings
    other.pathEntries.append(Array("/another".utf8))
    #expect(Bundle(index, file).order(for: other).entries.isEmpty)
  }
}
