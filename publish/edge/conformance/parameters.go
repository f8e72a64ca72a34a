package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// parameters asks the same thing in many ways.
func (g *generator) parameters() {
	d := g.update
	right, good := g.right(d), pairs(d, encoded)
	plain := strings.Join(good, "&")
	for i, order := range orders(good) {
		f := forms[i%len(forms)]
		g.add(g.question(fmt.Sprintf("parameters/order %d/%s", i, f.name), f.path+"?"+strings.Join(order, "&"), right(f.Form)))
	}
	for _, q := range []string{
		"?&" + plain, "?&&" + plain + "&&", "?" + strings.Join(good, "&&"), "?" + plain + "&",
		"?" + plain + "&x=1", "?x&" + plain, "?=&" + plain, "?=x&" + plain, "?x=%zz&" + plain, "?%zz=x&" + plain, "?x=%ff&" + plain,
		"?%ff=x&" + plain, "?x=1&x=2&" + plain, "?x=1;device_serial=X&" + plain, "?device_serial2=X&" + plain,
		"?Device_Serial=X&" + plain, "?current_version[]=X&" + plain, "?current_versio=X&" + plain, "?_device_serial=X&" + plain,
		"?x=" + strings.Repeat("x", 1500) + "&" + plain, "?" + plain + "&hash=" + strings.Repeat("0", 16),
		"?" + strings.ReplaceAll(plain, "_", "%5F"), "?" + strings.ReplaceAll(plain, "_", "%5f"), "?" + strings.ReplaceAll(plain, "device", "%64evice"),
	} {
		g.both("parameters/"+short(q, plain), q, right)
	}
	// An SDK for phones: parameters of its own, a header line of its own, and
	// JSON. https://github.com/memfault/memfault-cloud-android
	phone := strings.Join(append(reordered(good), "sdkPlatform=android-cloud", "sdkVersion=2.0.5"), "&")
	g.both("parameters/of an SDK for phones", "?"+phone, right, func(c Case) Case { return c.with("X-Request-ID: 6f8ba4a5-2f6e-4f0c-8c6d-4a2a8fd7a8b1") })
	// The base URL of some clients ends in a slash.
	for _, slashes := range []string{"/", "//"} {
		for _, q := range []string{plain, phone, ""} {
			want := right
			if q == "" {
				want = always(failure(http.StatusBadRequest))
			}
			g.both("parameters/behind "+slashes, "?"+q, want, func(c Case) Case {
				c.Target = slashes + c.Target
				return c
			})
		}
	}
	d.CurrentVersion = ""
	none := query(d)
	for _, q := range []string{"?" + none + "&current_version=", "?current_version=&" + none, "?" + none + "&current_version"} {
		g.both("parameters/"+short(q, none), q, g.right(d))
	}
}

// reordered are pairs in the order of memfault-cloud-android: hardware version,
// current version, serial, software type.
func reordered(pairs []string) []string {
	if len(pairs) < 4 {
		return []string{pairs[1], pairs[0], pairs[2]}
	}
	return []string{pairs[1], pairs[3], pairs[0], pairs[2]}
}

// short is a query as a name: what is good of it is "…".
func short(query, good string) string {
	return strings.NewReplacer(good, "…", strings.Repeat("x", 1500), "x…x").Replace(query)
}

// orders lists the orders of things.
func orders(things []string) [][]string {
	if len(things) < 2 {
		return [][]string{things}
	}
	var all [][]string
	for _, rest := range orders(things[1:]) {
		for i := range things {
			order := append(append([]string(nil), rest[:i]...), things[0])
			all = append(all, append(order, rest[i:]...))
		}
	}
	return all
}

// malformed asks for what is refused: 400, whatever else is right.
func (g *generator) malformed() {
	good := pairs(g.update, encoded)
	if g.update.CurrentVersion == "" {
		good = append(good, "current_version="+unheard)
	}
	refuse := func(name, query string) {
		g.both("malformed/"+name, query, always(failure(http.StatusBadRequest)))
	}
	refuse("no query", "")
	refuse("empty query", "?")
	for i, pair := range good {
		name, value, _ := strings.Cut(pair, "=")
		with := func(pairs ...string) string {
			changed := append(append(append([]string(nil), good[:i]...), pairs...), good[i+1:]...)
			return "?" + strings.Join(changed, "&")
		}
		if name != "current_version" {
			refuse(name+"/missing", with())
			refuse(name+"/empty", with(name+"="))
			refuse(name+"/bare", with(name))
			refuse(name+"/wrong case", with(strings.ToUpper(pair[:1])+pair[1:]))
		}
		refuse(name+"/doubled", with(pair, pair))
		refuse(name+"/doubled, the first other", with(name+"=X", pair))
		refuse(name+"/doubled, the second other", with(pair, name+"=X"))
		refuse(name+"/doubled, the second empty", with(pair, name+"="))
		refuse(name+"/doubled, one name encoded", with(pair, strings.Replace(name, "_", "%5F", 1)+"="+value))
		for _, bad := range []string{"%", "%4", "%zz", "%4z", "%u0041", "%%", "%+41", "%-1"} {
			refuse(name+"/ends in "+bad, with(pair+bad))
			refuse(name+"/begins with "+bad, with(name+"="+bad+"z"+value))
		}
		for _, bad := range []string{"%ff", "%c3", "%c0%af", "%c1%81", "%ed%a0%80", "%f4%90%80%80", "%80", "%00", "%0a", "%0d%0a", "%09", "%1f", "%7f", "%c2%85"} {
			refuse(name+"/has "+bad, with(pair+bad+"z"))
		}
		refuse(name+"/too long", with(name+"="+strings.Repeat("a", releases.MaxName+1)))
	}
	for _, serial := range []string{"..", "..%2f..%2fx", "A%20B", "A+B", "A.B", "A/B", "A%2FB", "A:B", "*", "A%C3%BC", "A%2B", "A%25", "A,B", "A%23", "A=B"} {
		refuse("device_serial/is "+serial, "?device_serial="+serial+"&"+strings.Join(good[1:], "&"))
	}
}

// unknown asks for hardware and software that nothing is made for.
func (g *generator) unknown() {
	d := g.update
	ask := func(what string, t manifest.Target) {
		for _, serial := range []string{d.Serial, g.anyone} {
			u := manifest.Device{Serial: serial, Target: t, CurrentVersion: d.CurrentVersion}
			g.both("unknown/"+what+"/"+serial, "?"+query(u), g.right(u))
		}
	}
	for _, name := range []string{
		"unheard-of", strings.ToUpper(d.Target.HardwareVersion), d.Target.HardwareVersion + "x", d.Target.HardwareVersion + " ",
		"_none", "_other", ".", "..", "../..", "../../..", "a/b", `..\..`, "%2e%2e", "*", "ü", strings.Repeat("ü", releases.MaxName), d.Target.SoftwareType,
	} {
		ask("hardware_version/"+releases.Escape(name), manifest.Target{SoftwareType: d.Target.SoftwareType, HardwareVersion: name})
		ask("software_type/"+releases.Escape(name), manifest.Target{SoftwareType: name, HardwareVersion: d.Target.HardwareVersion})
	}
	ask("swapped", manifest.Target{SoftwareType: d.Target.HardwareVersion, HardwareVersion: d.Target.SoftwareType})
}
