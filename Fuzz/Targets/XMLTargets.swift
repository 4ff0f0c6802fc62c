// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML

/// What is written of a filter that was read without an error reads as the same filter, and is written the same again.
func fuzzFilterXML(_ input: [UInt8]) throws(BrokenPromise) {
  let text = String(decoding: input, as: UTF8.self)
  let parsed = FilterXML.parse(text)
  _ = DiagnosticRenderer { _, _ in nil }.render(parsed.diagnostics)
  guard let filter = parsed.filter else {
    try promise(parsed.hasErrors, "refused without a reason")
    return
  }
  let written = FilterXML.write(filter)
  guard !parsed.hasErrors else { return }
  let again = FilterXML.parse(written)
  try promise(again.filter == filter, "\(filter) comes back from XML as another filter")
  try promise(again.filter.map(FilterXML.write) == written, "writing twice is not writing once")
}

/// Interfaces can be read on their own, and given another filter; bindings are written as they were read.
func fuzzDomainXML(_ input: [UInt8]) throws(BrokenPromise) {
  let text = String(decoding: input, as: UTF8.self)
  for interface in (try? DomainXML.interfaces(of: text)) ?? [] { try check(interface) }
  if let interface = try? InterfaceXML(parsing: text) { try check(interface) }
  if let binding = try? BindingXML.parse(text) {
    try promise((try? BindingXML.parse(BindingXML.write(binding))) == binding, "\(binding) comes back as another one")
  }
}

private func check(_ interface: InterfaceXML) throws(BrokenPromise) {
  let alone = try? InterfaceXML(parsing: interface.text)
  try promise(alone?.reference == interface.reference, "\(interface) is another one when it stands alone")
  let wanted = FilterReference("clean-traffic", parameters: ["IP": ["192.0.2.1", "192.0.2.2"]])
  let changed = try? InterfaceXML(parsing: interface.with(filterReference: wanted))
  try promise(changed?.reference == wanted, "\(interface) does not take another filter")
  try promise(changed?.mac == interface.mac && changed?.type == interface.type, "\(interface) changed with its filter")
  let bare = try? InterfaceXML(parsing: interface.with(filterReference: nil))
  try promise(bare != nil && bare?.reference == nil, "\(interface) keeps its filter")
}
