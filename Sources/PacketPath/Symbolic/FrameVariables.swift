// SPDX-License-Identifier: Apache-2.0

/// Where the fields of a frame are among the variables of a diagram.
///
/// Ports come before addresses, as policies have few ports and many addresses for each; the bits of the addresses in ARP take
/// turns, so that their equality is small.
enum FrameVariables {
  private static let layout = makeLayout()

  /// The fields in the order of their variables.
  static let order: [Field] = [
    .etherType, .state, .side, .protocolNumber, .destinationPort, .sourcePort, .isLaterFragment, .tcpFlags,
    .typeOfService, .source, .destination, .sourceMAC, .destinationMAC, .vlan, .vlanProtocol, .hardwareType,
    .protocolType, .operation, .senderAddress, .targetAddress, .senderMAC, .targetMAC, .isSpanningTree, .stpType,
    .stpFlags, .rootPriority, .rootAddress, .rootCost, .senderPriority, .senderBridge, .stpPort, .messageAge,
    .maximumAge, .helloTime, .forwardDelay, .connections,
  ]

  static subscript(field: Field) -> DiagramField { layout.fields[Int(field.rawValue)] }

  /// The low 32 bits of an address.
  static func ipv4(_ field: Field) -> DiagramField { DiagramField(first: self[field].first + 96, width: 32) }

  /// The variable that is 1 for packets with a TCP option.
  static func tcpOption(_ number: UInt8) -> UInt32 { layout.end + UInt32(number) }

  /// The first variable of those that lookups in kernel sets get as they come.
  static let firstLookup = layout.end + 256

  /// The field that a variable is a bit of, and which bit, 0 being the lowest; nil for options and lookups.
  static func bit(_ variable: UInt32) -> (field: Field, bit: UInt8)? {
    variable < layout.end ? bits[Int(variable)] : nil
  }

  private static let bits: [(field: Field, bit: UInt8)] = {
    var result = Array(repeating: (field: Field.etherType, bit: UInt8(0)), count: Int(layout.end))
    for field in order {
      let place = FrameVariables[field]
      for index in 0..<place.width { result[Int(place.variable(index))] = (field, UInt8(place.width - 1 - index)) }
    }
    return result
  }()

  private static func makeLayout() -> (fields: [DiagramField], end: UInt32) {
    var fields = Field.allCases.map { DiagramField(first: 0, width: $0.width) }
    var next: UInt32 = 0
    for field in order {
      switch field {
      case .senderAddress:
        fields[Int(field.rawValue)] = DiagramField(first: next, width: field.width, stride: 2)
      case .targetAddress:
        fields[Int(field.rawValue)] = DiagramField(first: next + 1, width: field.width, stride: 2)
        next += 2 * UInt32(field.width)
      default:
        fields[Int(field.rawValue)] = DiagramField(first: next, width: field.width)
        next += UInt32(field.width)
      }
    }
    return (fields, next)
  }
}
