// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `sets: {NAME: [PEERS…], NAME: {members: [PEERS…], except: [PEERS…], comment: TEXT}}`.
extension FileDecoder {
  private static let setKeys = ["members", "except", "comment"]
  private static let setExpectation = "addresses, prefixes, ranges, @SET, group:NAME or vm:NAME"

  mutating func decodeSets(_ node: Node) {
    let expected = "a mapping of set names, such as office: [192.0.2.0/24]"
    guard let sets = entries(of: node, "sets", expected: expected) else { return }
    for set in sets { decodeSet(set) }
  }

  private mutating func decodeSet(_ entry: Node.Entry) {
    let what = "set '\(entry.name.excerpt)'"
    checkName(entry, "set", "bad-set-name")
    var set = AddressSetDefinition(name: Located(value: entry.name, range: keyRange(entry)), members: [])
    defer {
      if result.role == .environment { result.environment?.sets.append(set) } else { result.sets.append(set) }
    }
    guard case .mapping(let fields, _) = entry.value.content, fields.first.flatMap(Self.colonHint) == nil else {
      set.members = setMembers(entry.value, what)
      return
    }
    var hasMembers = false
    for field in fields {
      switch field.name {
      case "members":
        hasMembers = true
        set.members = setMembers(field.value, "members of \(what)")
      case "except": set.except = setMembers(field.value, "except of \(what)")
      case "comment": _ = text(of: field.value, "comment of \(what)", expected: "a text")
      default: unknownKey(field, in: what, known: Self.setKeys)
      }
    }
    if !hasMembers {
      report(
        "missing-key", "\(what) does not say what is in it", at: keyRange(entry),
        hint: "add members: […]; [] says that nothing is")
    }
  }

  /// An empty list is a set of nothing, which is no mistake by itself.
  private mutating func setMembers(_ node: Node, _ what: String) -> [Located<Peer>] {
    if node.isNull {
      wrongKind(node, what, expected: Self.setExpectation, hint: "[] says that nothing is in it")
      return []
    }
    return peers(of: node, what, in: .set) ?? []
  }

  /// Names of sets and services.
  mutating func checkName(_ entry: Node.Entry, _ kind: String, _ code: Diagnostic.Code) {
    if Identity.isValidName(entry.name) { return }
    let lower = entry.name.lowercased().map { $0 == "_" || $0 == " " || $0 == "." ? "-" : $0 }
    let hint = String(entry.name.hasPrefix("@") ? lower.dropFirst() : lower[...])
    report(
      code, "'\(entry.name.excerpt)' is no name for a \(kind)", at: keyRange(entry).widened,
      expected: Identity.nameExpectation, hint: Identity.isValidName(hint) ? "write '\(hint)'" : nil)
  }
}
