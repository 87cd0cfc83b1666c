import Testing

@testable import ImportaheadCore

@Suite("LibrarySearch")
struct LibrarySearchTests {
  private func object(_ path: String, needs: [String] = [], in searched: String = "")
    -> MappedObject
  {
    var object = MappedObject(path: Array(path.utf8))
    object.needed = needs.map { Array($0.utf8) }
    object.searchPath = Array(searched.utf8)
    return object
  }

  private func texts(_ paths: [[UInt8]]) -> [String] {
    paths.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("the object's own directory stands for $ORIGIN, and no more are believed than a few")
  func directories() {
    let path = Array("/p/a/b.so".utf8)
    let found = LibrarySearch.directories(
      Array("$ORIGIN/../x:${ORIGIN}:/opt/$ORIGIN".utf8), ofObjectAt: path)
    #expect(texts(found) == ["/p/a/../x", "/p/a", "/opt/$ORIGIN"])
    #expect(LibrarySearch.directories([], ofObjectAt: path).isEmpty)
    let many = Array(String(repeating: "/d:", count: 9999).utf8)
    #expect(LibrarySearch.directories(many, ofObjectAt: path).count == 64)
  }

  @Test(
    "what is found in the second directory was missed in the first, once, and not once it is loaded"
  )
  func missing() {
    let found = LibrarySearch.missing(
      for: [
        object("/lib/libc.so.6"),
        object(
          "/p/a.so", needs: ["libx.so", "libc.so.6", "libm.so", "/abs/y.so"], in: "$ORIGIN/one:/two"
        ),
        object("/two/libx.so", needs: ["libm.so", "libz.so"], in: "/two"),
        object("/lib/libm.so"), object("/two/libz.so"),
      ], of: []
    ).map { texts($0).filter { !$0.contains("86") && !$0.contains("aarch") } }
    #expect(
      found == [
        [],
        [
          "/p/one/glibc-hwcaps", "/p/one/tls", "/p/one/libx.so", "/two/glibc-hwcaps", "/two/tls",
          "/p/one/libm.so", "/two/libm.so",
        ],
        [], [], [],
      ])
  }

  @Test("this process's own objects say what they need, and nothing of it is missing that is there")
  func own() {
    let objects = MappedObject.all
    let needed = objects.flatMap { texts($0.needed) }
    #expect(needed.contains { $0.hasPrefix("libc.so") })
    let program = Array(CommandLine.arguments[0].utf8)
    for path in LibrarySearch.missing(for: objects, of: program).flatMap({ $0 }) {
      #expect(path.first == PathBytes.slash)
      // Some keep libraries in a directory that is called like the processor.
      let isDirectory = (try? FileStatus(path: CPath(path)))?.isDirectory ?? false
      #expect(isDirectory || !SharedObject.exists(path), "\(String(decoding: path, as: UTF8.self))")
    }
  }
}
