// SPDX-License-Identifier: Apache-2.0

import CLibXML2

/// Why a text is no XML document that is read here.
struct XMLProblem: Error {
  var code: String
  var message: String
  var hint: String?
  /// From 1; nil where there is no place.
  var line: Int?
}

/// A parsed XML document, which owns the memory of its nodes: none of them may outlive it.
///
/// Documents with a DOCTYPE are refused before anything of it is read: libvirt writes none, and entities are of no use but
/// to blow up or to loop. Nothing is loaded from anywhere.
struct XMLTree: ~Copyable {
  /// A little more than libvirt carries in one message (REMOTE_STRING_MAX, 4 MiB).
  static let largest = 8 << 20

  private let document: xmlDocPtr
  let root: XMLElement

  /// - Throws: `XMLProblem` for a text that is too large, not well formed, or has a DOCTYPE.
  init(parsing xml: String) throws(XMLProblem) {
    guard xml.utf8.count <= Self.largest else {
      throw XMLProblem(
        code: "too-large", message: "the document has \(xml.utf8.count) bytes; at most \(Self.largest) are read")
    }
    let parsed = try Self.document(xml)
    guard let root = xmlDocGetRootElement(parsed) else {
      xmlFreeDoc(parsed)
      throw XMLProblem(code: "bad-xml", message: "the document is empty")
    }
    document = parsed
    self.root = XMLElement(node: root)
  }

  deinit { xmlFreeDoc(document) }

  /// libxml2 wants to be initialised once before threads use it.
  private static let initialised: Void = xmlInitParser()

  private static func document(_ xml: String) throws(XMLProblem) -> xmlDocPtr {
    initialised
    guard let context = xmlNewParserCtxt() else {
      throw XMLProblem(code: "bad-xml", message: "no memory for a parser")
    }
    defer { xmlFreeParserCtxt(context) }
    context.pointee.sax.pointee.internalSubset = { context, _, _, _ in
      xmlStopParser(context?.assumingMemoryBound(to: xmlParserCtxt.self))
    }
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
      | XML_PARSE_BIG_LINES.rawValue
    var text = xml
    let document = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        xmlCtxtReadMemory(
          context, characters.baseAddress, Int32(characters.count), nil, "UTF-8", Int32(bitPattern: options))
      }
    }
    if context.pointee.errNo == Int32(XML_ERR_USER_STOP.rawValue) {
      xmlFreeDoc(document)
      throw XMLProblem(
        code: "doctype-refused", message: "a document type declaration is not read",
        hint: "remove the DOCTYPE; nwfilter needs none")
    }
    guard let document else { throw problem(of: context) }
    return document
  }

  private static func problem(of context: xmlParserCtxtPtr) -> XMLProblem {
    guard let error = xmlCtxtGetLastError(context) else {
      return XMLProblem(code: "bad-xml", message: "the document is empty")
    }
    var message = error.pointee.message.map { String(cString: $0) } ?? "not well formed"
    while message.last?.isWhitespace == true { message.removeLast() }
    return XMLProblem(
      code: "bad-xml", message: "this is not well-formed XML: \(message)",
      line: error.pointee.line > 0 ? Int(error.pointee.line) : nil)
  }
}

/// An element of a tree that someone else keeps alive.
struct XMLElement {
  let node: xmlNodePtr

  /// The name without a namespace prefix, as libvirt compares it.
  var name: String { String(cString: node.pointee.name) }

  /// The line on which the start tag ends, from 1.
  var line: Int { xmlGetLineNo(node) }

  /// All attributes in document order; namespace declarations are none.
  func forEachAttribute(_ body: (_ name: String, _ value: String) -> Void) {
    var next = node.pointee.properties
    while let attribute = next {
      body(String(cString: attribute.pointee.name), Self.value(of: attribute))
      next = attribute.pointee.next
    }
  }

  subscript(name: String) -> String? {
    guard let attribute = xmlHasProp(node, name) else { return nil }
    return Self.value(of: attribute)
  }

  /// The elements directly inside.
  var children: [XMLElement] {
    var elements: [XMLElement] = []
    var next = node.pointee.children
    while let child = next {
      if child.pointee.type == XML_ELEMENT_NODE { elements.append(XMLElement(node: child)) }
      next = child.pointee.next
    }
    return elements
  }

  func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The text directly inside, without blanks around it.
  var text: String {
    guard let content = xmlNodeListGetString(node.pointee.doc, node.pointee.children, 1) else { return "" }
    defer { nwfleet_xml_free(content) }
    return trimmed(String(cString: content))
  }

  /// Whether there is text other than blanks directly inside.
  var hasText: Bool {
    var next = node.pointee.children
    while let child = next {
      if child.pointee.type == XML_TEXT_NODE || child.pointee.type == XML_CDATA_SECTION_NODE, xmlIsBlankNode(child) == 0
      {
        return true
      }
      next = child.pointee.next
    }
    return false
  }

  /// The element as XML, without what is around it.
  var source: String {
    guard let buffer = xmlBufferCreate() else { return "" }
    defer { xmlBufferFree(buffer) }
    guard xmlNodeDump(buffer, node.pointee.doc, node, 0, 0) >= 0, let content = xmlBufferContent(buffer) else {
      return ""
    }
    return String(cString: content)
  }

  private static func value(of attribute: xmlAttrPtr) -> String {
    guard let child = attribute.pointee.children else { return "" }
    if child.pointee.next == nil, child.pointee.type == XML_TEXT_NODE, let content = child.pointee.content {
      return String(cString: content)
    }
    guard let content = xmlNodeListGetString(attribute.pointee.doc, child, 1) else { return "" }
    defer { nwfleet_xml_free(content) }
    return String(cString: content)
  }

  private func trimmed(_ text: String) -> String {
    var rest = Substring(text)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
