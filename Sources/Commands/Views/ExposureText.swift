// SPDX-License-Identifier: Apache-2.0

import Planning

/// What reaches VMs although their policy denies it, for people.
enum ExposureText {
  /// One line for all interfaces that the same traffic reaches.
  static func text(_ exposures: [OneWayExposure]) -> String {
    var order: [[String]] = []
    var names: [[String]: [String]] = [:]
    for exposure in exposures {
      if names[exposure.traffic] == nil { order.append(exposure.traffic) }
      let name = exposure.interface.machine
      if names[exposure.traffic]?.last != name { names[exposure.traffic, default: []].append(name) }
    }
    return order.map { traffic in
      "reaches \((names[traffic] ?? []).shortened(to: 5)) one way from the host and routed networks, no reply passes: "
        + "\(traffic.joined(separator: "; "))\n"
    }.joined()
  }
}

extension [String] {
  /// The first few of many names; one more takes no more room than saying so.
  func shortened(to most: Int) -> String {
    if count <= most + 1 { return joined(separator: ", ") }
    return prefix(most).joined(separator: ", ") + " and \(count - most) more"
  }
}
