// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt

/// What a libvirt call said went wrong, sorted into what a caller can do about it.
///
/// Sorted by libvirt's error numbers and domains (`libvirt/virterror.h`) and by errno, never by text.
public struct LibvirtError: Error, Hashable, Sendable {
  /// The kind of an error; open, so that later versions can add kinds.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The name of the kind.
    public let rawValue: String

    /// A kind by its name.
    public init(rawValue: String) {
      self.rawValue = rawValue
    }

    /// No connection could be made: nothing listens, the host is down, the URI leads nowhere.
    public static let unreachable = Code(rawValue: "unreachable")
    /// The deadline passed. A write may or may not have been carried out: read again.
    public static let timedOut = Code(rawValue: "timed-out")
    /// The connection was closed or given up before this call, which was never sent.
    public static let closed = Code(rawValue: "closed")
    /// The connection broke during the call. A write may or may not have been carried out: reconnect, read again.
    public static let outcomeUnknown = Code(rawValue: "outcome-unknown")
    /// No such filter (62).
    public static let noSuchFilter = Code(rawValue: "no-such-filter")
    /// The name is there, but belongs to a filter with another UUID than the caller knows.
    public static let otherFilter = Code(rawValue: "other-filter")
    /// A binding with a live device uses the filter, itself or through another filter (55).
    public static let filterInUse = Code(rawValue: "filter-in-use")
    /// No such binding (101).
    public static let noSuchBinding = Code(rawValue: "no-such-binding")
    /// No such domain (42).
    public static let noSuchDomain = Code(rawValue: "no-such-domain")
    /// No such network (43).
    public static let noSuchNetwork = Code(rawValue: "no-such-network")
    /// Refused as the host stands: name or UUID taken, a loop of references, a binding that exists (9).
    public static let operationFailed = Code(rawValue: "operation-failed")
    /// Not possible in the state the object is in, such as a live update of a domain that is off (55).
    public static let operationInvalid = Code(rawValue: "operation-invalid")
    /// The host cannot carry out the filter: a missing reference or variable, an illegal value, a firewall command that
    /// failed (1 from the nwfilter, firewall and firewalld drivers). Trying again is useless until that changes.
    public static let hostState = Code(rawValue: "host-state")
    /// libvirt does not take the XML (27, 35, 92).
    public static let invalidXML = Code(rawValue: "invalid-xml")
    /// The connection is read-only (29).
    public static let readOnly = Code(rawValue: "read-only")
    /// The host could not save or remove a filter (38 of define and undefine, not from the connection). libvirt 9.0 drops a filter it could not save
    /// from its memory: define it again once there is space.
    public static let storageFailed = Code(rawValue: "storage-failed")
    /// The message is longer than libvirt's protocol carries, 4 MiB (39 on a connection that goes on).
    public static let messageTooLarge = Code(rawValue: "message-too-large")
    /// More objects than one libvirt list can carry, 16,384 (`remote_protocol.x`).
    public static let tooManyObjects = Code(rawValue: "too-many-objects")
    /// The user may not do this: polkit (88), or the permissions of the socket.
    public static let accessDenied = Code(rawValue: "access-denied")
    /// The daemon did not accept who we are (45, 79, 94).
    public static let authenticationFailed = Code(rawValue: "authentication-failed")
    /// The driver or the version does not have the call or the URI's driver (3, 5, 67, 84).
    public static let unsupported = Code(rawValue: "unsupported")
    /// Anything else: see `number` and `domain`.
    public static let other = Code(rawValue: "other")
  }

  /// The kind of error.
  public var code: Code
  /// libvirt's number (`virErrorNumber`); 0 where the error is not libvirt's.
  public var number: Int32
  /// The part of libvirt that reported it (`virErrorDomain`); 0 where the error is not libvirt's.
  public var domain: Int32
  /// The errno behind a system error (38), where libvirt tells it.
  public var systemError: Int32?
  /// libvirt's words.
  public var message: String
  /// The libvirt function that failed.
  public var call: String
  /// The filter, domain, port or URI that it was about.
  public var subject: String?

  /// An error as the parts above.
  public init(
    code: Code, number: Int32 = 0, domain: Int32 = 0, systemError: Int32? = nil, message: String, call: String,
    subject: String? = nil
  ) {
    self.code = code
    self.number = number
    self.domain = domain
    self.systemError = systemError
    self.message = message
    self.call = call
    self.subject = subject
  }
}

extension LibvirtError: CustomStringConvertible {
  /// The call, its subject, and libvirt's words.
  public var description: String {
    let about = subject.map { " (\($0))" } ?? ""
    return "\(call)\(about): \(message)"
  }
}

extension LibvirtError {
  /// The error that the libvirt call just before left on this thread.
  ///
  /// To be read on the thread of the call with no other libvirt call between: libvirt keeps it per thread, and every
  /// call, freeing a handle included, resets it. `connection` is asked afterwards whether it still stands; nil means
  /// that the call was to open one.
  static func last(call: String, subject: String?, connection: OpaquePointer?) -> LibvirtError {
    guard let raw = virGetLastError()?.pointee else {
      return LibvirtError(code: .other, message: "failed without saying why", call: call, subject: subject)
    }
    var error = LibvirtError(
      code: .other, number: raw.code, domain: raw.domain,
      systemError: raw.code == Number.systemError && raw.int1 > 0 ? raw.int1 : nil,
      message: raw.message.map { String(cString: $0) } ?? "error \(raw.code)", call: call, subject: subject)
    if let connection {
      error.code = classify(
        number: error.number, domain: error.domain, connectionAlive: virConnectIsAlive(connection) == 1, call: call)
    } else {
      error.code = classifyOpening(number: error.number, systemError: error.systemError)
    }
    return error
  }
}
