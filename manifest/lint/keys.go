package lint

import (
	"time"

	"cairn/releases"
)

// keysNotice is how long before the keys expire that is warned of.
const keysNotice = 60 * 24 * time.Hour

// keys looks at how long the statement of the keys is good for.
func (l *linter) keys() {
	if l.Signing == nil || l.Signing.Keys == nil {
		return
	}
	expires := time.Unix(int64(l.Signing.Keys.Expires), 0).UTC()
	if l.At.Add(keysNotice).Before(expires) {
		return
	}
	verb := "expires"
	if expires.Before(l.At) {
		verb = "expired"
	}
	l.warn("keys-expire", in(releases.ProjectFile, "signing", "keys"), "where the root key is: cairn keys rotate --root FILE",
		"%s %s on %s: devices that know the time take no update from then on", l.Signing.KeysFile, verb, expires.Format(time.DateOnly))
}
