/*
 * --inspect: what is in an executable, from its own file alone: parts with shapes, dims and levels, the payload's blocks
 * with sizes and checksums, versions, the libc, every licence text.
 */
#ifndef TN_SELF_INSPECT_H
#define TN_SELF_INSPECT_H

#include "tn_payload.h"
#include "tn_self.h"

#include <stdio.h>

/* Checks every block on the way; returns a pkg_status when one is damaged (what was printed till then is right). */
int tn_inspect_print(const tn_self *self, tn_payload *payload, FILE *to);

/* package.json as it is. */
int tn_inspect_print_json(tn_payload *payload, FILE *to);

#endif
