// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Foundation
import PolicyLanguage
import Testing

/// The policies and examples that the project ships are right, and in the layout of `fmt`.
@Suite struct ShippedPolicyTests {
  private static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Where libvirt's own XML is: the distribution's pristine copy, or what libvirtd made of it.
  private static let stockXML = ["/usr/share/libvirt/nwfilter", "/etc/libvirt/nwfilter"].first { folder in
    FilterName.stock.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0).xml") }
  }

  private static func files(in folder: String) throws -> [PolicyFile] {
    try FileManager.default.contentsOfDirectory(atPath: project.appending(path: folder).path)
      .filter { $0.hasSuffix(".yaml") }.sorted().map { name in
        let text = try String(contentsOf: project.appending(path: "\(folder)/\(name)"), encoding: .utf8)
        return PolicyFile(path: name == "nwfleet.yaml" ? name : "policies/\(name)", text: text)
      }
  }

  private static func stockFilters() throws -> [Filter] {
    let header = PolicyFile(path: "nwfleet.yaml", text: "project: stock\nid: \"00000001\"\n")
    let result = PolicyRepository.load(files: [header] + (try files(in: "policies/stock")))
    #expect(result.diagnostics.filter { $0.severity == .error } == [])
    return result.desired?.filters.map(\.filter) ?? []
  }

  @Test func stockIsComplete() throws {
    #expect(Set(try Self.stockFilters().map(\.name)) == FilterName.stock)
  }

  @Test(.enabled(if: stockXML != nil, "libvirt's stock filters are not installed here"))
  func stockIsWhatLibvirtInstalls() throws {
    let folder = try #require(Self.stockXML)
    for filter in try Self.stockFilters() {
      let xml = try String(contentsOfFile: "\(folder)/\(filter.name).xml", encoding: .utf8)
      let parsed = FilterXML.parse(xml, file: "\(filter.name).xml")
      #expect(parsed.filter?.hasSameContent(as: filter) == true, "\(filter.name)")
    }
  }

  @Test func classicHasNoErrors() throws {
    let result = PolicyRepository.load(directory: Self.project.appending(path: "examples/classic").path)
    #expect(result.diagnostics.filter { $0.severity == .error } == [])
    #expect(result.desired?.filters.count == 15)
    #expect(result.desired?.ports.map(\.device) == ["vnet1", "vnet2"])
  }

  @Test func alternativesTakeThePlaceOfPolicies() throws {
    var files =
      try Self.files(in: "examples/classic") + Self.files(in: "examples/classic/policies")
    let alternatives = try Self.files(in: "examples/classic/alternatives")
    #expect(alternatives.map(\.path) == ["policies/limit-internet-open.yaml"])
    files.removeAll { $0.path == "policies/limit-internet.yaml" }
    let result = PolicyRepository.load(files: files + alternatives)
    #expect(result.diagnostics.filter { $0.severity == .error } == [])
    #expect(result.desired?.filters.contains { $0.filter.name == "limit-internet" } == true)
  }

  @Test(arguments: [
    "policies/stock", "policies/presets", "examples/classic", "examples/classic/policies",
    "examples/classic/alternatives", "examples/everyday/policies", "examples/company/policies",
  ])
  func layout(folder: String) throws {
    for file in try Self.files(in: folder) {
      let text = String(decoding: file.bytes, as: UTF8.self)
      #expect(Formatter.format(text, file: file.path).text == text)
    }
  }
}
