// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// A VM that a host really has.
public struct HostMachine: Sendable, Hashable {
  public var name: String
  public var interfaces: [MACAddress]

  public init(name: String, interfaces: [MACAddress]) {
    self.name = name
    self.interfaces = interfaces
  }
}

/// What a policy makes of one host.
public struct Compilation: Sendable {
  /// nil where anything is wrong; warnings do not count.
  public var desired: DesiredState?
  public var diagnostics: [Diagnostic]
  /// Ends of rules that are over, as `GROUP/RULE@DAY`: the host's marker keeps them.
  public var expired: [String]

  public init(desired: DesiredState?, diagnostics: [Diagnostic], expired: [String] = []) {
    self.desired = desired
    self.diagnostics = diagnostics
    self.expired = expired
  }
}

/// Does the same for many numbers: the compiler has no threads of its own.
public protocol CompilerMap: Sendable {
  /// The results for 0..<count in their order; the function may be called from several threads at once.
  ///
  /// - Parameter batch: so many are worth the way to another thread.
  func map<Result: Sendable>(count: Int, batch: Int, _ transform: @Sendable (Int) -> Result) -> [Result]
}

/// One after the other.
public struct SerialMap: CompilerMap {
  public init() {}

  public func map<Result: Sendable>(count: Int, batch: Int, _ transform: @Sendable (Int) -> Result) -> [Result] {
    (0..<count).map(transform)
  }
}

/// Compiles a policy to what it makes of one host.
public struct PolicyCompiler: Sendable {
  private let policy: Policy
  private let host: InventoryHost?
  private let today: Day
  private let expired: Set<String>

  /// - Parameters:
  ///   - host: nil for all hosts at once, as `validate` does.
  ///   - today: the day in UTC.
  ///   - expired: what the host's marker has kept of `Compilation.expired`; an end with another day is another end.
  public init(_ policy: Policy, host: InventoryHost?, today: Day, expired: Set<String> = []) {
    self.policy = policy.sorted()
    self.host = host
    self.today = today
    self.expired = expired
  }

  /// - Parameter machines: the VMs that the host has, running or not.
  public func compile(_ machines: [HostMachine], map: some CompilerMap = SerialMap()) -> Compilation {
    var run = run(machines)
    let desired = run.compile(map)
    let diagnostics = run.diagnostics
    let isUsable = !diagnostics.contains { $0.severity == .error }
    return Compilation(desired: isUsable ? desired : nil, diagnostics: diagnostics, expired: run.expired)
  }

  /// What the NICs of one VM get, and why; those in no group with rules are left out.
  public func explain(_ machine: String, _ machines: [HostMachine]) -> [NICExplanation] {
    var run = run(machines)
    return run.explain(machine)
  }

  /// Looks up what tests and questions speak of; nil where the policy is wrong.
  ///
  /// A VM of which no NIC is written down has one here, with the VM's addresses.
  public func planner(
    _ machines: [HostMachine] = [], map: some CompilerMap = SerialMap()
  ) -> (planner: TestPlanner?, diagnostics: [Diagnostic]) {
    let known = Set(machines.map(\.name))
    let others = policy.inventory.machines.filter { machine in
      machine.interfaces.isEmpty && !machine.addresses.isEmpty && !known.contains(machine.name)
    }
    // Numbers that no domain gets by itself, after that of the placeholder of groups.
    let first = FilteredNIC.placeholderMAC.bits + 1
    let made = others.enumerated().map { index, machine in
      HostMachine(name: machine.name, interfaces: [MACAddress(bits: first + UInt64(index))])
    }
    var run = run(machines + made)
    let desired = run.compile(map)
    let diagnostics = run.diagnostics
    if diagnostics.contains(where: { $0.severity == .error }) { return (nil, diagnostics) }
    return (TestPlanner(policy, run, desired), diagnostics)
  }

  private func run(_ machines: [HostMachine]) -> CompilationRun {
    CompilationRun(policy, host: host, today: today, expired: expired, observed: machines)
  }
}

extension Policy {
  /// The same policy with every section in the order of names: nothing depends on the order of files.
  fileprivate func sorted() -> Policy {
    func sort<Item>(_ items: inout [Item], by name: (Item) -> String) {
      let names = items.map(name)
      // Most come sorted already.
      guard zip(names, names.dropFirst()).contains(where: { $1 < $0 }) else { return }
      items = zip(names, items).sorted { $0.0 < $1.0 }.map(\.1)
    }
    var policy = self
    sort(&policy.sets, by: \.name.value)
    sort(&policy.services, by: \.name.value)
    sort(&policy.groups, by: \.name)
    sort(&policy.nativeGroups, by: \.name.value)
    sort(&policy.presets, by: \.name.value)
    sort(&policy.networks, by: \.name)
    sort(&policy.filters, by: \.filter.name)
    sort(&policy.tests, by: \.name.value)
    sort(&policy.inventory.machines, by: \.name)
    sort(&policy.inventory.hosts, by: \.name)
    return policy
  }
}
