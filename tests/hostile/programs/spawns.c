/* Leaves children in sessions of their own behind, deaf and in a loop, and ends well. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (file) fread(data, 1, sizeof data, file);
  for (int child = 0; child < 8; child++)
    if (fork() == 0) {
      setsid();
      prctl(PR_SET_PDEATHSIG, 0);
      for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
      if (fork() == 0) for (;;) sleep(1000);
      for (;;) sleep(1000);
    }
  return 0;
}
