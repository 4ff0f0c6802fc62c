// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Reconcile
import Verification

/// What becomes of one packet and its answer, step by step.
struct ConversationRecord: Encodable {
  struct PacketRecord: Encodable {
    var text: String
    var family: String
    var protocolNumber: UInt8
    var source: String
    var destination: String
    /// Absent for protocols without ports.
    var sourcePort: UInt16?
    var destinationPort: UInt16?
    /// Of ICMP.
    var type: UInt8?
    var code: UInt8?

    init(_ packet: Packet) {
      text = packet.description
      family = packet.family == .ipv4 ? "ipv4" : "ipv6"
      protocolNumber = packet.protocolNumber
      source = packet.family.text(packet.source)
      destination = packet.family.text(packet.destination)
      switch PortUse(protocolNumber: packet.protocolNumber) {
      case .ports: (sourcePort, destinationPort) = (packet.sourcePort, packet.destinationPort)
      case .messages:
        (type, code) = (UInt8(packet.destinationPort >> 8), UInt8(truncatingIfNeeded: packet.destinationPort))
      case .none: break
      }
    }
  }

  struct Source: Encodable {
    /// `GROUP/RULE`, `system/WORD`, or the name of a native filter.
    var id: String
    var place: PlaceRecord?
  }

  struct Step: Encodable {
    /// Where the kernel looks: ethernet-from-vm, ethernet-to-vm, forward-from-vm, forward-to-vm, input-from-vm.
    var hook: String
    var chain: String
    /// accept, drop, reject, return, continue; enter for a chain that is entered, end for one whose end is met.
    var action: String
    var filter: String?
    /// The rule of the filter, as `render` has it.
    var rule: String?
    var sources: [Source]

    /// For people, what the hook is.
    fileprivate let hookText: String
    fileprivate let sourceText: String

    private enum CodingKeys: CodingKey { case hook, chain, action, filter, rule, sources }
  }

  struct End: Encodable {
    var vm: String
    var mac: String
    /// Absent for a NIC without one.
    var filter: String?
    var request: [Step]
    /// Absent where no answer comes here.
    var reply: [Step]?
  }

  var packet: PacketRecord
  /// bridged, routed or host.
  var via: String
  /// allowed, one-way, dropped or rejected.
  var verdict: String
  /// The rules that decided; none where no rule did.
  var decidedBy: [Source]
  /// The VM that sends the packet, if it is one of the repository's.
  var from: End?
  /// The VM that gets it.
  var to: End?
  private let decisionText: String?
  private let isLeftToHost: Bool

  private enum CodingKeys: CodingKey { case packet, via, verdict, decidedBy, from, to }

  init(_ conversation: Conversation, _ library: FilterLibrary) {
    packet = PacketRecord(conversation.packet)
    via = conversation.route.rawValue
    verdict = conversation.outcome.word
    from = conversation.source.map { Self.end($0, conversation.sourceVerdict, library) }
    to = conversation.target.map { Self.end($0, conversation.targetVerdict, library) }
    let decision = conversation.decision
    decidedBy = decision.map { Self.step($0.step, library).sources } ?? []
    decisionText = decision.map { decision in
      let nic = decision.end == .source ? conversation.source : conversation.target
      let step = Self.step(decision.step, library)
      return "\(decision.isReply ? "the answer, " : "")\(nic?.title(isOneOfSeveral: false) ?? ""), \(step.text)"
    }
    isLeftToHost =
      conversation.sourceVerdict?.isLeftToHost ?? false || conversation.targetVerdict?.isLeftToHost ?? false
  }

  private static func end(_ nic: FilteredNIC, _ verdict: FlowVerdict?, _ library: FilterLibrary) -> End {
    End(
      vm: nic.nic.machine, mac: nic.nic.mac.description, filter: nic.reference?.filter,
      request: (verdict?.request.steps ?? []).map { step($0, library) },
      reply: verdict?.reply?.steps.map { step($0, library) })
  }

