// SPDX-License-Identifier: Apache-2.0

public import FilterModel
import FilterXML
import Kernel
import Libvirt
public import Planning
import Synchronization

/// A host whose libvirt is reached by a URI.
public final class LibvirtHost: Host {
  /// What the command may do there.
  public enum Access: Sendable {
    case readOnly, readWrite
  }

  public let name: String
  public let uri: String
  private let access: Access
  private let onRead: @Sendable (ReadReport) -> Void
  private let current: Mutex<Connection>

  private init(
    name: String, uri: String, access: Access, connection: Connection, onRead: @escaping @Sendable (ReadReport) -> Void
  ) {
    self.name = name
    self.uri = uri
    self.access = access
    self.onRead = onRead
    current = Mutex(connection)
  }

  /// Connects.
  ///
  /// - Parameter onRead: told of each reading of all filters.
  /// - Throws: `HostError` with code `unreachable`, and the sockets that were looked for and that there are, or `timedOut`.
  public static func connect(
    name: String, uri: String, access: Access, onRead: @escaping @Sendable (ReadReport) -> Void = { _ in }
  ) async throws(HostError) -> LibvirtHost {
    LibvirtHost(
      name: name, uri: uri, access: access, connection: try await open(name: name, uri: uri, access), onRead: onRead)
  }

  private static func open(name: String, uri: String, _ access: Access) async throws(HostError) -> Connection {
    do throws(LibvirtError) {
      return try await Connection.open(uri: uri, access: access == .readOnly ? .readOnly : .readWrite)
    } catch {
      throw unreachable(error, name: name, uri: uri, access)
    }
  }

  /// Which socket was looked for, which ones there are, and what to do: people mend this by hand with symlinks otherwise.
  private static func unreachable(
    _ error: LibvirtError, name: String, uri: String, _ access: Access
  ) -> HostError {
    var result = HostError(error, host: name)
    guard error.code == .unreachable || error.code == .accessDenied else { return result }
    result.message = "cannot connect to \(uri): \(error.message)"
    guard let parsed = try? LibvirtURI(uri), !parsed.isRemote else {
      result.hint = "check the URI, and that you can log in there without a password prompt"
      return result
    }
    let probe = SocketProbe()
    let expected = probe.expectedSockets(for: parsed, access: access == .readOnly ? .readOnly : .readWrite)
    let existing = probe.existingSockets()
    result.message += "; looked for \(expected.joined(separator: ", "))"
    result.message +=
      existing.isEmpty
      ? "; there is no libvirt socket on this machine" : "; there are \(existing.joined(separator: ", "))"
    result.hint =
      existing.isEmpty
      ? "start libvirtd ('systemctl start libvirtd'), or try a policy without one: 'nwfleet sandbox up'"
      : "name one of those with --connect '\(parsed.driver)+unix:///system?socket=PATH', or start libvirtd"
    return result
  }

  private var connection: Connection { current.withLock { $0 } }

  public func reconnect() async throws(HostError) {
    var last: HostError?
    // libvirtd takes a moment to start again; a second and a half is what a restart of systemd takes.
    for pause in [0, 250, 500, 1000, 2000] {
      try? await Task.sleep(for: .milliseconds(pause))
      do throws(HostError) {
        let fresh = try await Self.open(name: name, uri: uri, access)
        current.withLock { $0 = fresh }
        return
      } catch {
        last = error
      }
    }
    if let last { throw last }
  }

  /// Runs a call of libvirt's and names the host in its error.
  private func call<Result>(
    _ body: (Connection) async throws(LibvirtError) -> Result
  ) async throws(HostError) -> Result {
    do throws(LibvirtError) {
      return try await body(connection)
    } catch {
      throw HostError(error, host: name)
    }
  }

  // MARK: Reading

