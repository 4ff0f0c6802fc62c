// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// VMs by name and by label, so that a selector need not look at each of them.
struct MachineIndex {
  /// In the order of the bytes of their names.
  let names: [String]
  private let labels: [[String: String]]
  private let keys: [[UInt8]]
  private let byName: [String: Int]
  private let byLabel: [String: [String: [Int]]]
  private let byMAC: [MACAddress: [Int]]

  /// What a selector can look at.
  struct Facts {
    var labels: [String: String] = [:]
    var macs: Set<MACAddress> = []
  }

  /// - Parameter machines: by name.
  init(_ machines: [String: Facts]) {
    let sorted = machines.map { (key: Array($0.key.utf8), name: $0.key, facts: $0.value) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    names = sorted.map(\.name)
    labels = sorted.map(\.facts.labels)
    keys = sorted.map(\.key)
    var byName: [String: Int] = [:]
    byName.reserveCapacity(sorted.count)
    var byLabel: [String: [String: [Int]]] = [:]
    var byMAC: [MACAddress: [Int]] = [:]
    for (index, machine) in sorted.enumerated() {
      byName[machine.name] = index
      for (label, value) in machine.facts.labels { byLabel[label, default: [:]][value, default: []].append(index) }
      for mac in machine.facts.macs { byMAC[mac, default: []].append(index) }
    }
    self.byName = byName
    self.byLabel = byLabel
    self.byMAC = byMAC
  }

  subscript(name: String) -> Int? { byName[name] }

  /// The VMs that a selector selects, by their indices in `names`, lowest first; of MAC addresses, those that have one.
  func select(_ selector: MachineSelector) -> [Int] {
    if selector.names.isEmpty, !selector.macs.isEmpty {
      return Set(selector.macs.flatMap { byMAC[$0] ?? [] }).sorted()
        .filter { hasLabels($0, selector.labels, except: nil) }
    }
    if selector.names.isEmpty {
      let candidates = selector.labels.map { ($0.key, indices(ofLabel: $0.key, $0.value)) }
      guard let fewest = candidates.min(by: { $0.1.count < $1.1.count }) else { return Array(names.indices) }
      return fewest.1.filter { index in hasLabels(index, selector.labels, except: fewest.0) }
    }
    return indices(named: selector.names).filter { hasLabels($0, selector.labels, except: nil) }
  }

  private func hasLabels(_ index: Int, _ wanted: [String: [NamePattern]], except done: String?) -> Bool {
    wanted.allSatisfy { label, patterns in
      label == done || labels[index][label].map { value in patterns.contains { $0.matches(value) } } ?? false
    }
  }

  private func indices(ofLabel label: String, _ patterns: [NamePattern]) -> [Int] {
    guard let values = byLabel[label] else { return [] }
    if patterns.count == 1, patterns[0].isLiteral { return values[patterns[0].text] ?? [] }
    return values.filter { value, _ in patterns.contains { $0.matches(value) } }.flatMap(\.value).sorted()
  }

  private func indices(named patterns: [NamePattern]) -> [Int] {
    if patterns.count == 1 { return indices(named: patterns[0]) }
    return Set(patterns.flatMap { indices(named: $0) }).sorted()
  }

  private func indices(named pattern: NamePattern) -> [Int] {
    let text = Array(pattern.text.utf8)
    let wildcards: [UInt8] = [UInt8(ascii: "*"), UInt8(ascii: "?")]
    guard let wildcard = text.firstIndex(where: wildcards.contains) else {
      return byName[pattern.text].map { [$0] } ?? []
    }
    let prefix = text[..<wildcard]
    let first = firstIndex { !$0.lexicographicallyPrecedes(prefix) }
    let last = firstIndex { !$0.starts(with: prefix) && !$0.lexicographicallyPrecedes(prefix) }
    if wildcard == text.count - 1, text[wildcard] == UInt8(ascii: "*") { return Array(first..<last) }
    return (first..<last).filter { pattern.matches(names[$0]) }
  }

  /// The first name that fulfils a condition which all later names fulfil as well.
  private func firstIndex(where condition: ([UInt8]) -> Bool) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if condition(keys[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
