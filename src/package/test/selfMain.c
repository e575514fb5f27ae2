/* Says what an executable knows of itself. */
#include "tn_self.h"

#include <stdio.h>

int main(int argc, char **argv) {
  char message[TN_SELF_MESSAGE];
  tn_self self;
  (void)argc;
  tn_self_guard(tn_self_base_name(argv[0]));
  if (tn_self_open(&self, argv, message) != 0) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  uint64_t sum = 0;
  for (uint64_t i = 0; i < self.payload_bytes; i++) sum += self.payload[i];
  printf("%llu bytes, sum %llu, %s, %s\n", (unsigned long long)self.payload_bytes, (unsigned long long)sum,
         self.payload_path != NULL ? tn_self_base_name(self.payload_path) : "inside",
         self.file_checked ? "file" : "memory");
  return 0;
}
