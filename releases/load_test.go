package releases

import (
	"os"
	"testing"
)

func TestContractFleetsLoad(t *testing.T) {
	for _, name := range []string{"fleet-a", "fleet-b", "fleet-c"} {
		root, err := os.OpenRoot("../manifest/testdata/contract/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		f, err := Load(root.FS())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(len(f.Releases), len(f.Cohorts))
	}
}
