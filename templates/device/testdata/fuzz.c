/*
 * Throws random bodies, statuses, names and buffers at the header, for so many
 * seconds with so many as the seed, and checks what must hold whatever comes.
 * The sanitizers check the rest.
 */
#define CAIRN_OTA_IMPLEMENTATION
#include "cairn_ota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static const char *name(char *to, unsigned most)
{
    unsigned i, n = below(most + 1);
    for (i = 0; i < n; i++)
        to[i] = (char)(below(4) > 0 ? 'a' + below(26) : 1 + below(255));
    to[n] = 0;
    return to;
}

/* A body: of a shard, of an answer, or noise; at times cut or changed. */
static size_t make(char *to, const struct cairn_ota *ota)
{
    static const char shard[] = "0123456789abcdef beta\n";
    size_t n = 0, i;
    unsigned kind = below(16);
    if (kind == 0)
        return 0;
    if (kind == 1 || (kind > 3 && ota->step == CAIRN_OTA_COHORT)) {
        for (i = below(6); i > 0; i--, n += sizeof shard - 1) {
            memcpy(to + n, shard, sizeof shard - 1);
            if (below(2) == 0)
                memcpy(to + n, ota->hash, 16);
            if (below(4) == 0)
                to[n + below(16)] = "0123456789abcdef"[below(16)];
        }
    } else if (kind > 2) {
        if (ota->step == CAIRN_OTA_OTHER)
            n = (size_t)sprintf(to, "%s%u.%u.0\n", below(4) == 0 ? "v" : "", below(3), below(3));
        n += (size_t)sprintf(to + n, "https://ota.example.com/payloads/%u.bin%s", below(100000), below(3) == 0 ? "\nsigned=x y" : "");
    } else {
        for (n = below(300), i = 0; i < n; i++)
            to[i] = (char)below(256);
    }
    if (below(8) == 0)
        n -= below((unsigned)n + 1);
    for (i = below(8) == 0 ? below(4) : 0; i > 0 && n > 0; i--)
        to[below((unsigned)n)] = (char)below(256);
    return n;
}

static unsigned long checks, results[5];

static void check(void)
{
    static const int statuses[] = {200, 200, 200, 200, 404, 403, 0, 500, 301, 204};
    char serial[160], hardware[80], software[80], version[80], body[512];
    size_t size = below(4) == 0 ? below(400) : 1200, limit = 0;
    struct cairn_ota ota;
    unsigned gets = 0;
    memset(&ota, 0, sizeof ota);
    ota.serial = name(serial, 140);
    ota.hardware_version = name(hardware, 79);
    ota.software_type = name(software, 79);
    ota.current_version = below(4) == 0 ? NULL : name(version, 79);
    ota.size = size;
    ota.buffer = (char *)malloc(size + (size == 0));
    CHECK(ota.buffer != NULL);
    if (below(50) > 0)
        cairn_ota_begin(&ota);
    while (limit++ < 4) {
        enum cairn_ota_result result;
        const char *path = cairn_ota_next(&ota);
        size_t n = make(body, &ota), at = 0;
        int status = statuses[below(sizeof statuses / sizeof *statuses)], asks = ota.step == CAIRN_OTA_COHORT, other = ota.step == CAIRN_OTA_OTHER;
        if (path != NULL) {
            CHECK(path == ota.buffer && strlen(path) < size && path[0] == '/');
            CHECK(strstr(path, "//") == NULL || strchr(ota.cohort, '/') != NULL);
        }
        while (at < n) {
            size_t part = 1 + below((unsigned)(n - at));
            cairn_ota_body(&ota, body + at, part);
            at += part;
        }
        result = cairn_ota_done(&ota, status);
        results[result]++;
        CHECK(path != NULL || result == CAIRN_OTA_ERROR || result == CAIRN_OTA_RETRY_LATER || status == 403 || status == 404);
        CHECK(strlen(ota.cohort) <= CAIRN_OTA_MAX_COHORT);
        if (result == CAIRN_OTA_INSTALL) {
            const char *url = body, *end;
            size_t length;
            if (other) {
                url = (const char *)memchr(body, '\n', n);
                CHECK(url != NULL);
                url++;
            }
            end = (const char *)memchr(url, '\n', n - (size_t)(url - body));
            length = end == NULL ? n - (size_t)(url - body) : (size_t)(end - url);
            CHECK(status == 200 && !asks && path != NULL);
            CHECK(length > 0 && length == strlen(ota.buffer) && memcmp(ota.buffer, url, length) == 0);
        }
        if (result == CAIRN_OTA_UP_TO_DATE)
            CHECK(status == 200 && !asks && (n == 0 || (other && memchr(body, '\n', n) != NULL)));
        if (result == CAIRN_OTA_GET_NEXT)
            CHECK(++gets < 3);
        else
            break;
    }
    CHECK(limit < 4);
    free(ota.buffer);
    checks++;
}

int main(int argc, char **argv)
{
    time_t end;
    unsigned i;
    if (argc != 3)
        return 2;
    end = time(NULL) + atoi(argv[1]);
    state = (uint64_t)strtoull(argv[2], NULL, 10) * 2 + 1;
    while (time(NULL) <= end)
        for (i = 0; i < 1000; i++)
            check();
    printf("%lu checks; next %lu, install %lu, up to date %lu, later %lu, error %lu\n",
           checks, results[0], results[1], results[2], results[3], results[4]);
    for (i = 0; i < 5; i++)
        CHECK(results[i] > 0);
    return 0;
}
