package adoption

import (
	"math"
	"testing"
)

// The table of the t distribution in each book of statistics, two-sided, 95 %.
func TestQuantile(t *testing.T) {
	for freedom, want := range map[float64]float64{1: 12.706, 2: 4.303, 3: 3.182, 10: 2.228, 30: 2.042, 120: 1.980, 1e6: 1.960} {
		if got := quantile(freedom); math.Abs(got-want) > 0.0005 {
			t.Errorf("%v degrees of freedom: %.4f, not %.3f", freedom, got, want)
		}
	}
}
