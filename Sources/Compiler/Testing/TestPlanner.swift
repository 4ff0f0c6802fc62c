// SPDX-License-Identifier: Apache-2.0

import Diagnostics
public import FilterModel
import PacketPath

/// Looks up what tests and questions speak of: NICs with their filters, and sets of packets.
public struct TestPlanner {
  /// What the policy makes of all hosts, or of one.
  public let desired: DesiredState
  /// Of every VM, by name and MAC address.
  public let nics: [FilteredNIC]
  /// For groups of which no NIC is known.
  private let placeholders: [String: FilteredNIC]
  private let policy: Policy
  private var run: CompilationRun
  private let places: [String: [FilteredNIC]]
  private let members: [String: [FilteredNIC]]

  init(_ policy: Policy, _ run: CompilationRun, _ desired: DesiredState) {
    self.policy = policy
    self.desired = desired
    self.run = run
    nics = self.run.filteredNICs()
    placeholders = self.run.placeholders()
    places = Dictionary(grouping: nics, by: \.nic.machine)
    var members: [String: [FilteredNIC]] = [:]
    for nic in nics {
      for group in nic.groups { members[group, default: []].append(nic) }
    }
    self.members = members
  }

  /// The NICs of a VM; empty where the repository knows none.
  public func nics(of machine: String) -> [FilteredNIC] { places[machine] ?? [] }

  /// All tests of the policy: those of groups by name, those of `tests:` by name, those of `never:`.
  public mutating func plans() -> [PlannedTest] {
    var planned: [PlannedTest] = []
    let groups = policy.groups.filter(\.isEnabled).map { ($0.name, $0.tests) }
    for (name, tests) in (groups + policy.nativeGroups.map { ($0.name.value, $0.tests) }).sorted(by: { $0.0 < $1.0 }) {
      planned += tests.map { plan($0, suite: "group \(name)", nics: subjects(of: name)) }
    }
    for suite in policy.tests { planned += suite.tests.map { plan($0, suite: "tests \(suite.name.value)", nics: []) } }
    return planned + policy.never.map { plan($0, suite: "never", nics: []) }
  }

  /// A test or a question.
  ///
  /// - Parameter nics: those that it is about, where its line does not name them.
  public mutating func plan(_ test: PolicyTest, suite: String, nics: [FilteredNIC]) -> PlannedTest {
    run.composer.resolver.findings = Findings()
    run.checkNames(of: test)
    var planned = PlannedTest(test: test, suite: suite, cases: [], problems: [])
    if run.findings.diagnostics.isEmpty { planned.cases = cases(test, nics) ?? [] }
    planned.problems = run.findings.diagnostics.filter { $0.severity == .error }
    if planned.problems.isEmpty, planned.cases.isEmpty {
      planned.problems.append(
        Diagnostic(
          "test-without-packets", "'\(test.text)' speaks of no packet at all", at: test.origin,
          expected: "addresses of one family at both ends",
          hint: "look at the addresses of the VMs, and at sets that are empty"))
    }
    return planned
  }

  /// The NICs of a group; one that stands for them where none is known.
  public func subjects(of group: String) -> [FilteredNIC] {
    members[group] ?? placeholders[group].map { [$0] } ?? []
  }

  // MARK: Cases

  private mutating func cases(_ test: PolicyTest, _ nics: [FilteredNIC]) -> [TestCase]? {
    guard let regions = run.composer.resolver.regions(of: test.traffic) else { return nil }
    var cases = CaseList(traffic: TestTraffic.packets(regions, test.expectation))
    switch test.subject {
    case .group(let direction, let from, let to):
      let (remote, own) = direction == .in ? (from, to) : (to, from)
      for nic in nics {
        // A filter that drops does so whatever address the VM is spoken to by, or claims to have.
        let mustPass = test.expectation != .drop
        guard let ownEnd = own.map({ end(nic, $0) }) ?? ownEnd(nic, isAnyone: !mustPass) else { return nil }
        let outside = [Located(value: Peer.any, range: test.origin)]
        for (peers, route) in Self.routes(remote ?? outside, test.route?.value) {
          guard let addresses = addresses(peers, nic) else { return nil }
          cases.add(ownEnd, TestEnd(addresses), isInbound: direction == .in, route)
        }
      }
    case .path(let from, let to):
      guard addPath(from, to, test, &cases) else { return nil }
    }
    return cases.list
  }

  private mutating func addPath(
    _ from: [Located<Peer>], _ to: [Located<Peer>], _ test: PolicyTest, _ cases: inout CaseList
  ) -> Bool {
    let (sources, targets) = (ends(from), ends(to))
    if sources.nics.isEmpty, targets.nics.isEmpty {
      run.findings.add(
        Diagnostic(
          "test-without-vm", "neither end of '\(test.text)' is a VM of this repository", at: test.origin,
          expected: "a VM or a group at one end at least", hint: "addresses and sets stand for those outside"))
      return false
    }
    for (network, left) in byNetwork(sources.nics) {
      for (other, right) in byNetwork(targets.nics) {
        let isApart = network != nil && other != nil && network != other
        cases.add(left, right, test.route?.value ?? (isApart ? .routed : .bridged))
      }
    }
    for (nics, others, isInbound) in [(sources.nics, targets.others, false), (targets.nics, sources.others, true)] {
      for nic in nics {
        for (peers, route) in Self.routes(others, test.route?.value) where !peers.isEmpty {
          guard let addresses = addresses(peers, nic) else { return false }
          cases.add(ownEnd(nic, isAnyone: false), TestEnd(addresses), isInbound: isInbound, route)
        }
      }
    }
    return true
  }

