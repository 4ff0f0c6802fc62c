// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// JSON Schema of policy files, for editors.
public enum JSONSchema {
  /// The schema of `environments/NAME.yaml`.
  public static func environment() -> String {
    let schema: JSONValue = [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "nwfleet environment",
      "type": "object",
      "additionalProperties": false,
      "properties": PolicySchema.environmentSections,
      "definitions": definitions,
    ]
    return schema.text() + "\n"
  }

  /// The schema of `addresses.lock.yaml`, as `nwfleet lock` writes it.
  public static func lock() -> String {
    let schema: JSONValue = [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "nwfleet address lock",
      "type": "object",
      "additionalProperties": false,
      "properties": PolicySchema.lockSections,
      "definitions": .object(PolicySchema.lockDefinitions),
    ]
    return schema.text() + "\n"
  }

  /// The schema (draft 7, which yaml-language-server knows best) of `nwfleet.yaml` and the files under `policies/`.
  ///
  /// The names, kinds and ranges come from the model's table. It is closed: what it does not name is an error. The language
  /// itself checks more than a schema can say, such as attributes that need others.
  public static func policy() -> String {
    let schema: JSONValue = [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "nwfleet policy file",
      "type": "object",
      "additionalProperties": false,
      "properties": sections,
      "definitions": definitions,
    ]
    return schema.text() + "\n"
  }

  // MARK: Sections

  private static var sections: JSONValue {
    let members: [JSONMember] = [
      JSONMember(
        name: "project",
        value: [
          "type": "string", "pattern": "^[a-z][a-z0-9-]{0,40}$",
          "description": "Name of the project, from which all UUIDs follow: never changes",
        ]),
      JSONMember(
        name: "id",
        value: [
          "type": ["string", "integer"], "pattern": "^[0-9a-f]{8,64}$",
          "description": "Random, written by 'nwfleet init': tells two repositories apart",
        ]),
      JSONMember(name: "include", value: PolicySchema.include),
      JSONMember(
        name: "hosts", value: named("Hosts by name, as --host takes them", "^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$", host)),
      JSONMember(name: "vms", value: named("Facts about VMs, by name", "^[^/*?]{1,255}$", machine)),
      JSONMember(
        name: "filters",
        value: named(
          "Filters, by the name that libvirt knows", "^[A-Za-z_][A-Za-z0-9_.-]{0,\(FilterName.longest - 1)}$", filter)),
    ]
    return .object(members + PolicySchema.sections)
  }

  private static var host: JSONValue {
    closed(
      ["uri": ["type": "string", "minLength": 1, "description": "libvirt's URI of the host"], "labels": labels],
      required: ["uri"])
  }

  private static var machine: JSONValue {
    let port: JSONValue = [
      "type": "string", "pattern": "^[^\\s/:]{1,15}$",
      "description": "Network device of the host, where libvirt does not run the VM",
    ]
    let interface = closed(.object([JSONMember(name: "port", value: port)] + PolicySchema.interfaceFacts))
    let interfaces = named(
      "Network interfaces, by MAC address", PolicySchema.macPattern, orNothing(interface))
    let members: [JSONMember] = [
      JSONMember(name: "labels", value: labels),
      JSONMember(name: "host", value: ["type": "string", "description": "Host that the VM is on, one of hosts"]),
      JSONMember(name: "nics", value: interfaces),
    ]
    return orNothing(closed(.object(members + PolicySchema.machineFacts)))
  }

  private static var filter: JSONValue {
    let prefixes = Chain.prefixes.filter { $0.name != Chain.root }.map(\.name).joined(separator: "|")
    return closed([
      "chain": [
        "type": "string", "maxLength": .number(Chain.longestName),
        "pattern": .string("^(\(Chain.root)|(\(prefixes))[A-Za-z0-9_.:-]*)$"), "default": .string(Chain.root),
        "description": .string("Where the layer-2 rules are evaluated: \(Chain.expectation)"),
      ],
      "priority": priority("Of the chain; each kind of chain has a default"),
      "adopt": truth("Take over a filter of this name that is not ours"),
      "rules": [
        "type": "array", "maxItems": .number(Filter.mostRules),
        "description": "Rules and references to other filters, in order",
        "items": ["oneOf": [["$ref": "#/definitions/rule"], ["$ref": "#/definitions/reference"]]],
      ],
    ])
  }

