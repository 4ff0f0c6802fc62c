// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Foundation
import PolicyLanguage
import Testing

@Suite struct SchemaTests {
  private static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test(arguments: ["filters.md", "policy.schema.json", "environment.schema.json", "lock.schema.json"])
  func committedFilesAreThoseMade(name: String) throws {
    let path = "docs/reference/\(name)"
    let made =
      switch name {
      case "filters.md": Reference.markdown()
      case "policy.schema.json": JSONSchema.policy()
      case "lock.schema.json": JSONSchema.lock()
      default: JSONSchema.environment()
      }
    let file = Self.project.appending(path: path)
    if ProcessInfo.processInfo.environment["NWFLEET_RECORD"] == "1" {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try made.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("recorded \(path)")
      return
    }
    let committed = try String(contentsOf: file, encoding: .utf8)
    let isUpToDate = committed == made
    #expect(isUpToDate, "\(path) is not up to date: run with NWFLEET_RECORD=1")
  }

  /// Every reference in a schema has its definition, and every definition of the policy language is used.
  @Test(arguments: [JSONSchema.policy(), JSONSchema.environment(), JSONSchema.lock()])
  func definitionsAreThere(text: String) throws {
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let definitions = try #require(schema["definitions"] as? [String: Any])
    let used = Set(text.matches(of: #/"#\/definitions\/([^"]+)"/#).map { String($0.1) })
    #expect(used.subtracting(definitions.keys).sorted() == [])
  }

  @Test func schemaNamesEverySection() throws {
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(JSONSchema.policy().utf8)) as? [String: Any])
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(
      properties.keys.sorted() == [
        "admins", "filters", "groups", "hosts", "id", "include", "networks", "never", "presets", "project", "services",
        "sets", "tests", "vms",
      ])
  }

  @Test func schemaNamesEveryAttribute() throws {
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(JSONSchema.policy().utf8)) as? [String: Any])
    let definitions = try #require(schema["definitions"] as? [String: [String: Any]])
    for filterProtocol in FilterProtocol.allCases {
      let element = try #require(definitions["protocol-\(filterProtocol.name)"])
      #expect(element["additionalProperties"] as? Bool == false)
      let properties = try #require(element["properties"] as? [String: Any])
      let names = filterProtocol.attributes.filter { $0.refusal == nil || $0.refusalSparesVariables }.map(\.name)
      #expect(Set(properties.keys) == Set(names + ["match"]))
    }
  }
}
