package releases

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

const bucketHint = "S3 takes 3 to 63 lower-case letters, digits, - and ., with a letter or digit at both ends"

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// bucketElsewhere is what other services take at most, and minio-go.
	bucketElsewhere = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{1,61}[A-Za-z0-9]$`)
	// reserved are names that AWS keeps to itself.
	reserved = regexp.MustCompile(`^(?:xn--|sthree-|amzn-s3-demo-)|(?:--ol-s3|\.mrap|--table-s3)$`)
)

// CheckBucket is an error where a service takes no bucket of a name, of AWS:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
func CheckBucket(name, endpoint string) error {
	_, err := netip.ParseAddr(name)
	fits := bucketElsewhere.MatchString(name)
	if atAWS(endpoint) {
		fits = bucketName.MatchString(name) && !reserved.MatchString(name)
	}
	if fits && err != nil && !strings.Contains(name, "..") && !strings.Contains(name, ".-") && !strings.Contains(name, "-.") {
		return nil
	}
	return fmt.Errorf("S3 has no bucket %q", name)
}

// atAWS says whether an endpoint is one of AWS; "" is.
func atAWS(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (endpoint == "" || strings.HasSuffix("."+u.Hostname(), ".amazonaws.com") || strings.HasSuffix("."+u.Hostname(), ".amazonaws.com.cn"))
}

// virtualHost is an endpoint without the bucket that its host begins with, as
// a service names buckets; "" where it has none.
func virtualHost(endpoint, bucket string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	rest, ok := strings.CutPrefix(strings.ToLower(u.Host), strings.ToLower(bucket)+".")
	for _, service := range []string{"s3.", "s3-", "oss-", "obs.", "cos.", "minio.", "rgw.", "ceph.", "localhost", "storage.googleapis.com"} {
		if ok && strings.HasPrefix(rest, service) {
			return u.Scheme + "://" + rest
		}
	}
	for _, service := range strings.Fields(`amazonaws.com digitaloceanspaces.com r2.cloudflarestorage.com linodeobjects.com vultrobjects.com your-objectstorage.com exo.io
		upcloudobjects.com idrivee2.com cloud.ovh.net`) {
		if ok && strings.HasSuffix(rest, "."+service) {
			return u.Scheme + "://" + rest
		}
	}
	return ""
}

// bucket holds the bucket and the endpoint to each other.
func (t *table) bucket(p Publish, to, endpoint *node) {
	scheme, name := CutTarget(p.To)
	if to == nil || scheme != "s3" || CheckTarget(p.To) != nil {
		return
	}
	if err := CheckBucket(name, p.Endpoint); err != nil {
		t.fault(to.offset, bucketHint, "%s", err)
	}
	if host := virtualHost(p.Endpoint, name); endpoint != nil && host != "" {
		t.fault(endpoint.offset, "write endpoint = \""+host+"\"", "endpoint %q has the bucket in its host, which cairn puts there itself", p.Endpoint)
	}
}
