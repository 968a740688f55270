/*
 * What Linux makes of a sync that fails: what was to be written counts as written from then on, and never will be. A
 * program goes on reading it from the cache, until the cache lets go of it and the disk shows what it has. Every
 * descriptor that the file had then is told of the failure once, at its next sync; one that was opened later is not.
 *
 * For each file: what its disk has, and how each sector of it stands. Only files that were made under our eyes.
 */
#define SECTOR 512

enum { CLEAN, DIRTY, LOST };

struct pages {
    char path[4096];
    unsigned char *disk;
    unsigned char *state;
    size_t sectors;
    unsigned failures;
    struct pages *next;
};

static struct pages *all_pages;

/* How many failures of its file a descriptor has been told of. */
static unsigned told[4096];

static struct pages *pages_of(const char *path) {
    for (struct pages *pages = all_pages; pages; pages = pages->next)
        if (!strcmp(pages->path, path)) return pages;
    struct pages *pages = calloc(1, sizeof *pages);
    if (!pages) abort();
    strncpy(pages->path, path, sizeof pages->path - 1);
    pages->next = all_pages;
    all_pages = pages;
    return pages;
}

static void pages_grow(struct pages *pages, size_t sectors) {
    if (sectors <= pages->sectors) return;
    pages->disk = realloc(pages->disk, sectors * SECTOR);
    pages->state = realloc(pages->state, sectors);
    if (!pages->disk || !pages->state) abort();
    memset(pages->disk + pages->sectors * SECTOR, 0, (sectors - pages->sectors) * SECTOR);
    memset(pages->state + pages->sectors, CLEAN, sectors - pages->sectors);
    pages->sectors = sectors;
}

static void pages_written(const char *path, off64_t at, size_t length) {
    if (!fail_from) return;
    struct pages *pages = pages_of(path);
    size_t first = at / SECTOR, end = (at + length + SECTOR - 1) / SECTOR;
    pages_grow(pages, end);
    memset(pages->state + first, DIRTY, end - first);
}

/* Reads or writes one sector of the file as programs see it, never past its end. */
static void pages_move(struct pages *pages, size_t sector, int to_disk) {
    unsigned char *there = pages->disk + sector * SECTOR;
    int file = syscall(SYS_openat, AT_FDCWD, pages->path, O_RDWR | O_CLOEXEC, 0);
    if (file < 0) return;
    unsigned char seen[SECTOR] = {0};
    ssize_t length = syscall(SYS_pread64, file, seen, SECTOR, (off64_t)(sector * SECTOR));
    if (to_disk) memcpy(there, seen, SECTOR);
    else if (length > 0) syscall(SYS_pwrite64, file, there, length, (off64_t)(sector * SECTOR));
    syscall(SYS_close, file);
}

static void pages_opened(const char *path, int file) {
    if (fail_from && file < 4096) told[file] = pages_of(path)->failures;
}

/* Whether a sync by this descriptor is to tell of a failure. */
static int pages_failed(const char *path, int file, int now) {
    if (!fail_from || file >= 4096) return now;
    unsigned failures = pages_of(path)->failures += now;
    int news = told[file] < failures;
    told[file] = failures;
    return news;
}

static void pages_synced(const char *path, int reached) {
    if (!fail_from) return;
    struct pages *pages = pages_of(path);
    for (size_t sector = 0; sector < pages->sectors; sector++) {
        if (pages->state[sector] != DIRTY) continue;
        if (reached) pages_move(pages, sector, 1);
        pages->state[sector] = reached ? CLEAN : LOST;
    }
}

static void pages_dropped(const char *path) {
    if (!fail_from) return;
    struct pages *pages = pages_of(path);
    for (size_t sector = 0; sector < pages->sectors; sector++) {
        if (pages->state[sector] != LOST) continue;
        pages_move(pages, sector, 0);
        pages->state[sector] = CLEAN;
    }
}

/* A file that is taken away is renamed to nothing; a folder takes its files with it. */
static void pages_renamed(const char *from, const char *to) {
    if (!fail_from) return;
    size_t length = strlen(from);
    struct pages *gone = *to ? pages_of(to) : NULL;
    if (gone) gone->path[0] = 0;
    for (struct pages *pages = all_pages; pages; pages = pages->next) {
        if (strncmp(pages->path, from, length) || (pages->path[length] && pages->path[length] != '/')) continue;
        char renamed[sizeof pages->path];
        snprintf(renamed, sizeof renamed, "%s%s", to, pages->path + length);
        strcpy(pages->path, *to ? renamed : "");
    }
}
