// SPDX-License-Identifier: Apache-2.0

import PacketPath

extension Packet {
  /// In words: `tcp from 192.0.2.1 port 1024 to 10.0.0.1 port 22`.
  var words: String {
    let (from, to) = (family.text(source), family.text(destination))
    switch PortUse(protocolNumber: protocolNumber) {
    case .ports:
      let name = PortProtocol.allCases.first { $0.number == protocolNumber }?.rawValue ?? protocolName
      return "\(name) from \(from) port \(sourcePort) to \(to) port \(destinationPort)"
    case .messages:
      let (type, code) = (UInt8(destinationPort >> 8), UInt8(destinationPort & 0xff))
      return "\(protocolNumber == 1 ? "icmpv4" : "icmpv6")/\(type)/\(code) from \(from) to \(to)"
    case .none:
      return "\(protocolName) from \(from) to \(to)"
    }
  }

  private var protocolName: String { Traffic.ipProtocol(protocolNumber).spelling }
}
