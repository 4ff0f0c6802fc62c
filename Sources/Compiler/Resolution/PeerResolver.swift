// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Looks up whom rules speak of; everything that has a name is worked out once.
struct PeerResolver {
  var checker: NameChecker
  private let index: MachineIndex
  private let hosts: [String: InventoryHost]
  /// nil for what cannot be known, because something is wrong with it.
  private var sets: [String: ResolvedPeers?] = [:]
  private var groups: [String: ResolvedPeers?] = [:]

  init(checker: NameChecker, index: MachineIndex, hosts: [InventoryHost]) {
    self.checker = checker
    self.index = index
    self.hosts = Dictionary(hosts.map { ($0.name, $0) }) { first, _ in first }
    for name in checker.setOrder { sets[name] = resolveSet(name) }
  }

  /// All addresses of a list; nil where something is wrong with it, which is then reported.
  mutating func resolve(_ peers: [Located<Peer>], _ scope: Scope) -> ResolvedPeers? {
    var path: [String] = []
    return resolve(peers, scope, &path)
  }

  private mutating func resolve(
    _ peers: [Located<Peer>], _ scope: Scope, _ path: inout [String]
  ) -> ResolvedPeers? {
    if peers.count == 1 { return resolve(peers[0], scope, &path) }
    var result = ResolvedPeers()
    var ranges: [AddressRange] = []
    var isWrong = false
    for peer in peers {
      if case .addresses(let range) = peer.value {
        ranges.append(range)
      } else if let addresses = resolve(peer, scope, &path) {
        result.formUnion(addresses)
      } else {
        isWrong = true
      }
    }
    if !ranges.isEmpty { result.formUnion(ResolvedPeers(ranges)) }
    return isWrong ? nil : result
  }

  private mutating func resolve(_ peer: Located<Peer>, _ scope: Scope, _ path: inout [String]) -> ResolvedPeers? {
    switch peer.value {
    case .any: return .any
    case .addresses(let range): return ResolvedPeers(CollectionOfOne(range))
    case .set(let name): return sets[name] ?? nil
    case .group(let name): return members(of: name, at: peer.range)
    case .machine(let name): return addresses(ofMachine: name, at: peer.range)
    case .network(let part): return addresses(of: part, scope, at: peer.range)
    case .parameter(let name): return values(of: name, scope, at: peer.range, &path)
    }
  }

  // MARK: Sets

  private mutating func resolveSet(_ name: String) -> ResolvedPeers? {
    guard let definition = checker.names.sets[name] else { return nil }
    var path: [String] = []
    guard var result = resolve(definition.members, Scope(), &path) else { return nil }
    if !definition.except.isEmpty {
      guard let except = resolve(definition.except, Scope(), &path) else { return nil }
      for empty in except.empties {
        // What is not taken out would be let in.
        checker.findings.add(
          Diagnostic(
            "empty-except", "except of set '\(name)' takes nothing out: \(empty) is empty",
            at: definition.except[0].range, hint: "remove it from except, or give it members"))
      }
      result = result.subtracting(except)
    }
    let own = "@\(name)"
    if result.isEmpty, !result.empties.contains(own) { result.empties.insert(own, at: 0) }
    return result
  }

  // MARK: Groups and VMs

  /// One NIC's or VM's addresses; nil where nobody has declared any.
  private static func ranges(_ addresses: [IPAddress]) -> [AddressRange]? {
    if addresses.isEmpty { return nil }
    return addresses.map(AddressRange.init)
  }

  private mutating func members(of name: String, at range: SourceRange) -> ResolvedPeers? {
    if let known = groups[name] { return known }
    guard let group = checker.names.groups[name] else { return nil }
    var ranges: [AddressRange] = []
    var missing: [InventoryMachine] = []
    for index in index.select(group.selector) {
      guard let machine = checker.names.machines[self.index.names[index]], isOnHosts(machine, group.hosts) else {
        continue
      }
      guard let own = addresses(of: machine, macs: group.selector.macs) else {
        missing.append(machine)
        continue
      }
      ranges += own
    }
    if !missing.isEmpty {
      reportMissing(missing, "as a member of group '\(name)'", at: range)
      groups[name] = .some(nil)
      return nil
    }
    var result = ResolvedPeers(ranges)
    if result.isEmpty { result.empties = ["group:\(name)"] }
    groups[name] = .some(result)
    return result
  }

  private mutating func addresses(ofMachine name: String, at range: SourceRange) -> ResolvedPeers? {
    guard let machine = checker.names.machines[name] else { return nil }
    guard let own = addresses(of: machine, macs: []) else {
      reportMissing([machine], "here", at: range)
      return nil
    }
    return ResolvedPeers(own)
  }

  /// A VM whose host is not known may be on any.
  private func isOnHosts(_ machine: InventoryMachine, _ selector: HostSelector?) -> Bool {
    guard let selector, let name = machine.host, let host = hosts[name] else { return true }
    return selector.selects(host.name, labels: host.labels)
  }

