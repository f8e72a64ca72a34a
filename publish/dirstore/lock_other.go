//go:build !unix

package dirstore

import (
	"errors"
	"os"
)

func lock(*os.File) error { return errors.ErrUnsupported }
