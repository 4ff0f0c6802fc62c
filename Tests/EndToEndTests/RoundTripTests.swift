// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import Foundation
import Processes
import Sandbox
import SandboxFixture
import Testing

extension EndToEnd {
  /// XML files → import → YAML → render → apply → read back → an empty plan, also after a restart of libvirtd.
  @Suite struct RoundTripTests {
    @Test(.enabled(if: LibvirtCases.isThere, "libvirt's test files are not there; NWFLEET_LIBVIRT_CASES can name them"))
    func libvirtsOwnTestFiles() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        let repository = try host.repository()
        var imported: [String] = []
        for file in LibvirtCases.inputs {
          let name = file.lastPathComponent
          let result = try await host.nwfleet("import", file.path)
          if name.contains("-invalid") {
            // libvirt's own tests expect it to refuse these; so do we, and nothing is printed that could be applied.
            result.expect(1)
            #expect(result.output.isEmpty)
          } else {
            result.expect(0)
            imported.append(result.output)
          }
        }
        // Several of the files name their filter alike; each is a repository of its own.
        for yaml in imported {
          try repository.policy(yaml)
          try await Self.expectRoundTrip(repository)
        }
        #expect(imported.count >= 15)
      }
    }

    @Test func libvirtsStockFilters() async throws {
      let stock = try await withHost { host in try await host.filters() }
      #expect(stock.count >= 20)
      try await withHost(Self.bare) { host in
        var files: [String] = []
        for (name, xml) in stock.sorted(by: { $0.key < $1.key }) {
          try xml.write(toFile: "\(host.folder)/\(name).xml", atomically: true, encoding: .utf8)
          files.append("\(name).xml")
        }
        let repository = try host.repository()
        try repository.policy(try await host.nwfleet(["import"] + files).expect(0).output)
        try await Self.expectRoundTrip(repository)
        // What libvirt keeps of them is what it ships, but for the UUIDs.
        let kept = try await host.filters()
        for (name, xml) in stock { #expect(Self.model(kept[name] ?? "") == Self.model(xml), "\(name)") }
      }
    }

    @Test func theStockFiltersThatShip() async throws {
      try await withHost(Self.bare) { host in
        let repository = try host.repository()
        try repository.copyPolicies(from: "\(Program.checkout)/policies/stock")
        try await Self.expectRoundTrip(repository)
      }
    }

    /// Whole repositories, then with each of the files that the example offers in place of one of its own.
    @Test(arguments: exampleNames)
    func examples(name: String) async throws {
      try await withHost(SandboxOptions(virtualMachines: name == "everyday" ? 6 : 2)) { host in
        let repository = TestRepository(host: host, path: "\(host.folder)/repo")
        try FileManager.default.copyItem(atPath: "\(Program.checkout)/examples/\(name)", toPath: repository.path)
        try await Self.expectRoundTrip(repository)
        for (file, replaced) in Self.alternatives[name] ?? [] {
          let text = try String(contentsOfFile: "\(repository.path)/\(file)", encoding: .utf8)
          try repository.write(replaced, text)
          try await Self.expectRoundTrip(repository)
        }
      }
    }

    private static let exampleNames: [String] = {
      let folder = "\(Program.checkout)/examples"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      // The company has hosts of its own; DocumentedPolicyTests looks at it.
      return names.filter { $0 != "company" && FileManager.default.fileExists(atPath: "\(folder)/\($0)/nwfleet.yaml") }
        .sorted()
    }()

    private static let alternatives = [
      "classic": [("alternatives/limit-internet-open.yaml", "policies/limit-internet.yaml")],
      "demo": [
        ("changes/1-limit-internet.yaml", "policies/guests.yaml"),
        ("changes/2-open-internet.yaml", "policies/guests.yaml"),
      ],
    ]

    /// Each attribute of each protocol alone, and libvirt's text is the renderer's byte for byte.
    @Test func everyAttribute() async throws {
      try await withHost(Self.bare) { host in
        let cases = attributeCases()
        #expect(cases.count > 500)
        var files: [String] = []
        for (name, filter) in cases {
          try FilterXML.write(filter).write(toFile: "\(host.folder)/\(name).xml", atomically: true, encoding: .utf8)
          files.append("\(name).xml")
        }
        let repository = try host.repository()
        try repository.policy(try await host.nwfleet(["import"] + files).expect(0).output)
        try await Self.expectRoundTrip(repository)
      }
    }

    @Test func randomFilters() async throws {
      try await withHost(Self.bare) { host in
        var generator = SeededGenerator(seed: 7)
        var files: [String] = []
        for number in 0..<200 {
          var filter = randomFilter(using: &generator)
          filter.name = "random-\(number)"
          // What they refer to is not there.
          filter.entries.removeAll { if case .reference = $0 { true } else { false } }
          try FilterXML.write(filter).write(toFile: "\(host.folder)/\(number).xml", atomically: true, encoding: .utf8)
          files.append("\(number).xml")
        }
        let repository = try host.repository()
        try repository.policy(try await host.nwfleet(["import"] + files).expect(0).output)
        try await Self.expectRoundTrip(repository)
      }
    }

    /// What libvirt 9.0 accepts and then keeps otherwise, so that the rule matches more, or other packets: nwfleet refuses it.
    @Test func whatLibvirtRewrites() async throws {
      try await withHost(Self.bare) { host in
        for (number, rewritten) in Rewritten.all.enumerated() {
          let xml = rewritten.xml(name: "f\(number)")
          try await host.define(xml)
          try xml.write(toFile: "\(host.folder)/f\(number).xml", atomically: true, encoding: .utf8)
          let kept = try await host.virsh("nwfilter-dumpxml", "f\(number)")
          if !rewritten.onlyAfterRestart { #expect(kept.contains(rewritten.kept), "\(rewritten.sent): \(kept)") }
          try await host.nwfleet("import", "f\(number).xml").expect(1).says("[\(rewritten.refusal)]")
        }
        try await host.sandbox.stopDaemon()
        try await host.sandbox.startDaemon()
        for (number, rewritten) in Rewritten.all.enumerated() where rewritten.onlyAfterRestart {
          let kept = try await host.virsh("nwfilter-dumpxml", "f\(number)")
          #expect(kept.contains(rewritten.kept), "\(rewritten.sent): \(kept)")
        }
      }
    }

    private static let bare = SandboxOptions(virtualMachines: 0, stockFilters: false)

    private static func model(_ xml: String) -> Filter? {
      var filter = FilterXML.parse(xml).filter
      filter?.uuid = nil
      return filter
    }

    private static func expectRoundTrip(
      _ repository: TestRepository, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let host = repository.host
      try await repository.run("render", "--out", "\(host.folder)/rendered").expect(0, sourceLocation: sourceLocation)
      try await repository.apply(
        "--max-destroy", "1000", "--allow-unprotected", "10", sourceLocation: sourceLocation)
      try await repository.expectInSync(sourceLocation: sourceLocation)
      let kept = try await host.allFilters()
      let rendered = try FileManager.default.contentsOfDirectory(atPath: "\(host.folder)/rendered")
      for file in rendered.sorted() {
        let name = String(file.dropLast(".xml".count))
        let expected = try String(contentsOfFile: "\(host.folder)/rendered/\(file)", encoding: .utf8)
        #expect(kept[name] == expected, sourceLocation: sourceLocation)
      }
      try FileManager.default.removeItem(atPath: "\(host.folder)/rendered")
      // What libvirt reads from its files again may be other than what it held (reference H2).
      try await host.sandbox.stopDaemon()
      try await host.sandbox.startDaemon()
      try await repository.expectInSync(sourceLocation: sourceLocation)
    }
  }
}

