/*
 * Preloaded into a program (LD_PRELOAD), counts the calls by which it makes a directory durable, and at one of them kills
 * the program or lets the call fail. It can also write down every one of them, for a test that replays a power cut.
 *
 *   FAULT_DIR     the directory whose files count
 *   FAULT_CALLS   which calls count: w write, s sync, u unlink, r rename, t truncate, c create, n send to the network
 *   FAULT_AT      the call at which it happens, from 1; 0 never
 *   FAULT_FOR     how many calls fail from there on; 0 without end (1 by default)
 *   FAULT_DO      kill, eio or enospc. A killed write may be half done: every second one is.
 *   FAULT_COUNT   a file of eight bytes that holds the count, and survives the program
 *   FAULT_ARMED   while this file is missing nothing counts
 *   FAULT_TRACE   a file that takes every call with its content
 *
 * One lock is held during each call that is written down, so that what is written down is the order in which it happened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static const char *dir, *calls, *armed;
static size_t dir_len;
static uint64_t at, lasts = 1;
static int action, trace_fd = -1;
static uint64_t *count;
static uint64_t own_count;
static pthread_mutex_t tracing = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *text;
    dir = getenv("FAULT_DIR");
    dir_len = dir ? strlen(dir) : 0;
    calls = getenv("FAULT_CALLS") ? getenv("FAULT_CALLS") : "";
    armed = getenv("FAULT_ARMED");
    at = (text = getenv("FAULT_AT")) ? strtoull(text, NULL, 10) : 0;
    lasts = (text = getenv("FAULT_FOR")) ? strtoull(text, NULL, 10) : 1;
    text = getenv("FAULT_DO");
    action = !text ? 0 : !strcmp(text, "eio") ? EIO : !strcmp(text, "enospc") ? ENOSPC : -1;
    count = &own_count;
    if ((text = getenv("FAULT_COUNT"))) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, text, O_RDWR | O_CLOEXEC, 0);
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map != MAP_FAILED) count = map;
    }
    if ((text = getenv("FAULT_TRACE")))
        trace_fd = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The path behind a descriptor when it is one of ours. */
static int ours(int fd, char *path, size_t size) {
    char link[32];
    if (!dir) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, size - 1);
    if (len < 0) return 0;
    path[len] = 0;
    return !strncmp(path, dir, dir_len);
}

static int is_socket(int fd) {
    struct stat facts;
    return !fstat(fd, &facts) && S_ISSOCK(facts.st_mode);
}

static int our_path(const char *path) { return dir && path && !strncmp(path, dir, dir_len); }

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* Counts one call. Gives 0 to go on, an error number to fail with, or -1 to die after half of a write. */
static int meet(char kind) {
    if (!strchr(calls, kind)) return 0;
    if (armed && syscall(SYS_faccessat, AT_FDCWD, armed, F_OK)) return 0;
    uint64_t now = __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    if (!at || now < at || (lasts && now >= at + lasts)) return 0;
    if (action == -1) {
        if (kind == 'w' && now % 2) return -1;
        die();
    }
    return action;
}

static void put(const void *bytes, size_t len) {
    while (len) {
        ssize_t n = syscall(SYS_write, trace_fd, bytes, len);
        if (n <= 0) return;
        bytes = (const char *)bytes + n;
        len -= (size_t)n;
    }
}

/* One record: kind, length of the path, path, offset, length of the content, content; numbers are little-endian. */
static void note(char kind, const char *path, uint64_t offset, const void *bytes, size_t len) {
    uint32_t path_len = (uint32_t)strlen(path), content_len = (uint32_t)len;
    put(&kind, 1);
    put(&path_len, 4);
    put(path, path_len);
    put(&offset, 8);
    put(&content_len, 4);
    put(bytes, len);
}

static void hold(void) { if (trace_fd >= 0) pthread_mutex_lock(&tracing); }
static void let_go(void) { if (trace_fd >= 0) pthread_mutex_unlock(&tracing); }

