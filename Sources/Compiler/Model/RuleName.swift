// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

extension PolicyRule {
  /// The longest name that is derived from a text, in bytes.
  static let longestDerivedName = 60

  /// What the rule is known by in its group: the name that it was given, else one derived from direction and text, such as
  /// `in-allow-http-https-from-office`; a long one ends in a digest.
  public func name(_ direction: TrafficDirection) -> String {
    if let name { return name.value }
    var slug = Array(direction.rawValue.utf8)
    var hasGap = true
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() {
      if let kept = Self.kept(byte, before: index + 1 < bytes.count ? bytes[index + 1] : 0) {
        if hasGap { slug.append(UInt8(ascii: "-")) }
        slug.append(kept)
        hasGap = false
      } else {
        hasGap = true
      }
    }
    let name = String(decoding: slug, as: UTF8.self)
    if slug.count <= Self.longestDerivedName { return name }
    let digest = SHA1.hexDigest(text).prefix(8)
    return "\(String(decoding: slug.prefix(Self.longestDerivedName - 9), as: UTF8.self))-\(digest)"
  }

  /// The byte as a name has it; nil for what only parts words. A comma without a blank parts ports and must not look like the
  /// hyphen of a range.
  private static func kept(_ byte: UInt8, before next: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
      UInt8(ascii: ":"), UInt8(ascii: "_"):
      byte
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case UInt8(ascii: ",") where next != UInt8(ascii: " "): UInt8(ascii: "_")
    default: nil
    }
  }
}
