package releases

import (
	"fmt"
	"path/filepath"
	"strings"
)

// CutTarget takes a target apart: "dir:public" is "dir" and "public",
// "s3://bucket" is "s3" and "bucket". It checks nothing.
func CutTarget(to string) (scheme, name string) {
	if bucket, ok := strings.CutPrefix(to, "s3://"); ok {
		return "s3", strings.TrimSuffix(bucket, "/")
	}
	scheme, name, _ = strings.Cut(to, ":")
	return scheme, name
}

// CheckTarget says what is wrong with a target of a publish.
func CheckTarget(to string) error {
	switch scheme, name := CutTarget(to); {
	case scheme == "dir" && name == "":
		return fmt.Errorf("%q names no folder", to)
	case scheme == "s3" && (name == "" || strings.HasPrefix(to, "s3:") && !strings.HasPrefix(to, "s3://")):
		return fmt.Errorf("%q names no bucket", to)
	case scheme == "s3" && strings.Contains(name, "/"):
		return fmt.Errorf("%q names more than a bucket: what comes before the keys is project.prefix", to)
	case scheme != "dir" && scheme != "s3":
		return fmt.Errorf("%q is neither dir: nor s3://", to)
	}
	return nil
}

// Location is where the keys of a fleet go by its [publish], or else where
// devices see them: equal for the same place, with a slash behind each part. A
// relative folder is relative to dir, that of the project.
func (f *Fleet) Location(dir string) string {
	scheme, name := CutTarget(f.Publish.To)
	switch {
	case f.Publish.To == "":
		return f.Project.BaseURL + "/" + f.Project.Prefix + "/"
	case scheme == "dir" && !filepath.IsAbs(name):
		name = filepath.Join(dir, name)
	case scheme == "s3":
		name = strings.ToLower(strings.TrimRight(f.Publish.Endpoint, "/")) + "/" + name
	}
	return scheme + ":" + filepath.Clean(name) + "/" + f.Project.Prefix + "/"
}
