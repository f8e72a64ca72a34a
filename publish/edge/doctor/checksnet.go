package doctor

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

func ipv4(s *seen) Finding {
	return reached(s, s.ip4, "A", Error, "a device in a network of IPv4 alone")
}

func ipv6(s *seen) Finding {
	return reached(s, s.ip6, "AAAA", Note, "a device in a network of IPv6 alone")
}

// reached judges the addresses of one version of IP. To have none is as bad as
// it says.
func reached(s *seen, a addresses, record string, none Level, who string) Finding {
	if _, err := netip.ParseAddr(s.host); err == nil {
		return Finding{} // nothing was looked up
	}
	switch {
	case len(a.all) == 0:
		level := none
		if s.host == "localhost" {
			level = Note
		}
		return finding(level, who+" needs a translation (NAT64), which most such networks have", "give "+s.host+" an "+record+" record", "no %s record", record)
	case unroutable(a.connect):
		return finding(Note, "it was not tried: this machine has no such network", "run cairn doctor where there is one", "%s", join(a.all))
	case a.connect != nil:
		return finding(Error, who+", or that tries such addresses first, waits for nothing", "have the edge answer at each address, or remove the record", "%s: %v", join(a.all), a.connect)
	}
	return ok("a device in such a network gets there", "%s", join(a.all))
}

// unroutable says whether an error is of the own machine.
func unroutable(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

func join(all []netip.Addr) string {
	var texts []string
	for _, ip := range all {
		texts = append(texts, ip.String())
	}
	return strings.Join(texts, ", ")
}

// mostSkew is how far a clock may be off before something is wrong with it.
const mostSkew = 5 * time.Minute

func date(s *seen) Finding {
	e := &s.answer
	const means = "a device that takes the time from it, to check certificates or signed answers, takes a wrong one"
	at, err := http.ParseTime(e.header.Get("Date"))
	if err != nil {
		return finding(Warning, "a device without a clock learns no time from answers", "have the edge send Date, as RFC 9110 section 6.6.1 wants", "no Date that can be read")
	}
	age, _ := strconv.Atoi(e.header.Get("Age"))
	off := e.at.Sub(at.Add(time.Duration(age) * time.Second)).Round(time.Second)
	switch {
	case off.Abs() > mostSkew:
		return finding(Warning, means, "set the clock of the edge; or of this machine, if it is that", "Date is %s off the clock of this machine", span(off.Abs()))
	case time.Duration(age)*time.Second > mostSkew:
		return finding(Note, "Date is that of the copy in the CDN: firmware that takes the time from it has to add Age", "add Age in firmware", "right, with an Age of %d s", age)
	}
	return ok("a device without a clock can take the time from it", "right")
}

// span is a duration without zeros at its end: "24h".
func span(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func count(n int, noun string) string { return thousands(n) + " " + english.PluralWord(n, noun, "") }

func thousands(n int) string { return humanize.Comma(int64(n)) }
