// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Glibc

extension Connection {
  /// All networks that libvirt runs or keeps, with the DHCP leases of those that are active, read within the read deadline.
  ///
  /// A network that vanishes while they are read is left out.
  /// - Throws: `.unsupported` where the connection has no network driver.
  public func networks() async throws(LibvirtError) -> [NetworkDocument] {
    try await perform("virConnectListAllNetworks", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      var buffer: UnsafeMutablePointer<OpaquePointer?>?
      let count = virConnectListAllNetworks(lease.pointer, &buffer, 0)
      guard count >= 0, let buffer else { throw lease.lastError("virConnectListAllNetworks", self.uri) }
      let list = HandleList(taking: buffer, count: Int(count)) { virNetworkFree($0) }
      defer { list.releaseRest() }
      return try self.gather(on: lease, count: list.count) { index throws(LibvirtError) in
        guard let pointer = list.take(index) else { return nil }
        let handle = NetworkHandle(taking: pointer)
        return try unlessGone(.noSuchNetwork) { () throws(LibvirtError) in try handle.document(lease) }
      }
    }
  }

  /// The addresses that running domains are seen or say to have, read within the read deadline.
  ///
  /// A domain that does not tell them (no guest agent, off meanwhile) has none.
  /// - Parameter names: only these domains; nil means all that run.
  /// - Throws: `.unsupported` where the connection has no domains.
  public func interfaceAddresses(
    from source: InterfaceAddressSource, ofDomains names: Set<String>? = nil
  ) async throws(LibvirtError) -> [InterfaceAddressDocument] {
    try await perform("virDomainInterfaceAddresses", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      var buffer: UnsafeMutablePointer<OpaquePointer?>?
      let count = virConnectListAllDomains(lease.pointer, &buffer, VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue)
      guard count >= 0, let buffer else { throw lease.lastError("virConnectListAllDomains", self.uri) }
      let list = HandleList(taking: buffer, count: Int(count)) { virDomainFree($0) }
      defer { list.releaseRest() }
      let addresses = try self.gather(on: lease, count: list.count) {
        index throws(LibvirtError) -> [InterfaceAddressDocument]? in
        guard let pointer = list.take(index) else { return nil }
        let handle = DomainHandle(taking: pointer)
        if let names, !names.contains(handle.name) { return nil }
        return try handle.addresses(source, lease)
      }
      return addresses.flatMap(\.self)
    }
  }
}

/// A reference to a network, owned as `FilterHandle` is.
private struct NetworkHandle: ~Copyable {
  private let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    virNetworkFree(pointer)
  }

  private var name: String {
    virNetworkGetName(pointer).map { String(cString: $0) } ?? ""
  }

  func document(_ lease: ConnectionLease) throws(LibvirtError) -> NetworkDocument {
    let active = virNetworkIsActive(pointer)
    guard active >= 0 else { throw lease.lastError("virNetworkIsActive", name) }
    guard let text = virNetworkGetXMLDesc(pointer, 0) else { throw lease.lastError("virNetworkGetXMLDesc", name) }
    return NetworkDocument(
      name: name, isActive: active == 1, xml: takeString(text), leases: active == 1 ? try leases(lease) : [])
  }

  /// libvirt leaves out those that have expired, and has none for networks that it serves no DHCP in.
  private func leases(_ lease: ConnectionLease) throws(LibvirtError) -> [LeaseDocument] {
    var buffer: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
    let count = virNetworkGetDHCPLeases(pointer, nil, &buffer, 0)
    guard count >= 0 else {
      let error = lease.lastError("virNetworkGetDHCPLeases", name)
      if error.code == .unsupported { return [] }
      throw error
    }
    guard let buffer else { return [] }
    defer { free(buffer) }
    var leases: [LeaseDocument] = []
    for index in 0..<Int(count) {
      guard let raw = buffer[index] else { continue }
      defer { virNetworkDHCPLeaseFree(raw) }
      guard let mac = raw.pointee.mac, let address = raw.pointee.ipaddr else { continue }
      leases.append(LeaseDocument(mac: String(cString: mac), address: String(cString: address)))
    }
    return leases
  }
}

extension DomainHandle {
  fileprivate borrowing func addresses(
    _ source: InterfaceAddressSource, _ lease: ConnectionLease
  ) throws(LibvirtError) -> [InterfaceAddressDocument] {
    var buffer: UnsafeMutablePointer<virDomainInterfacePtr?>?
    let count = virDomainInterfaceAddresses(pointer, &buffer, source.number, 0)
    guard count >= 0 else {
      let error = lease.lastError("virDomainInterfaceAddresses", name)
      if [.outcomeUnknown, .timedOut, .readOnly, .accessDenied].contains(error.code) { throw error }
      return []
    }
    guard let buffer else { return [] }
    defer { free(buffer) }
    var addresses: [InterfaceAddressDocument] = []
    for index in 0..<Int(count) {
      guard let raw = buffer[index] else { continue }
      defer { virDomainInterfaceFree(raw) }
      guard let mac = raw.pointee.hwaddr else { continue }
      for number in 0..<Int(raw.pointee.naddrs) {
        guard let address = raw.pointee.addrs[number].addr else { continue }
        addresses.append(
          InterfaceAddressDocument(domain: name, mac: String(cString: mac), address: String(cString: address)))
      }
    }
    return addresses
  }
}

extension InterfaceAddressSource {
  fileprivate var number: UInt32 {
    switch self {
    case .agent: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT.rawValue
    case .neighbours: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP.rawValue
    }
  }
}
