/* A disk that has only what was synced, for one tree of files: loaded into a process by LD_PRELOAD.
 *
 * What is written goes to the files as ever: they are what the system has in memory. Beside them, under CRASH_DISK, is what is on
 * the disk: f/INODE the bytes of a file, d/INODE/ the names of a directory. fsync, fdatasync, sync, syncfs, msync and O_SYNC take
 * the pages that were written since the last sync of that file there; the sync of a directory takes its names there, and no other
 * sync does. sync_file_range and close bring nothing to disk. When the power goes, whoever has killed the process makes the tree
 * again from both (power.py).
 *
 * CRASH_FAULTS names a file of lines "OPERATION ERROR PREFIX" that is read anew whenever it changes: grow, write, sync, read or
 * create fails with ERROR (a number; for sync 0 is a lie: done, and nothing is) for files whose path under CRASH_ROOT begins so.
 * A failed sync leaves pages clean that are not on disk, as Linux does.
 *
 * Known: calls through the C library, absolute paths at creation. Not known: raw system calls, io_uring, writes of the C library's
 * own streams, pages torn within 4 KiB, a page written twice since the last sync as it was in between.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
#define FILES 16384
#define MAPS 256
#define RULES 32

typedef struct {
    ino_t inode;
    dev_t device;
    int known, tracked;
    char *path; /* under the root */
    unsigned char *dirty; /* a bit a page */
    size_t pages;
    off_t least; /* the smallest that it was since the last sync */
} File;

typedef struct { char operation[16]; int error; char prefix[200]; } Rule;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static File files[FILES];
static struct { void *address; size_t size; File *file; } maps[MAPS];
static const char *root, *disk, *faults;
static size_t root_length;
static Rule rules[RULES];
static int rule_count;
static struct timespec rules_read;
static off_t rules_size = -1;

__attribute__((constructor)) static void begin(void)
{
    root = getenv("CRASH_ROOT");
    disk = getenv("CRASH_DISK");
    faults = getenv("CRASH_FAULTS");
    root_length = root ? strlen(root) : 0;
}

/* ---- faults */

static void read_rules(void)
{
    struct stat at;
    if (syscall(SYS_newfstatat, AT_FDCWD, faults, &at, 0) != 0) { rule_count = 0; rules_size = -1; return; }
    if (at.st_size == rules_size && at.st_mtim.tv_sec == rules_read.tv_sec && at.st_mtim.tv_nsec == rules_read.tv_nsec) return;
    int fd = syscall(SYS_openat, AT_FDCWD, faults, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    char text[8192];
    ssize_t size = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    text[size > 0 ? size : 0] = 0;
    rule_count = 0;
    for (char *rest, *line = strtok_r(text, "\n", &rest); line && rule_count < RULES; line = strtok_r(NULL, "\n", &rest)) {
        Rule *rule = &rules[rule_count];
        rule->prefix[0] = 0;
        if (sscanf(line, "%15s %d %199s", rule->operation, &rule->error, rule->prefix) >= 2) rule_count++;
    }
    rules_read = at.st_mtim;
    rules_size = at.st_size;
}

/* The error that is due; -1: none. The lock is held. */
static int fault(const char *operation, const char *path)
{
    if (!faults || !path) return -1;
    read_rules();
    for (int i = 0; i < rule_count; i++)
        if (!strcmp(rules[i].operation, operation) && !strncmp(path, rules[i].prefix, strlen(rules[i].prefix)))
            return rules[i].error;
    return -1;
}

/* ---- files */

static File *slot(dev_t device, ino_t inode)
{
    size_t at = (inode * 2654435761u) % FILES;
    while (files[at].known && (files[at].inode != inode || files[at].device != device)) at = (at + 1) % FILES;
    return &files[at];
}

static void mark(File *file, off_t from, off_t to)
{
    size_t last = (to + PAGE - 1) / PAGE;
    if (last > file->pages) {
        size_t bytes = last / 8 + 4096, before = file->pages ? file->pages / 8 : 0;
        file->dirty = realloc(file->dirty, bytes);
        memset(file->dirty + before, 0, bytes - before);
        file->pages = bytes * 8;
    }
    for (size_t page = from / PAGE; page < last; page++) file->dirty[page / 8] |= 1 << page % 8;
}

/* The file behind a descriptor; NULL where it is none of the tree's. What a process finds there may not be on disk. The lock is
 * held. */
static File *behind(int fd, struct stat *at)
{
    if (!root || syscall(SYS_fstat, fd, at) != 0 || !(S_ISREG(at->st_mode) || S_ISDIR(at->st_mode))) return NULL;
    File *file = slot(at->st_dev, at->st_ino);
    if (!file->known) {
        char name[64], path[PATH_MAX];
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t size = syscall(SYS_readlink, name, path, sizeof path - 1);
        path[size > 0 ? size : 0] = 0;
        *file = (File){.inode = at->st_ino, .device = at->st_dev, .known = 1};
        if (!strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length])) {
            file->tracked = 1;
            file->path = strdup(path + root_length + (path[root_length] == '/'));
            if (S_ISREG(at->st_mode)) mark(file, 0, at->st_size);
        }
    }
    return file->tracked ? file : NULL;
}

