package device_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestCount has devices that count themselves poll for weeks: the first check of
// each week that got an answer says so, no other request does.
func TestCount(t *testing.T) {
	const week = 7 * 24 * 3600
	thursday := 2954 * week // in 2026
	p := fridges
	p.Eager = true
	for _, eager := range []bool{false, true} {
		var s script
		d := fridge
		d.Eager = eager
		s.device(200, d)
		counted := 0
		poll := func(now, status int, first bool) {
			s.ask(fmt.Sprint(counted), "now %d", now)
			path, name := fmt.Sprintf(answerPath, "default", "1.0.0"), "79"
			if eager {
				name, first = "_eager", false
			}
			path = strings.Replace(path, "/79.txt", "/"+name+".txt", 1)
			if first {
				path += "?w"
			}
			s.ask(path, "next")
			switch status {
			case 200:
				s.ask("up-to-date [default] []", "done 200")
			case 404:
				s.ask("get-next [default] []", "done 404")
				s.ask(strings.Replace(fmt.Sprintf(belowPath, "default"), "/79.", "/"+name+".", 1), "next")
				s.ask("up-to-date [default] []", "done 200")
			default:
				s.ask("retry-later [default] []", "done %d", status)
				return
			}
			if !eager {
				counted = now - now%week
			}
		}
		s.ask("0", "now %d", thursday+5)
		s.ask(shardPath, "next")
		s.ask("get-next [default] []", "done 200")
		poll(thursday+5, 0, true) // nobody answered
		poll(thursday+6, 503, true)
		poll(thursday+7, 200, true)
		poll(thursday+week-1, 200, false)
		poll(thursday+week, 404, true)
		poll(thursday+week+1, 404, false)
		poll(thursday+9*week-1, 200, true)
		poll(thursday+9*week, 200, true)
		poll(1<<32-1, 200, true)
		s.run(t, build(t, p, compared, "driver.c", "-DCAIRN_OTA_COUNT"))
	}
	var s script
	s.device(200, fridge) // it has no clock
	s.ask("0", "now 0")
	s.ask(shardPath, "next")
	s.ask("get-next [default] []", "done 200")
	s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
	s.ask("up-to-date [default] []", "done 200")
	s.ask("0", "now 0")
	s.run(t, build(t, p, compared, "driver.c", "-DCAIRN_OTA_COUNT"))
}
