// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Finds rules of a list that can all be left out without any packet being decided differently.
struct RuleCoverage {
  enum Kind: Hashable {
    /// Earlier rules decide all of its packets, some of them otherwise.
    case shadowed
    /// Other rules decide all of its packets, and as it does.
    case redundant
  }

  struct Finding {
    var rule: Int
    var kind: Kind
    /// The rules that decide its packets, in their order.
    var covers: [Int]
  }

  private(set) var findings: [Finding] = []
  private let rules: [ResolvedRule]
  private let bounds: [PacketBounds]
  private let scopes: [Int]
  /// Of each rule, whether it stays when all that were found are left out.
  private var isKept: [Bool] = []

  /// - Parameters:
  ///   - rules: first match wins.
  ///   - scopes: of each rule, where it is written: 0 in the group. What a preset says for all its users is not held
  ///     against what one of them says before it, so a rule of another scope is compared with rules of the same one.
  init(_ rules: [ResolvedRule], scopes: [Int]) {
    self.rules = rules
    self.scopes = scopes
    bounds = rules.count > 1 ? rules.map { PacketBounds($0.packets) } : []
    guard rules.count > 1 else { return }
    isKept = Array(repeating: true, count: rules.count)
    for index in rules.indices {
      if let finding = coveredByEarlier(index) { add(finding) }
    }
    // One after the other: of two equal rules one stays.
    for index in rules.indices where isKept[index] {
      if let finding = coveredByLater(index) { add(finding) }
    }
    findings.sort { $0.rule < $1.rule }
  }

  private mutating func add(_ finding: Finding) {
    findings.append(finding)
    isKept[finding.rule] = false
  }

  private func mayCover(_ other: Int, _ index: Int) -> Bool { scopes[index] == 0 || scopes[other] == scopes[index] }

  private func coveredByEarlier(_ index: Int) -> Finding? {
    let rule = rules[index]
    let near = meeting(index, 0..<index).filter { isKept[$0] && mayCover($0, index) }
    guard !near.isEmpty, rule.packets.isSubset(of: union(near)) else { return nil }
    var open = rule.packets
    var covers: [Int] = []
    for other in near where rules[other].packets.intersects(open) {
      covers.append(other)
      open = open.subtracting(rules[other].packets)
    }
    let isRedundant = covers.allSatisfy { rules[$0].actsLike(rule) }
    return Finding(rule: index, kind: isRedundant ? .redundant : .shadowed, covers: covers)
  }

  /// A rule without which its packets would go on to later rules that decide them as it does.
  private func coveredByLater(_ index: Int) -> Finding? {
    let rule = rules[index]
    // A limit counts the connections of its rule.
    guard rule.connectionLimit == nil else { return nil }
    let later = meeting(index, index + 1..<rules.count)
    let alike = later.filter { isKept[$0] && mayCover($0, index) && rules[$0].actsLike(rule) }
    guard !alike.isEmpty else { return nil }
    let earlier = meeting(index, 0..<index).filter { isKept[$0] }
    guard rule.packets.isSubset(of: union(earlier + alike)) else { return nil }
    var open = earlier.reduce(rule.packets) { $0.subtracting(rules[$1].packets) }
    var covers: [Int] = []
    for other in later where rules[other].packets.intersects(open) {
      // Also a rule that was found itself: without this one it would decide.
      guard mayCover(other, index), rules[other].actsLike(rule) else { return nil }
      guard isKept[other] else { continue }
      covers.append(other)
      open = open.subtracting(rules[other].packets)
    }
    return open.isEmpty && !covers.isEmpty ? Finding(rule: index, kind: .redundant, covers: covers) : nil
  }

  private func meeting(_ index: Int, _ others: Range<Int>) -> [Int] {
    // Of long lists most rules are far from each other.
    others.filter { bounds[$0].mayMeet(bounds[index]) && rules[$0].packets.intersects(rules[index].packets) }
  }

  private func union(_ indices: [Int]) -> PacketSet { PacketSet(indices.flatMap { rules[$0].packets.regions }) }
}