  /// nil where a NIC has none: it could send from any address.
  private func addresses(of machine: InventoryMachine, macs: [MACAddress]) -> [AddressRange]? {
    let interfaces = machine.interfaces.filter { macs.isEmpty || macs.contains($0.mac) }
    if machine.interfaces.isEmpty { return macs.isEmpty ? Self.ranges(machine.addresses) : [] }
    var ranges: [AddressRange] = []
    for interface in interfaces {
      let own =
        interface.addresses.isEmpty && machine.interfaces.count == 1 ? machine.addresses : interface.addresses
      guard let own = Self.ranges(own) else { return nil }
      ranges += own
    }
    return ranges
  }

  private mutating func reportMissing(_ machines: [InventoryMachine], _ role: String, at range: SourceRange) {
    let shown = machines.prefix(3)
    let names = shown.map { "'\($0.name)'" }.joined(separator: ", ")
    let rest = machines.count > shown.count ? " and \(machines.count - shown.count) others" : ""
    let isOne = machines.count == 1
    checker.findings.add(
      Diagnostic(
        "member-without-address",
        "\(isOne ? "VM" : "VMs") \(names)\(rest), named \(role), \(isOne ? "has" : "have") a NIC without an address",
        at: range, expected: "addresses under vms: or in addresses.lock.yaml",
        hint: "run 'nwfleet lock', or write \(Self.addressLine(machines[0].name))",
        notes: shown.map { Diagnostic.Note("VM '\($0.name)'", at: $0.origin) }))
  }

  static func addressLine(_ machine: String) -> String { "vms: {\(machine): {addresses: [ADDRESS]}}" }

  // MARK: Networks and parameters

  private mutating func addresses(of part: NetworkPart, _ scope: Scope, at range: SourceRange) -> ResolvedPeers? {
    guard let network = scope.network else {
      let subject = scope.subject ?? "a VM of this group"
      checker.findings.add(
        Diagnostic(
          "no-network", "'\(part.rawValue)' stands for nothing: nobody says which network \(subject) is on", at: range,
          expected: "network: NAME on the VM or its NIC", hint: NameTable.lockHint))
      return nil
    }
    let ranges =
      switch part {
      case .network: network.subnets
      case .gateway: network.gateway
      case .dns: network.dns.isEmpty ? network.gateway : network.dns
      case .host: network.host
      }
    guard !ranges.isEmpty else {
      let key = part == .network ? "subnets" : part.rawValue
      checker.findings.add(
        Diagnostic(
          "network-without-part", "network '\(network.name)' has no \(key), which '\(part.rawValue)' stands for",
          at: range, hint: "add \(key): to network '\(network.name)', or run 'nwfleet lock'",
          notes: [Diagnostic.Note("the network", at: network.origin)]))
      return nil
    }
    return ResolvedPeers(ranges)
  }

  private mutating func values(
    of name: String, _ scope: Scope, at range: SourceRange, _ path: inout [String]
  ) -> ResolvedPeers? {
    guard let parameter = parameter(name, scope, at: range, path) else { return nil }
    guard let peers = parameter.peers else {
      checker.findings.add(Self.wrongKind(name, parameter, expected: "addresses, @SET, group:NAME, …", at: range))
      return nil
    }
    checker.check(peers)
    path.append(name)
    defer { path.removeLast() }
    guard var result = resolve(peers, scope, &path) else { return nil }
    if peers.isEmpty { result.empties.insert("$\(name)", at: 0) }
    return result
  }

  /// The value of a parameter; reports one that there is not, and one that needs itself.
  mutating func parameter(_ name: String, _ scope: Scope, at range: SourceRange, _ path: [String]) -> Parameter? {
    if path.contains(name) || path.count >= Self.deepestParameter {
      checker.findings.add(
        Diagnostic(
          "parameter-loop",
          "parameters need each other in a loop: \((path + [name]).map { "$\($0)" }.joined(separator: " → "))",
          at: range, hint: "write the value out"))
      return nil
    }
    guard let parameter = scope.parameter(name) else {
      // Whoever uses a preset gives its parameters.
      let range = scope.use ?? range
      if let subject = scope.subject, checker.names.machineParameters.contains(name) {
        checker.findings.add(
          Diagnostic(
            "unknown-parameter", "\(subject) gives no value for '$\(name)', nor does its group", at: range,
            hint: "add parameters: {\(name): …} to the VM or the group"))
      } else if scope.use != nil, Suggestion.nearest(to: name, in: scope.parameters.keys) == nil {
        checker.findings.add(
          Diagnostic(
            "unknown-parameter", "the preset that is used here needs a value for '$\(name)'", at: range,
            hint: "add parameters: {\(name): …} to the group"))
      } else {
        checker.unknownParameter(name, at: range, known: Array(scope.parameters.keys))
      }
      return nil
    }
    return parameter
  }

  private static let deepestParameter = 32

  static func wrongKind(_ name: String, _ parameter: Parameter, expected: String, at range: SourceRange) -> Diagnostic {
    let texts = parameter.texts.prefix(3).map { "'\($0.value)'" }.joined(separator: ", ")
    return Diagnostic(
      "bad-parameter", "'$\(name)' stands for \(texts), which does not fit here", at: range, expected: expected,
      notes: parameter.texts.prefix(1).map { Diagnostic.Note("its value", at: $0.range) })
  }
}