extension TestHost {
  /// All filters, in one virsh: hundreds of them.
  func allFilters() async throws -> [String: String] {
    let names = try await virsh("nwfilter-list").split(separator: "\n").compactMap {
      $0.split(separator: " ").last.map(String.init)
    }
    let script = names.map { "nwfilter-dumpxml \($0)\n" }.joined()
    let output = try await virsh(input: script)
    var filters: [String: String] = [:]
    for part in output.components(separatedBy: "</filter>\n").dropLast() {
      guard let start = part.range(of: "<filter name='"), let end = part[start.upperBound...].firstIndex(of: "'") else {
        continue
      }
      filters[String(part[start.upperBound..<end])] = part[start.lowerBound...] + "</filter>\n"
    }
    return filters
  }
}

extension TestRepository {
  /// The policy files of a folder.
  func copyPolicies(from folder: String) throws {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".yaml") {
      try FileManager.default.copyItem(atPath: "\(folder)/\(file)", toPath: "\(path)/policies/\(file)")
    }
  }
}

/// libvirt's own test files, where they are: they are not part of this project.
enum LibvirtCases {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["NWFLEET_LIBVIRT_CASES"] { return URL(fileURLWithPath: path) }
    // Beside the checkout; the checkout itself may be one of several below a folder.
    let checkout = URL(fileURLWithPath: Program.checkout)
    let places = ["../shared/libvirt-cases", "../../shared/libvirt-cases"].map {
      checkout.appendingPathComponent($0).standardizedFileURL
    }
    return places.first { FileManager.default.fileExists(atPath: $0.path) } ?? places[0]
  }()

  static let isThere = FileManager.default.fileExists(atPath: folder.appendingPathComponent("in").path)

  static var inputs: [URL] {
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder.appendingPathComponent("in"), includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "xml" }.sorted { $0.path < $1.path }
  }
}
