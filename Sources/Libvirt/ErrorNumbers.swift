// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Glibc

/// libvirt's error numbers as the `Int32` that `virError` holds; their C enumeration is unsigned.
enum Number {
  static let internalError = Int32(bitPattern: VIR_ERR_INTERNAL_ERROR.rawValue)
  static let noSupport = Int32(bitPattern: VIR_ERR_NO_SUPPORT.rawValue)
  static let noConnect = Int32(bitPattern: VIR_ERR_NO_CONNECT.rawValue)
  static let operationFailed = Int32(bitPattern: VIR_ERR_OPERATION_FAILED.rawValue)
  static let xmlError = Int32(bitPattern: VIR_ERR_XML_ERROR.rawValue)
  static let operationDenied = Int32(bitPattern: VIR_ERR_OPERATION_DENIED.rawValue)
  static let xmlDetail = Int32(bitPattern: VIR_ERR_XML_DETAIL.rawValue)
  static let systemError = Int32(bitPattern: VIR_ERR_SYSTEM_ERROR.rawValue)
  static let rpc = Int32(bitPattern: VIR_ERR_RPC.rawValue)
  static let noDomain = Int32(bitPattern: VIR_ERR_NO_DOMAIN.rawValue)
  static let noNetwork = Int32(bitPattern: VIR_ERR_NO_NETWORK.rawValue)
  static let authFailed = Int32(bitPattern: VIR_ERR_AUTH_FAILED.rawValue)
  static let operationInvalid = Int32(bitPattern: VIR_ERR_OPERATION_INVALID.rawValue)
  static let noFilter = Int32(bitPattern: VIR_ERR_NO_NWFILTER.rawValue)
  static let configUnsupported = Int32(bitPattern: VIR_ERR_CONFIG_UNSUPPORTED.rawValue)
  static let authCancelled = Int32(bitPattern: VIR_ERR_AUTH_CANCELLED.rawValue)
  static let operationUnsupported = Int32(bitPattern: VIR_ERR_OPERATION_UNSUPPORTED.rawValue)
  static let accessDenied = Int32(bitPattern: VIR_ERR_ACCESS_DENIED.rawValue)
  static let invalidSchema = Int32(bitPattern: VIR_ERR_XML_INVALID_SCHEMA.rawValue)
  static let authUnavailable = Int32(bitPattern: VIR_ERR_AUTH_UNAVAILABLE.rawValue)
  static let noBinding = Int32(bitPattern: VIR_ERR_NO_NWFILTER_BINDING.rawValue)
}

/// The domains that change what a number means.
enum Origin {
  static let rpc = Int32(bitPattern: VIR_FROM_RPC.rawValue)
  static let remote = Int32(bitPattern: VIR_FROM_REMOTE.rawValue)
  static let filter = Int32(bitPattern: VIR_FROM_NWFILTER.rawValue)
  static let firewall = Int32(bitPattern: VIR_FROM_FIREWALL.rawValue)
  static let firewalld = Int32(bitPattern: VIR_FROM_FIREWALLD.rawValue)
}

extension LibvirtError {
  /// The kind of an error of a call on an open connection.
  ///
  /// - Parameter call: a system error of define and undefine is a filter's file that could not be written or removed; of
  ///   other calls it is whatever they do, such as a bridge that is not there.
  static func classify(number: Int32, domain: Int32, connectionAlive: Bool, call: String) -> Code {
    switch (number, domain) {
    case (Number.systemError, Origin.rpc), (Number.internalError, Origin.rpc): .outcomeUnknown
    case (Number.rpc, Origin.rpc), (Number.rpc, Origin.remote): connectionAlive ? .messageTooLarge : .outcomeUnknown
    case _ where !connectionAlive: .outcomeUnknown
    case (Number.systemError, _) where storingCalls.contains(call): .storageFailed
    case (Number.internalError, Origin.filter), (Number.internalError, Origin.firewall),
      (Number.internalError, Origin.firewalld):
      .hostState
    case (Number.operationInvalid, Origin.filter): .filterInUse
    default: byNumber[number] ?? .other
    }
  }

  private static let storingCalls: Set<String> = ["virNWFilterDefineXML", "virNWFilterUndefine"]

  /// The kind of an error of opening a connection.
  static func classifyOpening(number: Int32, systemError: Int32?) -> Code {
    switch number {
    case Number.systemError where systemError == EACCES || systemError == EPERM: .accessDenied
    case Number.authFailed, Number.authCancelled, Number.authUnavailable, Number.accessDenied, Number.noSupport,
      Number.noConnect, Number.configUnsupported, Number.operationUnsupported:
      byNumber[number] ?? .other
    default: .unreachable
    }
  }

  /// Numbers that mean the same wherever they come from.
  private static let byNumber: [Int32: Code] = [
    Number.noSupport: .unsupported,
    Number.noConnect: .unsupported,
    Number.configUnsupported: .unsupported,
    Number.operationUnsupported: .unsupported,
    Number.operationFailed: .operationFailed,
    Number.operationInvalid: .operationInvalid,
    Number.xmlError: .invalidXML,
    Number.xmlDetail: .invalidXML,
    Number.invalidSchema: .invalidXML,
    Number.operationDenied: .readOnly,
    Number.noDomain: .noSuchDomain,
    Number.noNetwork: .noSuchNetwork,
    Number.noFilter: .noSuchFilter,
    Number.noBinding: .noSuchBinding,
    Number.accessDenied: .accessDenied,
    Number.authFailed: .authenticationFailed,
    Number.authCancelled: .authenticationFailed,
    Number.authUnavailable: .authenticationFailed,
  ]
}
