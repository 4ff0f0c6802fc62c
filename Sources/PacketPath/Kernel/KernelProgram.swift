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

  /// On each way: ebtables, absent where no rule is about that way.
  let ethernet: [Way: Stage]
  let forwardFromMachine: [Stage]
  let forwardToMachine: [Stage]
  let inputFromMachine: [Stage]

  /// - Parameters:
  ///   - root: the filter that the port is bound to.
  ///   - filters: by name; at least those that are referred to.
  ///   - parameters: of the binding; these go before those of references. `MAC` is libvirt's own addition.
  /// - Throws: `KernelProgramError` where libvirt could not bind the filter, or would first have to learn `IP`.
  public init(
    root: String, filters: [String: Filter], parameters: [String: [String]], backend: Backend = .ebiptables
  ) throws(KernelProgramError) {
    var expansion = FilterExpansion(filters: filters)
    try expansion.visit(root, parameters: parameters)
    let rules = try expansion.sorted()
    ethernet = try EthernetChains(rules).stages
    var stages: [[Stage]] = [[], [], []]
    for family in AddressFamily.allCases {
      for (index, stage) in try PacketChains(rules, family).stages.enumerated() { stages[index].append(stage) }
    }
    (forwardFromMachine, forwardToMachine, inputFromMachine) = (stages[0], stages[1], stages[2])
  }

  /// The stages that a frame meets, in order.
  public func stages(_ way: Way, _ topology: Topology) -> [Stage] {
    let ethernet = ethernet[way].map { [$0] } ?? []
    switch (way, topology) {
    case (.fromMachine, .bridged), (.fromMachine, .routed): return ethernet + forwardFromMachine
    case (.fromMachine, .host): return ethernet + inputFromMachine
    case (.toMachine, .bridged): return forwardToMachine + ethernet
    case (.toMachine, .routed), (.toMachine, .host): return ethernet
    }
  }

  /// Every stage of the port once.
  public var allStages: [Stage] {
    Way.allCases.compactMap { ethernet[$0] } + forwardFromMachine + forwardToMachine + inputFromMachine
  }

  /// How many rules the kernel holds for the port, jumps included.
  public var ruleCount: Int {
    allStages.reduce(0) { $0 + $1.root.rules.count + $1.subchains.reduce(0) { $0 + $1.rules.count } }
  }
}
