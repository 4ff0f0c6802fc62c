// SPDX-License-Identifier: Apache-2.0

/// The presets that ship with nwfleet: the YAML files beside this one, embedded in the program.
public enum ShippedPresets {
  /// By preset name, the text of its file: one `presets:` section with one preset of that name.
  public static let files: [String: [UInt8]] = [
    "open": PackageResources.open_yaml
  ]
}
