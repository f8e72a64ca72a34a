/*
 * Carries out the commands on standard input, one a line, and answers some:
 *
 *     new SIZE          a device with a buffer of so many bytes
 *     set FIELD HEX     serial, hardware, software or version: text, or NULL
 *     begin             answers with the hash
 *     next              answers with the path, or "-"
 *     body HEX          a part of the body
 *     done STATUS       answers with the result, the cohort, and the text in the
 *                       buffer, unless that is a path or of no further use
 *     verify HEX HEX    a URL and a digest: answers with 0 or 1
 */
#define CAIRN_OTA_IMPLEMENTATION
#include "cairn_ota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1 << 20];
static struct cairn_ota ota;

/* Decodes hex into memory of just that length, and a NUL where wanted. */
static char *unhex(const char *hex, size_t *len, int nul)
{
    unsigned byte;
    size_t i, n = strlen(hex) / 2;
    char *s = (char *)malloc(n + (size_t)nul + (n + (size_t)nul == 0));
    if (s == NULL)
        abort();
    for (i = 0; i < n; i++) {
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            abort();
        s[i] = (char)byte;
    }
    if (nul)
        s[n] = 0;
    if (len != NULL)
        *len = n;
    return s;
}

static void set(const char *field, const char *hex)
{
    const char **to = strcmp(field, "serial") == 0     ? &ota.serial
                      : strcmp(field, "hardware") == 0 ? &ota.hardware_version
                      : strcmp(field, "software") == 0 ? &ota.software_type
                                                       : &ota.current_version;
    free((void *)(size_t)*to);
    *to = hex == NULL ? NULL : unhex(hex, NULL, 1);
}

static void renew(const char *size)
{
    char *buffer = ota.buffer;
    free(buffer);
    set("serial", NULL);
    set("hardware", NULL);
    set("software", NULL);
    set("version", NULL);
    memset(&ota, 0, sizeof ota);
    ota.size = (size_t)atoi(size);
    ota.buffer = (char *)calloc(ota.size + (ota.size == 0), 1);
    if (ota.buffer == NULL)
        abort();
}

int main(void)
{
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *command = strtok(line, " \n"), *a = strtok(NULL, " \n"), *b = strtok(NULL, " \n");
        if (strcmp(command, "new") == 0) {
            renew(a);
        } else if (strcmp(command, "set") == 0) {
            set(a, b);
        } else if (strcmp(command, "begin") == 0) {
            cairn_ota_begin(&ota);
            printf("%.16s\n", ota.hash);
        } else if (strcmp(command, "next") == 0) {
            const char *path = cairn_ota_next(&ota);
            printf("%s\n", path == NULL ? "-" : path);
        } else if (strcmp(command, "body") == 0) {
            size_t len;
            char *data = unhex(a == NULL ? "" : a, &len, 0);
            cairn_ota_body(&ota, data, len);
            free(data);
        } else if (strcmp(command, "done") == 0) {
            static const char *const names[] = {"get-next", "install", "up-to-date", "retry-later", "error"};
            enum cairn_ota_result result = cairn_ota_done(&ota, atoi(a));
            int text = result != CAIRN_OTA_GET_NEXT && ota.size > 0 && ota.buffer[0] != '/';
            printf("%s [%s] [%s]\n", names[result], ota.cohort, text ? ota.buffer : "");
        } else if (strcmp(command, "verify") == 0) {
            char *url = unhex(a, NULL, 1), *digest = unhex(b, NULL, 0);
            printf("%d\n", cairn_ota_verify(url, (const uint8_t *)digest));
            free(url);
            free(digest);
        } else {
            abort();
        }
    }
    renew("0");
    return 0;
}
