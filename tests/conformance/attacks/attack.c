/* Tries to get out of a sandbox, one way per run: attack WAY [ARGUMENT...].
 * Prints ESCAPED or HELD with the reason as its last word on the matter and exits 0; any other end is a broken test. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int verdict(int escaped)
{
	int error = errno;
	printf(escaped ? "ESCAPED\n" : "HELD %s\n", strerror(error));
	fflush(stdout);
	return 0;
}

static struct sockaddr_in loopback(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int tcp(char **arg)
{
	struct sockaddr_in address = loopback(arg[0]);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	return verdict(connect(s, (void *)&address, sizeof address) == 0);
}

/* A DNS query for "a.", and an answer: whoever answers is a resolver that the sandbox should not reach. */
static int dns(char **arg)
{
	static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01" "a\x00\x00\x01\x00\x01";
	struct sockaddr_in address = loopback(arg[0]);
	struct timeval patience = {.tv_sec = 5};
	char answer[512];
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(s, (void *)&address, sizeof address) || send(s, query, sizeof query - 1, 0) < 0)
		return verdict(0);
	return verdict(recv(s, answer, sizeof answer, 0) > 0);
}

/* An address that nobody has (RFC 5737); a way there is all that is asked for. */
static int route(char **arg)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	inet_pton(AF_INET, arg[0], &address.sin_addr);
	return verdict(connect(s, (void *)&address, sizeof address) == 0 || errno != ENETUNREACH);
}

static int abstract(char **arg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path + 1, arg[0]);
	socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(arg[0]);
	return verdict(connect(s, (void *)&address, size) == 0);
}

static int read_file(char **arg)
{
	char text[1];
	int file = open(arg[0], O_RDONLY);
	return verdict(file >= 0 && (read(file, text, 1) >= 0 || errno == EISDIR));
}

static int write_file(char **arg)
{
	chmod(arg[0], 0666);
	int file = open(arg[0], O_WRONLY | O_APPEND);
	return verdict(file >= 0 && write(file, "x", 1) == 1);
}

static int make_file(char **arg)
{
	return verdict(open(arg[0], O_WRONLY | O_CREAT, 0600) >= 0);
}

/* Is a word in the arguments or the environment of any process that can be seen? It comes to us backwards: ours do not count. */
static int in_proc(char **arg)
{
	static const char *const files[] = {"environ", "cmdline"};
	static char text[1 << 16], word[256];
	struct dirent *entry;
	size_t length = strlen(arg[0]);
	for (size_t i = 0; i < length; i++)
		word[i] = arg[0][length - 1 - i];
	DIR *proc = opendir("/proc");
	while ((entry = readdir(proc))) {
		for (int i = 0; i < 2 && isdigit(entry->d_name[0]); i++) {
			char path[300];
			snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, files[i]);
			int file = open(path, O_RDONLY);
			ssize_t size = file < 0 ? 0 : read(file, text, sizeof text);
			close(file);
			if (size > 0 && memmem(text, size, word, length))
				return verdict(1);
		}
	}
	errno = ENOENT;
	return verdict(0);
}

static int own_environment(char **arg)
{
	extern char **environ;
	for (char **variable = environ; *variable; variable++)
		if (strstr(*variable, arg[0]))
			return verdict(1);
	errno = ENOENT;
	return verdict(0);
}

static int signal_process(char **arg)
{
	return verdict(kill(atoi(arg[0]), SIGTERM) == 0);
}

static int trace(char **arg)
{
	pid_t child = fork();
	if (!child)
		for (;;)
			pause();
	int attached = ptrace(PTRACE_ATTACH, child, 0, 0) == 0;
	int error = errno;
	kill(child, SIGKILL);
	errno = error;
	return verdict(attached);
}

static int read_memory(char **arg)
{
	static char secret[8], copy[8];
	pid_t child = fork();
	if (!child)
		for (;;)
			pause();
	struct iovec here = {copy, sizeof copy}, there = {secret, sizeof secret};
	int got = process_vm_readv(child, &here, 1, &there, 1, 0) > 0;
	int error = errno;
	kill(child, SIGKILL);
	errno = error;
	return verdict(got);
}

static int mount_here(char **arg)
{
	return verdict(mount("tmpfs", arg[0], "tmpfs", 0, "") == 0);
}

