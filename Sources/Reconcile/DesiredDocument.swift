// SPDX-License-Identifier: Apache-2.0

import Diagnostics
public import FilterModel
import FilterXML

/// What a policy wants, as a record: with the reading of the host it makes a saved plan, since a plan is a function of the two.
public struct DesiredDocument: Codable, Sendable, Hashable {
  struct FilterRecord: Codable, Hashable {
    var xml: String
    var adopts: Bool
    var origin: PlaceRecord
    var entryOrigins: [PlaceRecord]
    /// Absent for filters that were not generated.
    var entrySources: [[SourceRecord]]?
  }

  /// A rule of the policy that an entry of a generated filter comes from.
  struct SourceRecord: Codable, Hashable {
    var id: String
    var place: PlaceRecord?
  }

  struct AttachmentRecord: Codable, Hashable {
    var group: String
    var machines: [String]
    var filter: ReferenceRecord
    var origin: PlaceRecord
  }

  struct InterfaceRecord: Codable, Hashable {
    var machine: String
    var mac: String
    var filter: ReferenceRecord
    var groups: [String]
    var origin: PlaceRecord
    var oneWay: [String]
    var addresses: [String]
  }

  struct PortRecord: Codable, Hashable {
    var machine: String
    var device: String
    var mac: String
    var host: String?
  }

  var project: String
  var repositoryID: String
  var filters: [FilterRecord]
  var attachments: [AttachmentRecord]
  /// Absent where there are none, as in plans of earlier versions.
  var interfaces: [InterfaceRecord]?
  var ports: [PortRecord]

  public init(_ desired: DesiredState) {
    project = desired.identity.project
    repositoryID = desired.repositoryID
    filters = desired.filters.map {
      FilterRecord(
        xml: FilterXML.write($0.filter), adopts: $0.adopts, origin: PlaceRecord($0.origin),
        entryOrigins: $0.entryOrigins.map(PlaceRecord.init), entrySources: Self.records($0.entrySources))
    }
    attachments = desired.attachments.map {
      AttachmentRecord(
        group: $0.group, machines: $0.machines.map(\.text), filter: ReferenceRecord($0.reference),
        origin: PlaceRecord($0.origin))
    }
    let records = desired.interfaces.map {
      InterfaceRecord(
        machine: $0.machine, mac: $0.mac.description, filter: ReferenceRecord($0.reference), groups: $0.groups,
        origin: PlaceRecord($0.origin), oneWay: $0.oneWay,
        addresses: $0.addresses.map(\.description))
    }
    interfaces = records.isEmpty ? nil : records
    ports = desired.ports.map {
      PortRecord(machine: $0.machine, device: $0.device, mac: $0.mac.description, host: $0.host)
    }
  }

  /// What the policy wanted then.
  public func desired() throws(HostError) -> DesiredState {
    var desired = DesiredState(identity: Identity(project: project), repositoryID: repositoryID)
    for record in filters {
      guard let filter = FilterXML.exactly(record.xml) else {
        throw HostError(.file, "a filter of the saved plan cannot be read", hint: "plan again")
      }
      desired.filters.append(
        DesiredFilter(
          filter, adopts: record.adopts, origin: record.origin.range, entryOrigins: record.entryOrigins.map(\.range),
          entrySources: (record.entrySources ?? []).map { sources in
            sources.map { RuleSource(id: $0.id, range: $0.place?.range) }
          }))
    }
    desired.attachments = attachments.map {
      DesiredAttachment(
        group: $0.group, machines: $0.machines.map { NamePattern($0) }, reference: $0.filter.reference,
        origin: $0.origin.range)
    }
    for record in interfaces ?? [] {
      desired.interfaces.append(
        DesiredInterface(
          machine: record.machine, mac: try BindingRecord.mac(record.mac), reference: record.filter.reference,
          groups: record.groups, origin: record.origin.range, oneWay: record.oneWay,
          addresses: record.addresses.compactMap { IPAddress($0) }))
    }
    for record in ports {
      desired.ports.append(
        DesiredPort(
          machine: record.machine, device: record.device, mac: try BindingRecord.mac(record.mac), host: record.host))
    }
    return desired
  }

  private static func records(_ sources: [[RuleSource]]) -> [[SourceRecord]]? {
    guard !sources.isEmpty else { return nil }
    return sources.map { $0.map { SourceRecord(id: $0.id, place: $0.range.map(PlaceRecord.init)) } }
  }

  /// Changes whenever anything changes that a host would see; places in files do not count.
  public static func digest(of desired: DesiredState) -> String {
    var document = DesiredDocument(desired)
    let nowhere = PlaceRecord(
      SourceRange(
        file: "", start: SourcePosition(line: 0, column: 0), end: SourcePosition(line: 0, column: 0)))
    for index in document.filters.indices {
      document.filters[index].origin = nowhere
      document.filters[index].entryOrigins = []
      document.filters[index].entrySources = nil
    }
    // Which groups ask for a filter, what they cannot keep out, and addresses beyond the parameters are no part of it.
    for index in (document.interfaces ?? []).indices {
      document.interfaces?[index].origin = nowhere
      document.interfaces?[index].groups = []
      document.interfaces?[index].oneWay = []
      document.interfaces?[index].addresses = []
    }
    for index in document.attachments.indices { document.attachments[index].origin = nowhere }
    return SHA1.hexDigest(JSONFile.text(document))
  }
}