  // MARK: Definitions

  static var text: JSONValue { ["type": ["string", "integer", "number", "boolean"], "minLength": 1] }

  private static var definitions: JSONValue {
    var members: [JSONMember] = [
      JSONMember(name: "text", value: text),
      JSONMember(name: "truth", value: ["enum": [true, false, "yes", "no"]]),
      JSONMember(
        name: "filterName",
        value: [
          "type": "string", "pattern": .string("^[A-Za-z_][A-Za-z0-9_.-]{0,\(FilterName.longest - 1)}$"),
          "description": "Name of a filter",
        ]),
      JSONMember(name: "parameterValue", value: parameterValue),
      JSONMember(name: "parameters", value: parameters),
      JSONMember(name: "rule", value: rule),
      JSONMember(
        name: "reference",
        value: closed(
          ["filterref": ["$ref": "#/definitions/filterName"], "parameters": ["$ref": "#/definitions/parameters"]],
          required: ["filterref"])),
    ]
    members += PolicySchema.definitions
    members += AttributeSchema.definitions
    members += FilterProtocol.allCases.map {
      JSONMember(name: "protocol-\($0.name)", value: AttributeSchema.element(of: $0))
    }
    return .object(members)
  }

  private static var rule: JSONValue {
    var properties: [JSONMember] = [
      JSONMember(name: "action", value: enumeration(Action.self, "What happens to a packet that matches")),
      JSONMember(name: "direction", value: enumeration(Direction.self, "Which traffic, seen from the VM")),
      JSONMember(name: "priority", value: priority("Lower first; \(Rule.defaultPriority) if left out")),
      JSONMember(
        name: "statematch", value: truth("Whether libvirt adds its connection state match")),
    ]
    properties += FilterProtocol.allCases.map { filterProtocol in
      let element: JSONValue = ["$ref": .string("#/definitions/protocol-\(filterProtocol.name)")]
      return JSONMember(
        name: filterProtocol.name, value: ["oneOf": [element, ["type": "array", "minItems": 1, "items": element]]])
    }
    return closed(.object(properties), required: ["action", "direction"])
  }

  private static var parameterValue: JSONValue {
    [
      "oneOf": [
        ["type": "string", "pattern": "^[A-Za-z0-9_.:]+$"], ["type": "integer", "minimum": 0],
        ["type": ["boolean", "number"], "not": ["type": "integer"]],
      ]
    ]
  }

  private static var parameters: JSONValue {
    let value: JSONValue = ["$ref": "#/definitions/parameterValue"]
    return named(
      "Values for the variables of the filter, by name; a list gives several", "^[A-Za-z0-9_]+$",
      ["oneOf": [value, ["type": "array", "minItems": 1, "items": value]]])
  }

  // MARK: Building blocks

  private static var labels: JSONValue {
    [
      "type": "object", "additionalProperties": ["$ref": "#/definitions/text"],
      "description": "Names and values of your own",
    ]
  }

  private static func priority(_ description: String) -> JSONValue {
    [
      "type": "integer", "minimum": .number(Chain.priorities.lowerBound),
      "maximum": .number(Chain.priorities.upperBound), "description": .string(description),
    ]
  }

  /// Keywords beside a `$ref` are ignored in draft 7: hence the list of one.
  static func truth(_ description: String) -> JSONValue {
    ["description": .string(description), "allOf": [["$ref": "#/definitions/truth"]]]
  }

  private static func enumeration<Word: RawRepresentable & CaseIterable>(
    _ type: Word.Type, _ description: String
  ) -> JSONValue where Word.RawValue == String {
    ["enum": .strings(Word.allCases.map(\.rawValue)), "description": .string(description)]
  }

  /// An object with these members and no others.
  static func closed(_ properties: JSONValue, required: [String] = []) -> JSONValue {
    let object: JSONValue = ["type": "object", "additionalProperties": false]
    return object.adding("required", required.isEmpty ? nil : .strings(required)).adding("properties", properties)
  }

  /// An object whose members have names of one form.
  static func named(_ description: String, _ pattern: String, _ value: JSONValue) -> JSONValue {
    [
      "type": "object", "description": .string(description), "propertyNames": ["pattern": .string(pattern)],
      "additionalProperties": value,
    ]
  }

  static func orNothing(_ value: JSONValue) -> JSONValue { ["oneOf": [value, ["type": "null"]]] }
}
