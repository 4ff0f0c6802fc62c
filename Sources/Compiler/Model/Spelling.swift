// SPDX-License-Identifier: Apache-2.0

import PacketPath

extension Traffic {
  /// As the language writes it.
  public var spelling: String {
    switch self {
    case .any: "any"
    case .service(let name): name
    case .ports(let portProtocol, let ports):
      ports.isEmpty
        ? portProtocol.rawValue : "\(portProtocol.rawValue)/\(ports.map(Self.spelling).joined(separator: ","))"
    case .icmp(let name): name.map { "icmp/\($0)" } ?? "icmp"
    case .icmpNumbered(let family, let type, let code):
      ([family == .ipv4 ? "icmpv4" : "icmpv6"] + [type, code].compactMap { $0.map(String.init) })
        .joined(separator: "/")
    case .ipProtocol(let number):
      IPProtocols.all.first { $0.number == number }?.name ?? "protocol/\(number)"
    case .parameter(let name): "$\(name)"
    }
  }

  static func spelling(_ ports: PortRange) -> String {
    ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
  }
}

extension Peer {
  /// As the language writes it.
  public var spelling: String {
    switch self {
    case .any: "any"
    case .addresses(let range): range.description
    case .set(let name): "@\(name)"
    case .group(let name): "group:\(name)"
    case .machine(let name): "vm:\(name)"
    case .network(let part): part.rawValue
    case .parameter(let name): "$\(name)"
    }
  }
}
