// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// What a policy repository wants of its hosts: the output of the language and the input of the planner.
public struct DesiredState: Sendable, Hashable {
  public var identity: Identity
  /// Random, from `nwfleet init`: tells two repositories with the same project name apart.
  public var repositoryID: String
  /// By name, each name once.
  public var filters: [DesiredFilter]
  /// By group name.
  public var attachments: [DesiredAttachment]
  /// NICs in groups with rules, by VM name and MAC address.
  public var interfaces: [DesiredInterface]
  /// Ports that libvirt does not run, by VM name.
  public var ports: [DesiredPort]

  /// Whether it wants nothing at all: no filters, and no groups.
  public var isEmpty: Bool { filters.isEmpty && attachments.isEmpty && interfaces.isEmpty }

  public init(
    identity: Identity, repositoryID: String, filters: [DesiredFilter] = [], attachments: [DesiredAttachment] = [],
    interfaces: [DesiredInterface] = [], ports: [DesiredPort] = []
  ) {
    self.identity = identity
    self.repositoryID = repositoryID
    self.filters = filters
    self.attachments = attachments
    self.interfaces = interfaces
    self.ports = ports
  }
}

/// A filter with the places it comes from.
public struct DesiredFilter: Sendable, Hashable {
  /// Without a UUID: that follows from the project, or from the host where a filter is adopted.
  public var filter: Filter
  /// Whether a filter of this name that is not ours may be taken over.
  public var adopts: Bool
  public var origin: SourceRange
  /// For each entry of the filter, the place of its text.
  public var entryOrigins: [SourceRange]
  /// For each entry of a generated filter, the rules of the policy that it comes from; empty for a native filter.
  public var entrySources: [[RuleSource]]

  public init(
    _ filter: Filter, adopts: Bool = false, origin: SourceRange, entryOrigins: [SourceRange],
    entrySources: [[RuleSource]] = []
  ) {
    self.entrySources = entrySources
    self.filter = filter
    self.adopts = adopts
    self.origin = origin
    self.entryOrigins = entryOrigins
  }
}

/// One filter, with parameters, for all interfaces of the VMs of a group.
public struct DesiredAttachment: Sendable, Hashable {
  public var group: String
  public var machines: [NamePattern]
  public var reference: FilterReference
  public var origin: SourceRange

  public init(group: String, machines: [NamePattern], reference: FilterReference, origin: SourceRange) {
    self.group = group
    self.machines = machines
    self.reference = reference
    self.origin = origin
  }

  public func selects(machine name: String) -> Bool { machines.contains { $0.matches(name) } }
}

/// A tap or veth of a host that libvirt does not run, declared in the inventory as the interface of a VM.
public struct DesiredPort: Sendable, Hashable {
  public var machine: String
  public var device: String
  public var mac: MACAddress
  /// The host that has the port; nil for any.
  public var host: String?

  public init(machine: String, device: String, mac: MACAddress, host: String?) {
    self.machine = machine
    self.device = device
    self.mac = mac
    self.host = host
  }
}

/// A name, or a pattern in which `*` stands for any text and `?` for any character.
public struct NamePattern: Sendable, Hashable {
  public var text: String

  public init(_ text: String) { self.text = text }

  /// Whether it names one thing only.
  public var isLiteral: Bool { !text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") } }

  /// Takes time in proportion to the product of the lengths at most.
  public func matches(_ name: String) -> Bool {
    if isLiteral { return text == name }
    let pattern = Array(text.unicodeScalars)
    let scalars = Array(name.unicodeScalars)
    var (place, at) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while at < scalars.count {
      if place < pattern.count, pattern[place] == "*" {
        star = (place, at)
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == scalars[at] {
        place += 1
        at += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (place, at) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
