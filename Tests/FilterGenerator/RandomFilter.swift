// SPDX-License-Identifier: Apache-2.0

import Diagnostics
public import FilterModel

/// A filter that libvirt keeps as it is: no findings that are errors. The same for the same state of the generator.
public func randomFilter(using generator: inout some RandomNumberGenerator) -> Filter {
  let prefix = Chain.prefixes.randomElement(using: &generator)!.name
  let chain = prefix == Chain.root || Bool.random(using: &generator) ? prefix : prefix + "-x"
  let priority = Bool.random(using: &generator) ? nil : Int.random(in: -1000...1000, using: &generator)
  var filter = Filter(
    name: "random-\(UInt32.random(in: 0...UInt32.max, using: &generator))",
    uuid: Bool.random(using: &generator)
      ? nil
      : ObjectUUID(
        high: .random(in: 0...UInt64.max, using: &generator), low: .random(in: 0...UInt64.max, using: &generator)),
    chain: chain, priority: priority == 0 ? 1 : priority)
  for _ in 0..<Int.random(in: 0...12, using: &generator) {
    if Int.random(in: 0..<6, using: &generator) == 0 {
      filter.entries.append(.reference(randomReference(using: &generator)))
    } else {
      filter.entries.append(.rule(randomRule(using: &generator)))
    }
  }
  return filter
}

/// A reference with up to three parameters, some of them lists.
public func randomReference(using generator: inout some RandomNumberGenerator) -> FilterReference {
  var reference = FilterReference(FilterName.stock.sorted().randomElement(using: &generator)!)
  for name in ["IP", "MAC", "b_2", "DHCPSERVER"].shuffled(using: &generator).prefix(
    .random(in: 0...3, using: &generator))
  {
    let values = ["10.0.0.1", "x", "fe80::1", "22:25", "no", "1e3"]
    reference.parameters[name] = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
      values.randomElement(using: &generator)!
    }
  }
  return reference
}

/// A rule without errors: drawn until there is one.
public func randomRule(using generator: inout some RandomNumberGenerator) -> Rule {
  while true {
    let rule = Rule(
      Action.allCases.randomElement(using: &generator)!, Direction.allCases.randomElement(using: &generator)!,
      priority: Bool.random(using: &generator) ? Rule.defaultPriority : .random(in: -1000...1000, using: &generator),
      matchesState: Int.random(in: 0..<4, using: &generator) > 0, match: randomMatch(using: &generator))
    if !rule.findings().contains(where: { $0.severity == .error }) { return rule }
  }
}

private func randomMatch(using generator: inout some RandomNumberGenerator) -> Match? {
  if Int.random(in: 0..<12, using: &generator) == 0 { return nil }
  var match = Match(FilterProtocol.allCases.randomElement(using: &generator)!)
  let definitions = match.filterProtocol.attributes
  let count = Int.random(in: 0...4, using: &generator)
  for index in definitions.indices.shuffled(using: &generator).prefix(count) where definitions[index].refusal == nil {
    match.set(index, definitions[index].kind.random(using: &generator), isNegated: Bool.random(using: &generator))
  }
  complete(&match, using: &generator)
  return match
}

/// Adds the attributes that others need, and gives all of them the signs that libvirt does.
private func complete(_ match: inout Match, using generator: inout some RandomNumberGenerator) {
  let definitions = match.filterProtocol.attributes
  for attribute in match.attributes {
    var name = match.definition(of: attribute).base
    while let base = name, let index = definitions.firstIndex(where: { $0.name == base }) {
      if match[base] == nil { match.set(index, definitions[index].kind.random(using: &generator)) }
      name = definitions[index].base
    }
  }
  setProtocol(in: &match)
  for _ in 0..<3 {
    for attribute in match.attributes {
      guard let source = match.definition(of: attribute).signSource else { continue }
      match.set(Int(attribute.index), attribute.value, isNegated: match[source]?.isNegated ?? false)
    }
  }
}

extension ValueKind {
  fileprivate func random(using generator: inout some RandomNumberGenerator) -> Value {
    if takesVariables, Int.random(in: 0..<5, using: &generator) == 0 {
      let access = [
        VariableReference.Access.iterator(0), .iterator(1), .iterator(1000), .element(0), .element(3),
      ].randomElement(using: &generator)!
      return .variable(VariableReference(["IP", "A", "x_1"].randomElement(using: &generator)!, access))
    }
    switch self {
    case .number(let range, _), .decimal(let range): return .number(.random(in: range, using: &generator))
    case .macAddress: return .mac(MACAddress(bits: .random(in: 0...0xffff_ffff_ffff, using: &generator)))
    case .macMask:
      let zeros = UInt64.random(in: 0...48, using: &generator)
      return .mac(MACAddress(bits: 0xffff_ffff_ffff << zeros & 0xffff_ffff_ffff))
    case .ipv4Address: return .ipv4(IPv4Address(bits: .random(in: 0...UInt32.max, using: &generator)))
    case .ipv4Mask: return .prefixLength(.random(in: 0...32, using: &generator))
    case .ipv6Address:
      return .ipv6(
        IPv6Address(
          high: .random(in: 0...UInt64.max, using: &generator) & 0xffff_0000_0000_ffff,
          low: .random(in: 0...UInt64.max, using: &generator)))
    case .ipv6Mask: return .prefixLength(.random(in: 0...128, using: &generator))
    case .truth: return .flag(true)
    case .connectionStates:
      return .states(ConnectionStates(rawValue: .random(in: 0...15, using: &generator)))
    case .tcpFlags:
      return .tcpFlags(
        TCPFlagsMatch(
          mask: TCPFlags(rawValue: .random(in: 0...63, using: &generator)),
          flags: TCPFlags(rawValue: .random(in: 0...63, using: &generator))))
    case .setName: return .text(["blocked", "a b", "x_y.z:+-"].randomElement(using: &generator)!)
    case .setDirections:
      return .setDirections(
        (0..<Int.random(in: 1...6, using: &generator)).map { _ in
          SetDirection.allCases.randomElement(using: &generator)!
        })
    case .comment:
      return .text(
        [
          "plain", "no", "a: b", "{x: [1, 2]}", "it's", "\"quoted\"", "<a> & b", " blanks around ", "# hash", "héé 日本",
          "a, b", "- dash", "100%", "@at", "`tick", "trailing:", "null", "~", "0x10", "\\ back", "a #b",
        ].randomElement(using: &generator)!)
    }
  }
}
