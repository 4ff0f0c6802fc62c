// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import GoldenSupport
import Reconcile
import Testing

@testable import Commands

/// What validate prints for machines, beside recorded files.
@Suite struct FindingsFormatTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden").path

  private static func range(_ file: String, _ line: Int, _ column: Int, _ endLine: Int, _ endColumn: Int) -> SourceRange
  {
    SourceRange(
      file: file, start: SourcePosition(line: line, column: column),
      end: SourcePosition(line: endLine, column: endColumn))
  }

  private static let findings = [
    Diagnostic("no-project-file", "there is no nwfleet.yaml", hint: "make a repository with 'nwfleet init'"),
    Diagnostic(
      "unknown-service", "there is no service 'htps', 100% sure", at: range("policies/web: a,b.yaml", 14, 13, 14, 17),
      expected: "a service", hint: "did you mean 'https'?",
      notes: [Diagnostic.Note("the group", at: range("policies/ä.yaml", 1, 3, 1, 6)), Diagnostic.Note("no place")]),
    Diagnostic(
      "unused-set", "set 'office' is used nowhere", severity: .warning, at: range("policies/web: a,b.yaml", 3, 3, 5, 1)),
  ]

  @Test func workflowCommands() {
    expectGolden(GitHubText.text(Self.findings, prefix: "fleet/"), "\(Self.golden)/findings.github")
  }

  @Test func staticAnalysisResults() throws {
    let text = JSONFile.text(SARIFDocument(Self.findings, prefix: "fleet/"))
    expectGolden(text, "\(Self.golden)/findings.sarif")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(document["version"] as? String == "2.1.0")
  }

  @Test func nothingFound() throws {
    #expect(GitHubText.text([], prefix: "") == "")
    let text = JSONFile.text(SARIFDocument([], prefix: ""))
    #expect(text.contains("\"results\" : [") && text.contains("\"rules\" : ["))
  }

  @Test func pathsBeginAtTheWorkingFolder() {
    #expect(ValidateCommand.prefix(of: ".", from: "/src/fleet") == "")
    #expect(ValidateCommand.prefix(of: "net/policy", from: "/src/fleet") == "net/policy/")
    #expect(ValidateCommand.prefix(of: "/src/fleet/net", from: "/src/fleet") == "net/")
    #expect(ValidateCommand.prefix(of: "/src/other", from: "/src/fleet") == "")
    #expect(ValidateCommand.prefix(of: "..", from: "/src/fleet") == "")
    #expect(ValidateCommand.prefix(of: "/a", from: "/") == "a/")
  }
}
