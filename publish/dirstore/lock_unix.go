//go:build unix

package dirstore

import (
	"os"
	"syscall"
)

// lock waits for the lock on a file, which its closing or the end of the
// process gives back (flock).
func lock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return err
		}
	}
}
