package nginx

import "fmt"

// primes are those of XXH64, as its specification numbers them.
var primes = [...]uint64{1: 0x9e3779b185ebca87, 2: 0xc2b2ae3d27d4eb4f, 3: 0x165667b19e3779f9, 4: 0x85ebca77c2b2ae63, 5: 0x27d4eb2f165667c5}

// The steps of XXH64 as statements of JavaScript, over a number of 64 bits in
// the variables high and low, with p and q to spare. They are written out: a
// call costs njs more than the sums. low is never negative; of high, which may
// be any integer up to 2^34 or so, the last 32 bits count.

// times multiplies by a prime, in parts: a product of 32 by 16 bits is exact in
// a double.
func times(n int) string {
	d, c, b, a := primes[n]>>48, primes[n]>>32&0xffff, primes[n]>>16&0xffff, primes[n]&0xffff
	return fmt.Sprintf("p = low * %#x; q = low * %#x + (p / 65536 >>> 0);\n"+
		"        high = (q / 65536 >>> 0) + high * %#x + low * %#x + (high * %#x + low * %#x << 16) >>> 0; low = (q << 16 | p & 65535) >>> 0;",
		a, b, a, c, b, d)
}

// plus adds a prime.
func plus(n int) string {
	return fmt.Sprintf("low += %#x; high = high + %#x + (low > 0xffffffff); low = low >>> 0;", primes[n]&0xffffffff, primes[n]>>32)
}

// rotate goes to the left by 1 to 31 bits.
func rotate(n int) string {
	return fmt.Sprintf("p = high; high = high << %d | low >>> %d; low = (low << %d | p >>> %d) >>> 0;", n, 32-n, n, 32-n)
}
