// SPDX-License-Identifier: Apache-2.0

import Diagnostics
public import FilterModel
import FilterXML
import Libvirt

/// Everything that a host tells about the addresses of its VMs.
public struct HostAddresses: Sendable, Hashable {
  /// What libvirt itself decides, and so may stand in an allow list once a person has seen it.
  public var facts: AddressFacts
  /// What guests say, for a person to follow up.
  public var suggestions: [AddressSuggestion]
  /// VMs whose guest agents could not be asked: for want of rights on the host, or because one of them hangs.
  public var unaskedAgents: [String]
}

/// An address that a guest says it has, or by which the host has seen it: never a fact.
public struct AddressSuggestion: Sendable, Hashable {
  public enum Source: String, Sendable, Hashable {
    /// The guest agent.
    case agent
    /// The host's table of neighbours.
    case arp
  }

  public var host: String
  public var machine: String
  public var mac: MACAddress
  public var address: AddressLock.Address
  public var source: Source
}

extension LibvirtHost {
  /// Reads networks, leases, and the interfaces of all VMs; then asks for suggestions, which may fail without harm.
  ///
  /// - Throws: `unreadable` where a VM or a network cannot be told.
  public func addresses() async throws(HostError) -> HostAddresses {
    let domains = try await domains()
    let networks = try await networks()
    var facts = AddressFacts(host: name)
    for (description, document) in networks {
      facts.networks[document.name] = description.described
      facts.assignments += description.assignments
      facts.assignments += document.leases.compactMap { lease in
        guard let mac = MACAddress(lease.mac), let address = AddressLock.Address(lease.address) else { return nil }
        return AddressFacts.Assignment(network: document.name, mac: mac, address: address, source: .lease)
      }
    }
    var bridges: [String: [String]] = [:]
    for (description, document) in networks {
      if let bridge = description.bridge { bridges[bridge, default: []].append(document.name) }
    }
    for domain in domains {
      facts.interfaces += try interfaces(of: domain) { bridge in
        // Several networks may be on one bridge of somebody else's; then nobody knows which is meant.
        bridges[bridge].flatMap { $0.count == 1 ? $0[0] : nil }
      }
    }
    let (suggestions, unasked) = await suggestions(domains, facts)
    return HostAddresses(facts: facts, suggestions: suggestions, unaskedAgents: unasked)
  }

  private func networks() async throws(HostError) -> [(description: NetworkXML, document: NetworkDocument)] {
    let documents: [NetworkDocument]
    do throws(HostError) {
      documents = try await call { connection async throws(LibvirtError) in try await connection.networks() }
    } catch  where error.code == .unsupported {
      // A libvirt without the network driver has no networks.
      return []
    }
    var result: [(description: NetworkXML, document: NetworkDocument)] = []
    for document in documents {
      do throws(DiagnosticError) {
        result.append((try NetworkXML(parsing: document.xml), document))
      } catch {
        let reason = error.diagnostics.first.map { ": \($0.message)" } ?? ""
        throw HostError(
          .unreadable, "\(name): network \(document.name) cannot be read\(reason)",
          hint: "look at it with 'virsh net-dumpxml'")
      }
    }
    return result
  }

  /// Those of the running VM, and those that only the stored configuration has.
  private func interfaces(
    of domain: DomainDocument, network: (_ bridge: String) -> String?
  ) throws(HostError) -> [AddressFacts.Interface] {
    var seen: Set<MACAddress> = []
    var result: [AddressFacts.Interface] = []
    for xml in [domain.liveXML, domain.configXML] {
      for (mac, interface) in try observation.interfaces(of: domain.name, xml) where seen.insert(mac).inserted {
        result.append(
          AddressFacts.Interface(
            machine: domain.name, mac: mac,
            network: interface.sourceNetwork ?? interface.sourceBridge.flatMap(network)))
      }
    }
    return result
  }

  // MARK: Suggestions

  private func suggestions(
    _ domains: [DomainDocument], _ facts: AddressFacts
  ) async -> (suggestions: [AddressSuggestion], unasked: [String]) {
    var documents: [(InterfaceAddressDocument, AddressSuggestion.Source)] = []
    var unasked: [String] = []
    let agents = Set(domains.filter { $0.liveXML.map { DomainXML.hasGuestAgent($0) } ?? false }.map(\.name))
    if !agents.isEmpty {
      // To ask an agent is to change something, to libvirt: it wants the right to write.
      if let writer = try? await Self.open(name: name, uri: uri, .readWrite),
        let answers = try? await writer.interfaceAddresses(from: .agent, ofDomains: agents)
      {
        documents += answers.map { ($0, .agent) }
      } else {
        unasked = agents.sorted()
      }
    }
    let seen = try? await call { connection async throws(LibvirtError) in
      try await connection.interfaceAddresses(from: .neighbours)
    }
    documents += (seen ?? []).map { ($0, .arp) }

    return (AddressSuggestion.list(documents, facts), unasked)
  }
}

extension AddressSuggestion {
  /// What of it may be of use: addresses that others reach, of interfaces that libvirt gave the VM, each once.
  static func list(_ documents: [(InterfaceAddressDocument, Source)], _ facts: AddressFacts) -> [AddressSuggestion] {
    let own = Set(facts.interfaces.map { "\($0.mac) \($0.machine)" })
    var found: Set<String> = []
    var result: [AddressSuggestion] = []
    for (document, source) in documents {
      guard let mac = MACAddress(document.mac), own.contains("\(mac) \(document.domain)"),
        let address = AddressLock.Address(document.address), address.isReachable,
        found.insert("\(mac) \(address) \(document.domain)").inserted
      else { continue }
      result.append(
        AddressSuggestion(host: facts.host, machine: document.domain, mac: mac, address: address, source: source))
    }
    return result.sorted { ($0.machine, $0.mac, $0.address) < ($1.machine, $1.mac, $1.address) }
  }
}
