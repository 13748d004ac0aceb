#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tests/lib/disk/disk_int.h"

#define SECTOR 512u
#define PAGE 4096u
#define COINS 6u /* for each moment */
#define LOSSES_MAX (16u * DISK_PENDING_MAX)

#define NAME_OF(name, text) text,
const char *const disk_how_names[DISK_HOWS] = { DISK_HOW_TABLE(NAME_OF) };

typedef struct content {
    uint8_t *p;
    size_t len, cap;
} content;
typedef struct kept_file {
    content durable;
    content before; /* as the last but one sync left it */
    bool synced;    /* there was a last one, since the file was made */
} kept_file;

struct disk_state {
    const disk_record *r;
    size_t at;
    uint64_t told;
    kept_file files[DISK_FILES_MAX];
    disk_names names, names_before;
    bool folder_synced;
    size_t pending[DISK_PENDING_MAX];
    size_t pending_count;
    disk_loss *losses;
    size_t losses_count;
};

/* ---- contents ------------------------------------------------------------------------------ */

static void reserve(content *c, size_t len)
{
    if (len <= c->cap)
        return;
    size_t cap = (len + PAGE) * 2;
    c->p = realloc(c->p, cap);
    DBK_ASSERT(c->p != NULL);
    memset(c->p + c->cap, 0, cap - c->cap);
    c->cap = cap;
}

/* Beyond its end a file is zeros. */
static void set_len(content *c, size_t len)
{
    reserve(c, len);
    if (len < c->len)
        memset(c->p + len, 0, c->len - len);
    c->len = len;
}

static void copy_content(content *to, const content *from)
{
    set_len(to, from->len);
    if (from->len > 0)
        memcpy(to->p, from->p, from->len);
}

static void put(content *c, const disk_event *e, size_t from, size_t len)
{
    size_t end = (size_t)e->at + from + len;
    if (end > c->len)
        set_len(c, end);
    memcpy(c->p + e->at + from, e->bytes + from, len);
}

static void apply(content *c, const disk_event *e)
{
    if (e->kind == EVENT_TRUNCATE)
        set_len(c, (size_t)e->at);
    else
        put(c, e, 0, e->len);
}

static bool is_data(const disk_event *e)
{
    return e->kind == EVENT_WRITE || e->kind == EVENT_TRUNCATE;
}

/* ---- from event to event ------------------------------------------------------------------- */

disk_state *disk_state_new(const disk_record *r)
{
    disk_state *s = calloc(1, sizeof(*s));
    DBK_ASSERT(s != NULL);
    s->losses = malloc(LOSSES_MAX * sizeof(s->losses[0]));
    DBK_ASSERT(s->losses != NULL);
    s->r = r;
    s->names = r->first;
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const content start = { r->start[i].bytes, r->start[i].len, 0 };
        copy_content(&s->files[i].durable, &start);
    }
    return s;
}

void disk_state_free(disk_state *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        free(s->files[i].durable.p);
        free(s->files[i].before.p);
    }
    free(s->losses);
    free(s);
}

/* Does the folder hold the name, itself and not by a folder within? */
static bool is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    if (len == 0)
        return strchr(path, '/') == NULL;
    return strncmp(path, folder, len) == 0 && path[len] == '/' &&
           strchr(path + len + 1, '/') == NULL;
}

static bool is_covered(const disk_event *e, const disk_event *sync)
{
    if (sync->kind == EVENT_SYNC)
        return is_data(e) && e->file == sync->file;
    return !is_data(e) && is_in(e->kind == EVENT_RENAME ? e->to : e->path, sync->path);
}