static void durable_name(char *out, const char *kind, ino_t inode)
{
    snprintf(out, PATH_MAX, "%s/%s/%lu", disk, kind, (unsigned long)inode);
}

static void take_pages(File *file, int fd, off_t size)
{
    char name[PATH_MAX], page[PAGE];
    durable_name(name, "f", file->inode);
    int own = -1, from = fd, to = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0) abort();
    if ((syscall(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        from = own = syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC);
    }
    struct stat durable;
    syscall(SYS_fstat, to, &durable);
    if (file->least < durable.st_size) syscall(SYS_ftruncate, to, file->least);
    for (size_t at = 0; at < file->pages && (off_t)(at * PAGE) < size; at++) {
        if (!file->dirty[at / 8]) { at |= 7; continue; }
        if (!(file->dirty[at / 8] & 1 << at % 8)) continue;
        ssize_t got = syscall(SYS_pread64, from, page, PAGE, (off_t)(at * PAGE));
        if (got > 0 && syscall(SYS_pwrite64, to, page, got, (off_t)(at * PAGE)) != got) abort();
    }
    syscall(SYS_ftruncate, to, size);
    if (file->pages) memset(file->dirty, 0, file->pages / 8);
    file->least = size;
    if (own >= 0) syscall(SYS_close, own);
    syscall(SYS_close, to);
}

static void take_names(ino_t inode, int fd)
{
    char self[64], there[PATH_MAX], name[PATH_MAX + 300], temporary[PATH_MAX + 300], child[PATH_MAX], text[32];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    durable_name(there, "d", inode);
    mkdir(there, 0700);
    DIR *real = opendir(self);
    if (!real) abort();
    int held = dirfd(real);
    for (struct dirent *each; (each = readdir(real));) {
        struct stat at, old;
        if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
        if (fstatat(held, each->d_name, &at, AT_SYMLINK_NOFOLLOW) != 0) continue;
        snprintf(name, sizeof name, "%s/%s", there, each->d_name);
        snprintf(temporary, sizeof temporary, "%s/../.new", there);
        unlink(temporary);
        if (S_ISDIR(at.st_mode)) {
            snprintf(text, sizeof text, "%lu", (unsigned long)at.st_ino);
            if (symlink(text, temporary) != 0) abort();
        } else {
            durable_name(child, "f", at.st_ino);
            int made = syscall(SYS_openat, AT_FDCWD, child, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            if (made >= 0) syscall(SYS_close, made);
            struct stat one;
            if (lstat(name, &old) == 0 && lstat(child, &one) == 0 && old.st_ino == one.st_ino) continue;
            if (link(child, temporary) != 0) abort();
        }
        if (rename(temporary, name) != 0) abort();
    }
    DIR *durable = opendir(there);
    for (struct dirent *each; durable && (each = readdir(durable));) {
        struct stat at;
        if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
        if (fstatat(held, each->d_name, &at, AT_SYMLINK_NOFOLLOW) != 0) unlinkat(dirfd(durable), each->d_name, 0);
    }
    if (durable) closedir(durable);
    closedir(real);
}

/* ---- what is called */

static int synced(int fd)
{
    struct stat at;
    int error = -1;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &at);
    if (file) {
        error = fault("sync", file->path);
        if (error > 0 && file->pages) memset(file->dirty, 0, file->pages / 8);
        if (error < 0) {
            if (S_ISDIR(at.st_mode)) take_names(at.st_ino, fd);
            else take_pages(file, fd, at.st_size);
        }
    }
    pthread_mutex_unlock(&lock);
    if (error > 0) { errno = error; return -1; }
    return 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }
