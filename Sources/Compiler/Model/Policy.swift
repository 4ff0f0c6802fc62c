// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel
public import PacketPath

/// All that a repository says, each name once; what the names stand for is the compiler's business.
public struct Policy: Sendable, Hashable {
  public var identity: Identity
  public var repositoryID: String
  public var inventory: Inventory
  /// By name.
  public var networks: [Network] = []
  public var sets: [AddressSetDefinition] = []
  public var services: [ServiceDefinition] = []
  public var groups: [Group] = []
  public var nativeGroups: [NativeGroup] = []
  /// Those of the repository; those that ship with nwfleet are added by who loads it.
  public var presets: [RuleSet] = []
  /// nil where nobody is named.
  public var admins: Admins?
  /// By VM name: values for `$NAME` that go before those of its groups.
  public var machineParameters: [String: [String: Parameter]] = [:]
  /// All that there are, chosen or not: the names that they speak of are in use.
  public var environments: [Environment] = []
  /// The name of the one that has changed the policy; nil for none.
  public var environment: String?
  /// Native filters, by name.
  public var filters: [DesiredFilter] = []
  /// Tests beside those of groups, by name.
  public var tests: [TestSuite] = []
  /// What must not get through, in the order of files and lines.
  public var never: [PolicyTest] = []

  public init(identity: Identity, repositoryID: String, inventory: Inventory = Inventory()) {
    self.identity = identity
    self.repositoryID = repositoryID
    self.inventory = inventory
  }
}

/// Those who may reach every VM, whatever groups say.
public struct Admins: Sendable, Hashable {
  public var from: [Located<Peer>]
  public var allow: [Located<Traffic>]
  public var origin: SourceRange

  public init(from: [Located<Peer>], allow: [Located<Traffic>], origin: SourceRange) {
    self.from = from
    self.allow = allow
    self.origin = origin
  }
}

/// A network that NICs are on, as far as rules can speak of it.
public struct Network: Sendable, Hashable {
  public var name: String
  public var subnets: [AddressRange]
  public var gateway: [AddressRange]
  public var dns: [AddressRange]
  public var host: [AddressRange]
  public var origin: SourceRange

  public init(
    name: String, subnets: [AddressRange] = [], gateway: [AddressRange] = [], dns: [AddressRange] = [],
    host: [AddressRange] = [], origin: SourceRange
  ) {
    self.name = name
    self.subnets = subnets
    self.gateway = gateway
    self.dns = dns
    self.host = host
    self.origin = origin
  }
}

/// A named set of addresses.
public struct AddressSetDefinition: Sendable, Hashable {
  public var name: Located<String>
  /// Addresses, other sets, groups and VMs.
  public var members: [Located<Peer>]
  /// What is taken out again.
  public var except: [Located<Peer>]

  public init(name: Located<String>, members: [Located<Peer>], except: [Located<Peer>] = []) {
    self.name = name
    self.members = members
    self.except = except
  }
}

/// A named kind of traffic; may name others.
public struct ServiceDefinition: Sendable, Hashable {
  public var name: Located<String>
  public var traffic: [Located<Traffic>]

  public init(name: Located<String>, traffic: [Located<Traffic>]) {
    self.name = name
    self.traffic = traffic
  }
}
