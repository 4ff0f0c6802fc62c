// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Names that a policy speaks of somewhere, also in what is switched off.
struct NameUses {
  private(set) var sets: Set<String> = []
  private(set) var services: Set<String> = []
  private(set) var presets: Set<String> = []
  private(set) var groups: Set<String> = []

  init(_ policy: Policy) {
    for set in policy.sets {
      add(set.members)
      add(set.except)
    }
    for service in policy.services { add(service.traffic) }
    for preset in policy.presets { add(preset) }
    for index in policy.groups.indices { add(policy.groups[index].rules) }
    for parameters in policy.machineParameters.values { add(parameters) }
    for environment in policy.environments { add(environment) }
    for test in policy.allTests {
      add(test.peers)
      add(test.traffic)
    }
    if let admins = policy.admins {
      add(admins.from)
      add(admins.allow)
    }
  }

  private mutating func add(_ environment: Environment) {
    for set in environment.sets {
      add(set.members)
      add(set.except)
    }
    for service in environment.services { add(service.traffic) }
    for group in environment.groups {
      add(group.parameters)
      for rule in group.rules {
        add(rule.rule?.traffic ?? [])
        for peers in [rule.rule?.from, rule.rule?.to, rule.from, rule.to] { add(peers ?? []) }
      }
    }
  }

  private mutating func add(_ ruleSet: RuleSet) {
    for use in ruleSet.uses { presets.insert(use.value) }
    add(ruleSet.inbound)
    add(ruleSet.outbound)
    add(ruleSet.parameters)
  }

  private mutating func add(_ rules: [PolicyRule]) {
    for index in rules.indices {
      add(rules[index].traffic)
      if let from = rules[index].from { add(from) }
      if let to = rules[index].to { add(to) }
    }
  }

  private mutating func add(_ parameters: [String: Parameter]) {
    for parameter in parameters.values {
      add(parameter.peers ?? [])
      add(parameter.traffic ?? [])
    }
  }

  private mutating func add(_ peers: [Located<Peer>]) {
    for peer in peers {
      switch peer.value {
      case .set(let name): sets.insert(name)
      case .group(let name): groups.insert(name)
      default: break
      }
    }
  }

  private mutating func add(_ traffic: [Located<Traffic>]) {
    for item in traffic {
      if case .service(let name) = item.value { services.insert(name) }
    }
  }
}
