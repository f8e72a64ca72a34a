// Package storetest holds what every store must do, as a suite of tests, and
// an S3 server to run it against.
package storetest

import (
	"testing"

	"cairn/publish"
)

// Option says what a store does differently.
type Option func(*suite)

// NoHeaders is the option for a store that keeps neither headers nor entity
// tags.
func NoHeaders() Option { return func(s *suite) { s.noHeaders = true } }

// Run tests what newStore makes, an empty store each time.
func Run(t *testing.T, newStore func(t *testing.T) publish.Store, options ...Option) {
	s := suite{newStore: newStore}
	for _, o := range options {
		o(&s)
	}
	for _, test := range []struct {
		name string
		run  func(suite, *testing.T)
	}{
		{"PutGet", suite.putGet},
		{"Headers", suite.headers},
		{"ETags", suite.etags},
		{"Missing", suite.missing},
		{"Delete", suite.delete},
		{"Keys", suite.keys},
		{"ListOrder", suite.listOrder},
		{"ListPrefixes", suite.listPrefixes},
		{"ListPages", suite.listPages},
		{"ListStops", suite.listStops},
		{"Cancelled", suite.cancelled},
		{"WholeObjects", suite.wholeObjects},
		{"NewObjects", suite.newObjects},
		{"LargeFile", suite.largeFile},
		{"Seek", suite.seek},
		{"ChangedFile", suite.changedFile},
		{"ReadersOutliveObjects", suite.readersOutliveObjects},
		{"Conditions", suite.conditions},
		{"ConditionsOnFiles", suite.conditionsOnFiles},
		{"OneOfMany", suite.oneOfMany},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

type suite struct {
	newStore  func(t *testing.T) publish.Store
	noHeaders bool
}
