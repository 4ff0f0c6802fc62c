// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// What would be done to one host, complete: nothing is left to decide when it is carried out.
public struct Plan: Sendable, Hashable {
  public var host: String
  public var uri: String
  public var project: String
  /// In the order of execution.
  public var steps: [Step]
  /// The record of what was applied, written last; never counted as a change.
  public var marker: FilterChange?
  /// Why the plan cannot be carried out; empty for one that can.
  public var problems: [Diagnostic]
  public var warnings: [Diagnostic]
  /// Interfaces that would lose their last filter, or a part of what their guard or default denies.
  public var unprotected: [InterfaceName]
  /// Of those, the ones that keep a filter, and what it no longer denies.
  public var weakened: [WeakenedInterface] = []
  /// What reaches VMs one way although the policy denies it, when the plan is done.
  public var exposures: [OneWayExposure] = []
  /// Interfaces whose layer-3 rules the kernel does not look at.
  public var notEnforced: [EnforcementGap]
  /// Interfaces of groups that no filter can be put on, or that are not there; they stay as they are.
  public var notFiltered: [FilterGap] = []
  public var cost: Cost
  /// How many filters of the host belong to the project before the plan.
  public var ownedFilters: Int
  /// Whether the policy has neither filters nor groups; then nothing is deleted unless the user says how much.
  public var isPolicyEmpty = false

  public init(
    host: String, uri: String, project: String, steps: [Step] = [], marker: FilterChange? = nil,
    problems: [Diagnostic] = [], warnings: [Diagnostic] = [], unprotected: [InterfaceName] = [],
    notEnforced: [EnforcementGap] = [], cost: Cost = Cost(), ownedFilters: Int = 0
  ) {
    self.host = host
    self.uri = uri
    self.project = project
    self.steps = steps
    self.marker = marker
    self.problems = problems
    self.warnings = warnings
    self.unprotected = unprotected
    self.notEnforced = notEnforced
    self.cost = cost
    self.ownedFilters = ownedFilters
  }

  /// Whether the host is as the policy wants it.
  public var isEmpty: Bool { steps.isEmpty && problems.isEmpty }

  /// Whether everything that the policy selects is filtered and enforced when the plan is done, as far as is known.
  public var isComplete: Bool { notFiltered.isEmpty && !notEnforced.contains { $0.state == .off } }

  public func count(_ kind: ChangeKind) -> Int {
    steps.count { step in
      switch step {
      case .filter(let change): change.kind == kind
      case .interface(let change): change.kind == kind
      case .port(let change): change.kind == kind
      }
    }
  }

  /// Deleted filters that somebody wrote, or that hold rules. Leaves come and go with what they say, and the filter of a NIC
  /// goes with its VM: neither is deleted while anything refers to it.
  public var deletedFilters: Int { steps.count(where: isCountedDeletion) }

  /// Whether a step counts among `deletedFilters`.
  public func isCountedDeletion(_ step: Step) -> Bool {
    guard case .filter(let change) = step, change.kind == .delete else { return false }
    let kind = Identity(project: project).kind(ofFilter: change.name)
    return kind != .nic && !(kind?.isLeaf ?? false)
  }
}

/// An interface by the names that a person knows it by.
public struct InterfaceName: Sendable, Hashable, Comparable {
  public var machine: String
  public var mac: MACAddress
  public var device: String?

  public init(machine: String, mac: MACAddress, device: String?) {
    self.machine = machine
    self.mac = mac
    self.device = device
  }

  public static func < (left: InterfaceName, right: InterfaceName) -> Bool {
    (left.machine, left.mac) < (right.machine, right.mac)
  }
}

extension InterfaceName: CustomStringConvertible {
  public var description: String { device.map { "\(machine) (\(mac), \($0))" } ?? "\(machine) (\(mac))" }
}

/// An interface whose filter denies less than before, whatever its rules allow.
public struct WeakenedInterface: Sendable, Hashable {
  public var interface: InterfaceName
  /// In words, such as `default of in`; sorted.
  public var lost: [String]

  public init(interface: InterfaceName, lost: [String]) {
    self.interface = interface
    self.lost = lost
  }
}

/// Traffic that gets to a VM from its host, and from networks that the host routes, and gets no answer: inbound layer-3 rules
/// never meet it (reference H10).
public struct OneWayExposure: Sendable, Hashable {
  public var interface: InterfaceName
  /// In the words of rules, such as `udp from 192.0.2.0/24`.
  public var traffic: [String]

  public init(interface: InterfaceName, traffic: [String]) {
    self.interface = interface
    self.traffic = traffic
  }
}

/// An interface and the address families whose layer-3 rules do not take effect on it, or may not.
public struct EnforcementGap: Sendable, Hashable {
  public var interface: InterfaceName
  /// `off`: the kernel is known not to look; `unknown`: it cannot be read from here.
  public var state: Enforcement.State
  /// The sysctls in question, in their dotted form.
  public var sysctls: [String]

  public init(interface: InterfaceName, state: Enforcement.State, sysctls: [String]) {
    self.interface = interface
    self.state = state
    self.sysctls = sysctls
  }
}

/// An interface that should have a filter and cannot get one.
public struct FilterGap: Sendable, Hashable {
  public var interface: InterfaceName
  /// In words, such as `libvirt puts no filter on an interface of type user`.
  public var reason: String

  public init(interface: InterfaceName, reason: String) {
    self.interface = interface
    self.reason = reason
  }
}

/// What a plan costs the host.
public struct Cost: Sendable, Hashable {
  /// Times that libvirt takes down and rebuilds the rules of a port.
  public var rebuilds = 0
  /// Firewall programs that libvirt starts: 76 and 3 for each layer-3 rule a rebuild (measured on libvirt 9.0.0).
  public var processes = 0
  /// Times that every VM of the host is without layer-3 rules for about 40 ms (reference H5).
  public var exposures = 0

  public init() {}

  /// About 5 ms a process on the machine where this was measured.
  public var seconds: Double { Double(processes) * 0.005 }
  public var exposureMilliseconds: Int { exposures * 40 }
}
