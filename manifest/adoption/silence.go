package adoption

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Silence is how many of the devices that took a release were not heard of
// again. docs/adoption.md says how that is worked out.
type Silence struct {
	Devices float64 `json:"devices"` // that took it: those that arrived, and those that are missing
	Percent float64 `json:"percent"` // of them that are silent: the best guess
	Low     float64 `json:"low"`     // of the interval that holds it with 95 % confidence
	High    float64 `json:"high"`
	Inside  int     `json:"buckets_inside"` // that were compared
	Outside int     `json:"buckets_outside"`
}

// wave is buckets that the rollout reached together, before and after, beside
// those that it has not reached.
type wave struct {
	inside, outside []pair
	arrived         float64 // polls on the release inside, after
	perDevice       float64 // polls of one device in the time after
}

// pair is the polls of a bucket at the same times of day: on days before the
// release reached any bucket of the wave, and after.
type pair struct{ before, after float64 }

// silenceOf compares. It is nil where there is too little to compare.
func silenceOf(waves []wave) *Silence {
	var lost, variance, arrived float64 // in devices
	var s Silence
	freedom := math.Inf(1)
	for _, w := range waves {
		in, out := sum(w.inside), sum(w.outside)
		n := len(w.inside) + len(w.outside)
		if in.before == 0 || out.before == 0 || out.after == 0 || len(w.outside) < 2 || n < 4 {
			continue
		}
		ratio := out.after / out.before // what became of polls without the release
		expected := in.before * ratio
		// The spread of the buckets around the ratio of their group, in the manner
		// of a quasi-Poisson model: the variance of a count is spread × its mean.
		spread := (residuals(w.inside, in.after/in.before) + residuals(w.outside, ratio)) / float64(n-2)
		noise := spread * expected * (1 + ratio + in.before/out.before)
		lost += (expected - in.after) / w.perDevice
		variance += noise / (w.perDevice * w.perDevice)
		arrived += w.arrived / w.perDevice
		freedom = min(freedom, float64(n-2))
		s.Inside += len(w.inside)
		s.Outside = max(s.Outside, len(w.outside))
	}
	s.Devices = arrived + max(0, lost)
	if s.Inside == 0 || s.Devices < 1 {
		return nil
	}
	share := max(0, lost) / s.Devices
	low, high := score(lost, s.Devices, variance, quantile(freedom))
	s.Percent, s.Low, s.High = 100*share, 100*min(low, share), 100*max(high, share)
	return &s
}

// quantile is that of Student's t for a two-sided interval of 95 %: where the
// tails, which are the regularized incomplete beta function of ν/(ν+t²), ν/2 and
// 1/2 (Abramowitz and Stegun, 26.7.1), have 5 %.
func quantile(freedom float64) float64 {
	x := mathext.InvRegIncBeta(freedom/2, 0.5, 0.05)
	return math.Sqrt(freedom * (1 - x) / x)
}

// score is Wilson's interval for a share, lost of n, widened by the variance of
// lost itself: the shares p for which |lost − n·p| ≤ z·√(variance + n·p·(1−p)).
func score(lost, n, variance, z float64) (low, high float64) {
	a := n*n + z*z*n
	b := 2*n*lost + z*z*n
	c := lost*lost - z*z*variance
	root := math.Sqrt(max(0, b*b-4*a*c))
	clip := func(p float64) float64 { return min(1, max(0, p)) }
	return clip((b - root) / (2 * a)), clip((b + root) / (2 * a))
}

func sum(pairs []pair) (all pair) {
	for _, p := range pairs {
		all.before += p.before
		all.after += p.after
	}
	return all
}

func residuals(pairs []pair, ratio float64) float64 {
	all := 0.0
	for _, p := range pairs {
		if mean := ratio * p.before; mean > 0 {
			all += (p.after - mean) * (p.after - mean) / mean
		}
	}
	return all
}