  public func observe() async throws(HostError) -> ObservedHost {
    let version = try await call { connection async throws(LibvirtError) in try await connection.libraryVersion() }
    let filters = try await filters()
    let bindings = try await bindings()
    let domains = try await domains()
    return ObservedHost(
      name: name, uri: uri, libvirtVersion: version.description, filters: filters,
      machines: domains.map(Self.machine).sorted { $0.name < $1.name }, bindings: bindings,
      enforcement: await enforcement(), devices: await devices())
  }

  public func filters() async throws(HostError) -> [ObservedFilter] {
    let start = ContinuousClock.now
    let documents = try await call { connection async throws(LibvirtError) in try await connection.filters() }
    onRead(ReadReport(filters: documents.count, duration: ContinuousClock.now - start))
    return
      documents
      .compactMap { Self.filter(xml: $0.xml, uuid: $0.uuid, name: $0.name) }.sorted { $0.name < $1.name }
  }

  public func filter(named name: String) async throws(HostError) -> ObservedFilter? {
    let xml = try await call { connection async throws(LibvirtError) in try await connection.filterXML(named: name) }
    return xml.flatMap { Self.filter(xml: $0, uuid: nil, name: name) }
  }

  private static func filter(xml: String, uuid: String?, name: String) -> ObservedFilter? {
    let parsed = FilterXML.parse(xml)
    guard let uuid = uuid.flatMap(ObjectUUID.init) ?? parsed.filter?.uuid else { return nil }
    return ObservedFilter(name: name, uuid: uuid, xml: xml, filter: parsed.hasErrors ? nil : parsed.filter)
  }

  private func bindings() async throws(HostError) -> [ObservedBinding] {
    try await call { connection async throws(LibvirtError) in try await connection.bindings() }
      .compactMap { Self.binding($0.xml) }.sorted { $0.device < $1.device }
  }

  public func binding(of device: String) async throws(HostError) -> ObservedBinding? {
    try await bindings().first { $0.device == device }
  }

  private static func binding(_ xml: String) -> ObservedBinding? {
    guard let binding = try? BindingXML.parse(xml) else { return nil }
    return ObservedBinding(
      device: binding.portDevice, ownerName: binding.ownerName, ownerUUID: binding.ownerUUID, mac: binding.mac,
      reference: binding.reference)
  }

  private func domains() async throws(HostError) -> [DomainDocument] {
    do throws(LibvirtError) {
      return try await connection.domains()
    } catch  where error.code == .unsupported {
      // The nwfilter: driver has filters and bindings but no VMs (reference, section 4.2).
      return []
    } catch {
      throw HostError(error, host: name)
    }
  }

  private static func machine(_ domain: DomainDocument) -> ObservedMachine {
    let live = interfaces(of: domain.liveXML)
    let config = interfaces(of: domain.configXML)
    var interfaces: [ObservedInterface] = []
    for (mac, interface) in live {
      interfaces.append(
        ObservedInterface(
          mac: mac, type: interface.type, carriesFilters: interface.canCarryFilter,
          device: interface.targetDevice, live: .present(interface.reference),
          config: config.first { $0.mac == mac }.map { .present($0.interface.reference) } ?? .absent))
    }
    for (mac, interface) in config where !live.contains(where: { $0.mac == mac }) {
      interfaces.append(
        ObservedInterface(
          mac: mac, type: interface.type, carriesFilters: interface.canCarryFilter, device: nil,
          live: .absent, config: .present(interface.reference)))
    }
    return ObservedMachine(
      name: domain.name, uuid: ObjectUUID(domain.uuid) ?? ObjectUUID(high: 0, low: 0), isRunning: domain.isActive,
      isPersistent: domain.isPersistent, interfaces: interfaces)
  }

  /// libvirt gives every interface a MAC address, so that all of them are found.
  private static func interfaces(of xml: String?) -> [(mac: MACAddress, interface: InterfaceXML)] {
    let interfaces = xml.flatMap { try? DomainXML.interfaces(of: $0) } ?? []
    return interfaces.compactMap { interface in interface.mac.map { ($0, interface) } }
  }

