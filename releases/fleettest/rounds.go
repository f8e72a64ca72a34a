package fleettest

import "os"

// Rounds is how often a random test runs: few times, or often where the
// environment variable CAIRN_TEST_LONG is set, as CI does.
func Rounds(few, often int) int {
	if os.Getenv("CAIRN_TEST_LONG") != "" {
		return often
	}
	return few
}
