// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What is on a host, as one complete reading.
public struct ObservedHost: Sendable, Hashable {
  public var name: String
  public var uri: String
  public var libvirtVersion: String
  /// By name.
  public var filters: [ObservedFilter]
  /// By name.
  public var machines: [ObservedMachine]
  /// By port device.
  public var bindings: [ObservedBinding]
  public var enforcement: Enforcement
  /// The network devices of the host; nil where they cannot be read from here.
  public var devices: Set<String>?

  public init(
    name: String, uri: String, libvirtVersion: String = "", filters: [ObservedFilter] = [],
    machines: [ObservedMachine] = [], bindings: [ObservedBinding] = [], enforcement: Enforcement = .unknown,
    devices: Set<String>? = nil
  ) {
    self.devices = devices
    self.name = name
    self.uri = uri
    self.libvirtVersion = libvirtVersion
    self.filters = filters
    self.machines = machines
    self.bindings = bindings
    self.enforcement = enforcement
  }
}

/// A filter that libvirt has.
public struct ObservedFilter: Sendable, Hashable {
  public var name: String
  public var uuid: ObjectUUID
  /// libvirt's own text, with which the filter can be put back as it was.
  public var xml: String
  /// nil where the text says something that nwfleet does not know; such a filter is never changed without `adopt`.
  public var filter: Filter?

  public init(name: String, uuid: ObjectUUID, xml: String, filter: Filter?) {
    self.name = name
    self.uuid = uuid
    self.xml = xml
    self.filter = filter
  }
}

/// A VM that libvirt runs or could run.
public struct ObservedMachine: Sendable, Hashable {
  public var name: String
  public var uuid: ObjectUUID
  public var isRunning: Bool
  public var isPersistent: Bool
  public var interfaces: [ObservedInterface]

  public init(
    name: String, uuid: ObjectUUID, isRunning: Bool, isPersistent: Bool, interfaces: [ObservedInterface] = []
  ) {
    self.name = name
    self.uuid = uuid
    self.isRunning = isRunning
    self.isPersistent = isPersistent
    self.interfaces = interfaces
  }
}

/// One interface of a VM, as the running VM has it and as its configuration says.
public struct ObservedInterface: Sendable, Hashable {
  /// The filter of an interface in one of a VM's two descriptions.
  public enum Presence: Sendable, Hashable {
    /// The description does not have the interface, or the VM does not have the description.
    case absent
    /// It has it, with this filter or none.
    case present(FilterReference?)
  }

  public var mac: MACAddress
  /// libvirt's `type` of the interface: of a description that cannot have a filter if there is one, else of the running VM
  /// if it runs.
  public var type: String
  /// Whether libvirt can put a filter on it in every description that has it; on other types it drops a filterref without
  /// a word. Where this is false one of `live` and `config` may still have one.
  public var carriesFilters: Bool
  /// The host's network device, while the VM runs.
  public var device: String?
  public var live: Presence
  public var config: Presence

  public init(
    mac: MACAddress, type: String, carriesFilters: Bool, device: String?, live: Presence, config: Presence
  ) {
    self.mac = mac
    self.type = type
    self.carriesFilters = carriesFilters
    self.device = device
    self.live = live
    self.config = config
  }
}

/// A filter at work on a port.
public struct ObservedBinding: Sendable, Hashable {
  public var device: String
  public var ownerName: String
  public var ownerUUID: ObjectUUID
  public var mac: MACAddress
  /// With the parameters that libvirt adds itself: `MAC`, and a learned `IP`.
  public var reference: FilterReference

  public init(
    device: String, ownerName: String, ownerUUID: ObjectUUID, mac: MACAddress, reference: FilterReference
  ) {
    self.device = device
    self.ownerName = ownerName
    self.ownerUUID = ownerUUID
    self.mac = mac
    self.reference = reference
  }
}

extension ObservedBinding {
  /// Whether it does all that a binding shall do: libvirt adds the MAC address, and an address that it learned, to the
  /// parameters by itself.
  public func serves(_ wanted: ObservedBinding) -> Bool {
    var own = self
    for name in ["MAC", "IP"] where wanted.reference.parameters[name] == nil { own.reference.parameters[name] = nil }
    return own == wanted
  }
}

/// Whether the kernel hands bridged packets to the layer-3 rules at all.
public struct Enforcement: Sendable, Hashable {
  /// What is known of one address family.
  public enum State: String, Sendable, Hashable {
    case on, off, unknown
  }

  /// The sysctl net.bridge.bridge-nf-call-iptables.
  public var ipv4: State
  /// The sysctl net.bridge.bridge-nf-call-ip6tables.
  public var ipv6: State

  public init(ipv4: State, ipv6: State) {
    self.ipv4 = ipv4
    self.ipv6 = ipv6
  }

  /// The host's kernel cannot be read from here.
  public static let unknown = Enforcement(ipv4: .unknown, ipv6: .unknown)
}
