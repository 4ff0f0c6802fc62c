// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// Each attribute of each protocol alone, with what it needs beside it: a literal value, a variable where one is allowed,
/// and negated where that means anything. Made from the model's table.
public func attributeCases() -> [(name: String, filter: Filter)] {
  FilterProtocol.allCases.flatMap { filterProtocol in
    filterProtocol.attributes.indices.flatMap { cases(of: filterProtocol, $0) }
  }
}

private func cases(of filterProtocol: FilterProtocol, _ index: Int) -> [(name: String, filter: Filter)] {
  let definition = filterProtocol.attributes[index]
  let name = "case-\(filterProtocol.name)-\(definition.name)"
  func filter(_ suffix: String, _ match: Match) -> (name: String, filter: Filter) {
    (name + suffix, Filter(name: name + suffix, entries: [.rule(Rule(.accept, .out, match: match))]))
  }
  var cases: [(name: String, filter: Filter)] = []
  if definition.refusal == nil {
    let literal = definition.kind.sample(at: definition.base == nil ? 1 : 2)
    cases.append(filter("", match(filterProtocol, index, literal, isNegated: false)))
    if definition.isNegatable {
      cases.append(filter("-negated", match(filterProtocol, index, literal, isNegated: true)))
    }
  }
  if definition.kind.takesVariables, definition.refusal == nil || definition.refusalSparesVariables {
    let variable = Value.variable(VariableReference("VALUE"))
    cases.append(filter("-variable", match(filterProtocol, index, variable, isNegated: false)))
  }
  return cases
}

/// The attribute and what libvirt wants to see beside it, all of one sign.
private func match(_ filterProtocol: FilterProtocol, _ index: Int, _ value: Value, isNegated: Bool) -> Match {
  let attributes = filterProtocol.attributes
  var match = Match(filterProtocol)
  match.set(index, value, isNegated: isNegated)
  var waiting = [attributes[index]]
  while let definition = waiting.popLast() {
    var needed = [definition.base, definition.signSource].compactMap(\.self)
    if definition.name == "ipset" { needed.append("ipsetflags") }
    if definition.name == "ipsetflags" { needed.append("ipset") }
    for name in needed where match[name] == nil {
      guard let other = attributes.firstIndex(where: { $0.name == name }) else { continue }
      match.set(other, attributes[other].kind.sample(at: 1), isNegated: isNegated)
      waiting.append(attributes[other])
    }
  }
  setProtocol(in: &match)
  return match
}

/// `ip` and `ipv6` look at ports and ICMP types only beside the protocol that has them.
func setProtocol(in match: inout Match) {
  guard match.filterProtocol == .ip || match.filterProtocol == .ipv6,
    let place = match.filterProtocol.attributes.firstIndex(where: { $0.name == "protocol" })
  else { return }
  if match["type"] != nil {
    match.set(place, .number(58))
  } else if match["srcportstart"] != nil || match["dstportstart"] != nil {
    match.set(place, .number(6))
  }
}

extension ValueKind {
  /// A literal value; greater places give greater values, so that ranges can be made of them.
  func sample(at place: Int) -> Value {
    switch self {
    case .number(let range, _), .decimal(let range): .number(range.lowerBound + UInt32(place))
    case .macAddress: .mac(MACAddress(bits: 0x5254_0000_0000 + UInt64(place)))
    case .macMask: .mac(MACAddress(bits: 0xffff_ff00_0000))
    case .ipv4Address: .ipv4(IPv4Address(bits: 0xc000_0200 + UInt32(place)))
    case .ipv4Mask: .prefixLength(24)
    case .ipv6Address: .ipv6(IPv6Address(high: 0x2001_0db8_0000_0000, low: UInt64(place)))
    case .ipv6Mask: .prefixLength(64)
    case .truth: .flag(true)
    case .connectionStates: .states([.new, .established])
    case .tcpFlags: .tcpFlags(TCPFlagsMatch(mask: .all, flags: TCPFlags(rawValue: 2)))
    case .setName: .text("nwfleet-test")
    case .setDirections: .setDirections([.source, .destination])
    case .comment: .text("it's a \"comment\" with <all> & more")
    }
  }
}
