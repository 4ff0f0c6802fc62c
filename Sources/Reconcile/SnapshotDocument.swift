// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
import FoundationEssentials
public import Planning

/// A reading of a host as a file: what `nwfleet snapshot` writes, and `--snapshot` plans against.
public struct SnapshotDocument: Codable, Sendable, Hashable {
  /// The version of this format.
  public static let format = 1

  struct FilterRecord: Codable, Hashable {
    var name: String
    var uuid: String
    var xml: String
  }

  struct InterfaceRecord: Codable, Hashable {
    var mac: String
    var type: String
    var carriesFilters: Bool
    var device: String?
    /// Absent where the VM has no such description, or the description no such interface.
    var live: PresenceRecord?
    var config: PresenceRecord?
  }

  struct PresenceRecord: Codable, Hashable {
    var filter: ReferenceRecord?
  }

  struct MachineRecord: Codable, Hashable {
    var name: String
    var uuid: String
    var isRunning: Bool
    var isPersistent: Bool
    var interfaces: [InterfaceRecord]
  }

  var format: Int
  /// When it was taken, in seconds since 1970.
  public var takenAt: Int
  public var host: String
  public var uri: String
  var libvirt: String
  var filters: [FilterRecord]
  var machines: [MachineRecord]
  var bindings: [BindingRecord]
  var bridgeNetfilter: [String: String]
  /// Absent where they could not be read.
  var devices: [String]?
}

/// A filterref.
struct ReferenceRecord: Codable, Hashable {
  var name: String
  var parameters: [String: [String]]

  init(_ reference: FilterReference) {
    name = reference.filter
    parameters = reference.parameters
  }

  var reference: FilterReference { FilterReference(name, parameters: parameters) }
}

/// A binding of a port.
struct BindingRecord: Codable, Hashable {
  var device: String
  var ownerName: String
  var ownerUUID: String
  var mac: String
  var filter: ReferenceRecord

  init(_ binding: ObservedBinding) {
    device = binding.device
    ownerName = binding.ownerName
    ownerUUID = binding.ownerUUID.description
    mac = binding.mac.description
    filter = ReferenceRecord(binding.reference)
  }

  func binding() throws(HostError) -> ObservedBinding {
    ObservedBinding(
      device: device, ownerName: ownerName, ownerUUID: try Self.uuid(ownerUUID), mac: try Self.mac(mac),
      reference: filter.reference)
  }

  static func uuid(_ text: String) throws(HostError) -> ObjectUUID {
    guard let uuid = ObjectUUID(text) else { throw HostError(.file, "'\(text)' is no UUID") }
    return uuid
  }

  static func mac(_ text: String) throws(HostError) -> MACAddress {
    guard let mac = MACAddress(text) else { throw HostError(.file, "'\(text)' is no MAC address") }
    return mac
  }
}

extension SnapshotDocument {
  /// - Parameter takenAt: seconds since 1970.
  public init(_ observed: ObservedHost, takenAt: Int) {
    format = Self.format
    self.takenAt = takenAt
    host = observed.name
    uri = observed.uri
    libvirt = observed.libvirtVersion
    filters = observed.filters.map { FilterRecord(name: $0.name, uuid: $0.uuid.description, xml: $0.xml) }
    machines = observed.machines.map { machine in
      MachineRecord(
        name: machine.name, uuid: machine.uuid.description, isRunning: machine.isRunning,
        isPersistent: machine.isPersistent, interfaces: machine.interfaces.map(Self.record))
    }
    bindings = observed.bindings.map(BindingRecord.init)
    devices = observed.devices?.sorted()
    bridgeNetfilter = [
      "ipv4": observed.enforcement.ipv4.rawValue, "ipv6": observed.enforcement.ipv6.rawValue,
    ]
  }

  private static func record(_ interface: ObservedInterface) -> InterfaceRecord {
    func presence(_ presence: ObservedInterface.Presence) -> PresenceRecord? {
      switch presence {
      case .absent: nil
      case .present(let reference): PresenceRecord(filter: reference.map(ReferenceRecord.init))
      }
    }
    return InterfaceRecord(
      mac: interface.mac.description, type: interface.type, carriesFilters: interface.carriesFilters,
      device: interface.device, live: presence(interface.live), config: presence(interface.config))
  }

  /// What was read then.
  public func observed() throws(HostError) -> ObservedHost {
    guard format == Self.format else {
      throw HostError(
        .file, "the snapshot has format \(format), this nwfleet reads \(Self.format)", hint: "take a new snapshot")
    }
    func state(_ name: String) -> Enforcement.State {
      bridgeNetfilter[name].flatMap(Enforcement.State.init) ?? .unknown
    }
    var observed = ObservedHost(
      name: host, uri: uri, libvirtVersion: libvirt, enforcement: Enforcement(ipv4: state("ipv4"), ipv6: state("ipv6")),
      devices: devices.map { Set($0) })
    for record in filters {
      observed.filters.append(
        ObservedFilter(
          name: record.name, uuid: try BindingRecord.uuid(record.uuid), xml: record.xml,
          filter: FilterXML.exactly(record.xml)))
    }
    for record in bindings { observed.bindings.append(try record.binding()) }
    for record in machines {
      var machine = ObservedMachine(
        name: record.name, uuid: try BindingRecord.uuid(record.uuid), isRunning: record.isRunning,
        isPersistent: record.isPersistent)
      for interface in record.interfaces { machine.interfaces.append(try Self.interface(interface)) }
      observed.machines.append(machine)
    }
    return observed
  }

  private static func interface(_ record: InterfaceRecord) throws(HostError) -> ObservedInterface {
    func presence(_ record: PresenceRecord?) -> ObservedInterface.Presence {
      record.map { .present($0.filter?.reference) } ?? .absent
    }
    return ObservedInterface(
      mac: try BindingRecord.mac(record.mac), type: record.type, carriesFilters: record.carriesFilters,
      device: record.device, live: presence(record.live), config: presence(record.config))
  }
}
