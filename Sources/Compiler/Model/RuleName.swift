// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
import FilterModel

/// Names of rules in their group: given by hand, or derived from direction and text.
public enum RuleName {
  /// Characters of a name at most.
  public static let longest = 60
  public static let expectation = "lower-case letters, digits and hyphens, at most \(longest) characters in all"

  /// How much of a long name is kept beside its digest.
  private static let longestStem = 47
  private static let digestDigits = 12

  public static func isValid(_ name: String) -> Bool {
    (1...longest).contains(name.utf8.count)
      && name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
  }

  /// The name of a rule of which none is given, e.g. `in-allow-http-https-from-office`.
  ///
  /// It depends on the canonical text only, so it stays the same when rules move.
  public static func derived(for rule: PolicyRule, direction: TrafficDirection) -> String {
    derived(from: "\(direction.rawValue) \(rule.text)")
  }

  static func derived(from text: String) -> String {
    var slug: [UInt8] = []
    slug.reserveCapacity(text.utf8.count)
    var isGap = false
    var run = Run()
    for byte in text.utf8 {
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      // A range is no list: 80-443 becomes 80-to-443, 80,443 becomes 80-443.
      if byte == UInt8(ascii: "-"), run.isNumber { slug += "-to".utf8 }
      run.add(byte)
      guard isUpper || isWord(byte) else {
        isGap = true
        continue
      }
      if isGap, !slug.isEmpty { slug.append(UInt8(ascii: "-")) }
      isGap = false
      slug.append(isUpper ? byte | 0x20 : byte)
    }
    guard slug.count > longest else { return String(decoding: slug, as: UTF8.self) }
    return String(decoding: slug.prefix(longestStem), as: UTF8.self) + "-"
      + SHA1.hexDigest(text).prefix(digestDigits)
  }

  /// What stands since the last blank, comma or slash: whether a hyphen behind it makes a range of it.
  private struct Run {
    private var isEmpty = true
    private var isDecimal = true
    private var isAddress = true
    private var hasSeparator = false

    /// `80`, `10.0.0.1`, `2001:db8::1`; not `fe-1`, `node-exporter` or `group:web-1`.
    var isNumber: Bool { !isEmpty && (isDecimal || isAddress && hasSeparator) }

    mutating func add(_ byte: UInt8) {
      if [UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: "/")].contains(byte) {
        self = Run()
        return
      }
      isEmpty = false
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): isDecimal = false
      case UInt8(ascii: "."), UInt8(ascii: ":"): (isDecimal, hasSeparator) = (false, true)
      default: (isDecimal, isAddress) = (false, false)
      }
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: false
    }
  }
}

extension PolicyRule {
  /// What the rule is known by in its group: the name that it was given, else one derived from direction and text.
  public func name(_ direction: TrafficDirection) -> String {
    name?.value ?? RuleName.derived(for: self, direction: direction)
  }
}

extension RuleSet {
  /// Rules of one name: nothing could tell them apart.
  ///
  /// - Parameter kind: what the rules are of, for messages: `group` or `preset`.
  public func duplicateNames(_ kind: String) -> [Diagnostic] {
    var places: [String: SourceRange] = [:]
    places.reserveCapacity(inbound.count + outbound.count)
    var found: [Diagnostic] = []
    for (rules, direction) in [(inbound, TrafficDirection.in), (outbound, .out)] {
      for rule in rules {
        let ruleName = rule.name(direction)
        let range = rule.name?.range ?? rule.origin
        guard let first = places.updateValue(range, forKey: ruleName) else { continue }
        places[ruleName] = first
        found.append(
          Diagnostic(
            "duplicate-rule-name", "two rules of \(kind) '\(name.value)' have the name '\(ruleName)'", at: range,
            hint: rule.name == nil
              ? "remove one of them, or give one a name: {rule: \"\(rule.text)\", name: …}" : "rename one of them",
            notes: [Diagnostic.Note("the first one", at: first)]))
      }
    }
    return found
  }
}
