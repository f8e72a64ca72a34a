/*
 * Carries out the commands on standard input, one a line, and answers some:
 *
 *     new SIZE          a device with a buffer of so many bytes
 *     set FIELD HEX     serial, hardware, software or version: text, or NULL
 *     eager N           whether it asks eagerly, where it may
 *     begin             answers with the hash
 *     next              answers with the path, or "-"
 *     body HEX          a part of the body
 *     done STATUS       answers with the result, the cohort, and the text in the
 *                       buffer, unless that is a path or of no further use
 *     verify HEX HEX    a URL and a digest: answers with 0 or 1
 *     now SECONDS       sets the time, where devices count themselves; answers with
 *                       the week that was counted last
 *
 * Where answers are signed, it asks for signatures, and reads the verdict:
 *
 *     ed25519 HEX HEX HEX   a signature, a key and a message: 1 if it is right
 *
 *     verify HEX SIZE   a digest and a size
 *     clock NOW UPTIME
 *     reset             loses all but what is kept
 *     spoil GENERATION COUNT   changes what is kept, as bad flash would
 *     sha256 N HEX      answers with the digest of bytes added N at a time
 *     kept              answers with the generation, the epoch and the number of keys
 */
#ifdef OWN_SHA256
#include "sha256.c"
#define CAIRN_OTA_SHA256 struct sha256
#endif
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

#ifdef CAIRN_OTA_SIGNER
static void hex(const void *data, size_t len)
{
    const uint8_t *p = (const uint8_t *)data;
    putchar(' ');
    for (; len > 0; len--)
        printf("%02x", *p++);
}

int cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    char verdict[8];
    printf("ed25519");
    hex(sig, 64);
    hex(key, 32);
    hex(msg, len);
    printf("\n");
    fflush(stdout);
    if (fgets(verdict, sizeof verdict, stdin) == NULL)
        abort();
    return atoi(verdict);
}

#ifdef OWN_SHA256
void cairn_ota_sha256_start(struct sha256 *s) { sha256_begin(s); }
void cairn_ota_sha256_add(struct sha256 *s, const void *data, size_t len) { sha256_add(s, data, len); }
void cairn_ota_sha256_end(struct sha256 *s, uint8_t digest[32]) { sha256_end(s, digest); }
#endif

static void reset(void)
{
    struct cairn_ota old = ota;
    memset(&ota, 0, sizeof ota);
    ota.serial = old.serial;
    ota.hardware_version = old.hardware_version;
    ota.software_type = old.software_type;
    ota.current_version = old.current_version;
    ota.buffer = old.buffer;
    ota.size = old.size;
    ota.kept = old.kept;
}
#endif

int main(void)
{
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *command = strtok(line, " \n"), *a = strtok(NULL, " \n"), *b = strtok(NULL, " \n");
        if (strcmp(command, "new") == 0) {
            renew(a);
        } else if (strcmp(command, "set") == 0) {
            set(a, b);
#ifdef CAIRN_OTA_EAGER
        } else if (strcmp(command, "eager") == 0) {
            ota.eager = atoi(a);
#endif
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
            static const char *const names[] = {"get-next", "install", "up-to-date", "retry-later", "error", "refused", "stale"};
            enum cairn_ota_result result = cairn_ota_done(&ota, atoi(a));
            int text = result != CAIRN_OTA_GET_NEXT && ota.size > 0 && ota.buffer[0] != '/';
            printf("%s [%s] [%s]\n", names[result], ota.cohort, text ? ota.buffer : "");
#ifdef CAIRN_OTA_COUNT
        } else if (strcmp(command, "now") == 0) {
            ota.now = (uint32_t)strtoul(a, NULL, 10);
            printf("%u\n", (unsigned)ota.counted);
#endif
#ifdef CAIRN_OTA_SIGNER
        } else if (strcmp(command, "verify") == 0) {
            char *digest = unhex(a, NULL, 0);
            printf("%d\n", cairn_ota_verify(&ota, (const uint8_t *)digest, (uint32_t)strtoul(b, NULL, 10)));
            free(digest);
        } else if (strcmp(command, "clock") == 0) {
            ota.now = (uint32_t)strtoul(a, NULL, 10);
            ota.uptime = (uint32_t)strtoul(b, NULL, 10);
        } else if (strcmp(command, "reset") == 0) {
            reset();
        } else if (strcmp(command, "spoil") == 0) {
            ota.kept.generation = (uint32_t)strtoul(a, NULL, 10);
            ota.kept.count = (uint32_t)strtoul(b, NULL, 10);
        } else if (strcmp(command, "sha256") == 0) {
            CAIRN_OTA_SHA256 s;
            uint8_t digest[32];
            size_t len, at, n, piece = (size_t)atoi(a);
            char *data = unhex(b == NULL ? "" : b, &len, 0);
            cairn_ota_sha256_start(&s);
            for (at = 0; at < len; at += n) {
                n = len - at < piece ? len - at : piece;
                cairn_ota_sha256_add(&s, data + at, n);
            }
            cairn_ota_sha256_end(&s, digest);
            hex(digest, sizeof digest);
            printf("\n");
            free(data);
        } else if (strcmp(command, "kept") == 0) {
            printf("%lu %lu %lu\n", (unsigned long)ota.kept.generation, (unsigned long)ota.kept.epoch, (unsigned long)ota.kept.count);
#else
        } else if (strcmp(command, "verify") == 0) {
            char *url = unhex(a, NULL, 1), *digest = unhex(b, NULL, 0);
            printf("%d\n", cairn_ota_verify(url, (const uint8_t *)digest));
            free(url);
            free(digest);
#endif
        } else {
            abort();
        }
#ifdef CAIRN_OTA_SIGNER
        fflush(stdout);
#endif
    }
    renew("0");
    return 0;
}
