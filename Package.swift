// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target spells out what is unsafe; an unmarked use is an error.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The core compiles twice: as full Swift for the tool and the tests, and as Embedded Swift for the
/// extension module (`--traits Embedded`, with a scratch path of its own).
let embeddable: [SwiftSetting] =
  strict + [
    .treatWarning("EmbeddedRestrictions", as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableExperimentalFeature("Embedded", .when(traits: ["Embedded"])),
    .unsafeFlags(
      ["-wmo", "-Xfrontend", "-function-sections"], .when(traits: ["Embedded"])),
  ]

let package = Package(
  name: "importahead",
  products: [
    .library(name: "ImportaheadCore", targets: ["ImportaheadCore"]),
    .library(name: "_importahead", type: .dynamic, targets: ["ImportaheadModule"]),
    .executable(name: "importahead", targets: ["importahead"]),
    .executable(name: "importahead-launcher", targets: ["ImportaheadLauncher"]),
  ],
  traits: [
    .trait(name: "Embedded", description: "Compile for the extension module: no Swift runtime.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CLiburing", providers: [.apt(["liburing-dev"])]),
    .systemLibrary(
      name: "CPython", pkgConfig: "python3", providers: [.apt(["libpython3-dev"])]),
    .target(
      name: "ImportaheadCore",
      dependencies: ["CLinux", "CLiburing"],
      swiftSettings: embeddable,
      // The archive by name: the extension must need libc alone, so never liburing.so.
      linkerSettings: [.linkedLibrary(":liburing.a")]),
    .target(
      name: "ImportaheadModule",
      dependencies: ["CLinux", "CPython", "ImportaheadCore"],
      exclude: ["exports.map"],
      swiftSettings: embeddable,
      linkerSettings: [
        .unsafeFlags([
          "-Xlinker",
          "--version-script=\(Context.packageDirectory)/Sources/ImportaheadModule/exports.map",
          "-Xlinker", "--gc-sections",
        ])
      ]),
    .executableTarget(
      name: "ImportaheadLauncher",
      dependencies: ["CLinux", "ImportaheadCore"],
      swiftSettings: embeddable,
      linkerSettings: [.unsafeFlags(["-Xlinker", "--gc-sections"])]),
    .executableTarget(
      name: "importahead",
      dependencies: [
        "ImportaheadCore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ImportaheadCoreTests",
      dependencies: ["ImportaheadCore"],
      swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(
      name: "ImportaheadCLITests",
      dependencies: ["importahead", "ImportaheadLauncher"]),
  ]
)
