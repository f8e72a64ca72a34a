/*
 * Throws changed notes, parts and statuses at the signed header, for so many
 * checks with so many as the seed, and checks that a device takes nothing but
 * what a head says that was signed and is not older than what it has seen. A
 * checksum stands in for Ed25519. The sanitizers check the rest; every eighth
 * publisher is hostile, and signs parts of noise.
 */
#define CAIRN_OTA_IMPLEMENTATION
#include "cairn_ota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
            abort(); \
        } \
    } while (0)

static void sign(uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    const uint8_t *p = (const uint8_t *)msg;
    uint64_t sum = UINT64_C(14695981039346656037);
    size_t i;
    for (i = 0; i < 32; i++)
        sum = (sum ^ key[i]) * UINT64_C(1099511628211);
    for (i = 0; i < len; i++)
        sum = (sum ^ p[i]) * UINT64_C(1099511628211);
    for (i = 0; i < 64; i++)
        sig[i] = (uint8_t)(sum >> i % 8 * 8);
}

int cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    uint8_t right[64];
    sign(right, key, msg, len);
    return memcmp(sig, right, 64) == 0;
}

/* A publisher's bucket: the notes of each publish, and the parts of all. */
enum { PUBLISHES = 4, PARTS = 64, MOST = 2600 };

struct body {
    uint8_t digest[32];
    char name[33]; /* of its digest */
    size_t len;
    char bytes[MOST];
};

static struct publish {
    uint32_t generation, epoch, issued, expires;
    struct body head, keys;
    const char *cohort;
    int offers[2]; /* what each version is offered: 0 is nothing */
} publishes[PUBLISHES];

static struct body parts[PARTS];
static unsigned parts_len;
static int hostile;

static const char serial[] = "SN-1", software[] = "fw", hardware[] = "mp";
static const char *const versions[] = {"1.0.0", "2.0.0+b"};
static char hash[17];

static void digest(uint8_t to[32], const void *data, size_t len)
{
    CAIRN_OTA_SHA256 s;
    cairn_ota_sha256_start(&s);
    cairn_ota_sha256_add(&s, data, len);
    cairn_ota_sha256_end(&s, to);
}

/* Puts a part, and gives its digest. */
static const uint8_t *put(const void *data, size_t len)
{
    struct body *b = &parts[parts_len++];
    unsigned i;
    CHECK(parts_len <= PARTS && len <= MOST);
    memcpy(b->bytes, data, len);
    b->len = len;
    digest(b->digest, data, len);
    for (i = 0; i < 16; i++)
        sprintf(b->name + 2 * i, "%02x", b->digest[i]);
    return b->digest;
}

static size_t base64(char *to, const uint8_t *p, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *start = to;
    size_t i;
    for (i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
        *to++ = i + 2 < len ? alphabet[v & 63] : '=';
    }
    return (size_t)(to - start);
}

/* Puts a signature behind the text of a note. */
static void note(struct body *b, const char *suffix, const uint8_t key[36])
{
    uint8_t line[68];
    size_t text = b->len;
    memcpy(line, key, 4);
    sign(line + 4, key + 4, b->bytes, text);
    b->len += (size_t)sprintf(b->bytes + b->len, "\n\xe2\x80\x94 %s%s ", CAIRN_OTA_SIGNER, suffix);
    b->len += base64(b->bytes + b->len, line, 68);
    b->bytes[b->len++] = '\n';
}

static void noise(uint8_t *to, size_t len)
{
    while (len-- > 0)
        *to++ = (uint8_t)below(256);
}

static const char *url(int offer)
{
    static char text[60];
    sprintf(text, "https://h/%d.bin", offer);
    return text;
}

