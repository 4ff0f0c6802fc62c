// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import PacketPath

/// One end of the packets of a test: a NIC with its filter, or somebody without one.
public struct TestEnd: Sendable, Hashable {
  /// nil for the rest of the world.
  public var nic: FilteredNIC?
  /// The addresses that its packets bear.
  public var ipv4: AddressSet
  public var ipv6: AddressSet

  public init(nic: FilteredNIC?, ipv4: AddressSet, ipv6: AddressSet) {
    self.nic = nic
    self.ipv4 = ipv4
    self.ipv6 = ipv6
  }

  public func addresses(_ family: AddressFamily) -> AddressSet { family == .ipv4 ? ipv4 : ipv6 }
}

/// Packets that take one way: from each of the sources to each of the targets, but not from a VM to itself.
public struct TestCase: Sendable, Hashable {
  public var sources: [TestEnd]
  public var targets: [TestEnd]
  public var route: TestRoute
  /// What the packets are, from anywhere to anywhere; the first packets of connections.
  public var traffic: PacketSet

  public init(sources: [TestEnd], targets: [TestEnd], route: TestRoute, traffic: PacketSet) {
    self.sources = sources
    self.targets = targets
    self.route = route
    self.traffic = traffic
  }
}

/// A test with all names looked up.
public struct PlannedTest: Sendable, Hashable {
  public var test: PolicyTest
  /// What it stands under: `group web`, `tests shop`, `never`.
  public var suite: String
  public var cases: [TestCase]
  /// Why it cannot be decided; empty where it can.
  public var problems: [Diagnostic]
}
