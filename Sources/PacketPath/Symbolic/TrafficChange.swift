// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What a machine's own address and MAC address are.
public struct OwnAddresses: Sendable, Hashable {
  /// nil where it is not known: then every address is taken for the machine's own.
  public var mac: MACAddress?
  /// A family without addresses here is one of which they are not known.
  public var addresses: [AddressRange]

  public init(mac: MACAddress? = nil, addresses: [AddressRange] = []) {
    self.mac = mac
    self.addresses = addresses
  }

  /// The addresses of a family, link-local ones of IPv6 with them; all that a machine can have if they are not known.
  func set(_ family: AddressFamily) -> AddressSet {
    let own = addresses.filter { $0.family == family }.map(\.range)
    if own.isEmpty {
      return AddressSet.all(family).subtracting(ConnectionTracking.unansweredDestinations(family))
    }
    // Windows and NetworkManager do not derive these from the MAC address.
    let linkLocal = AddressSet.prefix(first: 0xfe80 << 112, length: 64, family: .ipv6)
    return AddressSet(family == .ipv6 ? own + [linkLocal] : own)
  }
}

/// What another filter makes of the traffic of a port: exact, over all frames.
public struct TrafficChange: Sendable, Hashable {
  /// Which frames a part is about.
  public enum Traffic: Sendable, Hashable, CaseIterable {
    /// Flows between the machine's own addresses and others.
    case ordinary
    /// Flows from or to addresses on the machine's side that are not its own, as far as the ordinary ones do not say it.
    case foreignAddress
    /// As `foreignAddress`, for MAC addresses.
    case foreignMAC
    /// Frames that are neither IPv4 nor IPv6, or carry a VLAN tag.
    case otherFrames
    /// Packets of flows that all begin as before: of running connections, fragments, odd flags.
    case laterPackets
  }

  /// What became different of some traffic, in one way.
  public struct Part: Sendable, Hashable {
    public var traffic: Traffic
    /// The way of the first packet of flows, and of other frames.
    public var begins: Way
    /// All, where it is the same for all.
    public var topologies: [Topology]
    public var from: FlowOutcome
    public var to: FlowOutcome
    /// What it is; for flows the first packets.
    public var boxes: TrafficBoxes
  }

  public var parts: [Part]
  /// Whether every frame meets the same end as before. What nobody decides counts as accepted.
  public var isNone: Bool { parts.isEmpty }

  /// No change.
  public static let none = TrafficChange(parts: [])
}

/// What becomes different for a port when one filter takes the place of another.
///
/// - Parameters:
///   - from: nil for no filter at all: everything passes.
///   - to: as `from`.
///   - own: tells ordinary traffic from spoofed.
public func trafficChange(
  from: KernelProgram?, to: KernelProgram?, own: OwnAddresses = OwnAddresses()
) -> TrafficChange {
  if from.hasSameRules(as: to) { return .none }
  var finder = ChangeFinder(from: from, to: to, own: own)
  return finder.change()
}

extension KernelProgram? {
  /// Whether two programs are the same rules, wherever they come from.
  func hasSameRules(as other: KernelProgram?) -> Bool {
    guard let self, let other else { return self == nil && other == nil }
    return self.allStages.elementsEqual(other.allStages) { $0.hasSameRules(as: $1) }
  }
}

extension Stage {
  /// Whether two stages are the same rules on the same hook, wherever they come from.
  func hasSameRules(as other: Stage) -> Bool { hook == other.hook && decidesLike(other) }

  /// Whether two stages are the same rules, wherever they come from and whatever they hang on.
  func decidesLike(_ other: Stage) -> Bool {
    returned == other.returned && guards == other.guards && root.hasSameRules(as: other.root)
      && subchains.elementsEqual(other.subchains) { $0.hasSameRules(as: $1) }
  }
}

extension KernelChain {
  fileprivate func hasSameRules(as other: KernelChain) -> Bool {
    rules.elementsEqual(other.rules) { $0.target == $1.target && $0.conditions == $1.conditions }
  }
}
