// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath
import Testing

@testable import Compiler

/// Random policies, compiled, and what libvirt makes of the result: every packet has the verdict that the
/// first matching rule gives it.
@Suite struct GenerationModelTests {
  @Test("Verdicts of generated filters are those of the policy", arguments: 0..<16)
  func verdicts(part: Int) {
    var failures = 0
    for seed in 0..<160 {
      var policy = RandomPolicy(random: Random(seed: UInt64(part * 10_000 + seed)))
      let decisions = policy.decisions()
      guard let compiled = ModelCase(decisions) else { continue }
      var problems = compiled.staticProblems()
      for _ in 0..<60 where problems.isEmpty {
        let direction: TrafficDirection = policy.pick([.in, .out])
        problems += compiled.problems(of: policy.packet(direction), direction)
      }
      if !problems.isEmpty {
        failures += 1
        if failures <= 2 {
          Issue.record("policy \(part * 10_000 + seed):\n\(problems[0])\n\(compiled.description)")
        }
      }
    }
    #expect(failures == 0)
  }

  /// libvirt mirrors an outbound drop, which would stop what an inbound rule behind a denial lets in.
  @Test("ICMP that begins no flow passes where it is allowed, whatever outbound rules deny")
  func messagesBehindDenials() throws {
    func rule(_ name: String, _ verdict: Verdict, _ region: PacketRegion) -> ResolvedRule {
      ResolvedRule(
        verdict: verdict, packets: PacketSet(region), group: "group",
        source: RuleSource(id: "group/\(name)", range: RandomPolicy.origin))
    }
    for family in AddressFamily.allCases {
      let remote = RandomPolicy.base(family)
      var errors = PacketRegion.all(family)
      errors.protocols = IntervalSet(family.icmp...family.icmp)
      errors.destinationPorts = IntervalSet(PacketRegion.messages(3))
      errors.source = AddressSet(remote...remote)
      var code = errors
      code.destinationPorts = IntervalSet(3 << 8 | 4...3 << 8 | 4)
      var away = PacketRegion.all(family)
      away.destination = errors.source
      var decisions = Decisions()
      decisions.inbound = [rule("code", .drop, code), rule("errors", .allow, errors)]
      decisions.outbound = [rule("away", .drop, away)]
      let compiled = try #require(ModelCase(decisions))
      var packet = Packet(
        family: family, protocolNumber: family.icmp, source: remote,
        destination: RandomPolicy.own[family]!)
      packet.destinationPort = 3 << 8
      let invalid = Tracking(state: .invalid, side: .original)
      #expect(compiled.outcome(packet, .in, invalid) == .accepted, "\(compiled.description)")
      swap(&packet.source, &packet.destination)
      for state in [Tracking(state: .new, side: .original), invalid, Tracking(state: .established, side: .original)] {
        #expect(compiled.outcome(packet, .out, state) == .dropped)
      }
    }
  }

  @Test("Compiling twice gives the same, whatever the order of regions")
  func deterministic() {
    for seed in 0..<200 {
      var policy = RandomPolicy(random: Random(seed: UInt64(seed)))
      let decisions = policy.decisions()
      var shuffled = decisions
      for index in shuffled.inbound.indices {
        shuffled.inbound[index].packets = PacketSet(decisions.inbound[index].packets.regions.reversed())
      }
      #expect(ModelCase.generate(decisions).profile.filter == ModelCase.generate(shuffled).profile.filter)
    }
  }
}

/// A policy with what became of it.
struct ModelCase {
  let decisions: Decisions
  let generated: GeneratedProfile
  private let model: FirstMatch
  private let program: KernelProgram
  /// Families whose protocols without an element at layer 3 are decided at layer 2.
  private let enumerated: Set<AddressFamily>
  /// Whether inbound allows come after inbound denials: then outbound denials may spare flows that run already.
  private let sparesRunningFlows: Bool

  static func generate(_ decisions: Decisions) -> GeneratedProfile {
    ProfileGenerator().generate(
      name: "t.profile.test", decisions: decisions, identity: Identity(project: "t"), origin: RandomPolicy.origin)
  }

