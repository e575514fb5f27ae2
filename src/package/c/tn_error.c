/*
 * The error text of each thread.
 */
#include "tn_package.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char text[1024];

const char *pkg_last_error(void) { return text; }

int PKG(core_fail)(int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return code;
}
