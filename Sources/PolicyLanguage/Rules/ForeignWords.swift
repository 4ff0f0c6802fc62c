// SPDX-License-Identifier: Apache-2.0

/// Words of other rule languages, and of other parts of this one, and what to write in their place.
enum ForeignWords {
  static let actions = [
    "accept": "allow", "permit": "allow", "acept": "allow", "pas": "pass", "deny": "drop", "block": "drop",
    "discard": "drop", "refuse": "reject", "return": "pass", "continue": "pass", "next": "pass",
  ]

  static let directions: Set<String> = ["in", "out", "inout", "input", "output", "inbound", "outbound"]

  /// What to do about a word that stands behind another without a comma; nil for one that is not known.
  static func hint(_ word: String) -> String? { hints[word.lowercased()] }

  /// What to do about a word that can be nothing but a mistake wherever it stands.
  static func hintAnywhere(_ word: String) -> String? { certain.contains(word) ? hints[word] : nil }

  /// `tcp 80`, `port 80`, `80 tcp`.
  static func separatedPorts(_ left: String, _ right: String) -> String? {
    let words = [left, right]
    guard let ports = words.first(where: isPorts) else { return nil }
    let other = ports == left ? right : left
    if ProtocolWords.withPorts[other] != nil { return "write '\(other)/\(ports.excerpt)'" }
    return certain.contains(other) ? "write the port behind its protocol, as in 'tcp/\(ports.excerpt)'" : nil
  }

  /// `group web`, `10.0.0.1 - 10.0.0.9`.
  static func separatedPeer(_ left: String, _ right: String) -> String? {
    switch left {
    case "group", "group:", "vm", "vm:": "write '\(left.filter { $0 != ":" }):\(right.excerpt)'"
    case "set", "set:", "@": "write '@\(right.excerpt)'"
    default: right == "-" || right == "–" ? "write a range without blanks, as in 10.0.0.1-10.0.0.9" : nil
    }
  }

  private static func isPorts(_ word: String) -> Bool {
    word.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
      && word.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") }
  }

  private static let certain: Set<String> = ["port", "ports", "dport", "sport", "proto", "not", "src", "dst"]

  private static let hints: [String: String] = {
    var hints: [String: String] = [:]
    func add(_ words: String, _ hint: String) {
      for word in words.split(separator: " ") { hints[String(word)] = hint }
    }
    add("port ports dport", "write the port behind its protocol, as in 'tcp/80'")
    add("sport", "use the mapping form with from-port")
    add("proto protocol", "write the protocol itself, as in 'tcp/80', or 'protocol/99'")
    add("in out on dev interface via", "the direction is the list that a rule is in, in: or out:")
    add("src source saddr", "write 'from'")
    add("dst dest destination daddr", "write 'to'")
    add("and or & && | +", "separate by commas")
    add("not ! except", "there is no negation: put a rule before this one, or use a set with except:")
    add(
      "until expires limit stateless owner ticket comment name enabled",
      "use the mapping form: {rule: \"…\", KEY: VALUE}")
    add("log", "rules do not log")
    return hints
  }()
}
