package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Feature is what runtimes may rightly differ in. Whoever asks an edge that
// lacks one leaves its cases out, by name.
type Feature string

// The features.
const (
	API         Feature = "api"
	Tree        Feature = "tree"
	JSONWrap    Feature = "json-wrap"
	Negotiation Feature = "negotiation"
	ETags       Feature = "etags"
	Ranges      Feature = "ranges"
	HTTP10      Feature = "http10"
	Hostless    Feature = "hostless"
	BareClient  Feature = "bare-client"
	RawBytes    Feature = "raw-bytes"
	Buckets     Feature = "buckets"
	Stored      Feature = "stored"
	Signed      Feature = "signed"
	Types       Feature = "types"
	Beside      Feature = "beside"
	Hidden      Feature = "hidden"
	Eager       Feature = "eager"
)

var about = []struct {
	feature Feature
	text    string
}{
	{API, "the query API; a bucket behind a CDN has none"},
	{Tree, "the tree itself, for devices that compute their keys"},
	{JSONWrap, `/url as {"data":{"url":…}} with Accept: application/json, where the edge runs code`},
	{Negotiation, "an answer in the coding that Accept-Encoding asks for, where it has a sibling in that"},
	{ETags, "an ETag on whatever has content, and 304 for who has it"},
	{Ranges, "byte ranges of payloads"},
	{HTTP10, "requests in HTTP/1.0, with a Host line"},
	{Hostless, "requests in HTTP/1.0 without one: no server of several names can tell whose they are"},
	{BareClient, "header lines as bare clients write them: no space after the colon, names in any case, no Accept"},
	{RawBytes, "UTF-8 in a parameter that is not percent-encoded, against RFC 3986"},
	{Buckets, "versions without a folder compared with what their own bucket is offered, not with the lowest of all buckets"},
	{Stored, "payloads that are only in the bucket; cairn serve --from definitions has none"},
	{Signed, "the signed form, of a project that has [signing]; cairn serve --from definitions has none"},
	{Types, "the tree's Content-Types, as docs/hosting.md lists them"},
	{Eager, "eager=1 in the query API, of a project with eager = true"},
	{Beside, "payloads beside what is rendered, by their digest and name; a bucket behind a CDN has none"},
	{Hidden, "what is beside the tree, such as the state, is not to be had"},
}

// Features lists the features.
func Features() []Feature {
	features := make([]Feature, len(about))
	for i, a := range about {
		features[i] = a.feature
	}
	return features
}

// About says what a feature is.
func (f Feature) About() string {
	for _, a := range about {
		if a.feature == f {
			return a.text
		}
	}
	return ""
}

// ParseFeature finds a feature by its name.
func ParseFeature(name string) (Feature, error) {
	if f := Feature(name); f.About() != "" {
		return f, nil
	}
	return "", fmt.Errorf("no feature is called %q; there are %s", name, join(Features()))
}

func join(features []Feature) string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// Lacks is the first feature that a case needs of those that are left out, ""
// for none.
func (c Case) Lacks(without []Feature) Feature {
	for _, f := range c.Needs {
		if slices.Contains(without, f) {
			return f
		}
	}
	return ""
}