  private static func step(_ step: Evaluation.Step, _ library: FilterLibrary) -> Step {
    let (hook, hookText) = step.hook.words
    var result = Step(
      hook: hook, chain: step.chain, action: "enter", sources: [], hookText: hookText, sourceText: "")
    switch step.event {
    case .entered: break
    case .ended: result.action = "end"
    case .matched(let target, let origin):
      let sources = library.sources(of: origin)
      result = Step(
        hook: hook, chain: step.chain, action: target.word, filter: origin.filter,
        rule: library.entry(of: origin)?.summaryWithoutComment,
        sources: sources.map { Source(id: $0.id, place: $0.range.map(PlaceRecord.init)) }, hookText: hookText,
        sourceText: sources.text)
    }
    return result
  }

  // MARK: Text

  /// The packet and what becomes of it, in one line.
  func headline(_ style: Style) -> String {
    let word = verdict.uppercased()
    return "\(packet.text): \(verdict == "allowed" ? style.green(word) : style.red(word)) (\(via))"
  }

  /// The rule that decided, in one line; nil where there is no filter.
  var decision: String? { decisionText.map { "decided by \($0)" } }

  /// Every step.
  func steps(_ style: Style) -> String {
    var text = ""
    for (end, other) in [(from, "from"), (to, "to")] {
      guard let end else { continue }
      text += "  \(other) \(end.vm) (\(end.mac))"
      guard let filter = end.filter else {
        text += ": no filter, everything passes\n"
        continue
      }
      text += ", filter \(filter)\n" + Self.text(end.request, style)
    }
    for (end, other) in [(to, "from"), (from, "to")] {
      guard let end, let reply = end.reply else { continue }
      text += "  answer, \(other) \(end.vm)\n" + Self.text(reply, style)
    }
    if isLeftToHost { text += "  no rule of the VM decides at layer 3: the host's own FORWARD rules do\n" }
    return text
  }

  private static func text(_ steps: [Step], _ style: Style) -> String {
    if steps.isEmpty { return "    meets no rule\n" }
    return steps.map { step in
      "    \(step.hookText): \(step.ruleText)" + (step.sourceText.isEmpty ? "" : style.dim("  # \(step.sourceText)"))
        + "\n"
    }.joined()
  }
}

extension ConversationRecord.Step {
  /// What happened, without its place.
  fileprivate var ruleText: String {
    let place = chain == Chain.root ? "" : " in chain \(chain)"
    switch action {
    case "enter": return "goes through chain \(chain)"
    case "end": return chain == Chain.root ? "the end of the rules" : "the end of chain \(chain)"
    default: return "\(rule ?? action)\(place)"
    }
  }

  fileprivate var text: String {
    "\(hookText): \(ruleText)" + (sourceText.isEmpty ? "" : "  # \(sourceText)")
  }
}

extension FlowOutcome {
  var word: String {
    switch self {
    case .allowed: "allowed"
    case .oneWay: "one-way"
    case .dropped: "dropped"
    case .rejected: "rejected"
    }
  }
}

extension Hook {
  /// For machines and for people.
  fileprivate var words: (String, String) {
    switch self {
    case .ethernet(.fromMachine): ("ethernet-from-vm", "layer 2, from the VM")
    case .ethernet(.toMachine): ("ethernet-to-vm", "layer 2, to the VM")
    case .forwardFromMachine: ("forward-from-vm", "layer 3, from the VM")
    case .forwardToMachine: ("forward-to-vm", "layer 3, to the VM")
    case .inputFromMachine: ("input-from-vm", "layer 3, from the VM to the host")
    }
  }
}

extension KernelRule.Target {
  fileprivate var word: String {
    switch self {
    case .accept: "accept"
    case .drop: "drop"
    case .reject: "reject"
    case .return: "return"
    case .continue: "continue"
    case .jump: "enter"
    }
  }
}
