// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import PacketPath

/// Lines of `tests:` and `never:`.
///
/// In a group `EXPECT DIRECTION WHAT [from PEERS] [to PEERS] [via ROUTE]`, elsewhere `[EXPECT] SOURCE -> TARGET WHAT
/// [via ROUTE]`.
extension RuleParser {
  static let groupTestForm =
    "EXPECT DIRECTION WHAT [from PEERS] [to PEERS], such as 'allow in https from 198.51.100.7'"
  static let pathTestForm = "[EXPECT] SOURCE -> TARGET WHAT, such as 'drop web-1 -> db-1 tcp/22'"
  static let neverForm = "SOURCE -> TARGET WHAT, such as 'group:guest -> group:db any'"
  static let endExpectation = "a VM, group:NAME, an address such as 192.0.2.0/24, @SET, host or any"

  /// What a line may begin with.
  private static let expectations: [Expectation] = [.allow, .drop, .reject, .oneWay]
  private static let expectationWords = "allow, drop, reject or one-way"

  // MARK: Lines

  /// A test of a group; nil where something is wrong, which is reported.
  mutating func groupTest(_ text: RuleText) -> PolicyTest? {
    self.text = text
    let tokens = text.tokens()
    guard let first = tokens.first else {
      report("missing-value", "the test is empty", at: 0..<0, expected: Self.groupTestForm)
      return nil
    }
    if tokens.contains(where: { isArrow($0) }) {
      report(
        "unexpected-word", "'->' means nothing in a test of a group", at: first.part, expected: Self.groupTestForm,
        hint: "tests from one end to the other stand in the section tests: of a file")
      return nil
    }
    guard let expectation = expectation(first) else { return nil }
    guard let direction = direction(tokens, after: first.part) else { return nil }
    return groupTest(expectation, direction, tokens[2...], after: tokens[1].part)
  }

  /// What `trace` is asked: a test of a group without what is expected.
  mutating func question(_ text: RuleText) -> PolicyTest? {
    self.text = text
    let tokens = text.tokens()
    guard let direction = direction(tokens[...], after: nil) else { return nil }
    return groupTest(.allow, direction, tokens[1...], after: tokens[0].part)
  }

  /// A test from one end to the other; nil where something is wrong, which is reported.
  ///
  /// - Parameter isNever: whether it is one of `never:`, which say nothing of what they expect.
  mutating func pathTest(_ text: RuleText, isNever: Bool) -> PolicyTest? {
    self.text = text
    let tokens = text.tokens()
    let form = isNever ? Self.neverForm : Self.pathTestForm
    guard let arrow = tokens.firstIndex(where: { isArrow($0) }) else {
      reportMissingArrow(tokens, form)
      return nil
    }
    var source = tokens[..<arrow]
    var expectation = isNever ? Expectation.never : .allow
    if source.count > 1, let first = source.first, !source[source.startIndex + 1].isComma {
      if isNever {
        report(
          "unexpected-word", "'\(self.text.text(first.part).excerpt)' means nothing here", at: first.part,
          expected: form, hint: "never: says what is expected")
        return nil
      }
      guard let known = self.expectation(first) else { return nil }
      expectation = known
      source = source.dropFirst()
    }
    let errors = diagnostics.count
    let from = ends(source, beside: tokens[arrow].part, form)
    let (target, rest) = Self.firstList(tokens[(arrow + 1)...])
    let to = ends(target, beside: tokens[arrow].part, form)
    if let word = rest.first(where: { ["from", "to", "->"].contains(self.text.text($0.part)) }) {
      report(
        "unexpected-word", "'\(self.text.text(word.part))' means nothing here", at: word.part, expected: form,
        hint: "both ends stand around the one '->'")
      return nil
    }
    // What is missing behind an end that is wrong may be in it.
    if rest.isEmpty, diagnostics.count > errors { return nil }
    guard let clauses = testClauses(rest, after: target.last?.part ?? tokens[arrow].part) else { return nil }
    var traffic = TrafficList()
    readTraffic(clauses.what, into: &traffic)
    guard diagnostics.count == errors else { return nil }
    var canonical =
      "\(from.words.joined(separator: ", ")) -> \(to.words.joined(separator: ", "))"
      + " \(traffic.words.joined(separator: ", "))"
    if !isNever { canonical = "\(expectation.rawValue) \(canonical)" }
    if let route = clauses.route { canonical += " via \(route.value.rawValue)" }
    return PolicyTest(
      expectation, .path(from: from.items, to: to.items), traffic.items, route: clauses.route, text: canonical,
      origin: text.range)
  }