  /// nil where the policy is refused.
  init?(_ decisions: Decisions) {
    self.decisions = decisions
    let generated = Self.generate(decisions)
    self.generated = generated
    if generated.diagnostics.contains(where: { $0.severity == .error }) { return nil }
    model = FirstMatch(decisions: decisions)
    let filters = ([generated.profile] + generated.leaves).map(\.filter)
    do {
      program = try KernelProgram(
        root: generated.profile.filter.name,
        filters: Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) }),
        parameters: [
          "MAC": [RandomPolicy.ownMAC.description], "ADDRESS4": ["10.0.0.5", "10.0.0.6"], "ADDRESS6": ["2001:db8::5"],
        ])
    } catch {
      Issue.record("\(error)")
      return nil
    }
    enumerated = Set(
      AddressFamily.allCases.filter { family in
        generated.profile.filter.rules.contains {
          !$0.matchesState && $0.match?.filterProtocol == (family == .ipv4 ? .all : .allIPv6)
        }
      })
    let verdicts = decisions.inbound.map(\.verdict) + [decisions.inboundDefault]
    let firstDenial = verdicts.firstIndex { $0 != .allow } ?? verdicts.count
    sparesRunningFlows =
      verdicts[firstDenial...].contains(.allow) || decisions.inbound.contains { $0.connectionLimit != nil }
  }

  /// Rules that libvirt would change or that do nothing.
  func staticProblems() -> [String] {
    ([generated.profile] + generated.leaves).flatMap { desired in
      desired.filter.findings().map(\.message)
        + desired.filter.rules.flatMap { rule in rule.findings().map { "\(rule): \($0.message)" } }
        + (desired.entryOrigins.count == desired.filter.entries.count
          && desired.entrySources.count == desired.filter.entries.count ? [] : ["places are missing"])
    }
  }

  var description: String {
    let rules = [("in", decisions.inbound), ("out", decisions.outbound)].flatMap { name, rules in
      rules.map { rule in
        "  \(name) \(rule.verdict) \(rule.isStateless ? "stateless " : "")\(rule.connectionLimit.map { "≤\($0) " } ?? "")"
          + rule.packets.regions.map { "\($0.spelling)" }.joined(separator: " | ")
      }
    }
    let filters = ([generated.profile] + generated.leaves).map { desired in
      "\(desired.filter.name) \(desired.filter.chain):\n"
        + desired.filter.entries.map { "    \($0.summary)" }.joined(separator: "\n")
    }
    return (rules + ["  default in \(decisions.inboundDefault) out \(decisions.outboundDefault)"] + filters)
      .joined(separator: "\n")
  }
}

extension PacketRegion {
  var spelling: String {
    func ports(_ set: IntervalSet<UInt16>) -> String {
      set.isFull ? "*" : set.ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
    func addresses(_ set: AddressSet) -> String {
      set.isAll(family) ? "*" : set.addressRanges(family).map(\.description).joined(separator: ",")
    }
    let numbers = protocols.isFull ? "*" : protocols.ranges.map { "\($0)" }.joined(separator: ",")
    return
      "\(family) \(numbers) \(addresses(source)):\(ports(sourcePorts)) > \(addresses(destination)):\(ports(destinationPorts))"
  }
}

// MARK: Packets of a flow

extension ModelCase {
  func problems(of packet: Packet, _ direction: TrafficDirection) -> [String] {
    if isSystemTraffic(packet) { return [] }
    if isUnnamed(packet) { return statelessProblems(packet, direction) }
    // PacketPath knows nothing of what is inside of AH, which layer 2 decides about here.
    if hidesProtocol(packet), enumerated.contains(.ipv6) { return otherPathProblems(packet, direction) }
    return firstPacketProblems(packet, direction) + establishedProblems(packet, direction)
      + replyProblems(packet, direction) + otherPathProblems(packet, direction)
  }

  /// What the guard's rules let through before the policy is asked.
  private func isSystemTraffic(_ packet: Packet) -> Bool {
    packet.family == .ipv6 && packet.protocolNumber == 58 && (130...143).contains(packet.destinationPort >> 8)
      && decisions.guardPolicy.nd
  }

  private func hidesProtocol(_ packet: Packet) -> Bool { packet.family == .ipv6 && packet.protocolNumber == 51 }

  private func isUnnamed(_ packet: Packet) -> Bool {
    [47, 99].contains(packet.protocolNumber) && enumerated.contains(packet.family)
  }

  private func frame(_ packet: Packet, _ direction: TrafficDirection) -> Frame {
    Frame(
      packet, sourceMAC: direction == .in ? RandomPolicy.otherMAC : RandomPolicy.ownMAC,
      destinationMAC: direction == .in ? RandomPolicy.ownMAC : RandomPolicy.otherMAC)
  }

  func outcome(
    _ packet: Packet, _ direction: TrafficDirection, _ tracking: Tracking, _ topology: Topology = .bridged
  ) -> Outcome {
    program.outcome(frame(packet, direction), direction == .in ? .toMachine : .fromMachine, topology, tracking)
  }

  private func expect(
    _ what: String, _ packet: Packet, _ direction: TrafficDirection, _ actual: Outcome, _ expected: Outcome
  ) -> [String] {
    actual == expected ? [] : ["\(what) \(direction) \(packet): \(actual), not \(expected)"]
  }

  private func firstPacketProblems(_ packet: Packet, _ direction: TrafficDirection) -> [String] {
    var tracking = FirstMatch.trackingOfFirst(packet)
    let verdict = model.verdict(packet, direction)
    let actual = outcome(packet, direction, tracking)
    var expected = Outcome(verdict)
    // What belongs to no flow and begins none passes where a rule is about just such packets; never against the policy.
    if tracking.state == .invalid {
      return actual == .accepted && expected != .accepted || actual == .undecided
        ? ["invalid \(direction) \(packet): \(actual)"] : []
    }
    if tracking.state == .untracked, expected == .rejected, actual == .dropped { expected = .dropped }
    var problems = expect("first", packet, direction, actual, expected)
    tracking.connections = 4
    if model.rule(packet, direction)?.connectionLimit != nil { expected = .dropped }
    problems += expect("fourth", packet, direction, outcome(packet, direction, tracking), expected)
    return problems
  }

