package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"
)

// floorPut gives the least that puts an object over net/http: a request signed
// with AWS Signature Version 4 over the headers that must be, with the body
// unsigned. The server checks the body by its MD5, as it does for cairn.
func floorPut(s s3) func(object) error {
	now := time.Now().UTC()
	sign := newSigner(s, now)
	date := now.Format(amzTime)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: parallel, DisableCompression: true}}
	return func(o object) error {
		path := "/" + s.Bucket + "/" + o.key
		req, err := http.NewRequest(http.MethodPut, s.Endpoint+path, bytes.NewReader(o.body))
		if err != nil {
			return err
		}
		req.Header["Content-Md5"] = []string{o.md5}
		req.Header["Content-Type"] = []string{o.contentType}
		req.Header["Cache-Control"] = []string{o.cacheControl}
		if o.contentEncoding != "" {
			req.Header["Content-Encoding"] = []string{o.contentEncoding}
		}
		req.Header["X-Amz-Content-Sha256"] = []string{unsigned}
		req.Header["X-Amz-Date"] = []string{date}
		req.Header["Authorization"] = []string{sign.authorization(http.MethodPut, req.URL.Host, path)}
		answer, err := client.Do(req)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("put %s: %s", o.key, answer.Status)
		}
		return nil
	}
}

const (
	unsigned = "UNSIGNED-PAYLOAD"
	amzTime  = "20060102T150405Z"
)

// signer signs requests of one instant, which a server takes for 15 minutes.
type signer struct {
	key               []byte
	date, scope, user string
}

func newSigner(s s3, now time.Time) signer {
	key := []byte("AWS4" + s.SecretKey)
	for _, part := range []string{now.Format("20060102"), s.Region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	return signer{key, now.Format(amzTime), now.Format("20060102") + "/" + s.Region + "/s3/aws4_request", s.AccessKey}
}

// authorization is the header for a request without a query, whose path needs
// no escapes.
func (s signer) authorization(method, host, path string) string {
	const signed = "host;x-amz-content-sha256;x-amz-date"
	request := sha256.Sum256([]byte(method + "\n" + path + "\n\nhost:" + host + "\nx-amz-content-sha256:" + unsigned +
		"\nx-amz-date:" + s.date + "\n\n" + signed + "\n" + unsigned))
	signature := mac(s.key, "AWS4-HMAC-SHA256\n"+s.date+"\n"+s.scope+"\n"+hex.EncodeToString(request[:]))
	return "AWS4-HMAC-SHA256 Credential=" + s.user + "/" + s.scope + ",SignedHeaders=" + signed +
		",Signature=" + hex.EncodeToString(signature)
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