  private mutating func groupTest(
    _ expectation: Expectation, _ direction: TrafficDirection, _ tokens: ArraySlice<RuleToken>, after: Range<Int>
  ) -> PolicyTest? {
    let errors = diagnostics.count
    guard let clauses = testClauses(tokens, after: after) else { return nil }
    var traffic = TrafficList()
    readTraffic(clauses.what, into: &traffic)
    let from = clauses.from.map { readPeers($0) }
    let to = clauses.to.map { readPeers($0) }
    guard diagnostics.count == errors else { return nil }
    var canonical = "\(expectation.rawValue) \(direction.rawValue) \(traffic.words.joined(separator: ", "))"
    if let from { canonical += " from \(from.words.joined(separator: ", "))" }
    if let to { canonical += " to \(to.words.joined(separator: ", "))" }
    if let route = clauses.route { canonical += " via \(route.value.rawValue)" }
    return PolicyTest(
      expectation, .group(direction, from: from?.items, to: to?.items), traffic.items, route: clauses.route,
      text: canonical, origin: text.range)
  }

  // MARK: Words

  private mutating func expectation(_ token: RuleToken) -> Expectation? {
    let word = text.text(token.part)
    if let known = Self.expectations.first(where: { $0.rawValue == word }) { return known }
    let lower = word.lowercased()
    let meant = ["oneway": "one-way", "pass": "allow"][lower] ?? ForeignWords.actions[lower]
    let hint =
      Self.expectations.contains { $0.rawValue == lower }
      ? "write '\(lower)'"
      : meant.map { "did you mean '\($0)'?" }
        ?? Suggestion.hint(for: word, in: Self.expectations.map(\.rawValue))
    report(
      "unknown-expectation", "'\(word.excerpt)' is nothing that a test can expect", at: token.part,
      expected: Self.expectationWords, hint: hint)
    return nil
  }

  private mutating func direction(_ tokens: some RandomAccessCollection<RuleToken>, after: Range<Int>?)
    -> TrafficDirection?
  {
    let token = after == nil ? tokens.first : tokens.dropFirst().first
    let word = token.map { text.text($0.part) } ?? ""
    if let known = TrafficDirection(rawValue: word) { return known }
    let meant = ["input": "in", "inbound": "in", "ingress": "in", "output": "out", "outbound": "out", "egress": "out"]
    let lower = word.lowercased()
    let hint =
      TrafficDirection(rawValue: lower) != nil
      ? "write '\(lower)'" : meant[lower].map { "write '\($0)'" } ?? "in and out are seen from the VM"
    report(
      "missing-direction",
      word.isEmpty ? "the direction is missing" : "'\(word.excerpt)' stands where the direction belongs",
      at: token?.part ?? after ?? 0..<0, expected: "in or out", hint: hint)
    return nil
  }

  private func isArrow(_ token: RuleToken) -> Bool { !token.isComma && text.text(token.part) == "->" }

  private mutating func reportMissingArrow(_ tokens: [RuleToken], _ form: String) {
    let glued = tokens.first { text.text($0.part).contains("->") }
    let other = tokens.first { ["→", "=>", "-->", "to"].contains(text.text($0.part)) }
    var hint: String?
    if glued != nil { hint = "put blanks around '->'" }
    if other != nil { hint = "write '->'" }
    if tokens.count > 1, TrafficDirection(rawValue: text.text(tokens[1].part)) != nil {
      hint = "tests of one group stand in the group itself"
    }
    report(
      "missing-arrow", tokens.isEmpty ? "the test is empty" : "nothing says from where to where packets go",
      at: (glued ?? other)?.part ?? 0..<text.bytes.count, expected: form, hint: hint)
  }

  // MARK: Parts

  private struct TestClauses {
    var what: ArraySlice<RuleToken> = []
    var from: ArraySlice<RuleToken>?
    var to: ArraySlice<RuleToken>?
    var route: Located<TestRoute>?
  }

