// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning

/// What becomes different for packets, as JSON.
struct TrafficDocument: Encodable {
  struct Interface: Encodable {
    var machine: String
    var mac: String
    var device: String?
  }

  struct Line: Encodable {
    /// allowed, denied or other.
    var change: String
    /// In the words of rules.
    var traffic: String
    var example: String?
  }

  struct Item: Encodable {
    var groups: [String]
    var interfaces: [Interface]
    var lines: [Line]
  }

  struct Unknown: Encodable {
    var groups: [String]
    var interface: Interface?
    var reason: String
  }

  /// Whether it is known that no packet meets another end than before.
  var isNone: Bool
  var changes: [Item]
  var unknown: [Unknown]
  /// Interfaces with other rules that decide the same.
  var unchanged: [Interface]
  var newGroups: [String]
  var removedGroups: [String]
  /// VMs that only one side knows.
  var newMachines: [String]
  var removedMachines: [String]

  init(_ report: TrafficReport) {
    isNone = report.isNone
    changes = report.items.map { item in
      Item(
        groups: item.groups, interfaces: item.interfaces.map(Interface.init),
        lines: item.change.lines.map {
          Line(change: $0.kind.rawValue, traffic: $0.text, example: $0.example)
        })
    }
    unknown = report.unknown.map {
      Unknown(groups: $0.groups, interface: $0.interface.map(Interface.init), reason: $0.reason)
    }
    unchanged = report.unchanged.map(Interface.init)
    newGroups = report.newGroups
    removedGroups = report.removedGroups
    newMachines = report.newMachines
    removedMachines = report.removedMachines
  }
}

extension TrafficDocument.Interface {
  fileprivate init(_ name: InterfaceName) {
    self.init(machine: name.machine, mac: name.mac.description, device: name.device)
  }
}
