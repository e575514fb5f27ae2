/*
 * Places in the program's sources, for the traces of its errors. The engine knows lines of the one script that it
 * compiled; packaging has broken that script so that a line is one place (src/package/bundle/lines.ts), and left the
 * table in the payload. The engine writes traces with a function of its own, which this file replaces: so a trace names
 * the sources from the start, whoever reads it.
 */
#include "tn_engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "cutils.h"
#pragma GCC diagnostic pop

/* In quickjs-ng, which has columns too, it is none that could be replaced: build.ts makes it call this one. */
#ifdef QJS_VERSION_MAJOR
#define TRACE_PRINTF tn_engine_trace
#define LINE_FORMAT ":%d:%d"
int tn_engine_trace(DynBuf *out, const char *format, ...);
#else
#define TRACE_PRINTF dbuf_printf
#define LINE_FORMAT ":%d"
#endif

/* The script's name in its bytecode. */
static const char script_name[] = "app.js";
static const char table_name[] = "app.lines";

typedef struct place {
  uint32_t file, line, column; /* file 0: code that has no places; 1 is the first */
} place;

typedef struct file_name {
  const char *text;
  uint32_t bytes;
} file_name;

static struct {
  const tn_engine_app *app;
  bool opened;
  uint32_t n_files, n_lines;
  file_name *files;
  place *lines;
} table;

void tn_engine_set_places(const tn_engine_app *app) { table.app = app; }

/* ---- The table ---------------------------------------------------------------------------------------------------- */

typedef struct reader {
  const uint8_t *at, *end;
} reader;

static bool read_number(reader *from, uint32_t *out) {
  uint32_t value = 0;
  for (int shift = 0; shift < 32 && from->at < from->end; shift += 7) {
    const uint8_t byte = *from->at++;
    value |= (uint32_t)(byte & 127) << shift;
    if (byte < 128) {
      *out = value;
      return true;
    }
  }
  return false;
}

/* How many follow, each of at least one byte. */
static bool read_count(reader *from, uint32_t *out) {
  return read_number(from, out) && *out <= (uint64_t)(from->end - from->at);
}

static bool read_files(reader *from) {
  uint32_t count;
  if (!read_count(from, &count)) return false;
  table.files = calloc(count + 1u, sizeof *table.files);
  if (table.files == NULL) return false;
  for (uint32_t i = 0; i < count; i++) {
    file_name *file = &table.files[i];
    if (!read_count(from, &file->bytes)) return false;
    file->text = (const char *)from->at;
    from->at += file->bytes;
  }
  table.n_files = count;
  return true;
}

static bool read_lines(reader *from) {
  uint32_t count, last = 0;
  if (!read_count(from, &count)) return false;
  table.lines = calloc(count + 1u, sizeof *table.lines);
  if (table.lines == NULL) return false;
  for (uint32_t i = 0; i < count; i++) {
    place *line = &table.lines[i];
    uint32_t difference;
    if (!read_number(from, &line->file) || line->file > table.n_files) return false;
    if (line->file == 0) continue;
    if (!read_number(from, &difference) || !read_number(from, &line->column)) return false;
    last += difference % 2 == 0 ? difference / 2 : ~(difference / 2);
    line->line = last;
  }
  table.n_lines = count;
  return true;
}

/* With the first error. Without a table, or with a damaged one, the engine's own lines stand. */
static void open_table(void) {
  table.opened = true;
  if (table.app == NULL) return;
  for (int64_t i = 0; i < table.app->n_blocks; i++) {
    tn_engine_block block;
    const char *error;
    table.app->block_describe(i, &block);
    if (block.name_bytes != sizeof table_name - 1 || memcmp(block.name, table_name, sizeof table_name - 1) != 0) continue;
    const uint8_t *bytes = table.app->block_open(i, &error);
    if (bytes == NULL) return;
    reader from = {.at = bytes, .end = bytes + block.bytes};
    if (!read_files(&from) || !read_lines(&from)) table.n_lines = 0;
    return;
  }
}

static const place *place_of(int line) {
  if (!table.opened) open_table();
  return line >= 1 && (uint32_t)line <= table.n_lines ? &table.lines[line - 1] : NULL;
}

/* ---- What the engine writes traces with ---------------------------------------------------------------------------- */

static int put_formatted(DynBuf *out, const char *format, va_list values) {
  char usual[128];
  va_list again;
  va_copy(again, values);
  const int length = vsnprintf(usual, sizeof usual, format, values);
  int status = -1;
  if (length >= 0 && (size_t)length < sizeof usual) {
    status = dbuf_put(out, (const uint8_t *)usual, (size_t)length);
  } else if (length >= 0) {
    char *text = malloc((size_t)length + 1);
    if (text != NULL) {
      vsnprintf(text, (size_t)length + 1, format, again);
      status = dbuf_put(out, (const uint8_t *)text, (size_t)length);
      free(text);
    }
  }
  va_end(again);
  return status;
}

static int put_text(DynBuf *out, const char *text, size_t bytes) { return dbuf_put(out, (const uint8_t *)text, bytes); }

static int put_place(DynBuf *out, const place *at) {
  char numbers[32];
  if (at->file == 0) return put_text(out, script_name, sizeof script_name - 1);
  const file_name *file = &table.files[at->file - 1];
  snprintf(numbers, sizeof numbers, ":%u:%u", at->line, at->column);
  return put_text(out, file->text, file->bytes) < 0 ? -1 : put_text(out, numbers, strlen(numbers));
}

/* In a frame of the engine's, `    at name (app.js:12)`, the script's name and the line are two calls of this. */
int TRACE_PRINTF(DynBuf *out, const char *format, ...) {
  va_list values;
  va_start(values, format);
  int status;
  const place *at = NULL;
  static size_t name_end; /* in a buffer that ends there: a script's name was written last */
  const size_t name_bytes = sizeof script_name - 1;
  if (strcmp(format, LINE_FORMAT) == 0 && out->size == name_end && out->size >= name_bytes &&
      memcmp(out->buf + out->size - name_bytes, script_name, name_bytes) == 0) {
    va_list line;
    va_copy(line, values);
    at = place_of(va_arg(line, int));
    va_end(line);
  }
  if (at != NULL) {
    out->size -= name_bytes;
    status = put_place(out, at);
  } else {
    status = put_formatted(out, format, values);
  }
  name_end = strcmp(format, " (%s") == 0 ? out->size : 0;
  va_end(values);
  return status;
}
