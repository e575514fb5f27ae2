/* --inspect: see tn_self_inspect.h. */
#include "tn_self_inspect.h"

#include "tn_self_describe.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static const char licence_prefix[] = "licence/";

static int is_licence(const tn_payload_entry *entry) {
  const int32_t bytes = (int32_t)sizeof licence_prefix - 1;
  return entry->kind == TN_KIND_TEXT && entry->name_bytes > bytes && memcmp(entry->name, licence_prefix, (size_t)bytes) == 0;
}

static const char *kind_name(int32_t kind) {
  switch (kind) {
    case TN_KIND_WEIGHT: return "weight";
    case TN_KIND_JSON: return "json";
    case TN_KIND_ASSET: return "asset";
    case TN_KIND_BYTECODE: return "bytecode";
    case TN_KIND_SAMPLE: return "sample";
    case TN_KIND_TEXT: return "text";
    default: return "other";
  }
}

static void print_file(FILE *to, const char *label, const char *path, const char *how) {
  struct stat status;
  fprintf(to, "%-12s %s", label, path);
  if (stat(path, &status) == 0) fprintf(to, ", %lld bytes", (long long)status.st_size);
  fprintf(to, "%s\n", how);
}

static void print_levels(FILE *to) {
  const tn_package *package = &PKG(core_table);
  int inside[TN_LEVELS] = {0};
  for (int i = 0; i < package->n_parts; i++) {
    for (int level = 0; level < TN_LEVELS; level++) inside[level] |= package->parts[i].levels[level] != NULL;
  }
  fprintf(to, "%-12s", "levels");
  for (int32_t level = 0; level < TN_LEVELS; level++) {
    if (inside[level]) fprintf(to, " %s", PKG(core_level_name)(level));
  }
  int32_t chosen;
  if (package->n_parts == 0) fprintf(to, " none");
  else if (PKG(core_artifact)(0, &chosen) != NULL) fprintf(to, "; here %s", PKG(core_level_name)(chosen));
  else fprintf(to, "; %s", pkg_last_error());
  fprintf(to, "\n");
}

static void print_facts(FILE *to, const tn_json *description) {
  static const char *const texts[] = {"target", "compiler", "engine"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *text = tn_json_text(description, texts[i], NULL);
    if (text != NULL) fprintf(to, "%-12s %s\n", texts[i], text);
  }
  const tn_json *libc = tn_json_get(description, "libc");
  if (libc == NULL) return;
  fprintf(to, "%-12s %s %s, %s: %s\n", "libc", tn_json_text(libc, "name", "?"), tn_json_text(libc, "version", "?"),
          tn_json_text(libc, "licence", "?"), tn_json_text(libc, "asks", "?"));
}

static void print_parts(FILE *to, const tn_json *description) {
  for (int i = 0; i < PKG(core_table).n_parts; i++) {
    const tn_package_part *part = tn_part_table(i);
    const tn_json *described = tn_describe_find(description, i);
    const char *source = tn_json_text(described, "source", NULL);
    fprintf(to, "\npart %s, entry %s", part->name, part->entry);
    if (source != NULL) fprintf(to, ", from %s", source);
    fprintf(to, "\n");
    tn_describe_part(to, i, described);
  }
}

static int print_blocks(FILE *to, tn_payload *payload) {
  const int32_t count = PKG(core_payload_count)(payload);
  fprintf(to, "\nblocks (kind, bytes, bytes stored, xxh64 of these, name)\n");
  for (int32_t i = 0; i < count; i++) {
    const tn_payload_entry entry = PKG(core_payload_entry)(payload, i);
    const void *address;
    int64_t bytes;
    const int status = PKG(core_payload_block)(payload, i, &address, &bytes);
    if (status != PKG_OK) return status;
    fprintf(to, "  %-8s %12" PRId64 " %12" PRId64 " %016" PRIx64 " %.*s\n", kind_name(entry.kind), entry.bytes,
            entry.stored_bytes, entry.hash, (int)entry.name_bytes, entry.name);
  }
  return PKG_OK;
}

static int print_licences(FILE *to, tn_payload *payload) {
  const int32_t count = PKG(core_payload_count)(payload);
  for (int32_t i = 0; i < count; i++) {
    const tn_payload_entry entry = PKG(core_payload_entry)(payload, i);
    if (!is_licence(&entry)) continue;
    const void *text;
    int64_t bytes;
    const int status = PKG(core_payload_block)(payload, i, &text, &bytes);
    if (status != PKG_OK) return status;
    const int skip = (int)sizeof licence_prefix - 1;
    fprintf(to, "\n---- licence: %.*s\n\n", (int)entry.name_bytes - skip, entry.name + skip);
    fwrite(text, 1, (size_t)bytes, to);
    if (bytes > 0 && ((const char *)text)[bytes - 1] != '\n') fputc('\n', to);
  }
  return PKG_OK;
}

int tn_inspect_print(const tn_self *self, tn_payload *payload, FILE *to) {
  tn_json *description = tn_describe_package(payload);
  fprintf(to, "%s\n", pkg_version());
  print_file(to, "executable", self->path,
             self->file_checked ? ", its checksum is right"
                                : "; it cannot be read: what is loaded of it has the right checksum");
  if (self->payload_path != NULL) print_file(to, "weights", self->payload_path, "");
  print_facts(to, description);
  print_levels(to);
  print_parts(to, description);
  tn_json_free(description);
  const int status = print_blocks(to, payload);
  return status != PKG_OK ? status : print_licences(to, payload);
}

int tn_inspect_print_json(tn_payload *payload, FILE *to) {
  const int32_t block = PKG(core_payload_find)(payload, "package.json");
  if (block < 0) return PKG(core_fail)(PKG_ERROR_INTERNAL, "the package has no description");
  const void *text;
  int64_t bytes;
  const int status = PKG(core_payload_block)(payload, block, &text, &bytes);
  if (status == PKG_OK) fwrite(text, 1, (size_t)bytes, to);
  return status;
}
