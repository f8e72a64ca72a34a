package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Signer signs requests to an S3 server: AWS Signature Version 4, without the
// content.
type Signer struct{ AccessKey, SecretKey, Region string }

const (
	signedTime = "20060102T150405Z"
	unsigned   = "UNSIGNED-PAYLOAD"
)

// Sign gives r the headers of a signature made now, in the stead of any that it
// has. Those that are signed are the host's, Content-MD5, and S3's own.
func (s Signer) Sign(r *http.Request) {
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format(signedTime))
	r.Header.Set("X-Amz-Content-Sha256", unsigned)
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	lines := []string{"host:" + host}
	names := []string{"host"}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name == "content-md5" || strings.HasPrefix(name, "x-amz-") {
			names = append(names, name)
			lines = append(lines, name+":"+strings.Join(values, ","))
		}
	}
	slices.Sort(names)
	slices.Sort(lines)
	request := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"),
		strings.Join(lines, "\n"), "", strings.Join(names, ";"), unsigned,
	}, "\n")

	date := r.Header.Get("X-Amz-Date")
	scope := date[:len("20060102")] + "/" + s.Region + "/s3/aws4_request"
	key := []byte("AWS4" + s.SecretKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	digest := sha256.Sum256([]byte(request))
	signature := sum(key, strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hex.EncodeToString(digest[:])}, "\n"))
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		s.AccessKey, scope, strings.Join(names, ";"), signature))
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
