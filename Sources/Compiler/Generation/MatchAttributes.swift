// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Where each protocol has its attributes, made once: rules are many.
private let attributeIndices: [[String: Int]] = FilterProtocol.allCases.map { filterProtocol in
  Dictionary(uniqueKeysWithValues: filterProtocol.attributes.enumerated().map { ($1.name, $0) })
}

extension Match {
  init(_ filterProtocol: FilterProtocol, _ values: KeyValuePairs<String, Value>) {
    self.init(filterProtocol)
    for (name, value) in values { set(name, value) }
  }

  /// Sets an attribute, which the protocol must have.
  mutating func set(_ name: String, _ value: Value, isNegated: Bool = false) {
    set(attributeIndices[Int(filterProtocol.rawValue)][name]!, value, isNegated: isNegated)
  }
}

extension Value {
  /// An address of a family, given as a number.
  static func address(_ number: UInt128, _ family: AddressFamily) -> Value {
    family == .ipv4 ? .ipv4(IPv4Address(number: number)) : .ipv6(IPv6Address(number: number))
  }

  static func variable(_ name: String, _ access: VariableReference.Access = .iterator(0)) -> Value {
    .variable(VariableReference(name, access))
  }
}

/// One end of a packet in a rule.
enum PacketEnd: String, Sendable {
  case source = "src"
  case destination = "dst"
}

extension Match {
  /// Restricts an end to addresses: one address, a prefix, or a range where libvirt has ranges.
  mutating func set(_ end: PacketEnd, _ range: AddressRange) {
    let first = Value.address(range.range.lowerBound, range.family)
    guard let length = range.prefixLength else {
      set("\(end.rawValue)ipfrom", first)
      set("\(end.rawValue)ipto", .address(range.range.upperBound, range.family))
      return
    }
    set("\(end.rawValue)ipaddr", first)
    if length < range.family.bitCount { set("\(end.rawValue)ipmask", .prefixLength(UInt8(length))) }
  }

  mutating func set(_ end: PacketEnd, ports: ClosedRange<UInt16>) {
    set("\(end.rawValue)portstart", .number(UInt32(ports.lowerBound)))
    if ports.count > 1 { set("\(end.rawValue)portend", .number(UInt32(ports.upperBound))) }
  }
}
