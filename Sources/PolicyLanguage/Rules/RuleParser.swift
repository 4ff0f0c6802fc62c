// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics

/// Reads texts in the grammar of rules: whole rules, and the lists that they are made of.
///
/// `ACTION WHAT [from PEERS] [to PEERS]`. Whether the sets, services, groups, VMs and parameters that are named exist is the
/// compiler's business.
struct RuleParser {
  /// Where a text stands: not everything makes sense everywhere.
  enum Place {
    case rule, admins, service, set, parameter, test
  }

  let place: Place
  var diagnostics: [Diagnostic] = []
  /// The text that is being read.
  var text = RuleText(Node.Scalar(text: "", style: .plain), RuleParser.nowhere)

  init(_ place: Place) { self.place = place }

  /// A rule with nothing but what its line says; nil where something is wrong, which is reported.
  mutating func rule(_ text: RuleText) -> PolicyRule? {
    self.text = text
    if reportForeignBlank() { return nil }
    let tokens = text.tokens()
    guard let first = tokens.first else {
      report("missing-value", "the rule is empty", at: 0..<0, expected: Self.form)
      return nil
    }
    let errors = diagnostics.count
    guard let verdict = verdict(first, tokens[...]), let clauses = clauses(tokens[1...], action: first.part) else {
      return nil
    }
    var traffic = TrafficList()
    readTraffic(clauses.what, into: &traffic)
    let from = clauses.from.map { readPeers($0) }
    let to = clauses.to.map { readPeers($0) }
    guard diagnostics.count == errors else { return nil }
    var canonical = "\(verdict.rawValue) \(traffic.words.joined(separator: ", "))"
    if let from { canonical += " from \(from.words.joined(separator: ", "))" }
    if let to { canonical += " to \(to.words.joined(separator: ", "))" }
    return PolicyRule(
      verdict, traffic.items, from: from?.items, to: to?.items, text: canonical, origin: text.range)
  }

  /// What texts that belong to one list are about; nil where something is wrong, which is reported.
  mutating func traffic(_ texts: [RuleText]) -> [Located<Traffic>]? {
    let errors = diagnostics.count
    var list = TrafficList()
    for text in texts {
      self.text = text
      if reportForeignBlank() { continue }
      readTraffic(text.tokens()[...], into: &list)
    }
    return diagnostics.count == errors ? list.items : nil
  }

  /// Whom texts that belong to one list name; nil where something is wrong, which is reported.
  mutating func peers(_ texts: [RuleText]) -> [Located<Peer>]? {
    let errors = diagnostics.count
    var peers: [Located<Peer>] = []
    for text in texts {
      self.text = text
      if reportForeignBlank() { continue }
      peers += readPeers(text.tokens()[...]).items
    }
    if texts.count > 1 { checkAny(peers, isAny: { $0 == .any }) }
    return diagnostics.count == errors ? peers : nil
  }

  /// Ports alone: `80, 8000-8010`; nil where something is wrong, which is reported.
  mutating func ports(_ texts: [RuleText]) -> [PortRange]? {
    let errors = diagnostics.count
    var ports: [PortRange] = []
    for text in texts {
      self.text = text
      ports += items(of: text.tokens()[...], .ports).compactMap { portRange($0, of: nil) }
    }
    return diagnostics.count == errors ? ports : nil
  }

  /// What looks like a blank, and is none: copied from a page, mostly.
  private mutating func reportForeignBlank() -> Bool {
    guard let part = text.foreignBlank else { return false }
    let scalar = text.text(part).unicodeScalars.first.map { String($0.value, radix: 16, uppercase: true) } ?? ""
    report(
      "bad-blank",
      "a character that only looks like a blank (U+\(String(repeating: "0", count: 4 - scalar.count))\(scalar))",
      at: part, hint: "write an ordinary blank")
    return true
  }

  // MARK: Parts of a rule

