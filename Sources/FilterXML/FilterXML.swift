// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// nwfilter XML to and from the model.
public enum FilterXML {
  /// What was read, and everything about it that libvirt would refuse, drop or take for something else.
  public struct Parsed: Sendable, Hashable {
    /// As libvirt would keep it, what it would drop left out; nil for what is no filter at all.
    public var filter: Filter?
    /// For a file that a person wrote, errors here mean that it must not be used. In what a host gave, they are what
    /// nwfleet cannot express, so that the filter is not the one that the host has.
    public var diagnostics: [Diagnostic]

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
  }

  /// Reads a filter as libvirt 9.0 does (nwfilter_conf.c, virNWFilterDefParseXML).
  ///
  /// - Parameters:
  ///   - xml: at most 8 MiB; a DOCTYPE is refused.
  ///   - file: the name that diagnostics give to the text.
  public static func parse(_ xml: String, file: String = "filter.xml") -> Parsed {
    var reader = FilterReader(text: xml, file: file)
    let filter = reader.filter()
    return Parsed(filter: filter, diagnostics: reader.diagnostics)
  }

  /// The canonical text: what libvirt 9.0 prints for the filter once it is defined, byte for byte, as long as the filter has
  /// a UUID and no findings.
  public static func write(_ filter: Filter) -> String { write(filter, notes: []) }

  /// The same with comments, which libvirt does not keep.
  ///
  /// - Parameter notes: for each entry, what is written above it; may be shorter than the entries.
  public static func write(_ filter: Filter, notes: [String?]) -> String {
    var writer = FilterWriter()
    writer.write(filter, notes: notes)
    return writer.text
  }
}
