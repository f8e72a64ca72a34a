package storetest_test

import (
	"path/filepath"
	"testing"

	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/memstore"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
)

// TestStores holds every store to the same behaviour.
func TestStores(t *testing.T) {
	for name, s := range map[string]suite{
		"memstore": {newStore: func(*testing.T) publish.Store { return new(memstore.Store) }},
		"dirstore": {noHeaders: true, newStore: func(t *testing.T) publish.Store {
			// The first Put makes the root, too.
			return dirstore.New(filepath.Join(t.TempDir(), "new", "root"))
		}},
		"s3store": {newStore: s3Buckets(t)},
	} {
		t.Run(name, s.run)
	}
}

// s3Buckets makes a store of another empty bucket each time.
func s3Buckets(t *testing.T) func(t *testing.T) publish.Store {
	server := storetest.S3(t)
	return func(t *testing.T) publish.Store {
		store, err := s3store.New(s3store.Config{
			Endpoint: server.Endpoint, Region: server.Region, Bucket: server.NewBucket(t),
			Credentials: s3store.StaticCredentials(server.AccessKey, server.SecretKey, ""),
		})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

// suite is what every store must do.
type suite struct {
	newStore  func(t *testing.T) publish.Store // an empty one each time
	noHeaders bool                             // the store keeps neither headers nor entity tags
}

func (s suite) run(t *testing.T) {
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