  private struct Clauses {
    var what: ArraySlice<RuleToken> = []
    var from: ArraySlice<RuleToken>?
    var to: ArraySlice<RuleToken>?
  }

  /// nil where the rest of the line would be misread as well.
  private mutating func verdict(_ token: RuleToken, _ tokens: ArraySlice<RuleToken>) -> Verdict? {
    let word = text.text(token.part)
    if let verdict = Verdict(rawValue: word) { return verdict }
    let known = Verdict.allCases.map(\.rawValue)
    if let verdict = Verdict(rawValue: word.lowercased()) {
      report(
        "letter-case", "'\(word.excerpt)' is written in lower case", at: token.part, hint: "write '\(verdict.rawValue)'"
      )
      return verdict
    }
    let meant = ForeignWords.actions[word.lowercased()] ?? Suggestion.nearest(to: word, in: known)
    var hint = meant.map { "did you mean '\($0)'?" }
    if ForeignWords.directions.contains(word.lowercased()) {
      hint = "the direction is the list that a rule is in, in: or out:; begin with the action"
    } else if hint == nil, tokens.count == 1 || tokens.contains(where: { keyword($0.part) != nil }) {
      hint = "a rule begins with its action: 'allow \(word.excerpt)…'"
    }
    report(
      "unknown-action", "'\(word.excerpt)' is no action", at: token.part,
      expected: "\(known.dropLast().joined(separator: ", ")) or \(known.last ?? "")", hint: hint)
    return meant.flatMap(Verdict.init(rawValue:))
  }

  private mutating func clauses(_ tokens: ArraySlice<RuleToken>, action: Range<Int>) -> Clauses? {
    var clauses = Clauses()
    var places: [String: Range<Int>] = [:]
    var current: (word: String, part: Range<Int>)?
    var start = tokens.startIndex
    for index in tokens.indices where !tokens[index].isComma {
      let part = tokens[index].part
      guard let word = keyword(part) else { continue }
      if text.text(part) != word {
        report("letter-case", "'\(text.text(part))' is written in lower case", at: part, hint: "write '\(word)'")
      }
      if let first = places.updateValue(part, forKey: word) {
        diagnostics.append(
          Diagnostic(
            "repeated-word", "'\(word)' is there twice", at: text.range(part),
            hint: "put all peers into one list, '\(word) A, B', or make two rules of it",
            notes: [Diagnostic.Note("the first one", at: text.range(first))]))
        return nil
      }
      guard close(current, tokens[start..<index], action, &clauses) else { return nil }
      current = (word, part)
      start = index + 1
    }
    return close(current, tokens[start...], action, &clauses) ? clauses : nil
  }

  private mutating func close(
    _ keyword: (word: String, part: Range<Int>)?, _ tokens: ArraySlice<RuleToken>, _ action: Range<Int>,
    _ clauses: inout Clauses
  ) -> Bool {
    guard let keyword else {
      if tokens.isEmpty {
        report(
          "missing-traffic", "the rule does not say what it is about", at: action,
          expected: "any, services such as https, or protocols such as tcp/443, behind the action",
          hint: "any says everything: '\(text.text(action)) any …'")
      }
      clauses.what = tokens
      return !tokens.isEmpty
    }
    if tokens.isEmpty {
      report(
        "missing-peer", "nothing stands behind '\(keyword.word)'", at: keyword.part, expected: Self.peerExpectation,
        hint: "leave '\(keyword.word)' out for everyone, or write '\(keyword.word) any'")
      return false
    }
    if keyword.word == "from" { clauses.from = tokens } else { clauses.to = tokens }
    return true
  }

  private func keyword(_ part: Range<Int>) -> String? {
    guard part.count == 2 || part.count == 4 else { return nil }
    let word = text.text(part).lowercased()
    return word == "from" || word == "to" ? word : nil
  }

  // MARK: Tools of the lists

