// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Glibc
internal import Synchronization

/// A reference to a network filter that libvirt counted for us: owned, never copied, freed once.
///
/// Every method reads libvirt's error before it returns, so that freeing the handle cannot reset it.
struct FilterHandle: ~Copyable {
  private let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    virNWFilterFree(pointer)
  }

  init(named name: String, on lease: ConnectionLease) throws(LibvirtError) {
    guard let pointer = virNWFilterLookupByName(lease.pointer, name) else {
      throw lease.lastError("virNWFilterLookupByName", name)
    }
    self.init(taking: pointer)
  }

  var name: String {
    virNWFilterGetName(pointer).map { String(cString: $0) } ?? ""
  }

  var uuid: String {
    uuidString { virNWFilterGetUUIDString(pointer, $0) }
  }

  func xml(_ lease: ConnectionLease) throws(LibvirtError) -> String {
    guard let text = virNWFilterGetXMLDesc(pointer, 0) else { throw lease.lastError("virNWFilterGetXMLDesc", name) }
    return takeString(text)
  }

  func undefine(_ lease: ConnectionLease) throws(LibvirtError) {
    guard virNWFilterUndefine(pointer) == 0 else { throw lease.lastError("virNWFilterUndefine", name) }
  }
}

/// A reference to a filter binding, owned as `FilterHandle` is.
struct BindingHandle: ~Copyable {
  private let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    virNWFilterBindingFree(pointer)
  }

  init(portDevice: String, on lease: ConnectionLease) throws(LibvirtError) {
    guard let pointer = virNWFilterBindingLookupByPortDev(lease.pointer, portDevice) else {
      throw lease.lastError("virNWFilterBindingLookupByPortDev", portDevice)
    }
    self.init(taking: pointer)
  }

  var portDevice: String {
    virNWFilterBindingGetPortDev(pointer).map { String(cString: $0) } ?? ""
  }

  func xml(_ lease: ConnectionLease) throws(LibvirtError) -> String {
    guard let text = virNWFilterBindingGetXMLDesc(pointer, 0) else {
      throw lease.lastError("virNWFilterBindingGetXMLDesc", portDevice)
    }
    return takeString(text)
  }

  func delete(_ lease: ConnectionLease) throws(LibvirtError) {
    guard virNWFilterBindingDelete(pointer) == 0 else {
      throw lease.lastError("virNWFilterBindingDelete", portDevice)
    }
  }
}

/// A reference to a domain, owned as `FilterHandle` is.
struct DomainHandle: ~Copyable {
  let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    virDomainFree(pointer)
  }

  init(uuid: String, on lease: ConnectionLease) throws(LibvirtError) {
    guard let pointer = virDomainLookupByUUIDString(lease.pointer, uuid) else {
      throw lease.lastError("virDomainLookupByUUIDString", uuid)
    }
    self.init(taking: pointer)
  }

  var name: String {
    virDomainGetName(pointer).map { String(cString: $0) } ?? ""
  }

  var uuid: String {
    uuidString { virDomainGetUUIDString(pointer, $0) }
  }

  /// Whether it ran when the handle was made: only running domains have an id, which the handle carries.
  var wasActive: Bool {
    virDomainGetID(pointer) != UInt32.max
  }

  func isPersistent(_ lease: ConnectionLease) throws(LibvirtError) -> Bool {
    let answer = virDomainIsPersistent(pointer)
    guard answer >= 0 else { throw lease.lastError("virDomainIsPersistent", name) }
    return answer == 1
  }

  func xml(flags: virDomainXMLFlags, _ lease: ConnectionLease) throws(LibvirtError) -> String {
    guard let text = virDomainGetXMLDesc(pointer, flags.rawValue) else {
      throw lease.lastError("virDomainGetXMLDesc", name)
    }
    return takeString(text)
  }

  func updateDevice(xml: String, flags: UInt32, _ lease: ConnectionLease) throws(LibvirtError) {
    guard virDomainUpdateDeviceFlags(pointer, xml, flags) == 0 else {
      throw lease.lastError("virDomainUpdateDeviceFlags", name)
    }
  }
}

/// The handles of a bulk list, each to be taken once; those nobody took are freed with the list.
///
/// Unchecked because of the buffer: slots are handed out under the lock, and a slot is emptied as it is taken.
final class HandleList: @unchecked Sendable {
  let count: Int
  private let slots: Mutex<Void>
  private let buffer: UnsafeMutablePointer<OpaquePointer?>
  private let release: @Sendable (OpaquePointer) -> Void

  /// Takes over an array that libvirt allocated, and the references in it.
  init(
    taking buffer: UnsafeMutablePointer<OpaquePointer?>, count: Int,
    release: @escaping @Sendable (OpaquePointer) -> Void
  ) {
    self.buffer = buffer
    self.count = count
    self.release = release
    self.slots = Mutex(())
  }

  deinit {
    releaseRest()
    free(buffer)
  }

  /// Frees what nobody took, now and not when the last thread lets go of the list.
  func releaseRest() {
    for index in 0..<count {
      if let pointer = take(index) { release(pointer) }
    }
  }

  /// The reference at an index, now the caller's; nil when it was taken before.
  func take(_ index: Int) -> OpaquePointer? {
    slots.withLock { _ in
      defer { buffer[index] = nil }
      return buffer[index]
    }
  }
}

/// Copies a string that libvirt allocated, and frees it.
func takeString(_ text: UnsafeMutablePointer<CChar>) -> String {
  defer { free(text) }
  return String(cString: text)
}

/// Reads the text of a UUID through one of libvirt's functions, which write at most 37 bytes.
private func uuidString(_ read: (UnsafeMutablePointer<CChar>) -> Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(VIR_UUID_STRING_BUFLEN)) { buffer in
    guard let text = buffer.baseAddress, read(text) == 0 else { return "" }
    return String(cString: text)
  }
}
