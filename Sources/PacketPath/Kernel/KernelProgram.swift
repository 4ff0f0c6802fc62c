// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What libvirt makes of a filter and those it refers to, for one port: the rules in the kernel.
///
/// After libvirt 9.0, nwfilter_ebiptables_driver.c, nwfilter_gentech_driver.c and nwfilter_params.c.
public struct KernelProgram: Sendable, Hashable {
  /// The firewall driver of libvirt; there is one up to 12.5.
  public enum Backend: Sendable, Hashable {
    /// ebtables, iptables and ip6tables.
    case ebiptables
  }

  /// More kernel rules than this for one port are refused: libvirt needs a process for each.
  public static let mostRules = 200_000

  private let toNetwork: [Stage]
  private let toHost: [Stage]
  private let fromBridge: [Stage]
  private let fromHost: [Stage]

  /// Groups of chains of one priority that see the same frames: libvirt orders them by hashes that differ in each run of the
  /// daemon, so that no prediction is possible where they decide differently. Here they stand in the order of their names.
  public let unorderedChains: [[String]]

  /// - Parameters:
  ///   - root: the filter that the port is bound to.
  ///   - filters: by name; at least those that are referred to.
  ///   - parameters: of the binding; these go before those of references. `MAC` is libvirt's own addition.
  /// - Throws: `KernelProgramError` where libvirt could not bind the filter, or would first have to learn `IP`.
  public init(
    root: String, filters: [String: Filter], parameters: [String: [String]], backend: Backend = .ebiptables
  ) throws(KernelProgramError) {
    var expansion = FilterExpansion(filters: filters)
    try expansion.visit(root, parameters: FilterExpansion.kept(parameters))
    let rules = try expansion.sorted()
    let chains = try EthernetChains(rules)
    unorderedChains = chains.unordered
    var stages: [[Stage]] = [[], [], []]
    for family in AddressFamily.allCases {
      for (index, stage) in try PacketChains(rules, family).stages.enumerated() { stages[index].append(stage) }
    }
    // ebtables has no stage on a way that no rule is about.
    let sent = chains.stages[.fromMachine].map { [$0] } ?? []
    let received = chains.stages[.toMachine].map { [$0] } ?? []
    (toNetwork, toHost) = (sent + stages[0], sent + stages[2])
    (fromBridge, fromHost) = (stages[1] + received, received)
  }

  /// What libvirt makes of a reference on a port, where that can be foretold.
  ///
  /// libvirt adds the MAC address to the parameters, and learns an IPv4 address where a filter needs one.
  ///
  /// - Parameters:
  ///   - addresses: the port's own.
  ///   - filters: by name; at least those that are referred to.
  /// - Throws: `KernelProgramError`, also for chains whose order is left open.
  public init(
    _ reference: FilterReference, mac: MACAddress, addresses: [IPAddress] = [], filters: [String: Filter]
  ) throws(KernelProgramError) {
    var parameters = reference.parameters
    parameters["MAC"] = parameters["MAC"] ?? [mac.description]
    let learned = addresses.compactMap { if case .ipv4(let address) = $0 { address.description } else { nil } }
    if parameters["IP"] == nil, !learned.isEmpty { parameters["IP"] = learned }
    try self.init(root: reference.filter, filters: filters, parameters: parameters)
    if let tie = unorderedChains.first {
      throw KernelProgramError(
        .chainOrder, filter: reference.filter, part: tie.joined(separator: ", "),
        message: "libvirt takes the chains \(tie.joined(separator: ", ")) in any order, as they have one priority")
    }
  }

  /// The stages that a frame meets, in order.
  public func stages(_ way: Way, _ topology: Topology) -> [Stage] {
    switch (way, topology) {
    case (.fromMachine, .bridged), (.fromMachine, .routed): toNetwork
    case (.fromMachine, .host): toHost
    case (.toMachine, .bridged): fromBridge
    case (.toMachine, .routed), (.toMachine, .host): fromHost
    }
  }

  /// Every stage of the port once.
  public var allStages: [Stage] {
    toNetwork + fromBridge
      + toHost.filter { stage in
        if case .inputFromMachine = stage.hook { true } else { false }
      }
  }

  /// How many rules the kernel holds for the port, jumps included.
  public var ruleCount: Int {
    allStages.reduce(0) { $0 + $1.root.rules.count + $1.subchains.reduce(0) { $0 + $1.rules.count } }
  }
}
