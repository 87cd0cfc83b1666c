// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// Nested, so that nobody who only builds the product needs libfuse3.
let package = Package(
  name: "importahead-benchmarks",
  products: [
    .executable(name: "bench", targets: ["bench"]),
    .executable(name: "slowfs", targets: ["slowfs"]),
    .executable(name: "readlist", targets: ["readlist"]),
    .executable(name: "stages", targets: ["stages"]),
    .executable(name: "starter", targets: ["starter"]),
  ],
  dependencies: [
    .package(name: "importahead", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .systemLibrary(name: "CFuse", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
    .target(name: "SlowFileSystem", dependencies: ["CFuse"], swiftSettings: settings),
    .executableTarget(
      name: "slowfs",
      dependencies: [
        "SlowFileSystem",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .target(name: "Measure", swiftSettings: settings),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Measure",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(name: "readlist", swiftSettings: settings),
    .executableTarget(name: "starter", swiftSettings: settings),
    .executableTarget(
      name: "stages",
      dependencies: [
        .product(name: "ImportaheadCore", package: "importahead"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .testTarget(name: "MeasureTests", dependencies: ["Measure"]),
    .testTarget(name: "benchTests", dependencies: ["bench", "starter"]),
    .testTarget(name: "SlowFileSystemTests", dependencies: ["SlowFileSystem", "slowfs"]),
  ]
)
