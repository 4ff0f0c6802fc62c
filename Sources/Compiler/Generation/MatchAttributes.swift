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

/// The attributes of one protocol that speak of one end; one that it does not have is nowhere.
private struct EndAttributes: Sendable {
  var address, mask, first, last, firstPort, lastPort: Int?

  init(_ filterProtocol: FilterProtocol, _ end: PacketEnd) {
    let indices = attributeIndices[Int(filterProtocol.rawValue)]
    address = indices["\(end.rawValue)ipaddr"]
    mask = indices["\(end.rawValue)ipmask"]
    first = indices["\(end.rawValue)ipfrom"]
    last = indices["\(end.rawValue)ipto"]
    firstPort = indices["\(end.rawValue)portstart"]
    lastPort = indices["\(end.rawValue)portend"]
  }
}

/// By protocol.
private let sourceAttributes = FilterProtocol.allCases.map { EndAttributes($0, .source) }
private let destinationAttributes = FilterProtocol.allCases.map { EndAttributes($0, .destination) }
private let commentAttributes = attributeIndices.map { $0["comment"] }
private let stateAttributes = attributeIndices.map { $0["state"] }

extension Match {
  private func attributes(of end: PacketEnd) -> EndAttributes {
    (end == .source ? sourceAttributes : destinationAttributes)[Int(filterProtocol.rawValue)]
  }

  /// Restricts an end to addresses: one address, a prefix, or a range where libvirt has ranges.
  mutating func set(_ end: PacketEnd, _ range: AddressRange) {
    let attributes = attributes(of: end)
    let first = Value.address(range.range.lowerBound, range.family)
    guard let length = range.prefixLength else {
      set(attributes.first!, first)
      set(attributes.last!, .address(range.range.upperBound, range.family))
      return
    }
    set(attributes.address!, first)
    if length < range.family.bitCount { set(attributes.mask!, .prefixLength(UInt8(length))) }
  }

  mutating func set(_ end: PacketEnd, ports: ClosedRange<UInt16>) {
    let attributes = attributes(of: end)
    set(attributes.firstPort!, .number(UInt32(ports.lowerBound)))
    if ports.count > 1 { set(attributes.lastPort!, .number(UInt32(ports.upperBound))) }
  }

  mutating func set(comment: String) { set(commentAttributes[Int(filterProtocol.rawValue)]!, .text(comment)) }

  mutating func set(state: ConnectionStates) { set(stateAttributes[Int(filterProtocol.rawValue)]!, .states(state)) }
}
