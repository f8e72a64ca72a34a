package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// installed says whether a peer is there, and if not how to get it.
func installed(peer string) bool {
	if _, err := exec.LookPath(peer); err != nil {
		fmt.Printf("         %s is not installed, its rows are left out: apt-get install %s\n", peer, peer)
		return false
	}
	return true
}

// rclone makes a bucket hold a folder, with the flags that are best for many
// small objects.
func rclone(dir string, to s3) (*child, error) {
	return command([]string{
		"AWS_CA_BUNDLE=", // rclone fails where it is set
		"RCLONE_CONFIG=", // a configuration in memory
		"RCLONE_CONFIG_BENCH_TYPE=s3",
		"RCLONE_CONFIG_BENCH_PROVIDER=Other",
		"RCLONE_CONFIG_BENCH_ENDPOINT=" + to.Endpoint,
		"RCLONE_CONFIG_BENCH_REGION=" + to.Region,
		"RCLONE_CONFIG_BENCH_ACCESS_KEY_ID=" + to.AccessKey,
		"RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY=" + to.SecretKey,
	}, "rclone", "sync", dir, "bench:"+to.Bucket, "--checksum", "--fast-list",
		"--transfers", fmt.Sprint(parallel), "--checkers", fmt.Sprint(parallel), "--s3-no-check-bucket", "--s3-no-head")
}

// s3cmd uploads a folder: one request at a time is all it can do.
func s3cmd(dir string, to s3) (*child, error) {
	host := strings.TrimPrefix(to.Endpoint, "http://")
	return command(nil, "s3cmd", "--config=/dev/null", "--access_key="+to.AccessKey, "--secret_key="+to.SecretKey,
		"--region="+to.Region, "--host="+host, "--host-bucket="+host, "--no-ssl", "--no-progress", "--quiet",
		"sync", dir+"/", "s3://"+to.Bucket+"/")
}
