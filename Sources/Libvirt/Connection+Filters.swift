// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Glibc

/// The most objects that one of libvirt's lists carries (`REMOTE_NWFILTER_LIST_MAX` and its like in
/// `remote_protocol.x`).
private let listLimit = 16384

/// From this version on `virConnectListAllNWFilters` cannot deadlock the nwfilter driver against a VM start.
private let safeFilterList = Version(major: 11, minor: 3)

extension Connection {
  /// All network filters of the host, read within the read deadline.
  ///
  /// A filter that vanishes while they are read is left out.
  /// - Throws: `.outcomeUnknown` where the connection breaks; never a part of the filters.
  public func filters() async throws(LibvirtError) -> [FilterDocument] {
    try await perform("virConnectListNWFilters", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      try self.version(lease) < safeFilterList ? self.filtersByName(lease) : self.filtersByHandle(lease)
    }
  }

  /// The XML of one filter; nil when there is no filter of that name.
  public func filterXML(named name: String) async throws(LibvirtError) -> String? {
    try await perform("virNWFilterGetXMLDesc", subject: name, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      try unlessGone(.noSuchFilter) { () throws(LibvirtError) in try FilterHandle(named: name, on: lease).xml(lease) }
    }
  }

  /// Defines a filter, or changes the one of the same name and UUID.
  ///
  /// Takes about half a second for each VM that uses the filter, so the deadline is the caller's to reckon.
  /// - Throws: after `.timedOut`, `.outcomeUnknown` and `.storageFailed` the filter must be read again.
  public func defineFilter(xml: String, deadline: Duration) async throws(LibvirtError) {
    try await perform("virNWFilterDefineXML", subject: nil, lane: .write, deadline: deadline) {
      lease throws(LibvirtError) in
      guard let pointer = virNWFilterDefineXML(lease.pointer, xml) else {
        throw lease.lastError("virNWFilterDefineXML")
      }
      _ = FilterHandle(taking: pointer)
    }
  }

  /// Undefines the filter of that name, if it has that UUID.
  ///
  /// libvirt undefines by UUID, whatever the handle was looked up by, so the two are compared first.
  /// - Throws: `.noSuchFilter`, `.otherFilter`, `.filterInUse`.
  public func undefineFilter(named name: String, uuid: String, deadline: Duration) async throws(LibvirtError) {
    try await perform("virNWFilterUndefine", subject: name, lane: .write, deadline: deadline) {
      lease throws(LibvirtError) in
      let handle = try FilterHandle(named: name, on: lease)
      let found = handle.uuid
      guard found == uuid.lowercased() else {
        throw LibvirtError(
          code: .otherFilter, message: "has UUID \(found), not \(uuid)", call: "virNWFilterUndefine", subject: name)
      }
      try handle.undefine(lease)
    }
  }

  /// Names first, then each filter by its name: on libvirt before 11.3 the call that lists handles can deadlock the
  /// nwfilter driver against a VM that starts.
  func filtersByName(_ lease: ConnectionLease) throws(LibvirtError) -> [FilterDocument] {
    let names = try filterNames(lease)
    return try gather(on: lease, count: names.count) { index throws(LibvirtError) in
      try unlessGone(.noSuchFilter) { () throws(LibvirtError) in
        let handle = try FilterHandle(named: names[index], on: lease)
        return FilterDocument(name: handle.name, uuid: handle.uuid, xml: try handle.xml(lease))
      }
    }
  }

  private func filterNames(_ lease: ConnectionLease) throws(LibvirtError) -> [String] {
    let buffer = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: listLimit)
    defer { buffer.deallocate() }
    let count = Int(virConnectListNWFilters(lease.pointer, buffer, Int32(listLimit)))
    guard count >= 0 else { throw lease.lastError("virConnectListNWFilters", uri) }
    var names: [String] = []
    names.reserveCapacity(count)
    for index in 0..<count {
      if let name = buffer[index] { names.append(takeString(name)) }
    }
    // A full list may be a cut one, which would make filters look undefined.
    if count == listLimit, virConnectNumOfNWFilters(lease.pointer) != Int32(listLimit) {
      throw LibvirtError(
        code: .tooManyObjects, message: "more than \(listLimit) filters", call: "virConnectListNWFilters", subject: uri)
    }
    return names
  }

  func filtersByHandle(_ lease: ConnectionLease) throws(LibvirtError) -> [FilterDocument] {
    var buffer: UnsafeMutablePointer<OpaquePointer?>?
    let count = virConnectListAllNWFilters(lease.pointer, &buffer, 0)
    guard count >= 0, let buffer else { throw lease.lastError("virConnectListAllNWFilters", uri) }
    let list = HandleList(taking: buffer, count: Int(count)) { virNWFilterFree($0) }
    defer { list.releaseRest() }
    return try gather(on: lease, count: list.count) { index throws(LibvirtError) in
      guard let pointer = list.take(index) else { return nil }
      let handle = FilterHandle(taking: pointer)
      return try unlessGone(.noSuchFilter) { () throws(LibvirtError) in
        FilterDocument(name: handle.name, uuid: handle.uuid, xml: try handle.xml(lease))
      }
    }
  }
}

/// What `read` reads, or nil where it finds the object gone.
func unlessGone<Value>(
  _ gone: LibvirtError.Code, _ read: () throws(LibvirtError) -> Value
) throws(LibvirtError) -> Value? {
  do throws(LibvirtError) {
    return try read()
  } catch {
    if error.code == gone { return nil }
    throw error
  }
}
