// SPDX-License-Identifier: Apache-2.0

extension FrameDiagram {
  /// One frame of a set; nil for the empty set.
  public func frame(of set: DecisionDiagram.Node) -> Frame? { example(set)?.frame }

  /// The packets that are in a set for some value of the fields that are not asked for, as disjoint regions.
  ///
  /// - Parameters:
  ///   - fields: of protocol, ports and addresses.
  ///   - limit: regions of each family at most.
  /// - Returns: the regions, and whether there are packets in none of them, as there would have been too many.
  public mutating func regions(
    of set: DecisionDiagram.Node, _ fields: Set<Field>, atMost limit: Int
  ) -> (regions: [PacketRegion], hasMore: Bool) {
    var regions: [PacketRegion] = []
    var hasMore = false
    for family in AddressFamily.allCases {
      let packets = projection(of: frames(of: FrameClass(family), in: set, .all), fields)
      let order = FrameVariables.order.filter { fields.contains($0) }
      let found = diagram.boxes(of: packets, order.map { place($0, family) }, atMost: limit)
      hasMore = hasMore || !found.remainder.isNothing
      regions += found.boxes.map { Self.region(Dictionary(uniqueKeysWithValues: zip(order, $0)), family) }
    }
    return (regions, hasMore)
  }

  /// The frames that are in a set for some value of the fields that are not asked for; the EtherType always is.
  public mutating func projection(of set: DecisionDiagram.Node, _ fields: Set<Field>) -> DecisionDiagram.Node {
    let asked = fields.union([.etherType])
    var result = set
    for field in FrameVariables.order where !asked.contains(field) {
      result = diagram.exists(FrameVariables[field], in: result)
    }
    for variable in diagram.support([result]) where variable >= FrameVariables.tcpOption(0) {
      result = diagram.exists(DiagramField(first: variable, width: 1), in: result)
    }
    return result
  }

  private func place(_ field: Field, _ family: AddressFamily) -> DiagramField {
    let isShort = family == .ipv4 && (field == .source || field == .destination)
    return isShort ? FrameVariables.ipv4(field) : FrameVariables[field]
  }

  private static func region(_ numbers: [Field: IntervalSet<UInt128>], _ family: AddressFamily) -> PacketRegion {
    func narrowed<Bound>(_ field: Field) -> IntervalSet<Bound> {
      guard let set = numbers[field] else { return .full }
      return IntervalSet(set.ranges.map { Bound($0.lowerBound)...Bound($0.upperBound) })
    }
    return PacketRegion(
      family: family, protocols: narrowed(.protocolNumber), source: numbers[.source],
      destination: numbers[.destination], sourcePorts: narrowed(.sourcePort),
      destinationPorts: narrowed(.destinationPort))
  }
}
