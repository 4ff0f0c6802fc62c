// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// What is wrong with a rule or a filter, tied to a part of it so that a front end can point at the source.
public struct Finding: Sendable, Hashable {
  /// The part of a rule or filter that a finding is about, by its name in XML and YAML; nil for the whole.
  public var part: String?
  public var code: Diagnostic.Code
  public var severity: Diagnostic.Severity
  public var message: String
  public var hint: String?

  init(
    _ part: String?, _ code: Diagnostic.Code, _ message: String, severity: Diagnostic.Severity = .error,
    hint: String? = nil
  ) {
    self.part = part
    self.code = code
    self.severity = severity
    self.message = message
    self.hint = hint
  }
}

extension Rule {
  /// What libvirt would store or do other than the rule says.
  ///
  /// Errors are rules that libvirt refuses, changes (mostly so that they match more), or cannot bind to a VM; warnings are
  /// kept as written but do less than they seem to. Sources: reference sections 1.5, 5.2 and 5.4.
  public func findings() -> [Finding] {
    var findings: [Finding] = []
    if !Chain.priorities.contains(priority) {
      findings.append(
        Finding(
          "priority", "bad-priority", "priority \(priority) is outside -1000 to 1000",
          hint: "libvirt would silently use \(Rule.defaultPriority)"))
    }
    guard let match else { return findings }
    let isLayer3 = match.filterProtocol.layer != .ethernet
    if action == .continue, isLayer3 {
      findings.append(
        Finding(
          "action", "continue-at-layer-3",
          "continue works on layer-2 protocols only, not on \(match.filterProtocol.name)",
          hint: "libvirt accepts this filter, but no VM with it can start"))
    }
    for attribute in match.attributes {
      findings += match.findings(about: attribute)
    }
    findings += match.rangeFindings() + portFindings(match) + protocolFindings(match)
    return findings
  }

  private func protocolFindings(_ match: Match) -> [Finding] {
    var findings: [Finding] = []
    switch match.filterProtocol {
    case .icmp, .icmpv6:
      if direction == .inout, match["type"] != nil, matchesState || match["state"] == nil {
        findings.append(
          Finding(
            "type", "icmp-type-inout",
            "a rule with an ICMP type and direction inout does nothing: libvirt makes no kernel rule for it",
            severity: .warning,
            hint: "write one rule for in and one for out"))
      }
    case .stp:
      if direction == .inout, match["srcmacaddr"] != nil {
        findings.append(
          Finding(
            "srcmacaddr", "stp-inout-address", "libvirt cannot bind an stp rule with srcmacaddr and direction inout",
            hint: "write one rule for in and one for out"))
      }
    case .arp, .rarp:
      if match["arpsrcipmask"] != nil, match["arpdstipaddr"] != nil, match["arpdstipmask"] == nil {
        findings.append(
          Finding(
            "arpdstipaddr", "arp-mask-borrowed", "libvirt applies arpsrcipmask to arpdstipaddr as well",
            severity: .warning, hint: "add arpdstipmask: 32"))
      }
    case .ip:
      if match["dscp"] != nil {
        findings.append(
          Finding(
            "dscp", "ip-dscp-unshifted",
            "libvirt compares dscp with the whole TOS byte here, not with its upper six bits",
            severity: .warning, hint: "use dscp on all, tcp or udp"))
      }
    default: break
    }
    return findings
  }

  /// Layer 2 can look at ports only where the protocol is known to have them (nwfilter_conf.c, checkPortParams).
  private func portFindings(_ match: Match) -> [Finding] {
    guard match.filterProtocol == .ip || match.filterProtocol == .ipv6 else { return [] }
    let number = match["protocol"]
    var findings: [Finding] = []
    for name in ["srcportstart", "dstportstart"] where match[name] != nil {
      if case .number(let value)? = number?.value, [6, 17, 33, 132].contains(value) { continue }
      findings.append(
        Finding(
          name, "ports-without-protocol", "\(name) needs protocol to be tcp, udp, sctp or 33 (dccp) in the same rule"))
    }
    if match.filterProtocol == .ipv6, match["type"] != nil {
      if number?.value != .number(58) || number?.isNegated == true {
        findings.append(Finding("type", "type-without-protocol", "type needs protocol: icmpv6 in the same rule"))
      }
    }
    return findings
  }
}

extension Match {
  fileprivate func findings(about attribute: Attribute) -> [Finding] {
    let definition = definition(of: attribute)
    let name = definition.name
    var findings: [Finding] = []
    if let refusal = definition.refusal {
      var isSpared = false
      if case .variable = attribute.value { isSpared = definition.refusalSparesVariables }
      if !isSpared {
        findings.append(Finding(name, "not-kept-by-libvirt", "\(name) cannot be used here: \(refusal)"))
      }
    }
    if let base = definition.base, self[base] == nil {
      findings.append(
        Finding(
          name, "missing-base", "\(name) has no effect without \(base): the rule would match more than it says",
          hint: "add \(base)"))
    } else if let source = definition.signSource, attribute.isNegated != (self[source]?.isNegated ?? false) {
      findings.append(
        Finding(
          name, "negation-lost",
          attribute.isNegated
            ? "libvirt drops the negation of \(name) unless \(source) is negated too"
            : "libvirt negates \(name) together with \(source)",
          hint: "split the rule: match the rest with return or accept first"))
    }
    if definition.kind == .setName || definition.kind == .setDirections, definition.refusal == nil {
      let other = definition.kind == .setName ? "ipsetflags" : "ipset"
      if self[other] == nil {
        findings.append(Finding(name, "missing-base", "\(name) needs \(other) beside it", hint: "add \(other)"))
      }
    }
    return findings
  }

  /// A range that ends before it begins passes libvirt's define and fails where a VM is bound.
  fileprivate func rangeFindings() -> [Finding] {
    attributes.compactMap { last -> Finding? in
      let definition = definition(of: last)
      guard let base = definition.base, let first = self[base] else { return nil }
      let isInverted =
        switch (first.value, last.value) {
        case (.number(let low), .number(let high)): high < low
        case (.ipv4(let low), .ipv4(let high)): high < low
        case (.ipv6(let low), .ipv6(let high)): high < low
        default: false
        }
      guard isInverted, definition.kind == self.definition(of: first).kind, definition.name != "code" else {
        return nil
      }
      return Finding(
        definition.name, "inverted-range",
        "\(definition.name) \(definition.kind.text(last.value)) is below \(base) \(definition.kind.text(first.value))",
        hint: "swap the two")
    }
  }
}
