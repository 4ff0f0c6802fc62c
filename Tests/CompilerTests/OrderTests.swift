// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Testing

/// Nothing depends on the order of files, nor on that of dictionaries, which differs from run to run.
struct OrderTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var mixed = state
      mixed ^= mixed >> 33
      mixed = mixed &* 0xff51_afd7_ed55_8ccd
      return mixed ^ mixed >> 33
    }
  }

  private static let words: [Peer] = [
    .set("office"), .set("none"), .group("g3"), .machine("vm-4"), .ip("10.0.0.0/8"), .network(.gateway),
    .parameter("p"),
    .ip("2001:db8::/32"), .set("missing"), .group("g1"),
  ]

  private static func policy(_ random: inout Generator) -> Policy {
    var places = Places()
    let services: [Traffic] = [
      .service("ssh"), .service("web"), .any, .icmp("echo-request"), .service("own"), .ipProtocol(47),
    ]
    var groups: [Group] = []
    for index in 0..<8 {
      let rules = (0..<4).map { number in
        rule(
          Verdict.allCases.randomElement(using: &random)!, [services.randomElement(using: &random)!],
          from: Bool.random(using: &random) ? [words.randomElement(using: &random)!] : nil, name: "r\(number)",
          at: places.next())
      }
      let group = group(
        "g\(index)", vms: Bool.random(using: &random) ? "*" : "vm-\(index)*", in: rules,
        uses: Bool.random(using: &random) ? ["kit"] : [],
        defaults: (Bool.random(using: &random) ? .reject : nil, nil),
        guard: Bool.random(using: &random) ? .strict : nil,
        parameters: ["p": parameter(["10.7.0.0/16"], peers: [.ip("10.7.0.0/16")])],
        tier: Tier.allCases.randomElement(using: &random)!, order: Int.random(in: 0...1, using: &random),
        at: places.next())
      groups.append(group)
    }
    return CompilerTests.policy(
      groups,
      vms: (0..<8).map {
        machine(
          "vm-\($0)", ["10.0.0.\($0)"], macs: [$0 + 1, $0 / 2 + 1].map { UInt64($0) }, labels: ["n": "\($0 % 2)"])
      }
    ) {
      $0.sets = [set("office", [.set("site"), .group("g2")]), set("site", [.ip("192.0.2.0/24")]), set("none", [])]
      $0.services = [service("own", [.ports(.tcp, [8000...8010]), .service("ssh")])]
      $0.presets = [ruleSet("kit", in: [rule(.allow, [.service("https")], at: places.next())], guard: .off)]
      $0.networks = [Network(name: "default", gateway: [range("10.0.0.1")], origin: somewhere)]
      $0.machineParameters = ["vm-3": ["p": parameter(["10.3.0.0/16"], peers: [.ip("10.3.0.0/16")])]]
    }
  }

  private static func shuffled(_ policy: Policy, _ random: inout Generator) -> Policy {
    var policy = policy
    policy.groups.shuffle(using: &random)
    policy.sets.shuffle(using: &random)
    policy.services.shuffle(using: &random)
    policy.presets.shuffle(using: &random)
    policy.networks.shuffle(using: &random)
    policy.inventory.machines.shuffle(using: &random)
    return policy
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func shufflingChangesNothing(seed: UInt64) {
    var random = Generator(state: seed)
    let policy = Self.policy(&random)
    let machines = (0..<4).map { HostMachine(name: "vm-\($0)", interfaces: [mac(UInt64($0) + 20)]) }
    let expected = compile(policy, on: machines)
    for _ in 0..<3 {
      let other = compile(Self.shuffled(policy, &random), on: machines.shuffled(using: &random))
      #expect(other.desired == expected.desired)
      #expect(other.diagnostics == expected.diagnostics)
    }
  }

  /// Without what is wrong, so that there is something to compare.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func shufflingAValidPolicyChangesNothing(seed: UInt64) {
    var random = Generator(state: seed)
    var policy = Self.policy(&random)
    for index in policy.groups.indices {
      policy.groups[index].order = index
      policy.groups[index].rules.guardPolicy = nil
      policy.groups[index].rules.inbound.removeAll { rule in
        rule.from?.contains { [.set("missing"), .set("none")].contains($0.value) } ?? false
      }
      policy.inventory.machines[index].interfaces = [.init(mac: mac(UInt64(index) + 1))]
    }
    let expected = compile(policy)
    #expect(expected.desired != nil)
    #expect(compile(Self.shuffled(policy, &random)).desired == expected.desired)
  }
}