  /// `WHAT [from PEERS] [to PEERS] [via ROUTE]`.
  private mutating func testClauses(_ tokens: ArraySlice<RuleToken>, after: Range<Int>) -> TestClauses? {
    var clauses = TestClauses()
    var parts: [(word: String, part: Range<Int>, tokens: ArraySlice<RuleToken>)] = [("", after, [])]
    var start = tokens.startIndex
    for index in tokens.indices where !tokens[index].isComma {
      let word = text.text(tokens[index].part)
      guard ["from", "to", "via"].contains(word) else { continue }
      if parts.contains(where: { $0.word == word }) {
        report("repeated-word", "'\(word)' is there twice", at: tokens[index].part, hint: "put all into one list")
        return nil
      }
      parts[parts.count - 1].tokens = tokens[start..<index]
      parts.append((word, tokens[index].part, []))
      start = index + 1
    }
    parts[parts.count - 1].tokens = tokens[start...]
    for (word, part, tokens) in parts {
      if tokens.isEmpty { return reportEmpty(word, part) }
      switch word {
      case "from": clauses.from = tokens
      case "to": clauses.to = tokens
      case "via":
        guard let route = route(tokens) else { return nil }
        clauses.route = route
      default: clauses.what = tokens
      }
    }
    return clauses
  }

  private mutating func reportEmpty(_ word: String, _ part: Range<Int>) -> TestClauses? {
    if word.isEmpty {
      report(
        "missing-traffic", "the test does not say what it is about", at: part,
        expected: "any, services such as https, or protocols such as tcp/443")
    } else if word == "via" {
      report("bad-route", "nothing stands behind 'via'", at: part, expected: "bridged, routed or host")
    } else {
      report(
        "missing-peer", "nothing stands behind '\(word)'", at: part, expected: Self.peerExpectation,
        hint: "leave '\(word)' out for everyone, or write '\(word) any'")
    }
    return nil
  }

  private mutating func route(_ tokens: ArraySlice<RuleToken>) -> Located<TestRoute>? {
    guard let first = tokens.first, let last = tokens.last else { return nil }
    let part = first.part.lowerBound..<last.part.upperBound
    let word = text.text(part)
    if let route = TestRoute(rawValue: word) { return Located(value: route, range: text.range(part)) }
    let known = TestRoute.allCases.map(\.rawValue)
    let meant = ["bridge": "bridged", "route": "routed", "router": "routed", "nat": "routed", "local": "host"]
    report(
      "bad-route", "'\(word.excerpt)' is no way for packets", at: part, expected: "bridged, routed or host",
      hint: meant[word.lowercased()].map { "write '\($0)'" } ?? Suggestion.hint(for: word, in: known))
    return nil
  }

  // MARK: Ends

  /// A list of words with commas between them, and what follows.
  private static func firstList(
    _ tokens: ArraySlice<RuleToken>
  ) -> (list: ArraySlice<RuleToken>, rest: ArraySlice<RuleToken>) {
    var end = tokens.startIndex
    while end < tokens.endIndex {
      if end > tokens.startIndex, !tokens[end].isComma, !tokens[end - 1].isComma { break }
      end += 1
    }
    return (tokens[..<end], tokens[end...])
  }

  private mutating func ends(_ tokens: ArraySlice<RuleToken>, beside arrow: Range<Int>, _ form: String) -> PeerList {
    var list = PeerList()
    if tokens.isEmpty {
      report("missing-peer", "an end is missing", at: arrow, expected: form)
    }
    for part in items(of: tokens, .peers) {
      let word = text.text(part)
      guard let peer = end(word, part) else { continue }
      list.items.append(Located(value: peer, range: text.range(part)))
      list.words.append(word)
    }
    checkAny(list.items, isAny: { $0 == .any })
    return list
  }

  /// As a peer, and the name of a VM without `vm:`.
  private mutating func end(_ word: String, _ part: Range<Int>) -> Peer? {
    let isName =
      !word.contains("/") && !word.contains(":") && !word.hasPrefix("@") && !word.hasPrefix("$") && word != "any"
      && NetworkPart(rawValue: word) == nil && MachineName.isValid(word)
    if isName, (try? AddressRange(parsing: word)) == nil { return .machine(word) }
    return peer(word, part)
  }
}
