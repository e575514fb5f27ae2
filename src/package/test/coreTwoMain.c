/*
 * Two packages in one program, under the prefixes first_ and second_.
 */
#include <stdint.h>
#include <stdio.h>

uint64_t first_test_two(const char *path);
uint64_t second_test_two(const char *path);

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const uint64_t first = first_test_two(argv[1]), second = second_test_two(argv[1]);
  printf(first == second ? "same\n" : "different\n");
  return 0;
}
