// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Names of generated filters: a function of the policy, never of what was there before.
struct FilterNames {
  let project: String

  func nic(_ mac: MACAddress) -> String { "\(project).nic.\(mac.description.filter { $0 != ":" })" }

  /// - Parameter groups: by name.
  func profile(_ groups: [String], _ variant: Variant) -> String {
    var parts = groups
    if let suffix = Self.suffix(variant) { parts.append(suffix) }
    let name = "\(project).profile.\(parts.joined(separator: "."))"
    if FilterName.isValid(name) { return name }
    // No group begins with an underscore, so that this is the name of no other profile.
    return "\(project).profile._\(Self.digest(parts.joined(separator: ".")))"
  }

  /// `_NETWORK`, `__DIGEST` of the parameters, or both.
  private static func suffix(_ variant: Variant) -> String? {
    var suffix = ""
    if variant.usesNetwork, let network = variant.network {
      let isPlain = network.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      }
      suffix = "_\(isPlain ? network : "_n\(digest(network))")"
    }
    if !variant.parameters.isEmpty {
      // Lengths keep two lists from reading alike.
      let text = variant.parameters.sorted { $0.key < $1.key }
        .map { name, texts in "\(name)=" + texts.map { "\($0.utf8.count):\($0)" }.joined() }.joined(separator: ";")
      suffix += "__\(digest(text))"
    }
    return suffix.isEmpty ? nil : suffix
  }

  private static func digest(_ text: String) -> String { String(SHA1.hexDigest(text).prefix(12)) }
}
