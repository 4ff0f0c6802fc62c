// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// What libvirt's ebtables and iptables backend makes of a filter and those it refers to (nwfilter_ebiptables_driver.c).
struct FilterProgram {
  private let layer2: EthernetChains
  private let layer3: [AddressFamily: PacketChains]

  /// - Parameters:
  ///   - filters: by name; all that are referred to.
  ///   - variables: of the binding.
  init(_ root: Filter, filters: [String: Filter], variables: [String: [String]]) {
    var rules: [PlacedRule] = []
    func visit(_ filter: Filter) {
      for entry in filter.entries {
        switch entry {
        case .rule(let rule):
          rules.append(
            PlacedRule(rule: rule, chain: filter.chain, chainPriority: filter.priority, priority: rule.priority))
        case .reference(let reference): visit(filters[reference.filter]!)
        }
      }
    }
    visit(root)
    // libvirt's sort is stable with glibc; rules of other chains come after those of the root chain, and are clamped only then.
    var sorted = rules.enumerated().sorted { left, right in
      let (first, second) = (left.element, right.element)
      if first.isInRoot != second.isInRoot { return first.isInRoot }
      return first.priority != second.priority ? first.priority < second.priority : left.offset < right.offset
    }.map(\.element)
    for index in sorted.indices where !sorted[index].isInRoot {
      sorted[index].priority = max(sorted[index].priority, sorted[index].chainPriority)
    }
    layer2 = EthernetChains(sorted, variables: variables)
    var layer3: [AddressFamily: PacketChains] = [:]
    for family in AddressFamily.allCases { layer3[family] = PacketChains(sorted, family) }
    self.layer3 = layer3
  }

  /// What becomes of a frame that the VM sends.
  func sent(_ frame: Frame, _ tracking: Tracking, _ path: FramePath) -> Outcome {
    guard layer2.accepts(frame, .fromMachine) else { return .dropped }
    guard case .packet(let packet) = frame.content else { return .accepted }
    let outcome = layer3[packet.family]!.outcome(packet, tracking, path == .host ? .toHost : .fromMachine)
    // The end of these chains leaves the packet to the other end, and libvirt-in-post then accepts it.
    return outcome == .undecided ? .accepted : outcome
  }

  /// What becomes of a frame to the VM.
  func received(_ frame: Frame, _ tracking: Tracking, _ path: FramePath) -> Outcome {
    // Only what a bridge forwards meets the chain towards the VM.
    if path == .bridged, case .packet(let packet) = frame.content {
      let outcome = layer3[packet.family]!.outcome(packet, tracking, .toMachine)
      if outcome != .accepted { return outcome }
    }
    return layer2.accepts(frame, .toMachine) ? .accepted : .dropped
  }

  /// Whether layer 2 lets a frame to the VM pass.
  func layer2Accepts(_ frame: Frame) -> Bool { layer2.accepts(frame, .toMachine) }
}

/// A rule with the chain of its filter.
struct PlacedRule {
  var rule: Rule
  var chain: String
  var chainPriority: Int
  var priority: Int

  var isInRoot: Bool { chain == Chain.root }
}

extension Match {
  func number(_ name: String) -> UInt32? {
    guard case .number(let number)? = self[name]?.value else { return nil }
    return number
  }

  func ports(_ end: String) -> ClosedRange<UInt16>? {
    number("\(end)portstart").map { UInt16($0)...UInt16(number("\(end)portend") ?? $0) }
  }

  /// The addresses of one end as the attributes say; nil for all.
  func addresses(_ end: String, _ family: AddressFamily) -> AddressSet? {
    func number(_ name: String) -> UInt128? {
      switch self[name]?.value {
      case .ipv4(let address)?: address.number
      case .ipv6(let address)?: address.number
      default: nil
      }
    }
    if let first = number("\(end)ipfrom") { return AddressSet(first...(number("\(end)ipto") ?? first)) }
    guard let address = number("\(end)ipaddr") else { return nil }
    var length = family.bitCount
    if case .prefixLength(let given)? = self["\(end)ipmask"]?.value { length = Int(given) }
    return AddressSet(AddressSet.prefix(first: address, length: length, family: family))
  }
}
