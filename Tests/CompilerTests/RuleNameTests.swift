// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Testing

@Suite struct RuleNameTests {
  private static let nowhere = SourceRange(
    file: "x.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))

  private func rule(_ text: String, name: String? = nil) -> PolicyRule {
    PolicyRule(
      .allow, [Located(value: .any, range: Self.nowhere)],
      name: name.map { Located(value: $0, range: Self.nowhere) }, text: text, origin: Self.nowhere)
  }

  @Test(arguments: [
    ("allow http, https from @office", "in-allow-http-https-from-office"),
    ("drop any to 169.254.169.254", "in-drop-any-to-169-254-169-254"),
    ("allow icmpv6/135 from fe80::/10", "in-allow-icmpv6-135-from-fe80-10"),
    ("allow any from $CLIENTS", "in-allow-any-from-clients"),
    ("allow tcp/80,443", "in-allow-tcp-80-443"),
    ("allow tcp/80-443", "in-allow-tcp-80-to-443"),
    ("allow any from 10.0.0.1, 10.0.0.9", "in-allow-any-from-10-0-0-1-10-0-0-9"),
    ("allow any from 10.0.0.1-10.0.0.9", "in-allow-any-from-10-0-0-1-to-10-0-0-9"),
    ("allow any from 2001:db8::1-2001:db8::9", "in-allow-any-from-2001-db8-1-to-2001-db8-9"),
    ("allow app-1-2, fe-1 from group:web-1, @a-b", "in-allow-app-1-2-fe-1-from-group-web-1-a-b"),
    ("allow any from vm:\"db 1\"", "in-allow-any-from-vm-db-1"),
  ])
  func derived(text: String, name: String) {
    #expect(rule(text).name(.in) == name)
    #expect(RuleName.derived(for: rule(text), direction: .out) == "out" + name.dropFirst(2))
    #expect(RuleName.isValid(name))
  }

  /// Long texts that begin alike have different names.
  @Test func longTexts() {
    let long = "allow tcp/80 from " + (1...40).map { "10.0.0.\($0)" }.joined(separator: ", ")
    let name = rule(long).name(.in)
    #expect(name.utf8.count == 60 && RuleName.isValid(name))
    #expect(name.hasPrefix("in-allow-tcp-80-from-10-0-0-1-10-0-0-2-10-0-0-3"))
    #expect(rule(long + ", 10.0.0.41").name(.in) != name)
    #expect(rule(long).name(.in) == name)
  }

  @Test func givenNames() {
    #expect(rule("allow any", name: "everyone").name(.in) == "everyone")
    for wrong in ["", "A", "a b", "a_b", "ä", String(repeating: "a", count: 61)] { #expect(!RuleName.isValid(wrong)) }
    #expect(RuleName.isValid("80") && RuleName.isValid(String(repeating: "a", count: 60)))
  }

  @Test func duplicates() {
    var rules = RuleSet(name: Located(value: "web", range: Self.nowhere))
    rules.inbound = [rule("allow tcp/80,90"), rule("allow tcp/80, 90"), rule("allow ssh", name: "x")]
    rules.outbound = [rule("allow tcp/80-90"), rule("drop any", name: "x")]
    let found = rules.duplicateNames("group")
    #expect(found.map(\.code) == ["duplicate-rule-name", "duplicate-rule-name"])
    #expect(found.first?.message.contains("in-allow-tcp-80-90") == true)
  }
}
