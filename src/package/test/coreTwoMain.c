/*
 * Two packages in one program, under the prefixes other_ and core_test_.
 */
#include <stdint.h>
#include <stdio.h>

uint64_t other_test_two(const char *path);
uint64_t core_test_test_two(const char *path);

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const uint64_t first = other_test_two(argv[1]), second = core_test_test_two(argv[1]);
  printf(first == second ? "same\n" : "different\n");
  return 0;
}
