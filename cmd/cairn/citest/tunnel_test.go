package citest

import (
	"io"
	"net"
	"net/http"
)

// tunnel joins the connection of a CONNECT request to an address.
func tunnel(w http.ResponseWriter, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	near, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}
	io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(far, buffered)
		far.(*net.TCPConn).CloseWrite()
	}()
	go func() {
		io.Copy(near, far)
		near.Close()
		far.Close()
	}()
}
