package main

import (
	"context"
	"fmt"
	"io"

	"cairn/manifest/simulate"
	"cairn/publish/audit"
)

// publishedAt is the tree below a URL, as devices see it.
func publishedAt(base string) simulate.Source {
	return publishedTree{base, audit.Web(base, webTransport())}
}

type publishedTree struct {
	base string
	web  audit.Source
}

func (t publishedTree) Get(ctx context.Context, key string) ([]byte, error) {
	var body []byte
	err := t.web.Look(ctx, key, true, func(a *audit.Answer) (err error) {
		body, err = io.ReadAll(a.Content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get %s/%s: %w", t.base, key, err)
	}
	return body, nil
}

func (t publishedTree) Has(ctx context.Context, key string) error {
	err := t.web.Look(ctx, key, false, func(*audit.Answer) error { return nil })
	if err != nil {
		return fmt.Errorf("head %s/%s: %w", t.base, key, err)
	}
	return nil
}
