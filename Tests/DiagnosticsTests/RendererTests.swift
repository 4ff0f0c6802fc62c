// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Testing

@Suite struct RendererTests {
  @Test func pointsAtThePlace() {
    let renderer = DiagnosticRenderer { _, number in number == 2 ? "  tcp: {dstprot: 80}" : nil }
    let place = SourceRange(
      file: "policies/web.yaml", start: SourcePosition(line: 2, column: 9), end: SourcePosition(line: 2, column: 16))
    let diagnostic = Diagnostic(
      "unknown-key", "unknown key 'dstprot' in tcp", at: place, expected: "an attribute of tcp",
      hint: "did you mean 'dstportstart'?")
    #expect(
      renderer.render(diagnostic) == """
        policies/web.yaml:2:9: error: unknown key 'dstprot' in tcp [unknown-key]
          2 |   tcp: {dstprot: 80}
            |         ^^^^^^^
          expected: an attribute of tcp
          hint: did you mean 'dstportstart'?

        """)
  }

  @Test func longLinesAreCutAroundThePlace() {
    let line = String(repeating: "x", count: 400) + "BAD" + String(repeating: "y", count: 400)
    let renderer = DiagnosticRenderer { _, _ in line }
    let place = SourceRange(
      file: "f", start: SourcePosition(line: 1, column: 401), end: SourcePosition(line: 1, column: 404))
    let lines = renderer.render(Diagnostic("x", "m", at: place)).split(separator: "\n")
    let caret = lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) }
    let bad = lines[1].range(of: "BAD").map { lines[1].distance(from: lines[1].startIndex, to: $0.lowerBound) }
    #expect(caret != nil && caret == bad)
    #expect(lines[1].count < 200)
  }

  @Test func suggestions() {
    #expect(Suggestion.nearest(to: "dstprotstart", in: ["srcportstart", "dstportstart"]) == "dstportstart")
    #expect(Suggestion.nearest(to: "accpet", in: ["accept", "drop"]) == "accept")
    #expect(Suggestion.nearest(to: "quic", in: ["tcp", "udp"]) == nil)
  }
}
