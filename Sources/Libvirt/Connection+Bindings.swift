// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt

extension Connection {
  /// All bindings of filters to network devices, read within the read deadline.
  ///
  /// A binding that vanishes while they are read is left out.
  public func bindings() async throws(LibvirtError) -> [BindingDocument] {
    try await perform("virConnectListAllNWFilterBindings", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      var buffer: UnsafeMutablePointer<OpaquePointer?>?
      let count = virConnectListAllNWFilterBindings(lease.pointer, &buffer, 0)
      guard count >= 0, let buffer else { throw lease.lastError("virConnectListAllNWFilterBindings", self.uri) }
      let list = HandleList(taking: buffer, count: Int(count)) { virNWFilterBindingFree($0) }
      defer { list.releaseRest() }
      return try self.gather(on: lease, count: list.count) { index throws(LibvirtError) in
        guard let pointer = list.take(index) else { return nil }
        let handle = BindingHandle(taking: pointer)
        return try unlessGone(.noSuchBinding) { () throws(LibvirtError) in
          BindingDocument(portDevice: handle.portDevice, xml: try handle.xml(lease))
        }
      }
    }
  }

  /// Binds a filter to a network device.
  ///
  /// libvirt takes a binding for a device that does not exist, and then installs nothing.
  /// - Throws: `.operationFailed` where the device has a binding, `.hostState` where the filter cannot be carried out.
  public func createBinding(xml: String, deadline: Duration) async throws(LibvirtError) {
    try await perform("virNWFilterBindingCreateXML", subject: nil, lane: .write, deadline: deadline) {
      lease throws(LibvirtError) in
      guard let pointer = virNWFilterBindingCreateXML(lease.pointer, xml, 0) else {
        throw lease.lastError("virNWFilterBindingCreateXML")
      }
      _ = BindingHandle(taking: pointer)
    }
  }

  /// Removes the binding of a network device, and with it all filtering there.
  ///
  /// - Throws: `.noSuchBinding`.
  public func deleteBinding(portDevice: String, deadline: Duration) async throws(LibvirtError) {
    try await perform("virNWFilterBindingDelete", subject: portDevice, lane: .write, deadline: deadline) {
      lease throws(LibvirtError) in
      try BindingHandle(portDevice: portDevice, on: lease).delete(lease)
    }
  }
}