  /// Only where libvirtd is a process of this machine can its kernel be read.
  private func enforcement() async -> Enforcement {
    guard let process = localProcess else { return .unknown }
    let filtering = await BridgeFiltering.read(ofProcess: process)
    return Enforcement(ipv4: Self.state(filtering.ipv4), ipv6: Self.state(filtering.ipv6))
  }

  private func devices() async -> Set<String>? {
    guard let process = localProcess else { return nil }
    return await NetworkDevices.names(ofProcess: process)
  }

  /// A process in the host's namespaces, where that is this machine.
  private var localProcess: Int32? {
    guard let parsed = try? LibvirtURI(uri), !parsed.isRemote else { return nil }
    return SocketProbe().peerProcess(ofSocketFor: parsed)
  }

  private static func state(_ state: BridgeFiltering.State) -> Enforcement.State {
    switch state {
    case .on: .on
    case .off: .off
    case .unknown: .unknown
    }
  }

  // MARK: Writing

  public func define(_ xml: String, name: String, deadline: Duration) async throws(HostError) {
    try await call { connection async throws(LibvirtError) in
      try await connection.defineFilter(xml: xml, deadline: deadline)
    }
  }

  public func undefine(_ name: String, uuid: ObjectUUID, deadline: Duration) async throws(HostError) {
    do throws(LibvirtError) {
      try await connection.undefineFilter(named: name, uuid: uuid.description, deadline: deadline)
    } catch  where error.code == .noSuchFilter {
      return
    } catch {
      throw HostError(error, host: self.name)
    }
  }

  public func attach(_ change: InterfaceChange, deadline: Duration) async throws(HostError) {
    let domains = try await domains()
    guard let domain = domains.first(where: { ObjectUUID($0.uuid) == change.uuid }) else {
      throw HostError(.refused, "\(name): VM \(change.machine) is gone", hint: "plan again")
    }
    // The description that is changed must be the one that the interface's text comes from.
    let xml = change.isLive ? domain.liveXML : domain.configXML
    guard let interface = Self.interfaces(of: xml).first(where: { $0.mac == change.mac })?.interface else {
      throw HostError(
        .refused, "\(name): VM \(change.machine) has no interface \(change.mac) any more", hint: "plan again")
    }
    let text = interface.with(filterReference: change.after.reference)
    try await call { connection async throws(LibvirtError) in
      try await connection.updateDevice(
        domainUUID: domain.uuid, xml: text, live: change.isLive, config: change.isConfig, deadline: deadline)
    }
  }

  public func bind(_ binding: ObservedBinding, deadline: Duration) async throws(HostError) {
    var reference = binding.reference
    // libvirt adds these itself; what it added to a binding that is put back must not be fixed for ever.
    reference.parameters["MAC"] = nil
    let xml = BindingXML.write(
      FilterBinding(
        ownerName: binding.ownerName, ownerUUID: binding.ownerUUID, portDevice: binding.device, mac: binding.mac,
        reference: reference))
    try await call { connection async throws(LibvirtError) in
      try await connection.createBinding(xml: xml, deadline: deadline)
    }
  }

  public func unbind(_ device: String, deadline: Duration) async throws(HostError) {
    do throws(LibvirtError) {
      try await connection.deleteBinding(portDevice: device, deadline: deadline)
    } catch  where error.code == .noSuchBinding {
      return
    } catch {
      throw HostError(error, host: name)
    }
  }
}

extension FilterXML {
  /// The filter, if the model can say all of it.
  static func exactly(_ xml: String) -> Filter? {
    let parsed = parse(xml)
    return parsed.hasErrors ? nil : parsed.filter
  }
}

extension LibvirtHost {
  /// The version of libvirt's client library.
  public static var clientVersion: String { Version.client.description }

  /// Whether a URI leads to a libvirtd of this machine.
  public static func isLocal(_ uri: String) -> Bool { (try? LibvirtURI(uri)).map { !$0.isRemote } ?? false }
}
