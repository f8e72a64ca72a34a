/* A GET over a plain TCP connection: HTTP/1.1, Content-Length only. */
#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>

/* Takes a part of a body. */
typedef void http_sink(void *context, const void *data, size_t len);

/* The status of the answer; 0 if there was none, or its body broke off. The
   host and port are what to connect to, the authority is what to ask for. */
int http_get(const char *host, const char *port, const char *authority, const char *path,
             http_sink *sink, void *context);

#endif
