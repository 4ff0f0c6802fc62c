// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Diagnostics in the Static Analysis Results Interchange Format (OASIS, SARIF 2.1.0).
struct SARIFDocument: Encodable {
  struct Text: Encodable {
    var text: String
  }

  struct Run: Encodable {
    var tool: Tool
    /// Columns count code points (section 3.14.17).
    var columnKind = "unicodeCodePoints"
    var results: [Result]
  }

  struct Tool: Encodable {
    var driver: Driver
  }

  struct Driver: Encodable {
    var name = "nwfleet"
    var semanticVersion = nwfleetVersion
    var rules: [Rule]
  }

  struct Rule: Encodable {
    struct Configuration: Encodable {
      var level: String
    }

    var id: String
    var shortDescription: Text
    var help: Text
    var defaultConfiguration: Configuration
  }

  struct Result: Encodable {
    var ruleId: String
    var ruleIndex: Int
    var level: String
    var message: Text
    var locations: [Location]
    var relatedLocations: [Location]?
    /// The same for as long as the finding is the same, wherever it moves to.
    var partialFingerprints: [String: String]
  }

  struct Location: Encodable {
    var id: Int?
    var physicalLocation: Physical
    var message: Text?
  }

  struct Physical: Encodable {
    var artifactLocation: Artifact
    var region: Region
  }

  struct Artifact: Encodable {
    /// Relative, with the characters of RFC 3986 only.
    var uri: String
    var uriBaseId = "%SRCROOT%"
  }

  struct Region: Encodable {
    var startLine: Int
    var startColumn: Int
    var endLine: Int
    /// Exclusive, as in SARIF (section 3.30.8).
    var endColumn: Int
  }

  private enum CodingKeys: String, CodingKey {
    case schema = "$schema"
    case version, runs
  }

  var schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
  var version = "2.1.0"
  var runs: [Run]

  /// - Parameter prefix: what comes before the paths of files, with `/` at its end; empty for nothing.
  init(_ diagnostics: [Diagnostic], prefix: String) {
    let sorted = DiagnosticRenderer.sorted(diagnostics)
    let codes = Set(sorted.map(\.code.rawValue)).sorted()
    let rules = codes.map { code in
      let isError = sorted.contains { $0.code.rawValue == code && $0.severity == .error }
      return Rule(
        id: code, shortDescription: Text(text: code.split(separator: "-").joined(separator: " ")),
        help: Text(text: "docs/diagnostics.md of nwfleet says under \(code) what it means and what to do."),
        defaultConfiguration: Rule.Configuration(level: isError ? "error" : "warning"))
    }
    let places = Dictionary(codes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let results = sorted.map { Self.result($0, places[$0.code.rawValue] ?? 0, prefix) }
    runs = [Run(tool: Tool(driver: Driver(rules: rules)), results: results)]
  }

  private static func result(_ diagnostic: Diagnostic, _ index: Int, _ prefix: String) -> Result {
    let related = diagnostic.notes.enumerated().compactMap { number, note in
      note.range.map { location($0, prefix, id: number, message: note.message) }
    }
    let identity = [diagnostic.code.rawValue, diagnostic.range?.file ?? "", diagnostic.message]
    return Result(
      ruleId: diagnostic.code.rawValue, ruleIndex: index, level: diagnostic.severity.rawValue,
      message: Text(text: message(diagnostic)), locations: diagnostic.range.map { [location($0, prefix)] } ?? [],
      relatedLocations: related.isEmpty ? nil : related,
      partialFingerprints: ["nwfleet/v1": SHA1.hexDigest(identity.joined(separator: "\n"))])
  }

  private static func message(_ diagnostic: Diagnostic) -> String {
    var text = diagnostic.message
    if let expected = diagnostic.expected { text += "\nexpected: \(expected)" }
    for note in diagnostic.notes where note.range == nil { text += "\nnote: \(note.message)" }
    if let hint = diagnostic.hint { text += "\nhint: \(hint)" }
    return text
  }

  private static func location(
    _ range: SourceRange, _ prefix: String, id: Int? = nil, message: String? = nil
  ) -> Location {
    Location(
      id: id,
      physicalLocation: Physical(
        artifactLocation: Artifact(uri: encoded(prefix + range.file)),
        region: Region(
          startLine: range.start.line, startColumn: range.start.column, endLine: range.end.line,
          endColumn: range.end.column)), message: message.map { Text(text: $0) })
  }

  private static func encoded(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@".utf8)
    return path.utf8.map { byte in
      plain.contains(byte)
        ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }.joined()
  }
}
