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
  /// Interfaces that would lose their last filter.
  public var unprotected: [InterfaceName]
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

  public var deletedFilters: Int {
    steps.count { if case .filter(let change) = $0 { change.kind == .delete } else { false } }
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
