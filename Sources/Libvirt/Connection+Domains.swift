// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt

extension Connection {
  /// All domains, running and shut off, read within the read deadline.
  ///
  /// A domain that vanishes while they are read is left out. Secrets are not in the XML.
  public func domains() async throws(LibvirtError) -> [DomainDocument] {
    try await perform("virConnectListAllDomains", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      var buffer: UnsafeMutablePointer<OpaquePointer?>?
      let count = virConnectListAllDomains(lease.pointer, &buffer, 0)
      guard count >= 0, let buffer else { throw lease.lastError("virConnectListAllDomains", self.uri) }
      let list = HandleList(taking: buffer, count: Int(count)) { virDomainFree($0) }
      defer { list.releaseRest() }
      return try self.gather(on: lease, count: list.count) { index throws(LibvirtError) in
        guard let pointer = list.take(index) else { return nil }
        let handle = DomainHandle(taking: pointer)
        return try unlessGone(.noSuchDomain) { () throws(LibvirtError) in try handle.document(lease) }
      }
    }
  }

  /// One domain; nil when there is none of that UUID.
  public func domain(uuid: String) async throws(LibvirtError) -> DomainDocument? {
    try await perform("virDomainGetXMLDesc", subject: uuid, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      try unlessGone(.noSuchDomain) { () throws(LibvirtError) in
        try DomainHandle(uuid: uuid, on: lease).document(lease)
      }
    }
  }

  /// Changes a device of a domain, such as the filter of an interface, on the running machine, for its next start, or
  /// both.
  ///
  /// On a running machine the interface is unfiltered for a moment. libvirt changes nothing where the XML is as before.
  /// - Throws: `.noSuchDomain`, `.operationInvalid` for `live` on a domain that is off, `.operationFailed` where the
  ///   new filter could not be carried out and the old one was put back.
  public func updateDevice(
    domainUUID: String, xml: String, live: Bool, config: Bool, deadline: Duration
  ) async throws(LibvirtError) {
    try await perform("virDomainUpdateDeviceFlags", subject: domainUUID, lane: .write, deadline: deadline) {
      lease throws(LibvirtError) in
      var flags: UInt32 = 0
      if live { flags |= VIR_DOMAIN_AFFECT_LIVE.rawValue }
      if config { flags |= VIR_DOMAIN_AFFECT_CONFIG.rawValue }
      try DomainHandle(uuid: domainUUID, on: lease).updateDevice(xml: xml, flags: flags, lease)
    }
  }
}

extension DomainHandle {
  /// Both descriptions, as far as the domain has them.
  fileprivate borrowing func document(_ lease: ConnectionLease) throws(LibvirtError) -> DomainDocument {
    let isPersistent = try isPersistent(lease)
    return DomainDocument(
      name: name, uuid: uuid, isActive: wasActive, isPersistent: isPersistent,
      liveXML: wasActive ? try xml(flags: virDomainXMLFlags(0), lease) : nil,
      configXML: isPersistent ? try xml(flags: VIR_DOMAIN_XML_INACTIVE, lease) : nil)
  }
}