void sync(void) { for (int fd = 0; fd < 4096; fd++) synced(fd); }
int syncfs(int fd) { (void)fd; sync(); return 0; }

/* 0, or the error with which to fail; how many bytes may be written in *size. */
static int may_write(int fd, off_t at, size_t *size, int append)
{
    struct stat now;
    int error = -1;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &now);
    if (file && S_ISREG(now.st_mode)) {
        error = fault("write", file->path);
        if (append) at = now.st_size;
        if (error < 0 && at + (off_t)*size > now.st_size) {
            error = fault("grow", file->path);
            if (error > 0 && at < now.st_size) { *size = now.st_size - at; error = -1; } /* what there is room for */
        }
    }
    pthread_mutex_unlock(&lock);
    return error > 0 ? error : 0;
}

static void wrote(int fd, off_t from, ssize_t size)
{
    struct stat at;
    if (size <= 0) return;
    int saved = errno;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &at);
    if (file) {
        mark(file, from, from + size);
        if (syscall(SYS_fcntl, fd, F_GETFL) & (O_SYNC | O_DSYNC)) take_pages(file, fd, at.st_size);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
}

static void cut(int fd, off_t size)
{
    struct stat at;
    int saved = errno;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &at);
    if (file) {
        if (size < file->least) file->least = size;
        mark(file, size / PAGE * PAGE, at.st_size > size ? at.st_size : size);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
}

static int regular(int fd)
{
    struct stat at;
    return root && syscall(SYS_fstat, fd, &at) == 0 && S_ISREG(at.st_mode);
}

ssize_t write(int fd, const void *from, size_t size)
{
    if (!regular(fd)) return syscall(SYS_write, fd, from, size);
    off_t at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    int error = may_write(fd, at, &size, syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND);
    if (error) { errno = error; return -1; }
    ssize_t done = syscall(SYS_write, fd, from, size);
    if (done > 0) wrote(fd, syscall(SYS_lseek, fd, 0, SEEK_CUR) - done, done);
    return done;
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at)
{
    if (!regular(fd)) return syscall(SYS_pwrite64, fd, from, size, at);
    int error = may_write(fd, at, &size, 0);
    if (error) { errno = error; return -1; }
    ssize_t done = syscall(SYS_pwrite64, fd, from, size, at);
    wrote(fd, at, done);
    return done;
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) { return pwrite64(fd, from, size, at); }

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!regular(fd)) return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = pwrite64(fd, parts[i].iov_base, parts[i].iov_len, at + all);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags)
{
    (void)in; (void)from; (void)out; (void)to; (void)size; (void)flags;
    errno = ENOSYS; /* callers then read and write */
    return -1;
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t size)
{
    if (!regular(out)) return syscall(SYS_sendfile, out, in, from, size);
    errno = EINVAL; /* callers then read and write */
    return -1;
}
ssize_t sendfile(int out, int in, off_t *from, size_t size) { return sendfile64(out, in, from, size); }

static int may_cut(int fd, off_t size)
{
    struct stat now;
    int error = -1;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &now);
    if (file) {
        error = fault("write", file->path);
        if (error < 0 && size > now.st_size) error = fault("grow", file->path);
    }
    pthread_mutex_unlock(&lock);
    return error > 0 ? error : 0;
}

int ftruncate64(int fd, off64_t size)
{
    int error = may_cut(fd, size);
    if (error) { errno = error; return -1; }
    int done = syscall(SYS_ftruncate, fd, size);
    if (done == 0) cut(fd, size);
    return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fallocate64(int fd, int mode, off64_t at, off64_t size)
{
    int error = may_cut(fd, at + size);
    if (error) { errno = error; return -1; }
    int done = syscall(SYS_fallocate, fd, mode, at, size);
    if (done == 0) wrote(fd, at, size);
    return done;
}
int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }
int posix_fallocate64(int fd, off64_t at, off64_t size) { return fallocate64(fd, 0, at, size) ? errno : 0; }
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