/* A row that offers something to the own bucket, or nothing. */
static const uint8_t *row(int offer, const char *version)
{
    char r[MOST], *p = r;
    unsigned planes = below(4), i, own = 0, lines;
    char first[CAIRN_OTA_BUCKET_DIGITS + 1];
    uint8_t sum[32];
    if (hostile) {
        size_t len = below(400);
        noise((uint8_t *)r, len);
        if (len > 2) {
            r[0] = 'R';
            r[1] = (char)below(9);
            for (i = 0; i < below(80); i++)
                r[below((unsigned)len)] = " \n_0"[below(4)];
        }
        return put(r, len);
    }
    if (offer != 0) {
        planes += planes == 0;
        own = 1 + below((1U << planes) - 1);
    }
    memcpy(first, hash, CAIRN_OTA_BUCKET_DIGITS);
    first[CAIRN_OTA_BUCKET_DIGITS] = 0;
    *p++ = 'R';
    *p++ = (char)planes;
    for (i = 0; i < planes; i++, p += CAIRN_OTA_PLANE) {
        unsigned bucket = (unsigned)strtoul(first, NULL, 16);
        noise((uint8_t *)p, CAIRN_OTA_PLANE);
        p[bucket / 8] = (char)(((unsigned)(uint8_t)p[bucket / 8] & ~(1U << bucket % 8)) | (own >> i & 1) << bucket % 8);
    }
    lines = (1U << planes) - 1;
    for (i = 1; i <= lines; i++) {
        unsigned j;
        int this = i == own ? offer : 100 + (int)i;
        memset(sum, this, sizeof sum);
        for (j = 0; j < 32; j++)
            p += sprintf(p, "%02x", sum[j]);
        p += sprintf(p, " %d %s", 1000 + this, url(this));
        if (version != NULL)
            p += sprintf(p, " %s", version);
        if (below(4) == 0)
            p += sprintf(p, " more fields");
        *p++ = '\n';
    }
    return put(r, (size_t)(p - r));
}

static void question(uint8_t to[32], const char *cohort, const char *version)
{
    char text[200];
    sprintf(text, "latest/%s/%s/%s%s%s", software, hardware, cohort, version[0] ? "/" : "", version);
    digest(to, text, strlen(text));
}

static size_t entry(char *to, const char *cohort, const char *version, const uint8_t *part)
{
    uint8_t key[32];
    question(key, cohort, version);
    memcpy(to, key, 8);
    memcpy(to + 8, part, 32);
    return 40;
}

static size_t others(char *to)
{
    size_t n = below(4), i;
    for (i = 0; i < n; i++, to += 40)
        noise((uint8_t *)to, 40);
    return n * 40;
}

/* Puts inner nodes over a bin. */
static const uint8_t *over(const uint8_t *child, const uint8_t place[32])
{
    unsigned depth = below(3);
    while (depth-- > 0) {
        char node[513];
        unsigned digit = (unsigned)place[depth / 2] >> (depth % 2 ? 0 : 4) & 15;
        noise((uint8_t *)node, sizeof node);
        node[0] = 'I';
        memcpy(node + 1 + 32 * digit, child, 32);
        child = put(node, sizeof node);
    }
    return child;
}

