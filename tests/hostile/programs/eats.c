/* Takes memory until it is stopped, when it is told to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  char data[64] = "";
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (!file || !fread(data, 1, sizeof data, file) || strncmp(data, "eat", 3) != 0) return 1;
  static char *volatile kept;
  while ((kept = malloc(64 << 20))) memset(kept, data[3] | 1, 64 << 20);
  return 0;
}