static ssize_t written(int fd, const void *bytes, size_t len, off64_t offset, int has_offset) {
    char path[4096];
    if (!ours(fd, path, sizeof path)) {
        if (!has_offset && strchr(calls, 'n') && is_socket(fd) && meet('n') > 0) { errno = ECONNRESET; return -1; }
        return has_offset ? REAL(pwrite64)(fd, bytes, len, offset) : REAL(write)(fd, bytes, len);
    }
    hold();
    int fault = meet('w');
    if (fault > 0) { let_go(); errno = fault; return -1; }
    if (!has_offset) offset = fcntl(fd, F_GETFL) & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
    if (fault < 0) {
        syscall(SYS_pwrite64, fd, bytes, len / 2, offset);
        die();
    }
    ssize_t done = has_offset ? REAL(pwrite64)(fd, bytes, len, offset) : REAL(write)(fd, bytes, len);
    int saved = errno;
    if (trace_fd >= 0 && done > 0) note('w', path, (uint64_t)offset, bytes, (size_t)done);
    let_go();
    errno = saved;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t len) { return written(fd, bytes, len, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset) { return written(fd, bytes, len, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset) { return written(fd, bytes, len, offset, 1); }

ssize_t writev(int fd, const struct iovec *parts, int number) {
    char path[4096];
    if (!ours(fd, path, sizeof path)) {
        if (strchr(calls, 'n') && is_socket(fd) && meet('n') > 0) { errno = ECONNRESET; return -1; }
        return REAL(writev)(fd, parts, number);
    }
    /* A short write is one that its caller continues. */
    for (int i = 0; i < number; i++)
        if (parts[i].iov_len) return written(fd, parts[i].iov_base, parts[i].iov_len, 0, 0);
    return 0;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    if (meet('n') > 0) { errno = ECONNRESET; return -1; }
    return REAL(send)(fd, bytes, len, flags);
}
ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t to_len) {
    if (meet('n') > 0) { errno = ECONNRESET; return -1; }
    return REAL(sendto)(fd, bytes, len, flags, to, to_len);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (meet('n') > 0) { errno = ECONNRESET; return -1; }
    return REAL(sendmsg)(fd, message, flags);
}

static int synced(int fd, int only_data) {
    char path[4096];
    if (!ours(fd, path, sizeof path)) return only_data ? REAL(fdatasync)(fd) : REAL(fsync)(fd);
    hold();
    int fault = meet('s');
    if (fault) { let_go(); errno = fault; return -1; }
    int done = only_data ? REAL(fdatasync)(fd) : REAL(fsync)(fd);
    int saved = errno;
    if (trace_fd >= 0 && !done) note('s', path, 0, NULL, 0);
    let_go();
    errno = saved;
    return done;
}
int fsync(int fd) { return synced(fd, 0); }
int fdatasync(int fd) { return synced(fd, 1); }

/* A call on one path, or two, that changes a directory. */
#define ON_PATH(kind, path, other, call)                                              \
    do {                                                                              \
        if (!our_path(path)) return call;                                             \
        hold();                                                                       \
        int fault = meet(kind);                                                       \
        if (fault) { let_go(); errno = fault; return -1; }                            \
        int done = call;                                                              \
        int saved = errno;                                                            \
        if (trace_fd >= 0 && done >= 0) note(kind, path, 0, other, strlen(other));    \
        let_go();                                                                     \
        errno = saved;                                                                \
        return done;                                                                  \
    } while (0)

int unlink(const char *path) { ON_PATH('u', path, "", REAL(unlink)(path)); }
int rename(const char *from, const char *to) { ON_PATH('r', from, to, REAL(rename)(from, to)); }
int mkdir(const char *path, mode_t mode) { ON_PATH('c', path, "/", REAL(mkdir)(path, mode)); }

static int truncated(int fd, off64_t len) {
    char path[4096];
    if (!ours(fd, path, sizeof path)) return REAL(ftruncate64)(fd, len);
    hold();
    int fault = meet('t');
    if (fault) { let_go(); errno = fault; return -1; }
    int done = REAL(ftruncate64)(fd, len);
    int saved = errno;
    if (trace_fd >= 0 && !done) note('t', path, (uint64_t)len, NULL, 0);
    let_go();
    errno = saved;
    return done;
}
int ftruncate(int fd, off_t len) { return truncated(fd, len); }
int ftruncate64(int fd, off64_t len) { return truncated(fd, len); }

static int opened(const char *path, int flags, mode_t mode) {
    int makes = (flags & O_CREAT) && our_path(path) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
    if (!makes) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    ON_PATH('c', path, "", (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened(path, flags | O_LARGEFILE, mode);
}
