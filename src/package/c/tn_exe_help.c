/* --help. */
#include "tn_exe.h"

#include <stdio.h>

void tn_exe_help(const char *program, struct tn_payload *payload) {
  const tn_package *package = &PKG(core_table);
  const int has_many = package->n_parts > 1;
  printf("%s: runs %s on arrays in files.\n\n", program, has_many ? "compiled parts" : "a compiled part");
  printf("usage: %s%s INPUT... [-o OUT]\n\n", program, has_many ? " --part PART" : "");
  printf("  INPUT             FILE.npy for the inputs in order, NAME=FILE.npy, NAME=5 for a number,\n");
  printf("                    or a FILE.safetensors whose tensors have the names of inputs\n");
  printf("  -o, --out OUT     where the results go: NAME.npy, NAME.safetensors, or a folder of .npy files;\n");
  printf("                    without it a summary goes to standard output\n");
  if (has_many) printf("      --part PART   which part\n");
  printf("      --threads N   how many threads to use\n");
  printf("      --bench [N]   time N calls, on the inputs given, else on the recorded ones\n");
  printf("      --self-test   check everything inside, run the recorded samples and compare\n");
  printf("      --inspect     what is inside: parts, levels, sizes, checksums, licences (--json: as JSON)\n");
  printf("  -V, --version\n  -h, --help\n");

  tn_json *description = tn_describe_package(payload);
  for (int i = 0; i < package->n_parts; i++) {
    printf("\n%s\n", package->parts[i].name);
    tn_describe_part(stdout, i, tn_describe_find(description, i));
  }
  tn_json_free(description);
}