  enum ListKind { case traffic, peers, ports }

  /// The words of a list, which commas separate.
  mutating func items(of tokens: ArraySlice<RuleToken>, _ kind: ListKind) -> [Range<Int>] {
    var items: [Range<Int>] = []
    var expectsItem = true
    for token in tokens {
      if token.isComma {
        if expectsItem { reportExtraComma(token.part) }
        expectsItem = true
      } else if expectsItem {
        items.append(token.part)
        expectsItem = false
      } else {
        guard let last = items.last else { return items }
        let left = text.text(last)
        // Such a word is reported where it is read.
        if ForeignWords.hintAnywhere(left) != nil, ForeignWords.separatedPorts(left, text.text(token.part)) == nil {
          return items
        }
        guard reportNeighbours(last, token.part, kind) else {
          items.removeLast()
          return items
        }
        items.append(token.part)
      }
    }
    if expectsItem, !items.isEmpty, let last = tokens.last { reportExtraComma(last.part) }
    return items
  }

  /// `form`, `fom`; a service or a protocol of such a name only lacks a comma.
  private static func misspeltKeyword(_ word: String) -> String? {
    guard (3...5).contains(word.utf8.count), ServiceCatalogue[word] == nil, !ProtocolWords.isReserved(word) else {
      return nil
    }
    return Suggestion.nearest(to: word, in: ["from"])
  }

  private mutating func reportExtraComma(_ part: Range<Int>) {
    report(
      "extra-comma", "this comma separates nothing", at: part, hint: "remove it, or write what is missing beside it")
  }

  /// Two words without a comma between them; false where the rest would be misread as well.
  private mutating func reportNeighbours(_ first: Range<Int>, _ second: Range<Int>, _ kind: ListKind) -> Bool {
    let (left, right) = (text.text(first), text.text(second))
    let both = first.lowerBound..<second.upperBound
    if kind == .traffic, let hint = ForeignWords.separatedPorts(left, right) {
      report("bad-traffic", "'\(text.text(both).excerpt)' is no protocol with ports", at: both, hint: hint)
      return false
    }
    if kind == .peers, let hint = ForeignWords.separatedPeer(left, right) {
      report("bad-peer", "'\(text.text(both).excerpt)' is no peer", at: both, hint: hint)
      return false
    }
    if let keyword = Self.misspeltKeyword(right) {
      report(
        "unexpected-word", "'\(right.excerpt)' means nothing here", at: second, expected: Self.form,
        hint: "did you mean '\(keyword)'?")
      return false
    }
    if let hint = ForeignWords.hint(right) {
      report("unexpected-word", "'\(right.excerpt)' means nothing here", at: second, expected: Self.form, hint: hint)
      return false
    }
    report(
      "missing-comma", "there is no comma before '\(right.excerpt)'", at: second,
      hint: "write '\(left.excerpt), \(right.excerpt)', if both are meant")
    return true
  }

  mutating func checkAny<Value: Hashable & Sendable>(_ items: [Located<Value>], isAny: (Value) -> Bool) {
    guard items.count > 1, let any = items.first(where: { isAny($0.value) }) else { return }
    diagnostics.append(
      Diagnostic(
        "any-with-others", "'any' beside others", at: any.range,
        hint: "any says everything already: remove it, or the others"))
  }

  mutating func report(
    _ code: Diagnostic.Code, _ message: String, at part: Range<Int>, expected: String? = nil, hint: String? = nil
  ) {
    diagnostics.append(Diagnostic(code, message, at: text.range(part), expected: expected, hint: hint))
  }

  static let form = "ACTION WHAT [from PEERS] [to PEERS], such as 'allow http, https from 192.0.2.0/24'"
  static let peerExpectation =
    "addresses such as 192.0.2.0/24, @SET, group:NAME, vm:NAME, host, gateway, dns, network or any"

  private static let nowhere = SourceRange(
    file: "", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 1))
}
