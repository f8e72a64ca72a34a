package cli

import (
	"runtime/debug"
	"time"
)

// Version is that of the module, as the build recorded it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// VersionCommit is the commit that was built, with -dirty behind it where files
// had changed since; "" where the build knew of no repository.
func VersionCommit() string {
	commit := buildSetting("vcs.revision")
	if buildSetting("vcs.modified") == "true" {
		commit += "-dirty"
	}
	return commit
}

// VersionDate is the instant of the commit that was built, or else the Unix
// epoch: so what a build writes is always the same.
func VersionDate() time.Time {
	at, err := time.Parse(time.RFC3339, buildSetting("vcs.time"))
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return at
}

// buildSetting is what the go command recorded of the build under a key.
func buildSetting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}
