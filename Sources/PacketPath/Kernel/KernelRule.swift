// SPDX-License-Identifier: Apache-2.0

/// Where a frame goes, seen from the VM.
public enum Way: Sendable, Hashable, CaseIterable {
  case fromMachine, toMachine

  public var opposite: Way { self == .fromMachine ? .toMachine : .fromMachine }
}

/// Where the other end of the traffic is, which decides which of the kernel's hooks it meets (reference: libvirt wires
/// the chain towards a VM to bridged traffic only).
public enum Topology: Sendable, Hashable, CaseIterable {
  /// On the VM's own bridge, or behind an uplink that is a port of it.
  case bridged
  /// Behind the host's routing, with NAT or without.
  case routed
  /// The host itself.
  case host
}

/// The chain of a port that hangs on a hook of the kernel; libvirt's letters in the comments.
public enum Hook: Sendable, Hashable {
  /// I: ebtables, nat PREROUTING; O: POSTROUTING.
  case ethernet(Way)
  /// FI: iptables or ip6tables FORWARD, what the VM sends.
  case forwardFromMachine(AddressFamily)
  /// FO: FORWARD, what a bridge brings to the VM.
  case forwardToMachine(AddressFamily)
  /// HI: INPUT, what the VM sends to the host.
  case inputFromMachine(AddressFamily)
}

/// Where a kernel rule comes from.
public struct Origin: Sendable, Hashable {
  /// Filters from the one that is bound to the one with the rule.
  public var path: [String]
  /// The rule's place in that filter's `entries`.
  public var entry: Int

  public init(path: [String], entry: Int) {
    self.path = path
    self.entry = entry
  }

  /// The filter with the rule.
  public var filter: String { path.last ?? "" }
}

/// One rule in a chain: all conditions must hold.
public struct KernelRule: Sendable, Hashable {
  /// What becomes of a frame that a rule matches.
  public enum Target: Sendable, Hashable {
    case accept, drop, reject
    /// Leaves the chain.
    case `return`
    /// Goes on with the next rule.
    case `continue`
    /// Goes through one of the stage's `subchains`, and on behind this rule if that returns.
    case jump(Int)
  }

  public var conditions: [Condition]
  public var target: Target
  /// nil for jumps, which are libvirt's own.
  public var origin: Origin?

  public init(_ conditions: [Condition], _ target: Target, origin: Origin? = nil) {
    self.conditions = conditions
    self.target = target
    self.origin = origin
  }
}

/// Rules in order.
public struct KernelChain: Sendable, Hashable {
  /// As in nwfilter: `root`, or the chain of the filters.
  public var name: String
  public var rules: [KernelRule]

  public init(_ name: String, _ rules: [KernelRule] = []) {
    self.name = name
    self.rules = rules
  }
}

/// A chain of a port on one hook, with those it jumps to.
///
/// A frame that fails a guard passes by. Every chain of ebtables ends in accept, also those jumped to; `returned` is what
/// the end of the root chain means, and a return from it.
public struct Stage: Sendable, Hashable {
  public var hook: Hook
  public var guards: [Condition]
  public var root: KernelChain
  public var subchains: [KernelChain]
  /// `accepted`: the frame goes on to the next stage; `undecided`: it does, but then the host's own rules decide.
  public var returned: Outcome

  public init(
    hook: Hook, guards: [Condition], root: KernelChain, subchains: [KernelChain] = [], returned: Outcome
  ) {
    self.hook = hook
    self.guards = guards
    self.root = root
    self.subchains = subchains
    self.returned = returned
  }
}

/// What becomes of a frame.
public enum Outcome: Sendable, Hashable, CaseIterable {
  case accepted, dropped, rejected
  /// No rule of the VM decides: the host's own rules, the policy of FORWARD in the end, would.
  case undecided
}
