package proxy

import (
	"fmt"
	"net/http"
	"time"
)

// Fault is what happens to a request. The zero value is nothing.
type Fault struct {
	// Delay passes before anything else.
	Delay time.Duration
	// Reset breaks the connection; the server sees nothing of the request.
	Reset bool
	// Status, if it is not 0, is answered; the server sees nothing of the
	// request. The body is an S3 error with Code, or one that fits.
	Status int
	Code   string
	// Unconditional makes a server that knows no If-Match and no
	// If-None-Match.
	Unconditional bool
	// Lost breaks the connection when the server has answered.
	Lost bool
	// Truncated breaks the connection in the middle of the answer's body.
	Truncated bool
}

func (f Fault) answer(w http.ResponseWriter) {
	code := f.Code
	if code == "" {
		code = codes[f.Status]
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.Status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>%s</Code><Message>said the proxy</Message></Error>`, code)
}

var codes = map[int]string{
	http.StatusForbidden:           "AccessDenied",
	http.StatusTooManyRequests:     "TooManyRequests",
	http.StatusInternalServerError: "InternalError",
	http.StatusBadGateway:          "BadGateway",
	http.StatusServiceUnavailable:  "SlowDown",
	http.StatusGatewayTimeout:      "GatewayTimeout",
}
