// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Schemas of protocol elements, made from the model's table.
enum AttributeSchema {
  static func element(of filterProtocol: FilterProtocol) -> JSONValue {
    let negation = JSONMember(
      name: "match",
      value: [
        "description": "no: the packet must not have what stands beside it",
        "enum": [true, false, "yes", "no"],
      ])
    let attributes = filterProtocol.attributes.compactMap { definition in
      schema(of: definition).map { JSONMember(name: definition.name, value: $0) }
    }
    return JSONSchema.closed(.object([negation] + attributes))
  }

  /// nil for an attribute that no value is accepted for.
  private static func schema(of definition: AttributeDefinition) -> JSONValue? {
    var forms: [JSONValue] = []
    if definition.refusal == nil { forms = literals(of: definition.kind) }
    if definition.kind.takesVariables, definition.refusal == nil || definition.refusalSparesVariables {
      forms.append(reference("variable"))
    }
    guard !forms.isEmpty else { return nil }
    var description = "\(definition.summary): \(definition.kind.expectation)"
    if let base = definition.base { description += "; needs \(base)" }
    return ["description": .string(description), "anyOf": .array(forms)]
  }

  private static func literals(of kind: ValueKind) -> [JSONValue] {
    switch kind {
    case .number(let range, let names):
      names.all.isEmpty
        ? [number(range), reference("digits")]
        : [number(range), reference("digits"), ["enum": .strings(names.all.map(\.name))]]
    case .decimal(let range): [number(range), reference("digits")]
    case .macAddress, .macMask: [reference("mac")]
    case .ipv4Address: [reference("ipv4")]
    case .ipv4Mask: [number(0...32), reference("digits"), reference("ipv4")]
    case .ipv6Address: [reference("ipv6")]
    case .ipv6Mask: [number(0...128), reference("digits"), reference("ipv6")]
    case .truth: [["enum": [true, "true", "yes", 1, "1"]]]
    case .connectionStates: [reference("states")]
    case .tcpFlags: [reference("tcpFlags")]
    case .setName: [reference("setName")]
    case .setDirections: [reference("setDirections")]
    case .comment: [reference("comment")]
    }
  }

  /// Forms of values that many attributes share.
  static var definitions: [JSONMember] {
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    let state = caseless(["NONE", "NEW", "ESTABLISHED", "RELATED", "INVALID"])
    let side = caseless(SetDirection.allCases.map(\.rawValue))
    let comment: JSONValue = [
      "type": ["string", "number", "boolean"], "minLength": 1, "maxLength": .number(Comment.longest),
      "pattern": "^[^$]",
    ]
    return [
      JSONMember(name: "variable", value: pattern("^\\$[A-Za-z0-9_]+(\\[ *(@ *)?[0-9]+ *\\])?$")),
      JSONMember(name: "digits", value: pattern("^([0-9]+|0[xX][0-9A-Fa-f]+)$")),
      JSONMember(name: "mac", value: pattern("^([0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}$")),
      JSONMember(name: "ipv4", value: pattern("^\(octet)(\\.\(octet)){3}$")),
      JSONMember(name: "ipv6", value: pattern("^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$")),
      JSONMember(name: "states", value: pattern("^[ ,]*(\(state))([ ,]+(\(state)))*[ ,]*$")),
      JSONMember(name: "tcpFlags", value: pattern("^[A-Za-z, ]*/[A-Za-z, ]*$")),
      JSONMember(
        name: "setName", value: ["type": ["string", "integer"], "pattern": "^[A-Za-z0-9_.:+ -]{1,31}$"]),
      JSONMember(name: "setDirections", value: pattern("^(\(side))(,(\(side))){0,5}$")),
      JSONMember(name: "comment", value: comment),
    ]
  }

  private static func number(_ range: ClosedRange<UInt32>) -> JSONValue {
    ["type": "integer", "minimum": .number(Int(range.lowerBound)), "maximum": .number(Int(range.upperBound))]
  }

  private static func pattern(_ pattern: String) -> JSONValue { ["type": "string", "pattern": .string(pattern)] }

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/definitions/\(name)")] }

  /// Alternatives in any case: JSON Schema's patterns have no flag for it.
  private static func caseless(_ words: [String]) -> String {
    words.map { word in word.map { "[\($0.uppercased())\($0.lowercased())]" }.joined() }.joined(separator: "|")
  }
}
