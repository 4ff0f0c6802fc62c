// SPDX-License-Identifier: Apache-2.0

import CLibvirt

/// A network filter as libvirt tells it.
public struct FilterDocument: Hashable, Sendable {
  /// The filter's name.
  public var name: String
  /// The filter's UUID, in lower case with hyphens.
  public var uuid: String
  /// The filter's XML.
  public var xml: String

  /// A document as its parts.
  public init(name: String, uuid: String, xml: String) {
    self.name = name
    self.uuid = uuid
    self.xml = xml
  }
}

/// A binding of a filter to a network device as libvirt tells it.
public struct BindingDocument: Hashable, Sendable {
  /// The host's network device, such as `vnet0`.
  public var portDevice: String
  /// The binding's XML.
  public var xml: String

  /// A document as its parts.
  public init(portDevice: String, xml: String) {
    self.portDevice = portDevice
    self.xml = xml
  }
}

/// A virtual machine as libvirt tells it.
public struct DomainDocument: Hashable, Sendable {
  /// The domain's name.
  public var name: String
  /// The domain's UUID, in lower case with hyphens.
  public var uuid: String
  /// Whether it ran when it was listed.
  public var isActive: Bool
  /// Whether it outlives being shut off.
  public var isPersistent: Bool
  /// The XML of the running machine; nil where it is off.
  public var liveXML: String?
  /// The XML that the next start uses; nil for a transient machine.
  public var configXML: String?

  /// A document as its parts.
  public init(
    name: String, uuid: String, isActive: Bool, isPersistent: Bool, liveXML: String?, configXML: String?
  ) {
    self.name = name
    self.uuid = uuid
    self.isActive = isActive
    self.isPersistent = isPersistent
    self.liveXML = liveXML
    self.configXML = configXML
  }
}

/// A version of libvirt.
public struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The first number.
  public var major: Int
  /// The second number.
  public var minor: Int
  /// The third number.
  public var release: Int

  /// A version as its parts.
  public init(major: Int, minor: Int, release: Int = 0) {
    self.major = major
    self.minor = minor
    self.release = release
  }

  /// From libvirt's number, 1,000,000 × major + 1,000 × minor + release (`virConnectGetLibVersion`).
  init(number: UInt) {
    self.init(major: Int(number / 1_000_000), minor: Int(number / 1000 % 1000), release: Int(number % 1000))
  }

  /// The three numbers with dots between.
  public var description: String { "\(major).\(minor).\(release)" }

  /// Older before newer.
  public static func < (left: Version, right: Version) -> Bool {
    (left.major, left.minor, left.release) < (right.major, right.minor, right.release)
  }
}

extension Version {
  /// Of the client library that this process runs with (`virGetVersion`).
  public static var client: Version {
    var number: UInt = 0
    virGetVersion(&number, nil, nil)
    return Version(number: number)
  }
}
