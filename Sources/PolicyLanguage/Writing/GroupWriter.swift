// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
public import FilterModel

extension PolicyWriter {
  /// A group of machines that are filtered alike.
  public struct Group: Sendable, Hashable {
    /// What the machines get.
    public enum Content: Sendable, Hashable {
      case native(FilterReference)
      case rules(ProposedGroup)
    }

    public var name: String
    /// Names or patterns of VMs.
    public var machines: [String]
    public var content: Content
    /// Lines of comment above it.
    public var remarks: [String]

    public init(name: String, machines: [String], content: Content, remarks: [String] = []) {
      self.name = name
      self.machines = machines
      self.content = content
      self.remarks = remarks
    }
  }

  /// A `groups:` section, in the order given.
  public static func groups(_ groups: [Group]) -> String {
    guard !groups.isEmpty else { return "groups: {}\n" }
    var lines = WritingLines()
    lines.line("groups:")
    for group in groups {
      for remark in group.remarks {
        // A comment ends with its line.
        lines.line("# " + String(remark.map { $0.isNewline ? " " : $0 }), indent: 2)
      }
      lines.line("\(PolicyText.scalar(group.name)):", indent: 2)
      lines.entry("vms", .mapping([WritingEntry("name", .texts(group.machines))]), indent: 4)
      switch group.content {
      case .native(let reference):
        lines.entry("filter", .text(reference.filter), indent: 4)
        if !reference.parameters.isEmpty { lines.entry("parameters", parameters(reference), indent: 4) }
      case .rules(let proposal): write(proposal, &lines)
      }
    }
    return lines.text
  }

  /// The filters of a text, as a policy file with it says them, and all that is wrong with it.
  public static func readBack(_ text: String) -> (filters: [Filter], diagnostics: [Diagnostic]) {
    let decoded = FileDecoder.decode(SourceText(Array(text.utf8)), path: "policies/imported.yaml", role: .policy)
    return (decoded.filters.map(\.filter.filter), decoded.diagnostics)
  }

  // MARK: Rules

  private static func write(_ proposal: ProposedGroup, _ lines: inout WritingLines) {
    if let node = node(proposal.guardPolicy) { lines.entry("guard", node, indent: 4) }
    for (key, rules) in [("in", proposal.inbound), ("out", proposal.outbound)] where !rules.isEmpty {
      lines.line("\(key):", indent: 4)
      for rule in rules { lines.item(node(rule), indent: 6) }
    }
    let defaults = [("in", proposal.inboundDefault), ("out", proposal.outboundDefault)]
    lines.entry(
      "default", .mapping(defaults.map { WritingEntry($0.0, .token($0.1.rawValue)) }), indent: 4)
  }

  private static func node(_ rule: ProposedGroup.Rule) -> WritingNode {
    var entries: [WritingEntry] = []
    if let ports = rule.fromPorts {
      let text = ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
      entries.append(WritingEntry("from-port", .text(text)))
    }
    if rule.isStateless { entries.append(WritingEntry("stateless", .token("true"))) }
    if let comment = rule.comment { entries.append(WritingEntry("comment", .text(comment))) }
    let line = WritingNode.text(rule.line)
    return entries.isEmpty ? line : .mapping([WritingEntry("rule", line)] + entries)
  }

  /// What a guard says otherwise than `standard`; nil for nothing.
  private static func node(_ policy: GuardPolicy) -> WritingNode? {
    let standard = GuardPolicy.standard
    var entries: [WritingEntry] = []
    if policy.mac != standard.mac { entries.append(WritingEntry("mac", sources(policy.mac))) }
    if policy.ip != standard.ip { entries.append(WritingEntry("ip", sources(policy.ip))) }
    if policy.checksARP != standard.checksARP { entries.append(WritingEntry("arp", .token("false"))) }
    if policy.otherEthertypes { entries.append(WritingEntry("ethertypes", .token("any"))) }
    if policy.systemRules != standard.systemRules {
      entries.append(WritingEntry("system", .token(policy.systemRules.rawValue)))
    }
    return entries.isEmpty ? nil : .mapping(entries)
  }

  private static func sources(_ sources: GuardPolicy.Sources<some CustomStringConvertible>) -> WritingNode {
    switch sources {
    case .any: .token("any")
    case .only(let declared, let others):
      .texts((declared ? ["declared"] : []) + others.map(\.description))
    }
  }
}
