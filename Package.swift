// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// The architecture in one file: arrows point down only, and each outside library has one owner.
// docs/architecture.md explains the layers.

import PackageDescription

let shell: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// Pure targets: no Foundation, no unsafe code, no async. `make check` holds them to a list of modules as well.
let pure: [SwiftSetting] = shell + [.strictMemorySafety()]

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = shell
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + dependencies,
    exclude: goldens.contains(name) ? ["Golden"] : [], swiftSettings: shell)
}

/// Test targets with a folder of golden files beside the tests; the tests find it by `#filePath`.
let goldens: Set<String> = ["Commands", "Compiler", "PolicyLanguage"]

/// Files of policies/presets, each with the preset of its name; a test compares them with the folder.
let presets = [
  "bastion", "database", "dhcp-client", "dhcp-server", "gateway-only", "internet-only", "isolated", "open", "router",
  "vrrp",
  "web-server", "windows-dc",
]

/// Files of policies/stock, with the filters that libvirt installs itself.
let stockFiles = ["arp", "clean-traffic", "dhcp", "ip", "mac"]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
  name: "nwfleet",
  products: [.executable(name: "nwfleet", targets: ["nwfleet"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
  ],
  targets: [
    // MARK: C libraries of the system, each imported by one target
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),

    // MARK: The pure core
    /** What went wrong, where, and what to do about it, as values. */
    module("Diagnostics", settings: pure),
    /** All of nwfilter as typed values, from one table. */
    module("FilterModel", ["Diagnostics"], settings: pure),
    /** What libvirt and the kernel make of any filter: for one frame, and for sets of frames, exactly. */
    module("PacketPath", ["FilterModel"], settings: pure),
    /** From what is wanted and what is there to a plan with no choices left. */
    module("Planning", ["PacketPath", "FilterModel", "Diagnostics"], settings: pure),

    /** What a policy means, compiled to filters. */
    module("Compiler", ["PacketPath", "FilterModel", "Diagnostics"], settings: pure),

    /** The presets that ship with nwfleet: YAML files that are part of the program, so that it needs none at run time. */
    .target(
      name: "Presets", path: "policies/presets", resources: presets.map { .embedInCode("\($0).yaml") },
      swiftSettings: pure),

    /** The filters that libvirt installs itself, for policies that refer to them: as `Presets`. */
    .target(
      name: "StockFiles", path: "policies/stock", exclude: ["README.md"],
      resources: stockFiles.map { .embedInCode("\($0).yaml") }, swiftSettings: pure),
    /** Proves or refutes what tests of a policy say. */
    module("Verification", ["Compiler", "PacketPath", "FilterModel", "Diagnostics"], settings: pure),

    // MARK: The shells
    /** Policy repositories: YAML in, the desired state out. */
    module(
      "PolicyLanguage", ["Presets", "StockFiles", "Compiler", "PacketPath", "FilterModel", "Diagnostics", "CLibYAML"]),
    /** nwfilter, binding and interface XML to and from the model. */
    module("FilterXML", ["FilterModel", "Diagnostics", "CLibXML2"]),
    /** libvirt connections with deadlines; knows no filter model. */
    module("Libvirt", ["CLibvirt"]),
    /** The one place that starts other programs. */
    module("Processes", [subprocess]),
    /** Commits of git repositories, never a work tree. */
    module("Git", ["Processes"]),
    /** What the kernel of a host does with filters: sysctls today. */
    module("Kernel", ["Processes"]),
    /** Reads a host, carries out a plan, verifies it, takes it back. */
    module("Reconcile", ["Planning", "FilterModel", "Diagnostics", "FilterXML", "Libvirt", "Kernel"]),
    /** Throwaway libvirtd instances in private namespaces. */
    module("Sandbox", ["Processes"]),
    /** One file per command. */
    module(
      "Commands",
      [
        "Reconcile", "Planning", "PolicyLanguage", "Verification", "Compiler", "PacketPath", "FilterModel", "FilterXML",
        "Diagnostics", "Sandbox", "Git", "Processes",
        argumentParser,
      ]),
    .executableTarget(name: "nwfleet", dependencies: ["Commands"], swiftSettings: shell),

    // MARK: Tests, beside each target
    /** Comparison with recorded files, for all test targets. */
    .target(name: "GoldenSupport", path: "Tests/GoldenSupport", swiftSettings: shell),
    tests("Diagnostics"),
    tests("FilterModel"),
    tests("PacketPath", ["FilterModel", "FilterGenerator"]),
    tests("Compiler", ["PolicyLanguage", "PacketPath", "FilterModel", "Diagnostics", "GoldenSupport"]),
    tests("Verification", ["PolicyLanguage", "Compiler", "PacketPath", "FilterModel", "Diagnostics"]),
    tests(
      "PolicyLanguage",
      [
        "Presets", "Compiler", "PacketPath", "FilterModel", "Diagnostics", "FilterXML", "FilterGenerator",
        "GoldenSupport",
      ]),
    /** Filters for tests: every attribute alone, and random ones. */
    .target(
      name: "FilterGenerator", dependencies: ["FilterModel", "Diagnostics"], path: "Tests/FilterGenerator",
      swiftSettings: shell),
    tests("FilterXML", ["FilterModel", "Diagnostics", "FilterGenerator"]),
    tests("Planning", ["FilterModel", "Diagnostics"]),
    tests("Reconcile", ["Planning", "Libvirt", "FilterModel", "FilterXML", "Diagnostics"]),
    tests(
      "Commands",
      [
        "Reconcile", "Planning", "PolicyLanguage", "Verification", "Compiler", "PacketPath", "FilterModel", "FilterXML",
        "Diagnostics", "GoldenSupport",
        argumentParser,
      ]),
    tests("Libvirt"),
    tests("Processes"),
    tests("Git", ["Processes"]),
    tests("Sandbox", ["Processes", "SandboxFixture"]),
    /** The program itself, against real libvirtd instances. */
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "nwfleet", "Sandbox", "SandboxFixture", "Processes", "FilterModel", "FilterXML", "FilterGenerator", "Planning",
        "PacketPath", "PacketProbe", "PacketAgreement",
      ], swiftSettings: shell),
    /** What PacketPath says of frames beside what the kernel does with them. */
    .target(
      name: "PacketAgreement",
      dependencies: [
        "PacketProbe", "PacketPath", "FilterGenerator", "FilterModel", "FilterXML", "Diagnostics", "Libvirt", "Sandbox",
        "Processes", "PolicyLanguage", "Compiler",
      ], path: "Tests/PacketAgreement", swiftSettings: shell),
    tests("PacketAgreement", ["PacketProbe", "PacketPath", "FilterGenerator", "FilterModel"]),
    .executableTarget(
      name: "fuzz-packets", dependencies: ["PacketAgreement", "Sandbox"], path: "Tests/FuzzPackets",
      swiftSettings: shell),
    /** Real packets between the machines of a sandbox host, and what becomes of them. */
    .target(
      name: "PacketProbe", dependencies: ["Sandbox", "Processes"], path: "Tests/PacketProbe", swiftSettings: shell),
    /** A sandbox of its own for each live test. */
    .target(
      name: "SandboxFixture", dependencies: ["Sandbox"], path: "Tests/SandboxFixture", swiftSettings: shell),

    // MARK: Fuzzing
    /** The readers of text from outside, and what must hold for any input; the tests replay `Tests/Corpus`. */
    .target(
      name: "FuzzTargets",
      dependencies: ["PolicyLanguage", "Compiler", "FilterXML", "FilterModel", "Diagnostics"],
      path: "Fuzz/Targets", swiftSettings: shell),
    tests("FuzzTargets"),
  ],
  swiftLanguageModes: [.v6]
)

// For scripts/fuzz.sh alone: it links with a sanitizer only.
if Context.environment["NWFLEET_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets"], path: "Fuzz/Main", swiftSettings: shell))
}

// For scripts/bench.sh alone: packets through PacketPath, without the rest of the program.
if Context.environment["NWFLEET_BENCH"] != nil {
  package.targets.append(
    .executableTarget(
      name: "bench-packets", dependencies: ["PacketPath", "FilterModel"], path: "bench/Packets", swiftSettings: shell))
}