static int may_read(int fd)
{
    struct stat now;
    if (!faults) return 0;
    pthread_mutex_lock(&lock);
    File *file = behind(fd, &now);
    int error = file ? fault("read", file->path) : -1;
    pthread_mutex_unlock(&lock);
    return error > 0 ? error : 0;
}

ssize_t pread64(int fd, void *to, size_t size, off64_t at)
{
    int error = may_read(fd);
    if (error) { errno = error; return -1; }
    return syscall(SYS_pread64, fd, to, size, at);
}
ssize_t pread(int fd, void *to, size_t size, off_t at) { return pread64(fd, to, size, at); }

static int opened(int directory, const char *path, int flags, mode_t mode)
{
    struct stat at;
    const char *under = root && !strncmp(path, root, root_length) && path[root_length] == '/' ? path + root_length + 1 : NULL;
    int there = !under || syscall(SYS_newfstatat, directory, path, &at, 0) == 0;
    if (!there && flags & O_CREAT) {
        pthread_mutex_lock(&lock);
        int error = fault("create", under);
        pthread_mutex_unlock(&lock);
        if (error > 0) { errno = error; return -1; }
    }
    int fd = syscall(SYS_openat, directory, path, flags | O_LARGEFILE, mode);
    if (fd < 0 || !under) return fd;
    int saved = errno;
    if (!there && syscall(SYS_fstat, fd, &at) == 0) { /* an inode may have been another file's */
        char name[PATH_MAX];
        pthread_mutex_lock(&lock);
        File *file = slot(at.st_dev, at.st_ino);
        if (file->known) {
            free(file->path);
            file->path = strdup(under);
            file->tracked = 1;
            file->least = 0;
            if (file->pages) memset(file->dirty, 0, file->pages / 8);
        }
        durable_name(name, "f", at.st_ino);
        syscall(SYS_unlinkat, AT_FDCWD, name, 0);
        pthread_mutex_unlock(&lock);
    } else if (flags & O_TRUNC) {
        cut(fd, 0);
    }
    errno = saved;
    return fd;
}

#define MODE(last) mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, last); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int directory, const char *path, int flags, ...) { MODE(flags) return opened(directory, path, flags, mode); }
int openat64(int directory, const char *path, int flags, ...) { MODE(flags) return opened(directory, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int mkdir(const char *path, mode_t mode)
{
    struct stat at;
    int done = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (done == 0 && root && !strncmp(path, root, root_length) && path[root_length] == '/' && syscall(SYS_newfstatat, AT_FDCWD, path, &at, 0) == 0) {
        char name[PATH_MAX], gone[PATH_MAX + 32];
        static unsigned count;
        durable_name(name, "d", at.st_ino);
        snprintf(gone, sizeof gone, "%s.%d.%u", name, getpid(), __sync_fetch_and_add(&count, 1));
        rename(name, gone); /* of a directory that had this inode before */
    }
    return done;
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t at)
{
    struct stat now;
    void *mapped = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, at);
    if (mapped != MAP_FAILED && root && fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
        pthread_mutex_lock(&lock);
        File *file = behind(fd, &now);
        for (int i = 0; file && i < MAPS; i++)
            if (!maps[i].file || maps[i].address == mapped) {
                maps[i].address = mapped;
                maps[i].size = size;
                maps[i].file = file;
                break;
            }
        pthread_mutex_unlock(&lock);
    }
    return mapped;
}
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
    return mmap64(address, size, protection, flags, fd, at);
}

int msync(void *address, size_t size, int flags)
{
    int done = syscall(SYS_msync, address, size, flags);
    pthread_mutex_lock(&lock);
    for (int i = 0; done == 0 && flags & MS_SYNC && i < MAPS; i++)
        if (maps[i].file && address >= maps[i].address && (char *)address < (char *)maps[i].address + maps[i].size) {
            char path[PATH_MAX];
            struct stat now;
            snprintf(path, sizeof path, "%s/%s", root, maps[i].file->path);
            int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
            if (fd >= 0 && behind(fd, &now) == maps[i].file) {
                mark(maps[i].file, 0, now.st_size);
                take_pages(maps[i].file, fd, now.st_size);
            }
            if (fd >= 0) syscall(SYS_close, fd);
        }
    pthread_mutex_unlock(&lock);
    return done;
}
