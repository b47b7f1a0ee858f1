#pragma once
#include <libxml/xmlversion.h>
// libxml2's headers would bring in the system's ICU, whose types clash with those of Foundation's ICU as soon as one
// Swift module sees both. Only the tail of a struct that we hold by pointer depends on it.
#undef LIBXML_ICU_ENABLED
#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlreader.h>