static void make_durable(disk_state *s, const disk_event *sync)
{
    size_t left = 0;
    bool any = false;
    for (size_t i = 0; i < s->pending_count; i++) {
        const disk_event *e = &s->r->events[s->pending[i]];
        kept_file *f = &s->files[e->file];
        if (!is_covered(e, sync)) {
            s->pending[left++] = s->pending[i];
            continue;
        }
        if (!any && sync->kind == EVENT_SYNC) {
            copy_content(&f->before, &f->durable);
            f->synced = true;
        } else if (!any) {
            s->names_before = s->names;
            s->folder_synced = true;
        }
        any = true;
        if (is_data(e))
            apply(&f->durable, e);
        else
            disk_names_apply(&s->names, e);
    }
    s->pending_count = left;
}

bool disk_state_step(disk_state *s)
{
    if (s->at >= s->r->count)
        return false;
    const disk_event *e = &s->r->events[s->at++];
    if (e->kind == EVENT_TOLD) {
        s->told = e->at;
    } else if (e->kind == EVENT_SYNC || e->kind == EVENT_SYNC_FOLDER) {
        make_durable(s, e);
    } else {
        DBK_ASSERT(s->pending_count < DISK_PENDING_MAX);
        s->pending[s->pending_count++] = s->at - 1;
    }
    return true;
}

size_t disk_state_at(const disk_state *s)
{
    return s->at;
}

uint64_t disk_state_told(const disk_state *s)
{
    return s->told;
}

size_t disk_state_pending(const disk_state *s)
{
    return s->pending_count;
}

/* ---- losses -------------------------------------------------------------------------------- */

static void add_loss(disk_state *s, disk_how how, size_t i, size_t j)
{
    DBK_ASSERT(s->losses_count < LOSSES_MAX);
    s->losses[s->losses_count++] = (disk_loss){ how, (uint32_t)i, (uint32_t)j };
}

/* At each multiple of `size` in the file that lies within the write. */
static void tear(disk_state *s, size_t i, size_t size)
{
    const disk_event *e = &s->r->events[s->pending[i]];
    if (e->kind != EVENT_WRITE)
        return;
    for (size_t j = size - e->at % size; j < e->len; j += size) {
        add_loss(s, DISK_TORN, i, j);
        add_loss(s, DISK_TORN_ALONE, i, j);
        add_loss(s, DISK_TORN_BACK, i, j);
    }
}

static void lose_sizes(disk_state *s)
{
    bool done[DISK_FILES_MAX] = { false };
    for (size_t i = 0; i < s->pending_count; i++) {
        const disk_event *e = &s->r->events[s->pending[i]];
        if (e->kind != EVENT_WRITE || e->at + e->len <= s->files[e->file].durable.len)
            continue;
        add_loss(s, DISK_SIZE_ONLY, i, 0);
        if (!done[e->file])
            add_loss(s, DISK_SIZE_LOST, e->file, 0);
        done[e->file] = true;
    }
}

static void lie(disk_state *s)
{
    for (size_t i = 0; i < s->r->files_count; i++) {
        if (!s->files[i].synced)
            continue;
        add_loss(s, DISK_LIES_FILE, i, 0);
        add_loss(s, DISK_LIES_FILE, i, 1);
    }
    if (s->folder_synced)
        add_loss(s, DISK_LIES_FOLDERS, 0, 0);
    add_loss(s, DISK_LIES_ALL, 0, 0);
}

/* A change was the last event, so that the states without it were had a moment before. */
static bool is_one_more(const disk_state *s)
{
    return s->pending_count > 0 && s->pending[s->pending_count - 1] == s->at - 1;
}

static void lose_one(disk_state *s, size_t i, bool anew)
{
    size_t last = s->pending_count - 1;
    if (i < last || anew)
        add_loss(s, DISK_ONE_LOST, i, 0);
    if (i == last || anew)
        add_loss(s, DISK_ONE_KEPT, i, 0);
    if (i > 0 && anew)
        add_loss(s, DISK_FIRST_KEPT, i, 0);
    if (i > 0)
        add_loss(s, DISK_FIRST_LOST, i, 0);
    if (i < last)
        tear(s, i, PAGE);
}

