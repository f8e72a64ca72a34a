#define _POSIX_C_SOURCE 200112L

/*
 * A device, as a program: it asks for its update once, downloads the payload,
 * and compares it with the SHA-256 that its URL names.
 *
 *     device HOST PORT SERIAL SOFTWARE_TYPE HARDWARE_VERSION [CURRENT_VERSION]
 *
 * Where answers are signed, it keeps whom it trusts in the file that STATE names
 * in the environment, and NOW there stands in for the clock.
 *
 * It connects to HOST and PORT whatever the project's base_url is, and without
 * TLS: it is for a server on the bench. It exits with 0 if it is up to date or
 * has a payload, 1 if it should try again later, 2 if that is of no use.
 */
#include "http.h"
#include "sha256.h"

#define CAIRN_OTA_SHA256 struct sha256 /* the header may leave its own out */
#define CAIRN_OTA_IMPLEMENTATION
#include "cairn_ota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef CAIRN_OTA_SIGNER
void cairn_ota_sha256_start(struct sha256 *s) { sha256_begin(s); }
void cairn_ota_sha256_add(struct sha256 *s, const void *data, size_t len) { sha256_add(s, data, len); }
void cairn_ota_sha256_end(struct sha256 *s, uint8_t digest[32]) { sha256_end(s, digest); }

/* Firmware has a page of flash with a checksum for this. */
static void load(struct cairn_ota *ota)
{
    const char *name = getenv("STATE"), *now = getenv("NOW");
    FILE *f = name == NULL ? NULL : fopen(name, "rb");
    if (f != NULL) {
        if (fread(&ota->kept, sizeof ota->kept, 1, f) != 1)
            memset(&ota->kept, 0, sizeof ota->kept);
        fclose(f);
    }
    ota->now = now == NULL ? (uint32_t)time(NULL) : (uint32_t)strtoul(now, NULL, 10);
}

static void save(const struct cairn_ota *ota)
{
    const char *name = getenv("STATE");
    FILE *f = name == NULL ? NULL : fopen(name, "wb");
    if (f != NULL) {
        if (fwrite(&ota->kept, sizeof ota->kept, 1, f) != 1)
            fprintf(stderr, "cannot write %s\n", name);
        fclose(f);
    }
}
#else
#define load(ota) ((void)0)
#define save(ota) ((void)0)
#endif

static void check_sink(void *context, const void *data, size_t len)
{
    struct cairn_ota *ota = context;
    cairn_ota_body(ota, data, len);
}

static enum cairn_ota_result check(struct cairn_ota *ota, const char *host, const char *port)
{
    enum cairn_ota_result result = CAIRN_OTA_ERROR;
    const char *path;
    while ((path = cairn_ota_next(ota)) != NULL) {
        int status;
        printf("GET %s\n", path);
        status = http_get(host, port, CAIRN_OTA_HOST, path, check_sink, ota);
        printf("%d\n", status);
        result = cairn_ota_done(ota, status);
        if (result != CAIRN_OTA_GET_NEXT)
            break;
    }
    return result;
}

static void download_sink(void *context, const void *data, size_t len)
{
    struct sha256 *sum = context;
    /* Firmware writes the data to its spare slot here. */
    sha256_add(sum, data, len);
}

static int download(const struct cairn_ota *ota, const char *host, const char *port)
{
    const char *url = ota->buffer;
    const size_t origin = sizeof CAIRN_OTA_ORIGIN - 1;
    struct sha256 sum;
    uint64_t size;
    uint8_t digest[32];
    if (strncmp(url, CAIRN_OTA_ORIGIN "/", origin + 1) != 0) {
        printf("the payload is elsewhere\n");
        return 0;
    }
    sha256_begin(&sum);
    if (http_get(host, port, CAIRN_OTA_HOST, url + origin, download_sink, &sum) != 200) {
        printf("the download failed\n");
        return 1;
    }
    size = sum.len;
    printf("%lu bytes, ", (unsigned long)size);
    sha256_end(&sum, digest);
#ifdef CAIRN_OTA_SIGNER
    if (size > UINT32_MAX || !cairn_ota_verify(ota, digest, (uint32_t)size)) {
        printf("but not those that are signed\n");
        return 1;
    }
    printf("as it is signed\n");
#else
    if (!cairn_ota_verify(url, digest)) {
        printf("but not those of the URL\n");
        return 1;
    }
    printf("as the URL says\n");
#endif
    return 0;
}

int main(int argc, char **argv)
{
    static char buffer[512];
    static struct cairn_ota ota;
    enum cairn_ota_result result;
    if (argc != 6 && argc != 7) {
        fprintf(stderr, "usage: device HOST PORT SERIAL SOFTWARE_TYPE HARDWARE_VERSION [CURRENT_VERSION]\n");
        return 2;
    }
    ota.serial = argv[3];
    ota.software_type = argv[4];
    ota.hardware_version = argv[5];
    ota.current_version = argv[6]; /* NULL where it is left out */
    ota.buffer = buffer;
    ota.size = sizeof buffer;
    load(&ota);
    cairn_ota_begin(&ota);
    result = check(&ota, argv[1], argv[2]);
    save(&ota);
    switch (result) {
    case CAIRN_OTA_INSTALL:
        printf("cohort %s: install %s\n", ota.cohort, buffer);
        return download(&ota, argv[1], argv[2]);
    case CAIRN_OTA_UP_TO_DATE:
        printf("cohort %s: up to date\n", ota.cohort);
        return 0;
    case CAIRN_OTA_RETRY_LATER:
        printf("try again later\n");
        return 1;
#ifdef CAIRN_OTA_SIGNER
    case CAIRN_OTA_REFUSED:
        printf("refused: not what the publisher has signed, or older than what was seen\n");
        return 1;
    case CAIRN_OTA_STALE:
        printf("stale: signed, but expired\n");
        return 1;
#endif
    default:
        printf("a serial, name, path, cohort or URL does not fit\n");
        return 2;
    }
}