static int remount(char **arg)
{
	return verdict(mount(0, arg[0], 0, MS_REMOUNT | MS_BIND, 0) == 0);
}

static int namespaces(char **arg)
{
	return verdict(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
}

static int clone_namespaces(char **arg)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return verdict(pid > 0);
}

/* Types a line into the terminal of whoever started us. */
static int type_into_terminal(char **arg)
{
	int escaped = 0, last = 0;
	int terminal = open("/dev/tty", O_RDWR);
	int tries[] = {terminal, 0, 1, 2};
	for (int i = 0; i < 4; i++) {
		escaped |= tries[i] >= 0 && ioctl(tries[i], TIOCSTI, "x") == 0;
		last = errno;
	}
	errno = last;
	return verdict(escaped);
}

/* Reopens its standard input for writing through procfs, past the mounts. */
static int write_stdin(char **arg)
{
	int file = open("/proc/self/fd/0", O_WRONLY);
	return verdict(file >= 0 && write(file, "x", 1) == 1);
}

/* Leaves a process behind that has left our session and lost its parents, many times over, and waits until it has. */
static int daemonise(char **arg)
{
	int done[2];
	char nothing;
	pipe2(done, O_CLOEXEC);
	if (fork() == 0) {
		for (int generation = 0; generation < 200; generation++) {
			setsid();
			if (fork())
				_exit(0);
		}
		close(0), close(1), close(2);
		execv("/proc/self/exe", (char *[]){"attack", "wait", arg[0], NULL});
	}
	close(done[1]);
	read(done[0], &nothing, 1);
	return verdict(0);
}

static int background(char **arg)
{
	if (fork() == 0) {
		signal(SIGHUP, SIG_IGN), signal(SIGTERM, SIG_IGN);
		execv("/proc/self/exe", (char *[]){"attack", "wait", arg[0], NULL});
	}
	return verdict(0);
}

/* A tool of the tests: lives for a minute, recognisable by its arguments. */
static int wait_long(char **arg)
{
	alarm(60);
	for (;;)
		pause();
	return 0;
}

/* Forks without end, but never more than a few thousand times, for the machine's sake should nothing hold it. */
static int bomb(char **arg)
{
	int *count = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (;;) {
		alarm(60);
		if (__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST) > 3000)
			pause();
		fork();
	}
	return 0;
}

