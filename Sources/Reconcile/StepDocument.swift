// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
public import Planning

/// A step as a record: what an armed undo finds on the host, and `--json` prints.
public struct StepDocument: Codable, Sendable, Hashable {
  var filter: FilterRecord?
  var interface: InterfaceRecord?
  var port: PortRecord?

  struct FilterRecord: Codable, Hashable {
    var name: String
    var uuid: String
    /// XML; absent where the filter is not there.
    var before: String?
    var after: String?
  }

  struct InterfaceRecord: Codable, Hashable {
    var machine: String
    var uuid: String
    var mac: String
    var device: String?
    var isLive: Bool
    var isConfig: Bool
    var before: ReferenceRecord?
    var after: ReferenceRecord?
  }

  struct PortRecord: Codable, Hashable {
    var machine: String
    var device: String
    var before: BindingRecord?
    var after: BindingRecord?
  }

  public init(_ step: Step) {
    switch step {
    case .filter(let change):
      func text(_ state: FilterChange.State?) -> String? {
        state.map { $0.xml ?? $0.filter.map(FilterXML.write) ?? "" }
      }
      filter = FilterRecord(
        name: change.name, uuid: change.uuid.description, before: text(change.before), after: text(change.after))
    case .interface(let change):
      interface = InterfaceRecord(
        machine: change.machine, uuid: change.uuid.description, mac: change.mac.description, device: change.device,
        isLive: change.isLive, isConfig: change.isConfig, before: change.before.reference.map(ReferenceRecord.init),
        after: change.after.reference.map(ReferenceRecord.init))
    case .port(let change):
      port = PortRecord(
        machine: change.machine, device: change.device, before: change.before.map(BindingRecord.init),
        after: change.after.map(BindingRecord.init))
    }
  }

  /// The step itself.
  public func step() throws(HostError) -> Step {
    if let filter {
      func state(_ xml: String?) -> FilterChange.State? {
        xml.map { FilterChange.State(filter: FilterXML.exactly($0), xml: $0) }
      }
      return .filter(
        FilterChange(
          name: filter.name, uuid: try BindingRecord.uuid(filter.uuid), before: state(filter.before),
          after: state(filter.after)))
    }
    if let interface {
      return .interface(
        InterfaceChange(
          machine: interface.machine, uuid: try BindingRecord.uuid(interface.uuid),
          mac: try BindingRecord.mac(interface.mac), device: interface.device, isLive: interface.isLive,
          isConfig: interface.isConfig, before: .init(interface.before?.reference),
          after: .init(interface.after?.reference), group: nil))
    }
    guard let port else { throw HostError(.file, "a step names no object") }
    return .port(
      PortChange(
        machine: port.machine, device: port.device, before: try Self.binding(port.before),
        after: try Self.binding(port.after), group: nil))
  }

  private static func binding(_ record: BindingRecord?) throws(HostError) -> ObservedBinding? {
    guard let record else { return nil }
    return try record.binding()
  }
}
