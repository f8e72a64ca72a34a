package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"cairn/manifest"
	"cairn/releases"
)

// Source is a published tree as devices see it. What is not there is an error
// that matches [fs.ErrNotExist].
type Source interface {
	Get(ctx context.Context, key string) ([]byte, error)
	// Has asks whether there is something, without its content.
	Has(ctx context.Context, key string) error
}

// asker asks for each key once.
type asker struct {
	source   Source
	layout   manifest.Layout
	project  releases.Project
	requests atomic.Int64
	texts    memo[[]byte]
	answers  memo[answer]
	payloads memo[bool]
}

// answer is what a device is told.
type answer struct {
	version string // of the release that it is offered, or "" for up to date
	url     string // of its payload, likewise
	problem string // why it cannot install that, or ""
}

func (a *asker) get(ctx context.Context, key string) ([]byte, error) {
	a.requests.Add(1)
	return a.source.Get(ctx, key)
}

// answer asks as a device does. Where there is no answer, that is the problem.
func (a *asker) answer(ctx context.Context, t manifest.Target, cohort, version, bucket string) (answer, error) {
	var asked []string
	at, url, err := a.layout.Walk(a.project.Order, cohort, bucket, []manifest.Device{{Target: t, CurrentVersion: version}}, func(at manifest.Location) ([]byte, error) {
		key := a.layout.Key(at)
		asked = append(asked, key)
		return a.texts.get(key, func() ([]byte, error) { return a.get(ctx, key) })
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return answer{problem: fmt.Sprintf("neither %s is there", strings.Join(asked, " nor "))}, nil
	case errors.Is(err, manifest.ErrMalformed):
		return answer{problem: err.Error()}, nil
	case err != nil || url == "":
		return answer{}, err
	}
	at.Form = ""
	key := a.layout.Key(at)
	return a.answers.get(key, func() (answer, error) { return a.release(ctx, key, url) })
}

// release is what firmware installs that is offered a URL: the JSON beside it
// says which release that is.
func (a *asker) release(ctx context.Context, key, text string) (answer, error) {
	bad := func(format string, args ...any) (answer, error) {
		return answer{problem: fmt.Sprintf(format, args...)}, nil
	}
	body, err := a.get(ctx, key+string(manifest.JSON))
	if errors.Is(err, fs.ErrNotExist) {
		return bad("%s%s is not there, though %[1]s%[3]s is", key, manifest.JSON, manifest.Text)
	} else if err != nil {
		return answer{}, err
	}
	var release struct {
		Version   string
		Artifacts []struct{ URL string }
	}
	switch err := json.Unmarshal(body, &release); {
	case err != nil || release.Version == "" || len(release.Artifacts) == 0:
		return bad("%s%s is no answer", key, manifest.JSON)
	case release.Artifacts[0].URL != text:
		return bad("%s%s and %[1]s%[3]s name different payloads", key, manifest.Text, manifest.JSON)
	}
	there, err := a.payload(ctx, text)
	if err != nil {
		return answer{}, err
	}
	if !there {
		return bad("the payload of %s is not there: %s", release.Version, text)
	}
	return answer{version: release.Version, url: text}, nil
}

// payload says whether a payload is there. What is hosted elsewhere is not
// looked for.
func (a *asker) payload(ctx context.Context, url string) (bool, error) {
	key, here := strings.CutPrefix(url, a.project.BaseURL+"/")
	if !here {
		return true, nil
	}
	return a.payloads.get(key, func() (bool, error) {
		a.requests.Add(1)
		err := a.source.Has(ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	})
}

// memo remembers what has been found out by key; it finds it out once.
type memo[T any] struct {
	mu sync.Mutex
	of map[string]func() (T, error)
}

func (m *memo[T]) get(key string, find func() (T, error)) (T, error) {
	m.mu.Lock()
	once := m.of[key]
	if once == nil {
		if m.of == nil {
			m.of = map[string]func() (T, error){}
		}
		once = sync.OnceValues(find)
		m.of[key] = once
	}
	m.mu.Unlock()
	return once()
}
