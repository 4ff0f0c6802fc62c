// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Verification

/// The answers of who-can and reach, as JSON and as text.
struct ReachabilityDocument: Encodable {
  struct Answer: Encodable {
    /// bridged, routed or host.
    var via: String
    /// What gets through whoever of the ends speaks to whom: traffic, or the addresses that all of what was asked comes from.
    var all: [String]
    /// What gets through between some of the ends, or of some of what was asked.
    var some: [String]
    /// What gets through without an answer.
    var oneWay: [String]
    /// Whether there is more than is said here.
    var hasMore: Bool
  }

  var format = 1
  var question: String
  var answers: [Answer]
  /// Of who-can: VMs of the repository that can send some of it.
  var machines: [String]?

  /// - Parameter whole: what was asked, for answers that are all of it.
  init(question: String, _ answers: [Reachability], whole: String) {
    self.question = question
    self.answers = answers.map { answer in
      let all: [String]
      if answer.whole.isEmpty {
        all = []
      } else if answer.isEverything {
        all = [whole]
      } else {
        // Addresses alone are those of all that was asked.
        all = RegionWords.lines(answer.whole).map { answer.isAboutTraffic ? $0 : whole + $0.dropFirst("any".count) }
      }
      return Answer(
        via: answer.route.rawValue, all: all, some: RegionWords.lines(answer.partial),
        oneWay: RegionWords.lines(answer.oneWay), hasMore: answer.hasMore)
    }
  }

  func text(_ style: Style) -> String {
    var text = ""
    for answer in answers {
      text += style.bold(question) + " (\(answer.via))\n"
      for line in answer.all { text += "  \(line)\n" }
      for line in answer.some { text += "  some: \(line)\n" }
      if answer.all.isEmpty, answer.some.isEmpty { text += "  nothing\n" }
      for line in answer.oneWay { text += "  one way, without an answer: \(line)\n" }
      if answer.hasMore { text += "  and more, too much to be said: ask about less\n" }
    }
    if let machines {
      text +=
        machines.isEmpty ? "No VM of the repository can.\n" : "VMs that can: \(machines.joined(separator: ", "))\n"
    }
    return text
  }
}
