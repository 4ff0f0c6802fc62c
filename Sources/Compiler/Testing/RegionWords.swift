// SPDX-License-Identifier: Apache-2.0

public import PacketPath

/// Regions of packets in the words of rules: `tcp/22 from 192.0.2.0/24, 2001:db8:1::/48`.
public enum RegionWords {
  /// A line for each kind of traffic, families and peers together.
  public static func lines(_ regions: [PacketRegion]) -> [String] {
    var order: [Key] = []
    var peers: [Key: [AddressFamily: Peers]] = [:]
    for region in regions.sorted() {
      let key = Key(traffic: traffic(region), source: region.source, destination: region.destination, region.family)
      // The same traffic to the same place: its sources are one list.
      if peers[key] == nil { order.append(key) }
      peers[key, default: [:]][region.family, default: Peers()].add(region)
    }
    return order.map { key in key.traffic + words(peers[key] ?? [:]) }
  }

  /// What packets of a region are, without their addresses.
  public static func traffic(_ region: PacketRegion) -> String {
    var words: [String] = []
    if region.protocols.isFull, region.hasAllPorts { return "any" }
    for range in region.protocols.ranges {
      if range.count > mostProtocols {
        words.append("protocol/\(range.lowerBound)-\(range.upperBound)")
      } else {
        words += range.map { traffic($0, region) }
      }
    }
    var text = words.joined(separator: ", ")
    if region.portUse == .ports, !region.sourcePorts.isFull { text += " (source port \(ports(region.sourcePorts)))" }
    return text
  }

  /// The ranges of a set of addresses, `any` for all.
  public static func addresses(_ set: AddressSet, _ family: AddressFamily) -> String {
    set.isAll(family)
      ? (family == .ipv4 ? "any IPv4" : "any IPv6")
      : set.addressRanges(family).map(\.description).joined(separator: ", ")
  }

  /// More of them in a row than that are a range.
  private static let mostProtocols = 4

  private static func traffic(_ number: UInt8, _ region: PacketRegion) -> String {
    let portProtocol = PortProtocol.allCases.first { $0.number == number }
    if let portProtocol {
      return region.destinationPorts.isFull
        ? portProtocol.rawValue : "\(portProtocol.rawValue)/\(ports(region.destinationPorts))"
    }
    if number == region.family.icmp { return messages(region) }
    return Traffic.ipProtocol(number).spelling
  }

  private static func ports(_ set: IntervalSet<UInt16>) -> String {
    set.ranges.map { Traffic.spelling($0) }.joined(separator: ",")
  }

  private static func messages(_ region: PacketRegion) -> String {
    let name = region.family == .ipv4 ? "icmpv4" : "icmpv6"
    if region.destinationPorts.isFull { return name }
    return region.destinationPorts.ranges.map { range -> String in
      let (first, last) = (UInt8(range.lowerBound >> 8), UInt8(range.upperBound >> 8))
      let isWhole = range.lowerBound & 0xff == 0 && range.upperBound & 0xff == 0xff
      if isWhole, first == last {
        let known = ICMPMessages.all.first {
          $0.number(region.family)?.type == first && $0.number(region.family)?.code == nil
        }
        return known.map { "icmp/\($0.name)" } ?? "\(name)/\(first)"
      }
      if isWhole { return "\(name)/\(first)-\(last)" }
      let codes = "\(range.lowerBound & 0xff)\(range.count > 1 ? "-\(range.upperBound & 0xff)" : "")"
      return first == last ? "\(name)/\(first)/\(codes)" : "\(name)/\(first)/…-\(last)/…"
    }.joined(separator: ", ")
  }

  // MARK: Peers

  /// What regions of one line have in common. Families have no address in common, only what they say of all.
  private struct Key: Hashable {
    let traffic: String
    /// nil for all.
    let destination: AddressSet?
    let hasSource: Bool

    init(traffic: String, source: AddressSet, destination: AddressSet, _ family: AddressFamily) {
      self.traffic = traffic
      self.destination = destination.isAll(family) ? nil : destination
      hasSource = !source.isAll(family)
    }
  }

  private struct Peers {
    var source = AddressSet()
    var destination = AddressSet()

    mutating func add(_ region: PacketRegion) {
      source = source.union(region.source)
      destination = destination.union(region.destination)
    }
  }

  private static func words(_ peers: [AddressFamily: Peers]) -> String {
    var text = ""
    for (word, side) in [("from", \Peers.source), ("to", \Peers.destination)] {
      let sets = AddressFamily.allCases.compactMap { family in peers[family].map { (family, $0[keyPath: side]) } }
      if sets.allSatisfy({ $0.1.isAll($0.0) }) { continue }
      text += " \(word) " + sets.map { addresses($0.1, $0.0) }.joined(separator: ", ")
    }
    guard text.isEmpty, peers.count == 1, let family = peers.keys.first else { return text }
    return family == .ipv4 ? " (IPv4)" : " (IPv6)"
  }
}
