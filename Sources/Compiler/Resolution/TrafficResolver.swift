// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PacketPath

/// Looks up what rules are about: regions of packets from anywhere to anywhere.
struct TrafficResolver {
  private var services: [String: [PacketRegion]?] = [:]
  private var known: [[Traffic]: [PacketRegion]] = [:]

  init(_ peers: inout PeerResolver) {
    for name in peers.checker.serviceOrder {
      guard let definition = peers.checker.names.services[name] else { continue }
      services[name] = .some(resolve(definition.traffic, Scope(), &peers))
    }
  }

  /// nil where something is wrong, which is then reported.
  mutating func resolve(
    _ traffic: [Located<Traffic>], _ scope: Scope, _ peers: inout PeerResolver
  ) -> [PacketRegion]? {
    let key = traffic.map(\.value)
    if let regions = known[key] { return regions }
    var path: [String] = []
    var dependsOnScope = false
    guard let regions = resolve(traffic, scope, &peers, &path, &dependsOnScope) else { return nil }
    let simplified = PacketSet(regions).simplified().regions
    if !dependsOnScope { known[key] = simplified }
    return simplified
  }

  private func resolve(
    _ traffic: [Located<Traffic>], _ scope: Scope, _ peers: inout PeerResolver, _ path: inout [String],
    _ dependsOnScope: inout Bool
  ) -> [PacketRegion]? {
    var regions: [PacketRegion] = []
    var isWrong = false
    for item in traffic {
      let part: [PacketRegion]?
      switch item.value {
      case .parameter(let name):
        dependsOnScope = true
        part = values(of: name, scope, at: item.range, &peers, &path)
      case .service(let name):
        if let own = services[name] {
          part = own
        } else {
          var unused = false
          part = ServiceCatalogue[name].flatMap { service in
            resolve(service.traffic.map { Located(value: $0, range: item.range) }, scope, &peers, &path, &unused)
          }
        }
      default: part = Self.regions(item.value)
      }
      if let part { regions += part } else { isWrong = true }
    }
    return isWrong ? nil : regions
  }

  private func values(
    of name: String, _ scope: Scope, at range: SourceRange, _ peers: inout PeerResolver, _ path: inout [String]
  ) -> [PacketRegion]? {
    guard let parameter = peers.parameter(name, scope, at: range, path) else { return nil }
    guard let traffic = parameter.traffic else {
      peers.checker.findings.add(
        PeerResolver.wrongKind(name, parameter, expected: "services, or protocols and ports", at: range))
      return nil
    }
    peers.checker.check(traffic)
    path.append(name)
    defer { path.removeLast() }
    var depends = false
    return resolve(traffic, scope, &peers, &path, &depends)
  }

  /// What does not need any names of the policy; nil for a kind of ICMP message that does not exist.
  private static func regions(_ traffic: Traffic) -> [PacketRegion]? {
    switch traffic {
    case .any: AddressFamily.allCases.map(PacketRegion.all)
    case .ports(let portProtocol, let ports):
      regions(portProtocol.number, ports: ports.isEmpty ? .full : IntervalSet(ports))
    case .icmp(nil): AddressFamily.allCases.map { message($0, type: nil, code: nil) }
    case .icmp(let name?):
      ICMPMessages[name].map { known in
        AddressFamily.allCases.compactMap { family in
          known.number(family).map { message(family, type: $0.type, code: $0.code) }
        }
      }
    case .icmpNumbered(let family, let type, let code): [message(family, type: type, code: code)]
    case .ipProtocol(let number): regions(number, ports: .full)
    case .service, .parameter: nil
    }
  }

  private static func regions(_ number: UInt8, ports: IntervalSet<UInt16>) -> [PacketRegion] {
    IPProtocols.families(of: number).map {
      PacketRegion(family: $0, protocols: IntervalSet(number...number), destinationPorts: ports)
    }
  }

  private static func message(_ family: AddressFamily, type: UInt8?, code: UInt8?) -> PacketRegion {
    let number: UInt8 = family.icmp
    var region = PacketRegion(family: family, protocols: IntervalSet(number...number))
    if let type {
      let first = UInt16(type) << 8
      region.destinationPorts = IntervalSet(
        code.map { first | UInt16($0)...first | UInt16($0) } ?? first...first | 0xff)
    }
    return region
  }
}
