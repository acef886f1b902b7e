/* Removes what a target left in its working directory, so that each input finds it as the first one did.
 *
 * An unpacker that finds its own output of the input before asks whether to replace it, and does something else from then on.
 * The directory's time of last change tells whether anything was made in it: it is set back to the beginning of time after each
 * look, so that a change within the same tick of the clock shows too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_KEPT = 64, LONGEST_NAME = 256, DEEPEST = 40, MOST_REMOVED = 2000 };

static char kept[MOST_KEPT][LONGEST_NAME];
static int kept_count, active;
static const struct timespec beginning[2];

static int is_kept(const char *name) {
    for (int i = 0; i < kept_count; i++)
        if (!strcmp(kept[i], name)) return 1;
    return 0;
}

static void keep(const char *name) {
    if (strlen(name) < LONGEST_NAME && kept_count < MOST_KEPT) strcpy(kept[kept_count++], name);
    else active = 0;
}

static DIR *listing(int at, const char *name) {
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0) fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);
    if (!all && fd >= 0) close(fd);
    return all;
}

/* Removes `name` and what is below it; 0 when it had to give up. */
static int removed(int at, const char *name, int depth, int *left) {
    if (--*left < 0 || depth > DEEPEST) return 0;
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return 1;
    DIR *all = listing(at, name);
    if (!all) return 0;
    int whole = 1;
    for (struct dirent *entry; (entry = readdir(all));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) whole &= removed(dirfd(all), entry->d_name, depth + 1, left);
    closedir(all);
    return unlinkat(at, name, AT_REMOVEDIR) == 0 && whole;
}

/* What lies in the directory now, and the input, stay there. A directory with much in it is left alone. */
void mithridate_sweep_begin(int directory, const char *input) {
    DIR *all = listing(directory, ".");
    if (!all) return;
    active = 1;
    for (struct dirent *entry; active && (entry = readdir(all));) keep(entry->d_name);
    closedir(all);
    const char *name = input ? strrchr(input, '/') : NULL;
    if (name) keep(name + 1);
    if (futimens(directory, beginning) != 0) active = 0;
}

void mithridate_sweep(int directory) {
    struct stat now;
    if (!active || fstat(directory, &now) != 0 || (now.st_mtim.tv_sec == 0 && now.st_mtim.tv_nsec == 0)) return;
    DIR *all = listing(directory, ".");
    if (!all) return;
    int left = MOST_REMOVED, whole = 1;
    for (struct dirent *entry; (entry = readdir(all));)
        if (!is_kept(entry->d_name)) whole &= removed(directory, entry->d_name, 0, &left);
    closedir(all);
    if (whole) futimens(directory, beginning);
}
