// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `tests:` of groups and of files, and `never:`: lines of text, or `{test: LINE, name: NAME, comment: TEXT}`.
extension FileDecoder {
  private static let testKeys = ["test", "name", "comment"]

  /// Which lines may stand in a list.
  private enum LineKind {
    case group, path, never

    var form: String {
      switch self {
      case .group: RuleParser.groupTestForm
      case .path: RuleParser.pathTestForm
      case .never: RuleParser.neverForm
      }
    }
  }

  // MARK: Groups

  mutating func groupTests(_ field: Node.Entry, _ what: String) -> [PolicyTest] {
    guard case .sequence(let items, let isFlow) = field.value.content else {
      var hint: String?
      if case .scalar(let scalar) = field.value.content, !scalar.text.isEmpty {
        hint = "write a list: tests: [\"\(scalar.text.excerpt)\"]"
      }
      wrongKind(
        field.value, "tests of \(what)", expected: "a list of tests, such as '- allow in https from 198.51.100.7'",
        hint: hint)
      return []
    }
    let tests = testLines(items, isFlow: isFlow, .group, "a test of \(what)")
    result.diagnostics += PolicyTest.duplicateNames(tests, of: what)
    return tests
  }

  // MARK: Sections

  /// `tests: {NAME: LINE, NAME: [LINE…]}`.
  mutating func decodeTests(_ node: Node) {
    let expected = "a mapping of test names, such as shop: [\"shop-1 -> db-1 tcp/5432\"]"
    var hint: String?
    if case .sequence = node.content { hint = "give the list a name: tests: {NAME: […]}" }
    for entry in entries(of: node, "tests", expected: expected, hint: hint) ?? [] { decodeSuite(entry) }
  }

  private mutating func decodeSuite(_ entry: Node.Entry) {
    let what = "tests '\(entry.name.excerpt)'"
    if !RuleName.isValid(entry.name) {
      report(
        "bad-test-name", "'\(entry.name.excerpt)' is no name for tests", at: keyRange(entry).widened,
        expected: RuleName.expectation)
    }
    var suite = TestSuite(name: Located(value: entry.name, range: keyRange(entry)), tests: [])
    if case .sequence(let items, let isFlow) = entry.value.content {
      suite.tests = testLines(items, isFlow: isFlow, .path, "a test of \(what)")
    } else if let test = testLine(entry.value, .path, what) {
      suite.tests = [test]
    }
    result.diagnostics += PolicyTest.duplicateNames(suite.tests, of: what)
    result.tests.append(suite)
  }

  /// `never: [LINE…]`.
  mutating func decodeNever(_ node: Node) {
    let expected = "a list such as ['group:guest -> group:db any']"
    guard case .sequence(let items, let isFlow) = node.content else {
      wrongKind(node, "never", expected: expected)
      return
    }
    result.never += testLines(items, isFlow: isFlow, .never, "an element of never")
  }

  // MARK: Lines

  private mutating func testLines(
    _ items: [Node], isFlow: Bool, _ kind: LineKind, _ what: String
  ) -> [PolicyTest] {
    var tests: [PolicyTest] = []
    var index = items.startIndex
    while index < items.endIndex {
      let end = isFlow ? Self.endOfCutRule(items, from: index, begins: Self.beginsTest) : index + 1
      if end > index + 1 {
        reportCutRule(items[index..<end], "test")
      } else if let test = testLine(items[index], kind, what) {
        tests.append(test)
      }
      index = end
    }
    return tests
  }

  private static func beginsTest(_ text: String) -> Bool {
    let word = String(text.prefix { $0 != " " }).lowercased()
    return text.contains(" ")
      && (text.contains("->") || Expectation(rawValue: word) != nil || ForeignWords.actions[word] != nil)
  }

  private mutating func testLine(_ node: Node, _ kind: LineKind, _ what: String) -> PolicyTest? {
    guard case .mapping(let fields, _) = node.content, fields.count != 1 || Self.colonHint(fields[0]) == nil else {
      return testText(node, kind, what)
    }
    guard let line = fields.first(where: { $0.name == "test" }) else {
      report(
        "missing-key", "\(what) has no line", at: fields.first.map { keyRange($0) } ?? range(node),
        expected: kind.form, hint: "write {test: \"…\", name: NAME}")
      return nil
    }
    var test = testText(line.value, kind, what)
    for field in fields where field.name != "test" {
      let name = "\(field.name.excerpt) of \(what)"
      switch field.name {
      case "name": test?.name = ruleName(field.value, name)
      case "comment": test?.comment = text(of: field.value, name, expected: "a text")
      default: unknownKey(field, in: what, known: Self.testKeys)
      }
    }
    return test
  }

  private mutating func testText(_ node: Node, _ kind: LineKind, _ what: String) -> PolicyTest? {
    guard let text = ruleText(node, what, expected: kind.form) else { return nil }
    var parser = RuleParser(.test)
    defer { result.diagnostics += parser.diagnostics }
    switch kind {
    case .group: return parser.groupTest(text)
    case .path: return parser.pathTest(text, isNever: false)
    case .never: return parser.pathTest(text, isNever: true)
    }
  }
}