size_t disk_losses(disk_state *s, const disk_loss **out)
{
    size_t n = s->pending_count;
    bool anew = !is_one_more(s);
    s->losses_count = 0;
    if (anew)
        add_loss(s, DISK_ALL_LOST, 0, 0);
    if (n > 0)
        add_loss(s, DISK_ALL_KEPT, 0, 0);
    for (size_t i = 0; n > 1 && i < n; i++)
        lose_one(s, i, anew);
    if (n > 0)
        tear(s, n - 1, SECTOR);
    if (n > 1)
        add_loss(s, DISK_BACKWARDS, 0, 0);
    for (size_t i = 0; n > 2 && i < COINS; i++)
        add_loss(s, DISK_SOME, i, 0);
    lose_sizes(s);
    if (anew)
        lie(s);
    *out = s->losses;
    return s->losses_count;
}

/* ---- images -------------------------------------------------------------------------------- */

/* The coin of the i-th change: the same for the same moment, and not for the next one. */
static bool coin(const disk_state *s, uint32_t seed, size_t i)
{
    uint64_t z = (uint64_t)s->at * UINT64_C(0x9e3779b97f4a7c15) + seed * UINT64_C(1000003) + i;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z >> 61 & 1) != 0;
}

/* Is the i-th pending change, or some of it, on the disk? */
static bool is_kept(const disk_state *s, const disk_loss *loss, size_t i)
{
    const disk_event *e = &s->r->events[s->pending[i]];
    switch (loss->how) {
    case DISK_ALL_LOST:
    case DISK_LIES_ALL:
        return false;
    case DISK_ONE_KEPT:
    case DISK_TORN_ALONE:
        return i == loss->i;
    case DISK_ONE_LOST:
        return i != loss->i;
    case DISK_FIRST_KEPT:
        return i < loss->i;
    case DISK_FIRST_LOST:
        return i >= loss->i;
    case DISK_SOME:
        return coin(s, loss->i, i);
    case DISK_LIES_FILE:
        return loss->j == 1 || !is_data(e) || e->file != loss->i;
    case DISK_LIES_FOLDERS:
        return is_data(e);
    default:
        return true;
    }
}

static void apply_part(content *c, const disk_event *e, const disk_loss *loss, size_t i)
{
    size_t len = c->len;
    bool is_it = i == loss->i;
    if (is_it && (loss->how == DISK_TORN || loss->how == DISK_TORN_ALONE))
        put(c, e, 0, loss->j);
    else if (is_it && loss->how == DISK_TORN_BACK)
        put(c, e, loss->j, e->len - loss->j);
    else if (is_it && loss->how == DISK_SIZE_ONLY && e->at + e->len > len)
        set_len(c, (size_t)e->at + e->len);
    else
        apply(c, e);
}

static void find_content(content *c, const disk_state *s, const disk_loss *loss, uint32_t file)
{
    const kept_file *f = &s->files[file];
    bool lies = loss->how == DISK_LIES_ALL || (loss->how == DISK_LIES_FILE && loss->i == file);
    copy_content(c, lies && f->synced ? &f->before : &f->durable);
    for (size_t k = 0; k < s->pending_count; k++) {
        size_t i = loss->how == DISK_BACKWARDS ? s->pending_count - 1 - k : k;
        const disk_event *e = &s->r->events[s->pending[i]];
        if (is_data(e) && e->file == file && is_kept(s, loss, i))
            apply_part(c, e, loss, i);
    }
    if (loss->how == DISK_SIZE_LOST && loss->i == file && c->len > f->durable.len)
        set_len(c, f->durable.len);
}

static uint64_t mix(uint64_t hash, const uint8_t *p, size_t len)
{
    uint64_t word;
    for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 32;
    }
    word = len;
    memcpy(&word, p, len);
    hash = (hash ^ word ^ (uint64_t)len << 56) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 29;
}

