// SPDX-License-Identifier: Apache-2.0
#include <libxml/xmlversion.h>
// ICU's headers clash with the copy inside Foundation. Without this only the last fields of xmlCharEncodingHandler are
// missing, which is used through pointers alone.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

/// Frees what libxml2 allocated; xmlFree itself is a mutable global, which Swift does not let through.
static inline void nwfleet_xml_free(void *memory) { xmlFree(memory); }