static void publish(unsigned i, struct publish *p, uint8_t keys[2][36])
{
    char bin[MOST] = "B";
    size_t n = 1;
    uint8_t place[32];
    const uint8_t *root;
    char text[64];
    int offer = (int)(below(3) > 0 ? 1 + below(90) : 0);
    unsigned v;
    p->generation = 1 + i / 2;
    p->epoch = 1000 + 100 * i;
    p->issued = 1000 + 100 * i;
    p->expires = p->issued + 250;
    p->cohort = below(2) == 0 ? "default" : "beta";
    /* The index. */
    n += others(bin + n);
    sprintf(text, "cohorts/%.*s", CAIRN_OTA_COHORT_DIGITS, hash);
    digest(place, text, strlen(text));
    if (strcmp(p->cohort, "beta") == 0 || below(2) == 0) {
        char shard[200] = "";
        if (below(2) == 0)
            strcat(shard, "0000000000000000 alpha\n");
        if (strcmp(p->cohort, "beta") == 0)
            sprintf(shard + strlen(shard), "%s beta\n", hash);
        if (below(2) == 0 || shard[0] == 0)
            strcat(shard, "ffffffffffffffff gamma\n");
        memcpy(bin + n, place, 8);
        memcpy(bin + n + 8, put(shard, strlen(shard)), 32);
        n += 40;
        n += others(bin + n);
    }
    root = over(put(bin, n), place);
    p->head.len = (size_t)sprintf(p->head.bytes, "cairn head 1\n%s\n%u %u %u %u\n", CAIRN_OTA_SIGNER,
                                  (unsigned)p->generation, (unsigned)p->epoch, (unsigned)p->issued, (unsigned)p->expires);
    {
        uint8_t cohorts[32];
        memcpy(cohorts, root, 32);
        /* The answers: the row of others is for what is below 1.5.0. */
        n = 1 + others(bin + 1);
        for (v = 0; v < 2; v++) {
            p->offers[v] = v == 0 ? offer : 0;
            if (below(2) == 0) {
                p->offers[v] = (int)(below(2) > 0 ? 1 + below(90) : 0);
                n += entry(bin + n, p->cohort, v == 0 ? "1.0.0" : "2.0.0_2bb", row(p->offers[v], NULL));
            }
        }
        n += entry(bin + n, p->cohort, "_other", row(offer, "1._35.0"));
        n += others(bin + n);
        question(place, p->cohort, "");
        root = over(put(bin, n), place);
        p->head.len += base64(p->head.bytes + p->head.len, root, 32);
        p->head.bytes[p->head.len++] = '\n';
        p->head.len += base64(p->head.bytes + p->head.len, cohorts, 32);
        p->head.bytes[p->head.len++] = '\n';
    }
    note(&p->head, "", keys[p->generation - 1]);
    p->keys.len = (size_t)sprintf(p->keys.bytes, "cairn keys 1\n%s\n%u 1 1000 4000000000\n", CAIRN_OTA_SIGNER, (unsigned)p->generation);
    p->keys.len += base64(p->keys.bytes + p->keys.len, keys[p->generation - 1], 36);
    p->keys.bytes[p->keys.len++] = '\n';
    note(&p->keys, "/root", cairn_ota_roots[0]);
}

static void world(void)
{
    uint8_t keys[2][36];
    unsigned i;
    parts_len = 0;
    hostile = below(8) == 0;
    noise(keys[0], sizeof keys);
    for (i = 0; i < PUBLISHES; i++)
        publish(i, &publishes[i], keys);
}