static disk_found *add_found(disk_image *image)
{
    if (image->count == image->cap) {
        size_t cap = image->cap == 0 ? 16 : image->cap * 2;
        image->files = realloc(image->files, cap * sizeof(image->files[0]));
        DBK_ASSERT(image->files != NULL);
        image->cap = cap;
    }
    return &image->files[image->count++];
}

static void empty_image(disk_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->files[i].bytes);
    image->count = 0;
    image->hash = UINT64_C(0x5851f42d4c957f2d);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const disk_name *)a)->path, ((const disk_name *)b)->path);
}

/* A folder that was lost has taken what was in it along. */
static bool has_parents(disk_names *names, const char *path)
{
    char part[DISK_PATH_MAX];
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (path[i] == '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (disk_names_find(names, part) == NULL)
                return false;
        }
    }
    return true;
}

void disk_image_make(disk_image *image, const disk_state *s, const disk_loss *loss)
{
    static disk_names names;
    bool lies = loss->how == DISK_LIES_ALL || loss->how == DISK_LIES_FOLDERS;
    names = lies && s->folder_synced ? s->names_before : s->names;
    for (size_t i = 0; i < s->pending_count; i++) {
        const disk_event *e = &s->r->events[s->pending[i]];
        if (!is_data(e) && is_kept(s, loss, i))
            disk_names_apply(&names, e);
    }
    qsort(names.rows, names.count, sizeof(names.rows[0]), by_path);
    empty_image(image);
    for (size_t i = 0; i < names.count; i++) {
        const disk_name *row = &names.rows[i];
        if (!has_parents(&names, row->path))
            continue;
        disk_found *f = add_found(image);
        content c = { NULL, 0, 0 };
        *f = (disk_found){ .is_folder = s->r->files[row->file].is_folder };
        memcpy(f->path, row->path, sizeof(f->path));
        if (!f->is_folder)
            find_content(&c, s, loss, row->file);
        f->bytes = c.p;
        f->len = c.len;
        image->hash = mix(image->hash, (const uint8_t *)f->path, strlen(f->path));
        image->hash = mix(image->hash, f->bytes != NULL ? f->bytes : (const uint8_t *)"", f->len);
    }
}

void disk_image_wipe(disk_image *image)
{
    empty_image(image);
    free(image->files);
    *image = (disk_image){ 0 };
}

const disk_found *disk_image_file(const disk_image *image, const char *path)
{
    for (size_t i = 0; i < image->count; i++)
        if (strcmp(image->files[i].path, path) == 0)
            return &image->files[i];
    return NULL;
}

/* Takes everything in it away, whatever an image or its check has left. */
static void empty_folder(const char *dir, unsigned depth)
{
    char path[4096];
    const struct dirent *entry;
    DIR *list = opendir(dir);
    DBK_ASSERT(list != NULL);
    DBK_ASSERT(depth < 8);
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        if (unlink(path) == 0)
            continue;
        empty_folder(path, depth + 1);
        DBK_ASSERT(rmdir(path) == 0);
    }
    (void)closedir(list);
}

void disk_image_write(const disk_image *image, const char *dir)
{
    char path[4096];
    (void)mkdir(dir, 0700);
    empty_folder(dir, 0);
    for (size_t i = 0; i < image->count; i++) {
        const disk_found *f = &image->files[i];
        int n = snprintf(path, sizeof(path), "%s/%s", dir, f->path);
        DBK_ASSERT(n > 0 && (size_t)n < sizeof(path));
        if (f->is_folder) {
            DBK_ASSERT(mkdir(path, 0700) == 0);
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        DBK_ASSERT(fd >= 0);
        for (size_t at = 0; at < f->len;) {
            ssize_t got = write(fd, f->bytes + at, f->len - at);
            DBK_ASSERT(got > 0);
            at += (size_t)got;
        }
        (void)close(fd);
    }
}
