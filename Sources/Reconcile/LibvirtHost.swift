// SPDX-License-Identifier: Apache-2.0

public import FilterModel
import FilterXML
import FoundationEssentials
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

  static func open(name: String, uri: String, _ access: Access) async throws(HostError) -> Connection {
    do throws(LibvirtError) {
      var options = ConnectionOptions()
      if !isLocal(uri) {
        // A network can go away without a word; on this machine the kernel tells of a libvirtd that ends.
        try EventLoop.start()
        options.keepAlive = ConnectionOptions.KeepAlive(interval: 5, count: 5)
      }
      let kind: Connection.Access = access == .readOnly ? .readOnly : .readWrite
      return try await Connection.open(uri: SocketProbe().uri(uri, access: kind), access: kind, options: options)
    } catch {
      throw .unreachable(error, name: name, uri: uri, access)
    }
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
  func call<Result>(
    _ body: (Connection) async throws(LibvirtError) -> Result
  ) async throws(HostError) -> Result {
    do throws(LibvirtError) {
      return try await body(connection)
    } catch {
      throw HostError(error, host: name)
    }
  }

  // MARK: Reading

  var observation: Observation { Observation(host: name) }

  /// - Throws: `unreadable` where something on the host cannot be told: then nobody knows what it refers to.
  public func observe() async throws(HostError) -> ObservedHost {
    let version = try await call { connection async throws(LibvirtError) in try await connection.libraryVersion() }
    let filters = try await filters()
    let bindings = try await bindings()
    return ObservedHost(
      name: name, uri: uri, libvirtVersion: version.description, filters: filters,
      machines: try await machines(), bindings: bindings, enforcement: await enforcement(),
      devices: await devices())
  }

  public func filters() async throws(HostError) -> [ObservedFilter] {
    let start = ContinuousClock.now
    let documents = try await call { connection async throws(LibvirtError) in try await connection.filters() }
    onRead(ReadReport(filters: documents.count, duration: ContinuousClock.now - start))
    var filters: [ObservedFilter] = []
    filters.reserveCapacity(documents.count)
    for document in documents {
      filters.append(try observation.filter(xml: document.xml, uuid: document.uuid, name: document.name))
    }
    return filters.sorted { $0.name < $1.name }
  }

  public func filter(named name: String) async throws(HostError) -> ObservedFilter? {
    let xml = try await call { connection async throws(LibvirtError) in try await connection.filterXML(named: name) }
    guard let xml else { return nil }
    return try observation.filter(xml: xml, uuid: nil, name: name)
  }

  private func bindings() async throws(HostError) -> [ObservedBinding] {
    let documents = try await call { connection async throws(LibvirtError) in try await connection.bindings() }
    var bindings: [ObservedBinding] = []
    for document in documents { bindings.append(try observation.binding(document)) }
    return bindings.sorted { $0.device < $1.device }
  }

  public func binding(of device: String) async throws(HostError) -> ObservedBinding? {
    try await bindings().first { $0.device == device }
  }

  public func machine(_ uuid: ObjectUUID) async throws(HostError) -> ObservedMachine? {
    let domain = try await call { connection async throws(LibvirtError) in
      try await connection.domain(uuid: uuid.description)
    }
    guard let domain else { return nil }
    return try observation.machine(domain)
  }

  public func machines() async throws(HostError) -> [ObservedMachine] {
    var machines: [ObservedMachine] = []
    for domain in try await domains() { machines.append(try observation.machine(domain)) }
    return machines.sorted { $0.name < $1.name }
  }

  func domains() async throws(HostError) -> [DomainDocument] {
    do throws(LibvirtError) {
      return try await connection.domains()
    } catch  where error.code == .unsupported {
      // The nwfilter: driver has filters and bindings but no VMs (reference, section 4.2).
      return []
    } catch {
      throw HostError(error, host: name)
    }
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
  ///
  /// Only libvirt's own daemons, and systemd that starts them by their socket: whatever else answers there may be a proxy,
  /// and its namespaces are not the host's.
  private var localProcess: Int32? {
    guard let parsed = try? LibvirtURI(uri), !parsed.isRemote,
      let process = SocketProbe().peerProcess(ofSocketFor: parsed),
      let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8),
      ["libvirtd\n", "virtqemud\n", "virtnwfilterd\n", "virtlxcd\n", "systemd\n"].contains(name)
    else { return nil }
    return process
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

  /// One call per description, each with its own text: with both flags in one call libvirt would store what the running VM
  /// has, and lose what the stored configuration says otherwise, such as its network or a model for the next start.
  ///
  /// The stored configuration comes first: it is put back if the running VM refuses.
  public func attach(_ change: InterfaceChange, deadline: Duration) async throws(HostError) {
    let domain = try await domain(of: change)
    let config = try change.isConfig ? interface(of: change, in: domain.configXML) : nil
    let live = try change.isLive ? interface(of: change, in: domain.liveXML) : nil
    let wanted = change.after.reference
    if let config {
      try await update(change, config.with(filterReference: wanted), isLive: false, deadline)
      try await checkStored(change, against: config, deadline)
    }
    guard let live else { return }
    do throws(HostError) {
      try await update(change, live.liveUpdate(filterReference: wanted), isLive: true, deadline)
    } catch {
      // Where nobody knows what has become of it, it is read again before anything else is sent.
      guard let config, ![.outcomeUnknown, .timedOut, .unreachable].contains(error.code) else { throw error }
      throw await restored(change, config, after: error, deadline)
    }
  }

  private func domain(of change: InterfaceChange) async throws(HostError) -> DomainDocument {
    let found = try await call { connection async throws(LibvirtError) in
      try await connection.domain(uuid: change.uuid.description)
    }
    guard let found else { throw HostError(.refused, "\(name): VM \(change.machine) is gone", hint: "plan again") }
    return found
  }

  /// The interface that is to be changed; nil where it is as wanted.
  private func interface(of change: InterfaceChange, in xml: String?) throws(HostError) -> InterfaceXML? {
    let found = try observation.interfaces(of: change.machine, xml).filter { $0.mac == change.mac }
    guard let interface = found.first?.interface, found.count == 1 else {
      throw HostError(
        .refused,
        found.isEmpty
          ? "\(name): VM \(change.machine) has no interface \(change.mac) any more"
          : "\(name): VM \(change.machine) has \(found.count) interfaces \(change.mac)",
        hint: found.isEmpty ? "plan again" : "give each interface an address of its own")
    }
    if interface.reference == change.after.reference { return nil }
    guard interface.reference == change.before.reference else {
      let present = interface.reference.map { "filter \($0.filter)" } ?? "no filter"
      throw HostError(
        .refused,
        "\(name): interface \(change.mac) of VM \(change.machine) has \(present) meanwhile, or other values for it",
        hint: "plan again")
    }
    return interface
  }

  private func update(
    _ change: InterfaceChange, _ xml: String, isLive: Bool, _ deadline: Duration
  ) async throws(HostError) {
    try await call { connection async throws(LibvirtError) in
      try await connection.updateDevice(
        domainUUID: change.uuid.description, xml: xml, live: isLive, config: !isLive, deadline: deadline)
    }
  }

  /// Whether libvirt stores the interface as it was but for its filter; if not, the old one is put back.
  private func checkStored(
    _ change: InterfaceChange, against before: InterfaceXML, _ deadline: Duration
  ) async throws(HostError) {
    let domain = try await domain(of: change)
    let stored = try observation.interfaces(of: change.machine, domain.configXML).first { $0.mac == change.mac }
    guard stored?.interface.textWithoutFilter != before.textWithoutFilter else { return }
    let error = HostError(
      .notAsDefined,
      "\(name): libvirt changed more than the filter of interface \(change.mac) in the stored configuration of VM "
        + change.machine,
      hint: "libvirt's text: \(stored?.interface.text ?? "none")")
    throw await restored(change, before, after: error, deadline)
  }

  /// Puts the stored interface back, and says in the error whether that worked.
  private func restored(
    _ change: InterfaceChange, _ before: InterfaceXML, after failure: HostError, _ deadline: Duration
  ) async -> HostError {
    var result = failure
    do throws(HostError) {
      try await update(change, before.text, isLive: false, deadline)
      result.message += "; the stored configuration is put back"
    } catch {
      result.message += "; the stored configuration could not be put back: \(error.message)"
    }
    return result
  }

  public func bind(_ binding: ObservedBinding, deadline: Duration) async throws(HostError) {
    var reference = binding.reference
    // What libvirt added to a binding that is put back, it adds again. Another MAC is the policy's own. A learned IP stays:
    // nothing tells it from a given one, and without it everything is let in until it is learned anew.
    if reference.parameters["MAC"] == [binding.mac.description] { reference.parameters["MAC"] = nil }
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