  /// Later packets of the side that began the flow; also of flows that began before the policy denied them.
  private func establishedProblems(_ packet: Packet, _ direction: TrafficDirection) -> [String] {
    guard FirstMatch.trackingOfFirst(packet).state == .new else { return [] }
    let actual = outcome(packet, direction, Tracking(state: .established, side: .original))
    let isAllowed = model.verdict(packet, direction) == .allow
    if !isAllowed, direction == .out, sparesRunningFlows { return actual == .undecided ? ["undecided \(packet)"] : [] }
    return (actual == .accepted) == isAllowed ? [] : ["established \(direction) \(packet): \(actual)"]
  }

  private func replyProblems(_ packet: Packet, _ direction: TrafficDirection) -> [String] {
    guard FirstMatch.trackingOfFirst(packet).state == .new, let reply = FirstMatch.reply(to: packet) else { return [] }
    let back: TrafficDirection = direction == .in ? .out : .in
    guard let isAllowed = model.allowsReplies(packet, direction) else { return [] }
    // An answer of ICMP is of a type that begins no flow, so an allow of that type looks at no flow.
    let isMessage = PortUse(protocolNumber: reply.protocolNumber) == .messages
    if !isAllowed, isMessage, model.verdict(reply, back) == .allow { return [] }
    let isExpected = isAllowed || model.allowsWithoutState(reply, back)
    let topologies: [Topology] = back == .out ? Topology.allCases : [.bridged]
    return topologies.flatMap { topology -> [String] in
      let actual = outcome(reply, back, Tracking(state: .established, side: .reply), topology)
      // Nothing can go out any more; late answers are no matter.
      if !isExpected, direction == .out, model.verdict(packet, direction) != .allow { return [] }
      return (actual == .accepted) == isExpected
        ? [] : ["reply \(back) \(topology) \(reply): \(actual), flow is \(model.verdict(packet, direction))"]
    }
  }

  /// Errors about flows pass everywhere; layer 2 stops nothing that is allowed, and what else it lets in is announced.
  private func otherPathProblems(_ packet: Packet, _ direction: TrafficDirection) -> [String] {
    var problems: [String] = []
    let isAllowed = model.verdict(packet, direction) == .allow
    if isAllowed, let reply = FirstMatch.reply(to: packet) {
      var error = reply
      error.protocolNumber = packet.family == .ipv4 ? 1 : 58
      (error.sourcePort, error.destinationPort) = (0, packet.family == .ipv4 ? 3 << 8 | 4 : 2 << 8)
      let back: TrafficDirection = direction == .in ? .out : .in
      problems += expect(
        "error about", error, back, outcome(error, back, Tracking(state: .related, side: .reply)), .accepted)
    }
    guard direction == .in else { return problems }
    for seen in seenAtLayer2(packet) {
      // From the host a packet meets layer 2 alone.
      let getsIn = outcome(seen, .in, .first, .host) == .accepted
      if isAllowed, !getsIn { problems.append("layer 2 stops \(packet), seen as \(seen)") }
      if !isAllowed, getsIn, generated.oneWay.isEmpty {
        problems.append("\(packet) gets in one way, seen as \(seen), unannounced")
      }
    }
    return problems
  }

  /// What layer 2 takes a packet for: ebtables looks through an authentication header of IPv6 (ipv6_skip_exthdr). Rules about
  /// protocols that layer 2 alone decides hold inside of it too: these are left out where there are such rules.
  private func seenAtLayer2(_ packet: Packet) -> [Packet] {
    guard hidesProtocol(packet) else { return [packet] }
    let others: [UInt8] = enumerated.contains(.ipv6) ? [] : [4, 41, 47, 59, 99]
    return ([6, 17, 50, 58, 132, 136] + others).map { number in
      var seen = packet
      seen.protocolNumber = number
      if number == 58 { seen.destinationPort = 128 << 8 }
      return seen
    }
  }

  /// Layer 2 decides each packet by itself, on all paths.
  private func statelessProblems(_ packet: Packet, _ direction: TrafficDirection) -> [String] {
    let isAllowed = model.verdict(packet, direction) == .allow
    return Topology.allCases.flatMap { topology -> [String] in
      [Tracking(state: .new, side: .original), Tracking(state: .established, side: .reply)].flatMap { tracking in
        let actual = outcome(packet, direction, tracking, topology)
        return (actual == .accepted) == isAllowed ? [] : ["unnamed \(direction) \(topology) \(packet): \(actual)"]
      }
    }
  }
}

extension Outcome {
  init(_ verdict: Verdict) {
    self =
      switch verdict {
      case .allow: .accepted
      case .reject: .rejected
      case .drop, .pass: .dropped
      }
  }
}
