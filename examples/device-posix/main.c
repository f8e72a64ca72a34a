/*
 * A device, as a program: it asks for its update once, downloads the payload,
 * and compares it with the SHA-256 that its URL names.
 *
 *     device HOST PORT SERIAL SOFTWARE_TYPE HARDWARE_VERSION [CURRENT_VERSION]
 *
 * It connects to HOST and PORT whatever the project's base_url is, and without
 * TLS: it is for a server on the bench. It exits with 0 if it is up to date or
 * has a payload, 1 if it should try again later, 2 if that is of no use.
 */
#define CAIRN_OTA_IMPLEMENTATION
#include "cairn_ota.h"

#include "http.h"
#include "sha256.h"

#include <stdio.h>
#include <string.h>

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

static int download(const char *url, const char *host, const char *port)
{
    const size_t origin = sizeof CAIRN_OTA_ORIGIN - 1;
    struct sha256 sum;
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
    printf("%lu bytes, ", (unsigned long)sum.len);
    sha256_end(&sum, digest);
    if (!cairn_ota_verify(url, digest)) {
        printf("but not those of the URL\n");
        return 1;
    }
    printf("as the URL says\n");
    return 0;
}

int main(int argc, char **argv)
{
    static char buffer[512];
    static struct cairn_ota ota;
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
    cairn_ota_begin(&ota);
    switch (check(&ota, argv[1], argv[2])) {
    case CAIRN_OTA_INSTALL:
        printf("cohort %s: install %s\n", ota.cohort, buffer);
        return download(buffer, argv[1], argv[2]);
    case CAIRN_OTA_UP_TO_DATE:
        printf("cohort %s: up to date\n", ota.cohort);
        return 0;
    case CAIRN_OTA_RETRY_LATER:
        printf("try again later\n");
        return 1;
    default:
        printf("a serial, name, path, cohort or URL does not fit\n");
        return 2;
    }
}
