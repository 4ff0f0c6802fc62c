// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

extension Layer3Generator.RuleProblem {
  var diagnostic: Diagnostic {
    switch kind {
    case .limitMeetsReplies:
      Diagnostic(
        "limit-not-possible",
        "\(source.id) cannot have a limit: its drop would hit replies to what an inbound rule allows after a denial",
        at: source.range, hint: "put that inbound rule before those that deny, or remove the limit")
    case .limitAtLayer2:
      Diagnostic(
        "limit-not-possible",
        "\(source.id) cannot have a limit: its protocol is decided at layer 2, which counts nothing", at: source.range,
        hint: "remove the limit")
    case .limitInParts(let count):
      Diagnostic(
        "limit-in-parts",
        "the limit of \(source.id) counts each of \(count) kinds of packets by itself: nwfilter needs a rule for each",
        severity: .warning, at: source.range, hint: "write one range of ports, or a rule with its own limit for each")
    case .unseenInIPv6:
      Diagnostic(
        "unseen-in-ipv6",
        "\(source.id) does nothing over IPv6: layer 2 looks through the extension headers of packets",
        severity: .warning, at: source.range, hint: "let the default decide about such packets")
    case .statelessAfterDenial:
      Diagnostic(
        "stateless-not-possible",
        "\(source.id) cannot be stateless for all protocols: an outbound rule before it denies some of them",
        at: source.range, hint: "name its protocols, or put it before the denial")
    }
  }
}
