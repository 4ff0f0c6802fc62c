// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Foundation
import Glibc
import PacketPath

/// A rule as a tool lists it, or as the program has it, in a form in which the two can be compared.
struct ListedRule: Hashable {
  /// Those that every frame satisfies left out.
  var conditions: Set<Condition>
  var target: String

  init(_ conditions: some Sequence<Condition>, _ target: String) {
    self.conditions = Set(conditions.filter { !$0.isTrivial })
    self.target = target
  }

  /// A rule of the program at a hook of the kernel.
  init(_ rule: KernelRule, _ stage: Stage, port: String) {
    let target =
      switch rule.target {
      case .accept:
        // What the VM sends only leaves its own chain.
        switch stage.hook {
        case .forwardFromMachine, .inputFromMachine: "RETURN"
        default: "ACCEPT"
        }
      case .drop: "DROP"
      case .reject: "REJECT"
      case .return: "RETURN"
      case .continue: "CONTINUE"
      case .jump(let place): stage.hook.chainName(stage.subchains[place].name, port: port)
      }
    self.init(rule.conditions, target)
  }
}

extension Condition {
  fileprivate var isTrivial: Bool {
    guard case .range(let field, let range) = test, !isNegated else { return false }
    return range == 0...field.last || (field == .source || field == .destination) && range == 0...0xffff_ffff
  }
}

/// Words of a rule, taken one after another.
struct RuleWords {
  private var words: ArraySlice<String>
  var conditions: [Condition] = []
  var isNegated = false

  /// - Parameter line: quoted words keep their blanks.
  init(_ line: String) {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in line {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == " ", !isQuoted {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    if !word.isEmpty { words.append(word) }
    self.words = words[...]
  }

  var isAtEnd: Bool { words.isEmpty }

  mutating func next() -> String { words.popFirst() ?? "" }

  /// The next word; a `!` before it negates the condition.
  mutating func value() -> String {
    let word = next()
    guard word == "!" else { return word }
    isNegated = true
    return next()
  }

  /// Adds a condition with the sign that was read.
  mutating func add(_ condition: Condition) {
    conditions.append(isNegated ? Condition(condition.test, isNegated: !condition.isNegated) : condition)
    isNegated = false
  }

  // MARK: Values

  static func number(_ text: String) -> UInt128 {
    text.hasPrefix("0x") ? UInt128(text.dropFirst(2), radix: 16)! : UInt128(text) ?? 999_999
  }

  static func numbers(_ text: String) -> (UInt128, UInt128) {
    let parts = text.split(separator: ":").map { number(String($0)) }
    return (parts[0], parts.last!)
  }

  static func protocolNumber(_ name: String) -> UInt128 {
    if let number = UInt128(name) { return number }
    guard let entry = getprotobyname(name) else { return 999 }
    return UInt128(entry.pointee.p_proto)
  }

  static func address(_ text: String, _ field: Field) -> Condition {
    let parts = text.split(separator: "/").map(String.init)
    let (family, address) = numberOfAddress(parts[0])
    var mask = family.lastAddress
    if parts.count == 2 {
      if let length = Int(parts[1]) {
        mask = family.lastAddress & ~(family.lastAddress >> UInt128(length))
      } else {
        mask = numberOfAddress(parts[1]).1
      }
    }
    return .masked(field, address, mask: field.last > family.lastAddress ? mask | ~family.lastAddress : mask)
  }

  static func range(_ text: String, _ field: Field) -> Condition {
    let ends = text.split(separator: "-").map { numberOfAddress(String($0)).1 }
    return .between(field, ends[0], ends[1])
  }

  private static func numberOfAddress(_ text: String) -> (AddressFamily, UInt128) {
    switch IPAddress(text)! {
    case .ipv4(let address): (.ipv4, address.number)
    case .ipv6(let address): (.ipv6, address.number)
    }
  }

  static func mac(_ text: String, _ field: Field) -> Condition {
    let named = [
      "BGA": "01:80:c2:00:00:00", "Broadcast": "ff:ff:ff:ff:ff:ff",
      "Multicast": "01:00:00:00:00:00/01:00:00:00:00:00", "Unicast": "00:00:00:00:00:00/01:00:00:00:00:00",
    ]
    let parts = (named[text] ?? text).split(separator: "/").map { UInt128(MACAddress(String($0))!.bits) }
    return .masked(field, parts[0], mask: parts.count == 2 ? parts[1] : field.last)
  }
}
