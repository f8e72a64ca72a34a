#define _POSIX_C_SOURCE 200112L

#include "http.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int dial(const char *host, const char *port)
{
    const struct timeval patience = {30, 0};
    struct addrinfo hints, *list, *a;
    int fd = -1;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return -1;
    for (a = list; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Reads a line without its end; -1 if it does not come, or is too long. */
static int read_line(FILE *in, char *line, size_t size)
{
    size_t len;
    if (fgets(line, (int)size, in) == NULL)
        return -1;
    len = strlen(line);
    if (len == 0 || line[len - 1] != '\n')
        return -1;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        line[--len] = 0;
    return 0;
}

static int receive(FILE *in, http_sink *sink, void *context)
{
    char line[1024], part[512];
    int status;
    long left = -1;
    if (read_line(in, line, sizeof line) != 0 || sscanf(line, "HTTP/1.%*d %3d", &status) != 1)
        return 0;
    do {
        if (read_line(in, line, sizeof line) != 0)
            return 0;
        if (strncasecmp(line, "Content-Length:", 15) == 0 && sscanf(line + 15, "%9ld", &left) != 1)
            return 0;
    } while (line[0] != 0);
    if (left < 0)
        return 0;
    while (left > 0) {
        size_t n = fread(part, 1, left < (long)sizeof part ? (size_t)left : sizeof part, in);
        if (n == 0)
            return 0;
        sink(context, part, n);
        left -= (long)n;
    }
    return status;
}

int http_get(const char *host, const char *port, const char *authority, const char *path,
             http_sink *sink, void *context)
{
    char request[1024];
    int status = 0, fd = dial(host, port);
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                     path, authority);
    FILE *in;
    if (fd < 0)
        return 0;
    in = fdopen(fd, "rb");
    if (in == NULL) {
        close(fd);
        return 0;
    }
    if (n > 0 && (size_t)n < sizeof request && send_all(fd, request, (size_t)n) == 0)
        status = receive(in, sink, context);
    fclose(in);
    return status;
}
