// SPDX-License-Identifier: Apache-2.0

/// How the catalogue writes down ports: `80`, or `.from(8000, to: 8010)`.
struct CataloguePorts: ExpressibleByIntegerLiteral {
  var range: PortRange

  init(integerLiteral port: UInt16) { range = port...port }

  static func from(_ first: UInt16, to last: UInt16) -> CataloguePorts {
    var ports = CataloguePorts(integerLiteral: first)
    ports.range = first...last
    return ports
  }
}

extension CatalogueService {
  static func tcp(_ name: String, _ summary: String, _ ports: CataloguePorts...) -> CatalogueService {
    CatalogueService(name: name, summary: summary, traffic: [.ports(.tcp, ports.map(\.range))])
  }

  static func udp(_ name: String, _ summary: String, _ ports: CataloguePorts...) -> CatalogueService {
    CatalogueService(name: name, summary: summary, traffic: [.ports(.udp, ports.map(\.range))])
  }

  /// The same ports of TCP and UDP.
  static func both(_ name: String, _ summary: String, _ ports: CataloguePorts...) -> CatalogueService {
    let ports = ports.map(\.range)
    return CatalogueService(name: name, summary: summary, traffic: [.ports(.tcp, ports), .ports(.udp, ports)])
  }

  static func mixed(
    _ name: String, _ summary: String, tcp: [CataloguePorts] = [], udp: [CataloguePorts] = [], others: [Traffic] = []
  ) -> CatalogueService {
    var traffic: [Traffic] = []
    if !tcp.isEmpty { traffic.append(.ports(.tcp, tcp.map(\.range))) }
    if !udp.isEmpty { traffic.append(.ports(.udp, udp.map(\.range))) }
    return CatalogueService(name: name, summary: summary, traffic: traffic + others)
  }
}
