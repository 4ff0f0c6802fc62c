// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
import Libvirt

/// What went wrong at a host.
public struct HostError: Error, Sendable, Hashable {
  /// A stable name for a kind of failure, which scripts find in `--json`.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// No connection could be made.
    public static let unreachable = Code(rawValue: "unreachable")
    /// The host did not answer within the deadline.
    public static let timedOut = Code(rawValue: "timed-out")
    /// The connection was lost in a call or before it: nobody knows what the host has done.
    public static let outcomeUnknown = Code(rawValue: "outcome-unknown")
    /// The host could not save a filter; libvirt has forgotten it, and nothing more may be sent before it is back.
    public static let damaged = Code(rawValue: "damaged")
    /// libvirt took the filter and keeps something else than was sent.
    public static let notAsDefined = Code(rawValue: "not-as-defined")
    /// The host has something that nwfleet cannot read, so that nobody knows what it refers to.
    public static let unreadable = Code(rawValue: "unreadable")
    /// libvirt refused.
    public static let refused = Code(rawValue: "refused")
    /// No rights.
    public static let denied = Code(rawValue: "denied")
    /// The end cannot do this: a snapshot is only for reading.
    public static let unsupported = Code(rawValue: "unsupported")
    /// Another nwfleet is at work on the host.
    public static let locked = Code(rawValue: "locked")
    /// A file of nwfleet's own could not be read or written.
    public static let file = Code(rawValue: "file")
  }

  public var code: Code
  public var message: String
  public var hint: String?

  public init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// The same as a diagnostic, for output.
  public var diagnostic: Diagnostic {
    Diagnostic(Diagnostic.Code(rawValue: code.rawValue), message, hint: hint)
  }
}

extension HostError {
  init(_ error: LibvirtError, host: String) {
    let subject = error.subject.map { " (\($0))" } ?? ""
    let text = "\(host): \(error.message)\(subject)"
    switch error.code {
    case .timedOut:
      self.init(.timedOut, text, hint: "libvirtd there hangs or is overloaded; see whether 'virsh list' answers")
    case .unreachable:
      self.init(.unreachable, text)
    // A call that was not sent for want of a connection wants the same: connect again, and read what is there.
    case .outcomeUnknown, .closed:
      self.init(.outcomeUnknown, text, hint: "run the same command again: it reads what is there and goes on")
    case .storageFailed:
      self.init(.damaged, text, hint: "free space under /etc/libvirt/nwfilter, then run the same command again")
    case .readOnly, .accessDenied, .authenticationFailed:
      self.init(.denied, text, hint: "run as root, or as a member of group libvirt")
    case .unsupported:
      self.init(.unsupported, text)
    default:
      self.init(.refused, text)
    }
  }
}
