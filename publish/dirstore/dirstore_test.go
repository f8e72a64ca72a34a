package dirstore_test

import (
	"testing"

	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) publish.Store { return dirstore.New(t.TempDir()) }, storetest.NoHeaders())
}
