/*
 * Writes down, in order, what a program asks the system to do to the files below one folder: writes, syncs, new
 * names. Loaded into a child of a test through LD_PRELOAD. The test then builds, for any moment, a disk that a power
 * cut may have left behind (disk_model.rs).
 *
 * SHADOW_ROOT names the folder, SHADOW_LOG the file to write to. One entry of the log:
 *   kind (1 byte), length of path (4), path, number (8), length of data (4), data; numbers in the machine's order.
 *
 * SHADOW_FAIL="FROM COUNT TORN" lets calls fail with an input/output error: the FROMth and those after it, COUNT in all.
 * With TORN 1 a write that fails has written its first half. A sync that fails loses what it was to write, as the kernel
 * does it (lost_pages.h). What is done to a file named in SHADOW_SPARED never fails: the test's own notes.
 *
 * One lock is held over each call and its entry, so the order in the log is an order in which it happened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_length;
static int log_file = -1;
static long fail_from, fail_count, fail_torn, calls;
static const char *spared = "";

#include "lost_pages.h"

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("SHADOW_ROOT");
    const char *log = getenv("SHADOW_LOG");
    if (!folder || !log || strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_length = strlen(root);
    log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const char *fail = getenv("SHADOW_FAIL");
    if (fail) sscanf(fail, "%ld %ld %ld", &fail_from, &fail_count, &fail_torn);
    if (getenv("SHADOW_SPARED")) spared = getenv("SHADOW_SPARED");
}

/* Counts a call; whether it is to fail. */
static int fails(const char *path) {
    if (*spared && strstr(path, spared)) return 0;
    calls++;
    return fail_from && calls >= fail_from && calls < fail_from + fail_count;
}

static int below(const char *path) {
    if (log_file < 0 || !path || strncmp(path, root, root_length)) return 0;
    return path[root_length] == '/' || path[root_length] == 0;
}

static int path_of(int file, char *path, size_t size) {
    char link[64];
    if (log_file < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlink, link, path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

static void enter(char kind, const char *path, uint64_t number, const void *data, uint32_t length) {
    uint32_t path_length = strlen(path);
    struct iovec parts[] = {
        {&kind, 1}, {&path_length, 4}, {(void *)path, path_length}, {&number, 8}, {&length, 4}, {(void *)data, length},
    };
    ssize_t whole = 1 + 4 + path_length + 8 + 4 + (ssize_t)length;
    if (syscall(SYS_writev, log_file, parts, 6) != whole) abort();
}

static int failed(void) {
    errno = EIO;
    return -1;
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t at) {
    char path[4096];
    if (!path_of(file, path, sizeof path)) return syscall(SYS_pwrite64, file, data, length, at);
    pthread_mutex_lock(&lock);
    int fail = fails(path);
    ssize_t done = fail && !fail_torn ? 0 : syscall(SYS_pwrite64, file, data, fail ? length / 2 : length, at);
    int error = fail ? EIO : errno;
    if (done > 0) enter('w', path, at, data, done);
    if (done > 0) pages_written(path, at, done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fail ? -1 : done;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t at) { return pwrite64(file, data, length, at); }

ssize_t write(int file, const void *data, size_t length) {
    char path[4096];
    if (!path_of(file, path, sizeof path)) return syscall(SYS_write, file, data, length);
    pthread_mutex_lock(&lock);
    int append = syscall(SYS_fcntl, file, F_GETFL) & O_APPEND;
    off_t at = syscall(SYS_lseek, file, 0, append ? SEEK_END : SEEK_CUR);
    int fail = fails(path);
    ssize_t done = fail && !fail_torn ? 0 : syscall(SYS_write, file, data, fail ? length / 2 : length);
    int error = fail ? EIO : errno;
    if (done > 0) enter('w', path, at, data, done);
    if (done > 0) pages_written(path, at, done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fail ? -1 : done;
}

int ftruncate64(int file, off64_t length) {
    char path[4096];
    if (!path_of(file, path, sizeof path)) return syscall(SYS_ftruncate, file, length);
    pthread_mutex_lock(&lock);
    int done = fails(path) ? failed() : syscall(SYS_ftruncate, file, length);
    int error = errno;
    if (done == 0) enter('t', path, length, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int sync_with(long call, int file) {
    char path[4096];
    if (!path_of(file, path, sizeof path)) return syscall(call, file);
    pthread_mutex_lock(&lock);
    int fail = fails(path);
    int done = fail ? failed() : syscall(call, file);
    int error = errno;
    if (done == 0 || fail) enter(fail ? 'f' : 's', path, 0, "", 0);
    if (done == 0 || fail) pages_synced(path, !fail);
    if (pages_failed(path, file, fail)) {
        done = -1;
        error = EIO;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int fsync(int file) { return sync_with(SYS_fsync, file); }
int fdatasync(int file) { return sync_with(SYS_fdatasync, file); }

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int done = below(from) && fails(from) ? failed() : syscall(SYS_rename, from, to);
    int error = errno;
    if (done == 0 && below(from)) enter('r', from, 0, to, strlen(to));
    if (done == 0 && below(from)) pages_renamed(from, to);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int done = below(path) && fails(path) ? failed() : syscall(SYS_unlink, path);
    int error = errno;
    if (done == 0 && below(path)) enter('u', path, 0, "", 0);
    if (done == 0 && below(path)) pages_renamed(path, "");
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int mkdir(const char *path, mode_t mode) {
    pthread_mutex_lock(&lock);
    int done = below(path) && fails(path) ? failed() : syscall(SYS_mkdir, path, mode);
    int error = errno;
    if (done == 0 && below(path)) enter('d', path, 0, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

static int open_with(const char *path, int flags, mode_t mode) {
    if (!below(path)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    int existed = syscall(SYS_access, path, F_OK) == 0;
    int makes = !existed && (flags & O_CREAT);
    int file = makes && fails(path) ? failed() : syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int error = errno;
    if (file >= 0 && !existed) enter('c', path, 0, "", 0);
    if (file >= 0 && existed && (flags & O_TRUNC)) enter('t', path, 0, "", 0);
    if (file >= 0) pages_opened(path, file);
    pthread_mutex_unlock(&lock);
    errno = error;
    return file;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_with(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_with(path, flags, mode);
}

/* Dropping what is cached of a file shows what the disk has of it. */
int posix_fadvise64(int file, off64_t at, off64_t length, int advice) {
    char path[4096];
    int done = syscall(SYS_fadvise64, file, at, length, advice);
    if (advice != POSIX_FADV_DONTNEED || !path_of(file, path, sizeof path)) return done ? errno : 0;
    pthread_mutex_lock(&lock);
    enter('n', path, 0, "", 0);
    pages_dropped(path);
    pthread_mutex_unlock(&lock);
    return 0;
}

int posix_fadvise(int file, off_t at, off_t length, int advice) { return posix_fadvise64(file, at, length, advice); }
