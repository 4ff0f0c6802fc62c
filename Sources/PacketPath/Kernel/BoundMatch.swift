// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// A rule's match with a value for each of its variables, read as libvirt and the firewall tools read it.
struct BoundMatch {
  let match: Match
  let values: [VariableReference: String]
  let origin: Origin

  /// The attribute, unless libvirt drops it (reference H1).
  func attribute(_ name: String) -> Match.Attribute? {
    guard let attribute = match[name] else { return nil }
    let definition = match.definition(of: attribute)
    guard definition.refusal != nil else { return attribute }
    if case .variable = attribute.value, definition.refusalSparesVariables { return attribute }
    return nil
  }

  func has(_ name: String) -> Bool { attribute(name) != nil }

  /// Whether the frame must not have the value; some attributes take the sign of others (virNWFilterRuleDefFixup).
  func isNegated(_ name: String) -> Bool {
    guard let attribute = attribute(name) else { return false }
    guard let source = match.definition(of: attribute).signSource else { return attribute.isNegated }
    return match[source]?.isNegated ?? false
  }

  // MARK: Values

  /// The value of the attribute's variable.
  private func text(_ attribute: Match.Attribute) -> String? {
    guard case .variable(let use) = attribute.value else { return nil }
    return values[use]
  }

  /// - Parameter radix: in which the tool reads what a variable holds; 0 as in C, with `0x` or a leading 0.
  func number(_ name: String?, radix: Int = 0) throws(KernelProgramError) -> UInt128? {
    guard let attribute = name.flatMap(attribute) else { return nil }
    if case .number(let number) = attribute.value { return UInt128(number) }
    guard let text = text(attribute), let number = number(text, radix: radix, attribute) else {
      throw badValue(attribute)
    }
    return number
  }

  /// The EtherType inside a tag: libvirt prints the number in decimal, and ebtables reads hexadecimal and keeps 16 bits, so
  /// that `arp` (2054) is 0x2054 (tried on libvirt 9.0 with ebtables 1.8.9).
  func encapsulated() throws(KernelProgramError) -> UInt128? {
    let name = "encap-protocol"
    guard let attribute = attribute(name), let number = try number(name, radix: 16) else { return nil }
    if text(attribute) != nil { return number }
    return UInt128(String(number), radix: 16).map { $0 & 0xffff }
  }

  /// A number, or the range from it to that of another attribute; a variable may hold a range of its own, `22:25` or `22:`.
  /// The first may be above the last.
  func numbers(
    _ name: String, last: String?, radix: Int = 0
  ) throws(KernelProgramError) -> (first: UInt128, last: UInt128)? {
    guard let attribute = attribute(name) else { return nil }
    if let text = text(attribute), text.contains(":"), last.map(has) != true {
      let ends = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let first = ends[0].isEmpty ? 0 : number(ends[0], radix: radix, attribute),
        let last = ends[1].isEmpty ? 65535 : number(ends[1], radix: radix, attribute)
      else { throw badValue(attribute) }
      return (first, last)
    }
    guard let first = try number(name, radix: radix) else { return nil }
    return (first, try number(last, radix: radix) ?? first)
  }

  /// The same where the tools refuse a first above the last.
  func orderedNumbers(
    _ name: String, last: String?, radix: Int = 0
  ) throws(KernelProgramError) -> ClosedRange<UInt128>? {
    guard let (low, high) = try numbers(name, last: last, radix: radix) else { return nil }
    guard low <= high else { throw cannotBind(last ?? name, "\(name) \(low) is above \(last ?? name) \(high)") }
    return low...high
  }

  private func number(_ text: String, radix: Int, _ attribute: Match.Attribute) -> UInt128? {
    let kind = match.definition(of: attribute).kind
    let number = Self.number(text, radix: radix)
    switch kind {
    case .number(let range, let names):
      if let number { return (UInt128(range.lowerBound)...UInt128(range.upperBound)).contains(number) ? number : nil }
      return names.number(named: text).map { UInt128($0) }
    case .decimal(let range): return number.flatMap { $0 <= UInt128(range.upperBound) ? $0 : nil }
    default: return nil
    }
  }

  /// As C's strtoul reads it.
  static func number(_ text: String, radix: Int) -> UInt128? {
    if radix == 0 || radix == 16, text.hasPrefix("0x") || text.hasPrefix("0X") {
      return UInt128(text.dropFirst(2), radix: 16)
    }
    guard radix == 0 else { return UInt128(text, radix: radix) }
    return UInt128(text, radix: text.hasPrefix("0") ? 8 : 10)
  }

  func mac(_ name: String?) throws(KernelProgramError) -> UInt128? {
    guard let attribute = name.flatMap(attribute) else { return nil }
    if case .mac(let address) = attribute.value { return UInt128(address.bits) }
    guard let text = text(attribute), let address = MACAddress(text) else { throw badValue(attribute) }
    return UInt128(address.bits)
  }

  func address(_ name: String, _ family: AddressFamily) throws(KernelProgramError) -> UInt128? {
    guard let attribute = attribute(name) else { return nil }
    switch attribute.value {
    case .ipv4(let address): return address.number
    case .ipv6(let address): return address.number
    default:
      let number =
        switch family {
        case .ipv4: text(attribute).flatMap { IPv4Address($0)?.number }
        case .ipv6: text(attribute).flatMap { IPv6Address($0)?.number }
        }
      guard let number else { throw badValue(attribute) }
      return number
    }
  }

  /// A network mask as bits; a variable may hold a length or a mask, of which IPv4 takes any.
  func mask(_ name: String, _ family: AddressFamily) throws(KernelProgramError) -> UInt128? {
    guard let attribute = attribute(name) else { return nil }
    var length: Int?
    if case .prefixLength(let given) = attribute.value { length = Int(given) }
    if let text = text(attribute) {
      let mask = family == .ipv4 ? IPv4Address(text)?.number : IPv6Address(text)?.number
      if let mask { return mask }
      length = Self.number(text, radix: 10).flatMap { $0 <= UInt128(family.bitCount) ? Int($0) : nil }
    }
    guard let length else { throw badValue(attribute) }
    return Self.mask(length, family)
  }

  static func mask(_ length: Int, _ family: AddressFamily) -> UInt128 {
    // The shift by the whole width gives 0, as it should.
    family.lastAddress & ~(family.lastAddress >> UInt128(length))
  }

  // MARK: Errors

  private func badValue(_ attribute: Match.Attribute) -> KernelProgramError {
    let name = match.definition(of: attribute).name
    let value = text(attribute) ?? "?"
    return KernelProgramError(
      .badValue, filter: origin.filter, entry: origin.entry, part: "\(name)=\(value)",
      message: "'\(value)' is no value for \(name)")
  }

  func cannotBind(_ part: String, _ reason: String) -> KernelProgramError {
    KernelProgramError(
      .cannotBind, filter: origin.filter, entry: origin.entry, part: part, message: "cannot be bound: \(reason)")
  }
}