  private func byNetwork(_ nics: [FilteredNIC]) -> [(network: String?, ends: [TestEnd])] {
    Dictionary(grouping: nics, by: \.nic.network).sorted { ($0.key ?? "") < ($1.key ?? "") }
      .map { ($0.key, $0.value.map { ownEnd($0, isAnyone: false) }) }
  }

  /// NICs that peers stand for, and the peers that stand for none.
  private func ends(_ peers: [Located<Peer>]) -> (nics: [FilteredNIC], others: [Located<Peer>]) {
    var nics: [FilteredNIC] = []
    var others: [Located<Peer>] = []
    for peer in peers {
      switch peer.value {
      case .machine(let name): nics += self.nics(of: name)
      case .group(let name): nics += subjects(of: name)
      default: others.append(peer)
      }
    }
    return (nics, others)
  }

  /// The host itself is reached another way than all others.
  private static func routes(
    _ peers: [Located<Peer>], _ route: TestRoute?
  ) -> [(peers: [Located<Peer>], route: TestRoute)] {
    if let route { return [(peers, route)] }
    let hosts = peers.filter { $0.value == .network(.host) }
    let others = peers.filter { $0.value != .network(.host) }
    return [(hosts, TestRoute.host), (others, .bridged)].filter { !$0.0.isEmpty }
  }

  // MARK: Addresses

  private mutating func addresses(_ peers: [Located<Peer>], _ nic: FilteredNIC) -> ResolvedPeers? {
    run.composer.resolver.peers.resolve(peers, run.scope(of: nic.nic, subject: nic.subject))
  }

  private mutating func end(_ nic: FilteredNIC, _ peers: [Located<Peer>]) -> TestEnd? {
    addresses(peers, nic).map { TestEnd(nic: nic, ipv4: $0.ipv4, ipv6: $0.ipv6) }
  }

  /// The addresses that a NIC has; any that a NIC can have where nobody has written one down.
  private func ownEnd(_ nic: FilteredNIC, isAnyone: Bool) -> TestEnd {
    let own: ResolvedPeers
    if isAnyone {
      own = .any
    } else if nic.nic.addresses.isEmpty {
      own = ResolvedPeers(
        ipv4: AddressSet.all(.ipv4).subtracting(ConnectionTracking.unansweredDestinations(.ipv4)),
        ipv6: AddressSet.all(.ipv6).subtracting(ConnectionTracking.unansweredDestinations(.ipv6)))
    } else {
      own = ResolvedPeers(nic.nic.addresses.map { AddressRange($0) })
    }
    return TestEnd(nic: nic, ipv4: own.ipv4, ipv6: own.ipv6)
  }
}

extension FilteredNIC {
  /// For messages.
  fileprivate var subject: String { isPlaceholder ? "group '\(groups.first ?? "")'" : "VM '\(nic.machine)'" }
}

extension TestEnd {
  fileprivate init(_ addresses: ResolvedPeers) {
    self.init(nic: nil, ipv4: addresses.ipv4, ipv6: addresses.ipv6)
  }
}

/// Cases with as many ends together as may be: an evaluation looks at each NIC once.
private struct CaseList {
  let traffic: PacketSet
  private var cases: [TestCase] = []
  private var ends: [Key: Int] = [:]

  /// What NICs of one case have in common beside the traffic.
  private struct Key: Hashable {
    let route: TestRoute
    let isInbound: Bool
    let other: TestEnd
  }

  init(traffic: PacketSet) { self.traffic = traffic }

  var list: [TestCase] { cases }

  /// A NIC and somebody outside.
  mutating func add(_ own: TestEnd, _ other: TestEnd, isInbound: Bool, _ route: TestRoute) {
    guard hasPackets(isInbound ? other : own, isInbound ? own : other) else { return }
    let key = Key(route: route, isInbound: isInbound, other: other)
    if let place = ends[key] {
      if isInbound { cases[place].targets.append(own) } else { cases[place].sources.append(own) }
      return
    }
    ends[key] = cases.count
    cases.append(
      TestCase(
        sources: [isInbound ? other : own], targets: [isInbound ? own : other], route: route, traffic: traffic))
  }

  /// NICs of two networks.
  mutating func add(_ sources: [TestEnd], _ targets: [TestEnd], _ route: TestRoute) {
    let speaks = sources.contains { source in
      targets.contains { target in
        (source.nic?.nic.machine != target.nic?.nic.machine || source.nic?.isPlaceholder == true)
          && hasPackets(source, target)
      }
    }
    if speaks { cases.append(TestCase(sources: sources, targets: targets, route: route, traffic: traffic)) }
  }

  private func hasPackets(_ source: TestEnd, _ target: TestEnd) -> Bool {
    traffic.regions.contains { region in
      region.source.intersects(source.addresses(region.family))
        && region.destination.intersects(target.addresses(region.family))
    }
  }
}
