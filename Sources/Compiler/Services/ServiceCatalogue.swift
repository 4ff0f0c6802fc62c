// SPDX-License-Identifier: Apache-2.0

/// A service that every policy knows by name.
public struct CatalogueService: Sendable, Hashable {
  public var name: String
  /// In one line.
  public var summary: String
  public var traffic: [Traffic]
}

/// The services that rules can name without defining them; fixed here, never read from a host.
///
/// Ports are those of IANA's Service Name and Transport Protocol Port Number Registry, or the defaults of the programs.
public enum ServiceCatalogue {
  /// By name, each name once.
  public static let all: [CatalogueService] =
    (network + mail + web + data + infrastructure + desktop).sorted { $0.name < $1.name }

  public static subscript(name: String) -> CatalogueService? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The whole catalogue with ICMP messages and IP protocols, as Markdown.
  public static func reference() -> String {
    var lines = ["# Services", "", "Rules know these names; a policy can define others under `services:`.", ""]
    lines += ["| Service | Traffic | What it is |", "|---|---|---|"]
    for service in all {
      let traffic = service.traffic.map { "`\($0.spelling)`" }.joined(separator: ", ")
      lines.append("| `\(service.name)` | \(traffic) | \(service.summary) |")
    }
    lines += ["", "## ICMP messages", "", "`icmp/NAME` means both families where both have such a message.", ""]
    lines += ["| Name | ICMP type/code | ICMPv6 type/code |", "|---|---|---|"]
    for message in ICMPMessages.all {
      let numbers = [message.ipv4, message.ipv6].map { number in
        number.map { "\($0.type)" + ($0.code.map { "/\($0)" } ?? "") } ?? "none"
      }
      lines.append("| `\(message.name)` | \(numbers[0]) | \(numbers[1]) |")
    }
    lines += ["", "## IP protocols", "", "Others are written `protocol/NUMBER`.", ""]
    lines += ["| Name | Number | What it is |", "|---|---|---|"]
    lines += IPProtocols.all.map { "| `\($0.name)` | \($0.number) | \($0.summary) |" }
    return lines.joined(separator: "\n") + "\n"
  }
}
