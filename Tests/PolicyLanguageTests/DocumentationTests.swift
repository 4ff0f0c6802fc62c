// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Foundation
import Testing

/// docs/diagnostics.md knows every code of diagnostics and host errors, and no other.
@Suite struct DocumentationTests {
  private let documented: Set<String>
  private let used: Set<String>

  init() throws {
    let text = try String(
      contentsOf: GoldenFiles.root.appendingPathComponent("docs/diagnostics.md"), encoding: .utf8)
    documented = Set(
      text.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { line in
        line.dropFirst(2).prefix { $0 != "|" }.split(separator: ",").map {
          $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
        }
      })
    // Literals of the same form that are words of nwfilter, or of the language.
    let vocabulary = FilterName.stock.union(FilterProtocol.names).union(["icmp-ipv6"])
      .union(["from-port", "one-way", "ipv6-icmp", "ipv6-in-ipv4", "udp-lite"])
      .union(FilterProtocol.allCases.flatMap { $0.attributes.map(\.name) })
    var used: Set<String> = []
    for target in ["PolicyLanguage", "FilterModel"] {
      let folder = GoldenFiles.root.appendingPathComponent("Sources/\(target)")
      let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
      for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/Schema/") {
        let source = try String(contentsOf: file, encoding: .utf8)
        used.formUnion(source.matches(of: #/"([a-z0-9]+(?:-[a-z0-9]+)+)"/#).map { String($0.1) })
      }
    }
    used.subtract(vocabulary)
    for target in ["Compiler", "Verification", "Planning", "Reconcile", "Git", "Commands"] {
      let folder = GoldenFiles.root.appendingPathComponent("Sources/\(target)")
      let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
      for case let file as URL in files where file.pathExtension == "swift" {
        let source = try String(contentsOf: file, encoding: .utf8)
        used.formUnion(source.matches(of: #/Diagnostic\(\s*"([a-z0-9-]+)"/#).map { String($0.1) })
        used.formUnion(source.matches(of: #/ = Code\(rawValue: "([a-z0-9-]+)"\)/#).map { String($0.1) })
      }
    }
    self.used = used
  }

  @Test func everyCodeIsDocumented() {
    #expect(used.subtracting(documented).sorted() == [])
  }

  @Test func everyDocumentedCodeIsUsed() {
    #expect(documented.subtracting(used).sorted() == [])
  }
}