/* The body at a path, as the bucket has it: NULL if it has none. */
static const struct body *find(const struct publish *p, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    unsigned i;
    if (strcmp(name, "head.txt") == 0)
        return &p->head;
    if (strcmp(name, "keys.txt") == 0)
        return &p->keys;
    for (i = 0; i < parts_len; i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

static const struct body *any(void)
{
    unsigned i = below(PUBLISHES * 2 + parts_len);
    if (i < PUBLISHES)
        return &publishes[i].head;
    if (i < PUBLISHES * 2)
        return &publishes[i - PUBLISHES].keys;
    return &parts[i - PUBLISHES * 2];
}

static unsigned long checks, results[7], gets_made;

static void check(struct cairn_ota *ota)
{
    static const int statuses[] = {404, 403, 0, 500, 301, 204};
    const struct publish *server = &publishes[below(PUBLISHES)], *seen = NULL;
    struct cairn_ota_kept before;
    enum cairn_ota_result result = CAIRN_OTA_GET_NEXT;
    unsigned gets = 0, attack = below(3) == 0 ? 4 : 40, i;
    unsigned v = below(2);
    ota->current_version = versions[v];
    ota->uptime += below(30);
    ota->now = below(3) > 0 ? 0 : 900 + below(800);
    memcpy(&before, &ota->kept, sizeof before);
    while (result == CAIRN_OTA_GET_NEXT) {
        const char *path = cairn_ota_next(ota);
        char bytes[MOST + 64];
        const struct body *b;
        size_t n, at = 0;
        int status = 200;
        CHECK(gets++ < 3 + 17 + 1 + 17 + 1);
        CHECK(path == ota->buffer && strlen(path) < ota->size);
        if (below(60) == 0)
            server = &publishes[below(PUBLISHES)]; /* it is published while the device walks */
        b = find(server, path);
        if (below(attack) == 0)
            b = any();
        if (below(attack * 2) == 0)
            b = NULL;
        n = b == NULL ? 0 : b->len;
        if (n > 0)
            memcpy(bytes, b->bytes, n);
        if (b == NULL)
            status = below(2) == 0 ? 200 : statuses[below(6)];
        if (below(attack) == 0 && n > 0)
            bytes[below((unsigned)n)] ^= (char)(1 << below(8));
        if (below(attack * 2) == 0)
            n -= below((unsigned)n + 1);
        if (below(attack * 2) == 0) {
            size_t more = 1 + below(60);
            noise((uint8_t *)bytes + n, more);
            n += more;
        }
        if (below(attack * 4) == 0)
            status = statuses[below(6)];
        while (at < n) {
            size_t part = 1 + below((unsigned)(n - at));
            cairn_ota_body(ota, bytes + at, part);
            at += part;
        }
        if (below(400) == 0) {
            cairn_ota_begin(ota); /* the device gives up */
            return;
        }
        result = cairn_ota_done(ota, status);
        CHECK(strlen(ota->cohort) <= CAIRN_OTA_MAX_COHORT);
        CHECK(memchr(ota->buffer, 0, ota->size) != NULL);
        CHECK(ota->kept.generation >= before.generation && ota->kept.count <= CAIRN_OTA_MAX_KEYS);
        CHECK(ota->kept.generation > before.generation || ota->kept.epoch >= before.epoch);
    }
    gets_made += gets;
    results[result]++;
    if (result != CAIRN_OTA_INSTALL)
        CHECK(ota->buffer[0] == 0);
    for (i = 0; i < PUBLISHES; i++)
        if (publishes[i].generation == ota->kept.generation && publishes[i].epoch == ota->kept.epoch)
            seen = &publishes[i];
    if (result != CAIRN_OTA_INSTALL && result != CAIRN_OTA_UP_TO_DATE)
        return;
    CHECK(seen != NULL);
    CHECK(ota->now < seen->issued || ota->now <= seen->expires);
    if (hostile)
        return;
    CHECK(strcmp(ota->cohort, seen->cohort) == 0);
    if (result == CAIRN_OTA_INSTALL) {
        uint8_t sum[32];
        int offer = seen->offers[v];
        CHECK(offer != 0 && strcmp(cairn_ota_url(ota), url(offer)) == 0);
        memset(sum, offer, sizeof sum);
        CHECK(cairn_ota_verify(ota, sum, (uint32_t)(1000 + offer)));
        CHECK(!cairn_ota_verify(ota, sum, (uint32_t)(1001 + offer)));
        sum[below(32)] ^= 1;
        CHECK(!cairn_ota_verify(ota, sum, (uint32_t)(1000 + offer)));
    } else {
        CHECK(seen->offers[v] == 0);
    }
}

int main(int argc, char **argv)
{
    unsigned long most;
    unsigned i;
    if (argc != 3)
        return 2;
    most = strtoul(argv[1], NULL, 10);
    state = (uint64_t)strtoull(argv[2], NULL, 10) * 2 + 1;
    while (checks < most) {
        struct cairn_ota ota;
        memset(&ota, 0, sizeof ota);
        ota.serial = serial;
        ota.software_type = software;
        ota.hardware_version = hardware;
        ota.size = below(8) == 0 ? 290 + below(40) : 700;
        ota.buffer = (char *)malloc(ota.size);
        CHECK(ota.buffer != NULL);
        cairn_ota_begin(&ota);
        memcpy(hash, ota.hash, 16);
        world();
        for (i = 0; i < 200; i++, checks++) {
            if (below(16) == 0) {
                struct cairn_ota old = ota;
                memset(&ota, 0, sizeof ota);
                ota.serial = serial;
                ota.software_type = software;
                ota.hardware_version = hardware;
                ota.buffer = old.buffer;
                ota.size = old.size;
                if (below(4) > 0)
                    ota.kept = old.kept;
                cairn_ota_begin(&ota);
            } else if (below(8) == 0) {
                cairn_ota_begin(&ota);
            }
            check(&ota);
        }
        free(ota.buffer);
    }
    printf("%lu checks of %lu GETs; install %lu, up to date %lu, later %lu, error %lu, refused %lu, stale %lu\n",
           checks, gets_made, results[1], results[2], results[3], results[4], results[5], results[6]);
    for (i = 1; i < 7; i++)
        CHECK(results[i] > 0);
    return 0;
}
