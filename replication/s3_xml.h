#ifndef ROWHOUSE_S3_XML_H
#define ROWHOUSE_S3_XML_H

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * As much XML as S3 answers in: elements, attributes (passed over), text with
 * the five named entities and numeric ones, comments, CDATA and an XML
 * declaration.  A document type, another entity, an element that is not closed
 * or closed by another name, or a second root is ERR_CORRUPT.  Depth is at
 * most 16.  Names come without a namespace's prefix.
 *
 * At the end of each element: its own name, its parent's ("" for the root) and
 * its text, without what its children hold.  text is valid for the call.
 */
typedef int s3_xml_fn(void *arg, struct str parent, struct str name,
    struct str text, struct err *err);

int s3_xml_parse(struct str document, s3_xml_fn *element, void *arg,
    struct err *err);

#endif