static void *idle(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

/* Starts the given number of threads, or as many as it gets, and says how many. */
static int threads(char **arg)
{
	pthread_t thread;
	pthread_attr_t small;
	int started = 0;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	while (started < atoi(arg[0]) && pthread_create(&thread, &small, idle, NULL) == 0)
		started++;
	printf("%d\n", started);
	return 0;
}

/* Fills a directory with files of 1 MiB; the argument "unlinked" removes each name while it is open. */
static int fill(char **arg)
{
	static char block[1 << 20];
	long written = 0;
	for (int i = 0; i < 512; i++) {
		char path[300];
		snprintf(path, sizeof path, "%s/fill%d", arg[0], i);
		int file = open(path, O_WRONLY | O_CREAT, 0600);
		if (arg[1] && !strcmp(arg[1], "unlinked"))
			unlink(path);
		long size = file < 0 ? -1 : write(file, block, sizeof block);
		if (size < 0)
			break;
		written += size;
	}
	printf("%ld %s\n", written, strerror(errno));
	fflush(stdout);
	if (errno != ENOSPC)
		wait_long(arg);
	return 0;
}

/* Touches MiB after MiB up to the given number, then stays. */
static int hog(char **arg)
{
	for (int i = 0; i < atoi(arg[0]); i++)
		memset(malloc(1 << 20), 1, 1 << 20);
	return wait_long(arg);
}

/* The same with a few MiB in each of many children. */
static int hog_in_children(char **arg)
{
	for (int i = 0; i < 32; i++)
		if (fork() == 0)
			return hog(arg);
	return wait_long(arg);
}

/* SysV segments that nobody has attached any more belong to no process. */
static int hog_segments(char **arg)
{
	for (int i = 0; i < atoi(arg[0]); i += 16) {
		int segment = shmget(IPC_PRIVATE, 16 << 20, IPC_CREAT | 0600);
		void *memory = shmat(segment, 0, 0);
		if (memory == (void *)-1)
			return 1;
		memset(memory, 1, 16 << 20);
		shmdt(memory);
	}
	return wait_long(arg);
}

/* Anonymous files that are not mapped show in no process's memory. */
static int hog_files(char **arg)
{
	static char block[16 << 20];
	for (int i = 0; i < atoi(arg[0]); i += 16)
		if (write(memfd_create("hog", 0), block, sizeof block) != sizeof block)
			return 1;
	return wait_long(arg);
}

/* A large parent whose children share all of it: little memory, though each shows the whole. */
static int share(char **arg)
{
	long size = atol(arg[0]) << 20;
	memset(malloc(size), 1, size);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			sleep(1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int attach_segment(char **arg)
{
	int segment = shmget(IPC_PRIVATE, 65536, IPC_CREAT | 0600);
	char *memory = shmat(segment, 0, 0);
	shmctl(segment, IPC_RMID, NULL);
	if (memory == (char *)-1)
		return 1;
	memory[65535] = 1;
	return 0;
}

static int spew(char **arg)
{
	for (;;)
		if (write(1, "stdout stdout stdout\n", 21) < 0 || write(2, "stderr stderr stderr\n", 21) < 0)
			return 1;
}

static int spin(char **arg)
{
	for (volatile unsigned long i = 0;; i++)
		;
	return 0;
}

static int stubborn(char **arg)
{
	signal(SIGTERM, SIG_IGN), signal(SIGINT, SIG_IGN), signal(SIGHUP, SIG_IGN);
	write(2, "ready\n", 6);
	return wait_long(arg);
}

static volatile sig_atomic_t asked;

static void on_term(int number)
{
	asked = number;
}

static int polite(char **arg)
{
	sigset_t term, none;
	sigemptyset(&term), sigemptyset(&none);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	signal(SIGTERM, on_term);
	write(2, "ready\n", 6);
	while (!asked)
		sigsuspend(&none);
	write(1, "goodbye\n", 8);
	return 0;
}

static int consume(char **arg)
{
	char text[100];
	return read(0, text, atoi(arg[0])) < 0;
}

static int width(char **arg)
{
	printf("%d\n", (int)sizeof(void *) * 8);
	return 0;
}

/* Calls each numbered system call with arguments that can do nothing and prints its error. */
static int calls(char **arg)
{
	for (; *arg; arg++) {
		errno = 0;
		syscall(atol(*arg), -1, 0, 0, 0, 0, 0);
		printf("%s %d\n", *arg, errno);
	}
	return 0;
}

/* One system call with the given number and arguments; prints its error. */
static int call(char **arg)
{
	long value[4] = {0};
	for (int i = 0; i < 4 && arg[i]; i++)
		value[i] = strtoul(arg[i], NULL, 0);
	errno = 0;
	syscall(value[0], value[1], value[2], value[3]);
	printf("%d\n", errno);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **);
} ways[] = {
	{"tcp", tcp}, {"dns", dns}, {"route", route}, {"abstract", abstract}, {"read", read_file}, {"write", write_file},
	{"make", make_file}, {"in-proc", in_proc}, {"own-environment", own_environment}, {"signal", signal_process},
	{"trace", trace}, {"read-memory", read_memory}, {"mount", mount_here}, {"remount", remount},
	{"namespaces", namespaces}, {"clone-namespaces", clone_namespaces}, {"type", type_into_terminal},
	{"write-stdin", write_stdin}, {"daemonise", daemonise}, {"background", background}, {"wait", wait_long},
	{"bomb", bomb}, {"threads", threads}, {"fill", fill}, {"hog", hog}, {"hog-in-children", hog_in_children}, {"hog-segments", hog_segments},
	{"hog-files", hog_files}, {"share", share}, {"attach-segment", attach_segment}, {"spew", spew}, {"spin", spin},
	{"stubborn", stubborn}, {"polite", polite}, {"consume", consume}, {"width", width}, {"calls", calls}, {"call", call},
};

int main(int count, char **arguments)
{
	for (size_t i = 0; count > 1 && i < sizeof ways / sizeof *ways; i++)
		if (!strcmp(ways[i].name, arguments[1]))
			return ways[i].run(arguments + 2);
	fprintf(stderr, "no such way\n");
	return 2;
}
